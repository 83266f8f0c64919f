//! Windows that go on from a checkpoint on streams of Kinesis and Event Hubs: what was read before is not read again.

use std::path::Path;

use ssectl_emulator::{aws, eventhubs};

use crate::command::{run, run_in};

const WINDOWS: &str = "
apiVersion: ssectl/v1
name: resume
params: {out: {type: path}}
pipelines:
  tens:
    source: {stream: 'STREAM', from: start}
    steps:
      - window: {by: .key, time: .at, size: 10ms, agg: {n: count, sum: sum(.n)}}
    sink: 'file:${param.out}'
";

/// Numbers from `first` on, four keys in turn, each number a millisecond after the one before.
fn numbers(first: u64, count: u64) -> String {
    let line = |n: u64| format!("{{\"key\":\"k{}\",\"at\":{n},\"n\":{n}}}\n", n % 4);
    (first..first + count).map(line).collect()
}

fn windows(folder: &Path, out: &str, more: &[&str], code: i32) -> String {
    let set = format!("out={out}");
    let run = [&["run", ".", "--set", &set], more].concat();
    run_in(folder, &run, "").ended(code);
    std::fs::read_to_string(folder.join(out)).unwrap_or_default()
}

/// Reads a part, stops, and goes on when there is more; the results are those of a read of all at once.
fn goes_on(stream: &str) {
    let dir = tempfile::tempdir().expect("a folder");
    let text = WINDOWS.replace("STREAM", stream);
    std::fs::write(dir.path().join("scenario.yaml"), text).expect("a file");
    let keyed = ["transform", ".", "--key", ".key", "--to", stream];
    run(&keyed, numbers(0, 1_000)).ended(0);
    let state = ["--state", "kept"];
    let follow = [&state[..], &["--follow", "--timeout", "5s"]].concat();
    let mut found = windows(dir.path(), "first.ndjson", &follow, 124);
    run(&keyed, numbers(1_000, 500)).ended(0);
    found += &windows(dir.path(), "second.ndjson", &state, 0);
    let whole = windows(dir.path(), "whole.ndjson", &[], 0);
    assert_eq!(whole.lines().count(), 600, "four keys, 150 windows");
    assert_eq!(found, whole);
}

#[test]
fn on_kinesis() {
    let emulator = aws::Emulator::start(aws::Config::default()).expect("it starts");
    let stream = format!("kinesis://{}/numbers", emulator.address());
    run(&["streams", "create", &stream, "--partitions", "3"], "").ended(0);
    goes_on(&stream);
}

#[test]
fn on_event_hubs() {
    let config = eventhubs::Config {
        hubs: vec![eventhubs::Hub::new("numbers", 3)],
        ..eventhubs::Config::default()
    };
    let emulator = eventhubs::Emulator::start(config).expect("it starts");
    goes_on(&format!("eventhubs://{}/numbers", emulator.address()));
}
