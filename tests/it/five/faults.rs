//! Faults on purpose: scenarios pass all the same, and what was done is said.

use crate::command::{Done, run, run_in};

const PLAN: &str =
    "throttle=0.02,latency=0.05,latest=20ms,drop=0.005,duplicate=0.05,reorder=0.1,seed=3";

/// Every service there is an emulator of.
const FIVE: &str = "local-kafka,local-pubsub,local-kinesis,local-sqs,local-eventhubs";

fn verify(scenario: &str, params: &[&str]) -> Done {
    let arguments = ["verify", scenario, "-t", FIVE, "--faults", PLAN];
    run(&[&arguments, params].concat(), "")
}

/// Throttled, cut off, with messages that come twice: the streams have an `id`, so the results agree.
#[test]
fn results_agree_in_spite_of_faults() {
    let done = verify("scenarios/01-kafka-uppercase", &[]).ended(0);
    assert!(done.err().contains("the results agree"), "{}", done.err());
    assert!(done.err().contains("faults made: "), "{}", done.err());
}

#[test]
fn order_holds_in_spite_of_faults() {
    let done = verify(
        "scenarios/08-phone-normalise",
        &["--set", "table=/dev/null"],
    )
    .ended(0);
    assert!(done.err().contains("the results agree"), "{}", done.err());
}

/// Messages are delivered twice: without an id each counts, with one they do not.
#[test]
fn duplicates_are_left_out_by_the_id_of_their_stream() {
    let scenario = |id: &str| {
        format!(
            "apiVersion: ssectl/v1
name: twice
streams: {{words: {{{id}}}, shouted: {{}}}}
pipelines:
  feed:  {{source: {{generate: words, count: 20, seed: 1}}, sink: words}}
  shout: {{source: words, sink: shouted}}
faults: {{duplicate: 0.5, seed: 1}}
"
        )
    };
    let run_with = |id: &str| {
        let folder = tempfile::tempdir().expect("a folder");
        let file = |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).expect("written");
        };
        file("scenario.yaml", &scenario(id));
        // The queues of `local-sqs` are FIFO, which never give a message twice.
        file(
            "ssectl.yaml",
            "targets: {queues: {adapter: sqs, emulator: true}}",
        );
        run_in(folder.path(), &["run", ".", "-t", "queues"], "").ended(0)
    };
    let with = run_with("id: .seq");
    assert!(with.err().contains("20 written"), "{}", with.err());
    assert!(with.err().contains(" repeated"), "{}", with.err());
    let without = run_with("");
    assert!(
        !without.err().contains("shout  20 read"),
        "{}",
        without.err()
    );
}

#[test]
fn a_real_target_is_left_alone() {
    let arguments = [
        "run",
        "scenarios/01-kafka-uppercase",
        "-t",
        "memory:",
        "--faults",
        "drop=1",
    ];
    let done = run(&arguments, "");
    assert!(done.err().contains("no faults are made"), "{}", done.err());
}

#[test]
fn a_plan_that_is_none_is_explained() {
    let done = run(&["emulator", "--faults", "trottle=1"], "").ended(2);
    assert!(
        done.err().contains("`trottle` is no fault: use `throttle`"),
        "{}",
        done.err()
    );
}
