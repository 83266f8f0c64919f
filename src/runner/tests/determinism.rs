//! Scenarios with windows and joins write the same bytes however they run: batches of any size, any number of threads,
//! partitions interleaved at random, stopped at any point and gone on from the checkpoint.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ssectl_adapter::{
    Adapter, Bound, Fetched, Limit, MemoryAdapter, Options, Partition, Range, SourceSpec,
};
use tokio_util::sync::CancellationToken;

use super::bench::{Bench, SEED, first_seed, scenario_files};
use super::shuffled::Random;
use crate::document::Env;
use crate::scenario::{Params, Scenario, Step, load};

/// How often each scenario is run.
const RUNS: u64 = 50;

/// The values of a stream, by partition in their order.
type Stream = BTreeMap<Partition, Vec<u8>>;

/// All scenario files that have a step which remembers.
fn scenarios() -> Vec<PathBuf> {
    let mut files = scenario_files();
    files.retain(|path| matches!(load(path, &Env::new(), &Params::new()), Ok(loaded) if remembers(&loaded.scenario)));
    assert!(files.len() >= 17, "only {files:?}");
    files
}

fn remembers(scenario: &Scenario) -> bool {
    let mut steps = scenario
        .pipelines
        .iter()
        .flat_map(|pipeline| &pipeline.steps);
    steps.any(Step::remembers)
}

async fn run(bench: Bench<'_>) {
    let report = bench.run().await.expect("a run");
    for pipeline in &report.pipelines {
        assert!(pipeline.error.is_none(), "{:?}", pipeline.error);
        assert_eq!(pipeline.counts.missing(), 0, "{}", pipeline.name);
    }
}

/// What all streams hold that steps with a memory had a part in.
async fn results(scenario: &Scenario, memory: &Arc<MemoryAdapter>) -> BTreeMap<String, Stream> {
    let target = memory.target(&Options::new()).expect("no options");
    let mut found = BTreeMap::new();
    for stream in &scenario.streams {
        let spec = SourceSpec {
            stream: stream.name.clone(),
            range: Range {
                from: Bound::Start,
                to: Some(Bound::End),
            },
            ..SourceSpec::default()
        };
        let mut source = target.source(&spec).await.expect("a stream");
        let mut partitions = Stream::new();
        loop {
            match source.fetch(Limit::default()).await.expect("records") {
                Fetched::Batch(batch) => {
                    for record in batch.records {
                        let bytes = partitions.entry(record.origin.partition).or_default();
                        bytes.extend_from_slice(record.key.as_deref().unwrap_or_default());
                        bytes.push(b'\t');
                        bytes.extend_from_slice(record.value.as_deref().unwrap_or_default());
                        bytes.push(b'\n');
                    }
                }
                Fetched::Idle => {}
                Fetched::End => break,
            }
        }
        found.insert(stream.name.clone(), partitions);
    }
    in_any_order(scenario, &mut found);
    found
}

/// The records of side streams come as they are read, as late ones of several partitions do: their order says nothing.
fn in_any_order(scenario: &Scenario, found: &mut BTreeMap<String, Stream>) {
    let pipelines = scenario.pipelines.iter();
    for side in pipelines.flat_map(|pipeline| pipeline.sides()) {
        let partitions = side.declared().and_then(|name| found.get_mut(name));
        for bytes in partitions.into_iter().flat_map(BTreeMap::values_mut) {
            let mut lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
            lines.sort_unstable();
            *bytes = lines.concat();
        }
    }
}

fn loaded(path: &Path) -> Scenario {
    let loaded = load(path, &Env::new(), &Params::new());
    loaded.unwrap_or_else(|faults| panic!("{faults}")).scenario
}

fn shown(found: &BTreeMap<String, Stream>) -> String {
    let mut text = String::new();
    for (stream, partitions) in found {
        for (partition, bytes) in partitions {
            text += &format!(
                "--- {stream}/{partition}\n{}",
                String::from_utf8_lossy(bytes)
            );
        }
    }
    text
}

/// That two runs wrote the same; the first line in which they differ, if not.
fn assert_same(expected: &str, found: &str, what: &str) {
    if expected == found {
        return;
    }
    let lines = expected.lines().zip(found.lines()).enumerate();
    let differing = lines
        .filter(|(_, (expected, found))| expected != found)
        .take(3);
    let differing: Vec<String> = differing
        .map(|(line, (expected, found))| format!("line {line}:\n  {expected}\n  {found}"))
        .collect();
    panic!(
        "{what}: {} and {} lines\n{}",
        expected.lines().count(),
        found.lines().count(),
        differing.join("\n")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scenarios_write_the_same_bytes_however_they_run() {
    let first_seed = first_seed();
    for path in scenarios() {
        let scenario = loaded(&path);
        let mut expected = None;
        for seed in first_seed..first_seed + RUNS {
            let memory = Arc::default();
            run(Bench {
                scenario: &scenario,
                memory: &memory,
                seed,
                state: None,
                stop_after: None,
                stop: CancellationToken::new(),
            })
            .await;
            let found = shown(&results(&scenario, &memory).await);
            let expected = expected.get_or_insert_with(|| found.clone());
            assert_same(
                expected,
                &found,
                &format!("{}, {SEED}={seed}", path.display()),
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scenarios_write_the_same_bytes_when_they_go_on_from_a_checkpoint() {
    let first_seed = first_seed();
    for path in scenarios() {
        let scenario = loaded(&path);
        let mut expected = None;
        for seed in first_seed..first_seed + RUNS / 5 {
            let memory = Arc::default();
            let state = tempfile::tempdir().expect("a folder");
            let total: usize = expected
                .as_ref()
                .map_or(0, |text: &String| text.lines().count());
            let stop_after = (total > 0).then(|| Random(seed).below(total as u64).cast_signed());
            let part = |seed, stop_after| Bench {
                scenario: &scenario,
                memory: &memory,
                seed,
                state: (total > 0).then(|| state.path()),
                stop_after,
                stop: CancellationToken::new(),
            };
            run(part(seed, stop_after)).await;
            if total > 0 {
                // Another interleaving goes on where the first one stopped.
                run(part(seed + 1000, None)).await;
            }
            let found = shown(&results(&scenario, &memory).await);
            let expected = expected.get_or_insert_with(|| found.clone());
            let what = format!(
                "{}, stopped after {stop_after:?}, {SEED}={seed}",
                path.display()
            );
            assert_same(expected, &found, &what);
        }
    }
}
