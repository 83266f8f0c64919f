//! Scenario files with damage, and with settings that nobody means: they end in faults with their places, in a run, or in
//! an error of it; never in a panic.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ssectl_adapter::{Adapter, MemoryAdapter};
use tokio_util::sync::CancellationToken;

use super::bench::{Bench, SEED, first_seed, scenario_files};
use super::shuffled::Random;
use crate::document::Env;
use crate::scenario::{Address, Params, Scenario, SourceKind, check, load};

/// How many damaged files there are.
const FILES: u64 = 150;

/// A run may write so many records, and take so long.
const RECORDS: i64 = 3_000;
const PATIENCE: Duration = Duration::from_secs(2);

/// What people type, and what makes parsers stumble.
const PIECES: [&str; 20] = [
    "", " ", "\n", "\n  ", ":", "{", "}", "[", "]", "'", "\"", "- ", "null", "~", "*a", "&a ",
    "!!str ", "<<: ", "${X}", "\u{0}",
];

/// Values at the ends of what numbers, durations, zones and programs can be.
const VALUES: [&str; 40] = [
    "0",
    "-1",
    "1",
    "0.5",
    "1e400",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "0s",
    "-5s",
    "1ns",
    "0.1ns",
    "1ms",
    "1s",
    "1d",
    "7d",
    "106751d",
    "106752d",
    "213503d",
    "9223372036854775807ns",
    "9223372036854775807s",
    "99999999999999999999h",
    "1 fortnight",
    "Europe/Berlin",
    "Mars/Olympus",
    "ns",
    "s",
    "rfc3339",
    "session",
    "count",
    "global",
    "cumulate",
    "sliding",
    "refire",
    "'.'",
    "'error'",
    "'[limit(100000; repeat(1))]'",
    "null",
    "virtual@9999-12-31T23:59:59Z",
];

/// The YAML of the documentation, each block that has pipelines.
fn documented() -> Vec<(PathBuf, String)> {
    let pages = ["docs/windows.md", "docs/steps.md", "docs/scenarios.md"];
    let mut found = Vec::new();
    for page in pages {
        let text = std::fs::read_to_string(page).expect("a page");
        for block in text.split("```yaml\n").skip(1) {
            let block = block.split("```").next().unwrap_or_default();
            if block.contains("pipelines:") && !block.contains("targets:") {
                let head = match block.contains("apiVersion") {
                    true => "",
                    false => "apiVersion: ssectl/v1\nname: documented\n",
                };
                found.push((PathBuf::from(page), format!("{head}{block}")));
            }
        }
    }
    assert!(found.len() > 8, "{}", found.len());
    found
}

/// One damage: a piece in the place of some characters, or another value for a field.
fn damage(text: &str, random: &mut Random) -> String {
    let mut at = |most: usize| random.below(most.max(1) as u64) as usize;
    let values: Vec<usize> = text
        .match_indices(": ")
        .map(|(found, _)| found + 2)
        .collect();
    if at(4) > 0 && !values.is_empty() {
        let start = values[at(values.len())];
        let rest = &text[start..];
        let end = rest
            .find([',', '}', '\n'])
            .map_or(text.len(), |end| start + end);
        return format!(
            "{}{}{}",
            &text[..start],
            VALUES[at(VALUES.len())],
            &text[end..]
        );
    }
    let chars: Vec<char> = text.chars().collect();
    let from = at(chars.len());
    let to = (from + at(12)).min(chars.len());
    let (before, after) = (&chars[..from], &chars[to..]);
    before.iter().collect::<String>() + PIECES[at(PIECES.len())] + &after.iter().collect::<String>()
}

