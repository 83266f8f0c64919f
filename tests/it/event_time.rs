//! The exercises of event time pass. What they expect is computed by `fixtures/windows/expected.py`; the conformance suite
//! does it again.

use std::fs;
use std::path::{Path, PathBuf};

use crate::command::run;

/// All scenarios with windows.
fn scenarios() -> Vec<PathBuf> {
    let set = fs::read_dir("scenarios/12-event-time").expect("the set");
    let mut files: Vec<PathBuf> = set.map(|entry| entry.expect("a file").path()).collect();
    files.retain(|path| path.extension().is_some_and(|name| name == "yaml"));
    files.extend(
        ["02-pubsub-wordcount", "09-phone-windows"].map(|name| Path::new("scenarios").join(name)),
    );
    files.sort();
    assert!(files.len() >= 12, "{files:?}");
    files
}

#[test]
fn every_scenario_with_windows_passes() {
    for scenario in scenarios() {
        let scenario = scenario.to_string_lossy();
        let done = run(&["run", &scenario, "--target", "memory:"], "").ended(0);
        assert!(
            done.err().contains("ok: equals"),
            "{scenario}: {}",
            done.err()
        );
        run(&["lint", &scenario], "").ended(0);
    }
}

#[test]
fn starters_do_not_pass() {
    for name in ["02-pubsub-wordcount", "09-phone-windows", "12-event-time"] {
        let starter = format!("scenarios/{name}/starter");
        let done = run(&["run", &starter, "--target", "memory:"], "").ended(3);
        assert!(done.err().contains("failed:"), "{}", done.err());
        run(&["lint", &starter], "").ended(0);
    }
}

#[test]
fn without_idle_nothing_is_late_and_without_delay_something_is() {
    let dir = tempfile::tempdir().expect("a folder");
    let run_changed = |name: &str, from: &str, to: &str| {
        let folder = fs::canonicalize("scenarios/12-event-time").expect("the set");
        let text = fs::read_to_string(folder.join(format!("{name}.yaml"))).expect("a scenario");
        assert!(text.contains(from), "{name}");
        for inner in ["data", "expected"] {
            let copy = dir.path().join(inner);
            fs::create_dir_all(&copy).expect("a folder");
            for entry in fs::read_dir(folder.join(inner)).expect("files") {
                let entry = entry.expect("a file");
                fs::copy(entry.path(), copy.join(entry.file_name())).expect("copied");
            }
        }
        let file = dir.path().join(format!("{name}.yaml"));
        fs::write(&file, text.replace(from, to)).expect("written");
        run(&["run", &file.to_string_lossy(), "--target", "memory:"], "")
            .ended(3)
            .err()
    };
    let idle = run_changed("idle", "          idle: 90s\n", "");
    assert!(!idle.contains(" late,"), "{idle}");
    let shuffled = run_changed("out-of-order", "          delay: 2m\n", "");
    assert!(shuffled.contains(" late"), "{shuffled}");
}

/// The sentences that the script counts the words of are those of the generator.
#[test]
fn the_sentences_come_from_the_generator() {
    let recorded = fs::read("scenarios/02-pubsub-wordcount/data/sentences.ndjson").expect("a file");
    let made = run(
        &["generate", "sentences", "--count", "1000", "--seed", "7"],
        "",
    )
    .ended(0);
    assert!(
        made.0.stdout == recorded,
        "the generator gives other sentences now"
    );
}
