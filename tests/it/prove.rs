//! `prove`: kills, what is found afterwards, and the table of docs/delivery.md.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::command::{run_in, ssectl};

/// A scenario with an id or without, and with a guarantee.
fn scenario(folder: &Path, id: &str, delivery: &str) {
    let text = format!(
        "apiVersion: ssectl/v1
name: tried
streams:
  words:   {{partitions: 2}}
  shouted: {{partitions: 2{id}}}
pipelines:
  feed:
    source: {{generate: words, count: 1500, seed: 7}}
    sink: words
  shout:
    source: {{stream: words, group: shouters}}
    steps: [map: .text |= ascii_upcase]
    delivery: {delivery}
    sink: shouted
"
    );
    fs::write(folder.join("scenario.yaml"), text).expect("a file");
}

/// The report of a proof that ends with this code.
fn prove(folder: &Path, target: &str, more: &[&str], code: i32) -> Value {
    let arguments = [
        "prove",
        "scenario.yaml",
        "--target",
        target,
        "--format",
        "json",
    ];
    let mut command = ssectl(&[&arguments, more].concat());
    // Checkpoints of groups that a service does not keep are kept at home.
    command.current_dir(folder).env("HOME", folder);
    let done = command.output().expect("the binary starts");
    let said = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(code), "{said}");
    serde_json::from_slice(&done.stdout).expect("a report")
}

/// The row of the table that a proof stands for.
fn row(target: &str, proof: &Value) -> String {
    let found = &proof["streams"][0];
    let claim = found["claim"].as_str().expect("a claim");
    let none = |name: &str| found[name].as_u64() == Some(0);
    let twice = match (none("repeated"), none("untold")) {
        (true, _) => "none",
        (false, true) => "told by an id",
        (false, false) => "some",
    };
    let lost = if none("lost") { "none" } else { "some" };
    format!("| `{target}` | {claim} | {lost} | {twice} |")
}

/// So many kills, of which nearly all must hit for a proof to hold.
const KILLS: &str = "24";

/// The rows of a target, proven one after the other; those of all targets side by side, for some wait for leases.
fn rows(target: &str, cases: &[(&str, &str)]) -> Vec<String> {
    let proven = cases.iter().map(|(id, delivery)| {
        let folder = tempfile::tempdir().expect("a folder");
        scenario(folder.path(), id, delivery);
        let proof = prove(folder.path(), target, &["--kills", KILLS], 0);
        let hit = proof["kills"]["hit"].as_u64().expect("kills");
        assert!(hit >= 20, "{proof}");
        row(target, &proof)
    });
    proven.collect()
}

#[test]
fn each_target_keeps_what_the_table_says() {
    let table = fs::read_to_string("docs/delivery.md").expect("the page");
    let (none, id) = ("", ", id: .seq");
    let [least, effectively, exactly] = ["at-least-once", "effectively-once", "exactly-once"];
    let cases: [(&str, &[(&str, &str)]); 5] = [
        (
            "local-kafka",
            &[
                (none, exactly),
                (none, effectively),
                (id, least),
                (none, least),
            ],
        ),
        (
            "local-kinesis",
            &[(none, effectively), (id, least), (none, least)],
        ),
        ("local-eventhubs", &[(none, effectively)]),
        ("local-sqs", &[(none, effectively)]),
        ("local-pubsub", &[(none, effectively)]),
    ];
    let missing: Vec<String> = std::thread::scope(|scope| {
        let proofs = cases.map(|(target, cases)| scope.spawn(move || rows(target, cases)));
        let rows = proofs
            .into_iter()
            .flat_map(|proof| proof.join().expect("proven"));
        rows.filter(|row| !table.contains(row)).collect()
    });
    assert!(missing.is_empty(), "the table should have: {missing:#?}");
}

/// Counts words by windows; each life goes on from the last checkpoint of the one before.
#[test]
fn what_windows_remember_survives_as_well() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "apiVersion: ssectl/v1
name: counted
streams:
  words:  {partitions: 2}
  counts: {id: '[.key, .start]'}
pipelines:
  feed:
    source: {generate: words, count: 3000, seed: 7}
    steps: [key: .text]
    sink: words
  count:
    source: {stream: words, group: counters}
    steps:
      - window: {by: .text, time: .time, unit: rfc3339, size: 10s, delay: 10s, agg: {n: count, first: min(.seq)}}
    sink: counts
";
    fs::write(folder.path().join("scenario.yaml"), text).expect("a file");
    let proof = prove(
        folder.path(),
        "local-kafka",
        &["--state", "--kills", KILLS],
        0,
    );
    let found = &proof["streams"][0];
    assert_eq!(found["lost"], 0, "{proof}");
    assert!(found["expected"].as_u64() > Some(100), "{proof}");
    assert!(proof["kills"]["at"]["kept"].as_u64() > Some(0), "{proof}");
}

#[test]
fn a_claim_that_fails_is_shown_by_a_smaller_plan() {
    let folder = tempfile::tempdir().expect("a folder");
    scenario(folder.path(), "", "at-least-once");
    let claim = ["--claim", "exactly-once"];
    let more = [&claim[..], &["--kills", "8", "--save", "plan.json"]].concat();
    prove(folder.path(), "local-kafka", &more, 3);
    assert!((1..8).contains(&kills(folder.path())));
}

/// The kills of the plan that was written.
fn kills(folder: &Path) -> usize {
    let text = fs::read_to_string(folder.join("plan.json")).expect("a plan");
    let plan: Value = serde_json::from_str(&text).expect("JSON");
    plan["kills"].as_array().expect("kills").len()
}

/// A program that commits a batch before it writes it loses the batch when it is killed between the two.
#[test]
fn a_fault_is_found_and_can_be_had_again() {
    let folder = tempfile::tempdir().expect("a folder");
    scenario(folder.path(), "", "at-least-once");
    let planted = |more: &[&str], code: i32| {
        let more = [&["--planted-fault"], more].concat();
        let proof = prove(folder.path(), "local-kafka", &more, code);
        proof["streams"][0]["lost"].as_u64().expect("a number")
    };
    assert!(planted(&["--kills", "8", "--save", "plan.json"], 3) > 0);
    assert!((1..8).contains(&kills(folder.path())));
    assert!(planted(&["--plan", "plan.json", "--save", "again.json"], 3) > 0);
    // It is the fault that the plan shows, and nothing else.
    let sound = ["--plan", "plan.json"];
    let proof = prove(folder.path(), "local-kafka", &sound, 0);
    assert_eq!(proof["streams"][0]["lost"], 0);
}

#[test]
fn exactly_once_is_refused_where_it_cannot_be() {
    let folder = tempfile::tempdir().expect("a folder");
    scenario(folder.path(), "", "exactly-once");
    let run = ["run", "scenario.yaml", "--target", "memory:"];
    let done = run_in(folder.path(), &run, "").ended(1);
    assert!(done.err().contains("in one transaction"), "{}", done.err());
}