/// A folder in which the file finds what it names: that of the scenario, with the others beside it.
fn folder(of: &Path, text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let here = std::env::current_dir().expect("a folder").join(of);
    let home = here.parent().expect("a folder");
    for (level, name) in [(home, "it"), (home.parent().expect("a folder"), ".")] {
        std::fs::create_dir_all(folder.path().join(name)).expect("made");
        for entry in std::fs::read_dir(level).expect("a folder") {
            let path = entry.expect("an entry").path();
            let link = folder
                .path()
                .join(name)
                .join(path.file_name().unwrap_or_default());
            symlink(path, link).ok();
        }
    }
    let file = folder.path().join("it").join("damaged.yaml");
    std::fs::write(&file, text).expect("written");
    (folder, file)
}

/// Whether all it reads and writes is its own.
fn is_tame(scenario: &Scenario) -> bool {
    let declared = |address: &Address| matches!(address, Address::Declared(_));
    scenario.pipelines.iter().all(|pipeline| {
        let source = match &pipeline.source.kind {
            SourceKind::Read(read) => declared(&read.from),
            SourceKind::Generate(_) | SourceKind::Replay(_) => true,
        };
        source
            && declared(&pipeline.sink.to)
            && pipeline.sides().all(declared)
            && pipeline.reads().all(|(read, _)| declared(&read.from))
    })
}

async fn survives(file: &Path, seed: u64) -> bool {
    let loaded = match load(file, &Env::new(), &Params::new()) {
        Ok(loaded) => loaded,
        Err(faults) => {
            let text = faults.to_string();
            let placed = |line: &str| {
                let mut parts = line
                    .split("damaged.yaml:")
                    .nth(1)
                    .unwrap_or_default()
                    .split(':');
                let mut number = || parts.next().is_some_and(|part| part.parse::<u32>().is_ok());
                number() && number()
            };
            assert!(
                faults.has_errors() && text.lines().next().is_some_and(placed),
                "{text}"
            );
            return false;
        }
    };
    let scenario = loaded.scenario;
    let memory = Arc::new(MemoryAdapter::default());
    let unmet = check(&scenario.needs(), &memory.capabilities());
    scenario.check_schemes(&["memory", "file"]);
    if !unmet.is_empty() || !is_tame(&scenario) {
        return false;
    }
    let stop = CancellationToken::new();
    let (watchdog, given_up) = (stop.clone(), tokio::time::sleep(PATIENCE));
    let watchdog = tokio::spawn(async move {
        given_up.await;
        watchdog.cancel();
    });
    let bench = Bench {
        scenario: &scenario,
        memory: &memory,
        seed,
        state: None,
        stop_after: Some(RECORDS),
        stop,
    };
    let ran = bench.run().await;
    watchdog.abort();
    if let Ok(report) = ran {
        for pipeline in &report.pipelines {
            let error = pipeline
                .error
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default();
            assert!(!error.contains("panic"), "{}: {error}", pipeline.name);
        }
    }
    true
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_scenario_is_never_a_panic() {
    let mut files: Vec<(PathBuf, String)> = documented();
    for path in scenario_files() {
        let text = std::fs::read_to_string(&path).expect("a scenario");
        files.push((path, text));
    }
    let first = first_seed();
    let mut ran = 0;
    for seed in first..first + FILES {
        let mut random = Random(seed);
        let (path, text) = &files[random.below(files.len() as u64) as usize];
        let mut text = text.clone();
        for _ in 0..=random.below(2) {
            text = damage(&text, &mut random);
        }
        // What kept the test from going on can be found again.
        let shown = Shown(Some(format!("{}, {SEED}={seed}\n{text}", path.display())));
        let (_folder, file) = folder(path, &text);
        ran += u64::from(survives(&file, seed).await);
        shown.keep();
    }
    assert!(ran > FILES / 10, "only {ran} of {FILES} ran");
}

/// Says what was tried when the test fails.
struct Shown(Option<String>);

impl Shown {
    fn keep(mut self) {
        self.0 = None;
    }
}

impl Drop for Shown {
    #[expect(
        clippy::print_stderr,
        reason = "the test has failed, and this says where"
    )]
    fn drop(&mut self) {
        if let Some(text) = &self.0 {
            eprintln!("{text}");
        }
    }
}
