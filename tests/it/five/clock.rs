//! `run --clock virtual`: hours pass in seconds, on streams in memory and on emulators.

use crate::command::run_in;

/// A word an hour for a day, and what comes of it.
const DAY: &str = "
apiVersion: ssectl/v1
name: day
clock: virtual@2026-03-02T06:00:00Z
streams:
  words:   {partitions: 1}
  shouted: {partitions: 1}
pipelines:
  feed:  {source: {generate: words, count: 24, seed: 7, rate: 1/h}, sink: words}
  shout: {source: words, steps: [{map: '.text |= ascii_upcase'}], sink: shouted}
expect:
  shouted: {count: 24, every: '.text == (.text | ascii_upcase)'}
";

fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::write(dir.path().join("scenario.yaml"), DAY).expect("a file");
    dir
}

/// Without a virtual clock each of these takes 23 hours, and the test would be killed.
#[test]
fn a_day_passes_in_memory_and_on_emulators() {
    std::thread::scope(|scope| {
        for target in ["memory:", "local-kafka", "local-eventhubs"] {
            scope.spawn(move || {
                let dir = folder();
                run_in(dir.path(), &["run", ".", "--target", target], "").ended(0);
            });
        }
    });
}

/// Iterators and leases that clients hold run out while time jumps.
#[test]
fn services_whose_clients_hold_something_are_refused() {
    for target in ["local-kinesis", "local-pubsub", "local-sqs"] {
        let dir = folder();
        let done = run_in(dir.path(), &["run", ".", "--target", target], "").ended(2);
        assert!(done.err().contains("runs out"), "{}", done.err());
    }
}

#[test]
fn a_service_has_a_clock_of_its_own() {
    let dir = folder();
    let done = run_in(
        dir.path(),
        &["run", ".", "--target", "kafka://localhost:1"],
        "",
    )
    .ended(2);
    assert!(
        done.err().contains("has a clock of its own"),
        "{}",
        done.err()
    );
    let done = run_in(dir.path(), &["run", ".", "--clock", "noon"], "").ended(2);
    assert!(done.err().contains("is no clock"), "{}", done.err());
}
