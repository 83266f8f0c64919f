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
        (false, true) => "told by the `id`",
        (false, false) => "some",
    };
    let lost = if none("lost") { "none" } else { "some" };
    format!("| `{target}` | {claim} | {lost} | {twice} |")
}

#[test]
fn each_target_keeps_what_the_table_says() {
    let table = fs::read_to_string("docs/delivery.md").expect("the page");
    let id = ", id: .seq";
    for (target, id, delivery) in [
        ("local-kafka", "", "exactly-once"),
        ("local-kafka", id, "at-least-once"),
        ("local-kinesis", id, "at-least-once"),
        ("local-kinesis", "", "at-least-once"),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        scenario(folder.path(), id, delivery);
        let proof = prove(folder.path(), target, &["--kills", "12"], 0);
        let row = row(target, &proof);
        assert!(table.contains(&row), "the table should have: {row}");
    }
}

#[test]
fn a_claim_that_fails_is_shown_by_a_smaller_plan() {
    let folder = tempfile::tempdir().expect("a folder");
    scenario(folder.path(), "", "at-least-once");
    let claim = ["--claim", "exactly-once"];
    let more = [&claim[..], &["--kills", "8", "--save", "plan.json"]].concat();
    prove(folder.path(), "local-kafka", &more, 3);
    let text = fs::read_to_string(folder.path().join("plan.json")).expect("a plan");
    let plan: Value = serde_json::from_str(&text).expect("JSON");
    let kills = plan["kills"].as_array().expect("kills").len();
    assert!((1..8).contains(&kills), "{text}");
}

#[test]
fn exactly_once_is_refused_where_it_cannot_be() {
    let folder = tempfile::tempdir().expect("a folder");
    scenario(folder.path(), "", "exactly-once");
    let run = ["run", "scenario.yaml", "--target", "memory:"];
    let done = run_in(folder.path(), &run, "").ended(1);
    assert!(done.err().contains("in one transaction"), "{}", done.err());
}
