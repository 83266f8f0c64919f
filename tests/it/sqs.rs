//! Scenarios on the emulator of SQS, which gives each record to one reader.

use std::fs;
use std::path::Path;

use crate::command::{Done, run_in};

const CONFIG: &str = "
targets:
  queues: {adapter: sqs, emulator: true}
  fifo:   {adapter: sqs, emulator: true, fifo: true, consume: true}
";

fn on(target: &str, scenario: &str, params: &[&str]) -> Done {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("ssectl.yaml"), CONFIG).expect("written");
    let scenario = Path::new(env!("CARGO_MANIFEST_DIR")).join(scenario);
    let scenario = scenario.to_str().expect("a path of text");
    let arguments = ["run", scenario, "--target", target];
    run_in(folder.path(), &[&arguments, params].concat(), "")
}

const NO_TABLE: [&str; 2] = ["--set", "table=/dev/null"];

#[test]
fn upper_case_passes_on_queues() {
    on("queues", "scenarios/01-kafka-uppercase", &[]).ended(0);
}

/// Two readers of one stream get a queue each, and the output says so.
#[test]
fn phones_are_normalised_on_fifo_queues() {
    let done = on("fifo", "scenarios/08-phone-normalise", &NO_TABLE).ended(0);
    assert!(
        done.err().contains("it is copied to `table-data-expected`"),
        "{}",
        done.err()
    );
    assert!(done.err().contains("ok: equals"), "{}", done.err());
}

/// Standard queues have no order, which is said before anything is made.
#[test]
fn order_is_not_promised_by_standard_queues() {
    let done = on("queues", "scenarios/08-phone-normalise", &NO_TABLE).ended(6);
    assert!(
        done.err().contains("does not keep the order of records"),
        "{}",
        done.err()
    );
}
