//! The steps of scenarios: every example of their page is run.

use std::fs;

use crate::command::{run, run_in};

/// A section of the page: its files by name, and what is expected of those that are called `out...`.
struct Example {
    name: String,
    files: Vec<(String, String)>,
    expected: Vec<(String, String)>,
}

/// What the page has: a block of YAML is the scenario, one below the line `` `NAME`: `` that file.
fn examples(page: &str) -> Vec<Example> {
    let sections = page.split("\n## ").skip(1);
    sections.filter_map(example).collect()
}

fn example(section: &str) -> Option<Example> {
    let mut parts = section.split("```");
    let mut before = parts.next()?;
    let name = before.lines().next().unwrap_or_default().to_owned();
    let mut files = Vec::new();
    let mut expected = Vec::new();
    // Text and blocks take turns; a lonely pair of backticks would mix them up, and a file would be missing.
    while let (Some(block), text) = (parts.next(), parts.next()) {
        let (language, content) = block.split_once('\n').unwrap_or_default();
        let label = before.trim_end().lines().last().unwrap_or_default();
        let label = label
            .strip_prefix('`')
            .and_then(|rest| rest.strip_suffix("`:"));
        match (language, label) {
            ("yaml", _) => {
                let head = "apiVersion: ssectl/v1\nname: example\n";
                files.push(("scenario.yaml".to_owned(), format!("{head}{content}")));
            }
            (_, Some(file)) if file.starts_with("out") => {
                expected.push((file.to_owned(), content.to_owned()));
            }
            (_, Some(file)) => files.push((file.to_owned(), content.to_owned())),
            _ => {}
        }
        before = text.unwrap_or_default();
    }
    let has_result = expected.iter().any(|(file, _)| file == "out.ndjson");
    has_result.then_some(Example {
        name,
        files,
        expected,
    })
}

#[test]
fn every_example_gives_what_the_page_says() {
    let page = fs::read_to_string("docs/steps.md").expect("the page");
    let examples = examples(&page);
    let sections = page.matches("\n## ").count();
    assert_eq!(examples.len(), sections, "a section without an example");
    let mut wrong = String::new();
    for Example {
        name,
        files,
        expected,
    } in examples
    {
        let folder = tempfile::tempdir().expect("a folder");
        for (file, content) in files {
            fs::write(folder.path().join(file), content).expect("written");
        }
        let done = run_in(folder.path(), &["run", ".", "--target", "memory:"], "").ended(0);
        for (file, expected) in expected {
            let found = fs::read_to_string(folder.path().join(&file)).unwrap_or_default();
            if found != expected {
                let told = done.err();
                wrong += &format!("{name}: {file}: expected\n{expected}found\n{found}{told}\n");
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// A table that another pipeline writes, with a row that is removed again.
#[test]
fn a_table_of_the_same_scenario_is_complete_before_the_first_record() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, content: &str| {
        fs::write(folder.path().join(name), content).expect("written");
    };
    write(
        "scenario.yaml",
        r#"
apiVersion: ssectl/v1
name: enriched
streams: {users: {partitions: 1}, orders: {partitions: 3}, out: {partitions: 1}}
pipelines:
  users:
    source: file:users.ndjson
    steps: [{key: .id}]
    sink: users
  orders: {source: {generate: orders, count: 300, seed: 7}, sink: orders}
  enrich:
    source: orders
    steps:
      - enrich: {by: .seq % 3, with: users, key: .id, value: .name, as: user, missing: filter}
      - map: .user
    sink: out
expect:
  out: {count: 200, every: '. == "new" or . == "two"', some: ['. == "new"', '. == "two"']}
"#,
    );
    let users = r#"{"id":1,"name":"old"}
{"id":2,"name":"two"}
{"id":1,"name":"new"}
"#;
    write("users.ndjson", users);
    let done = run_in(folder.path(), &["run", ".", "--target", "memory:"], "").ended(0);
    assert!(
        done.err().contains("300 read, 200 written"),
        "{}",
        done.err()
    );
}

/// Records of two streams are merged, sent different ways and counted; every service gives the same.
#[cfg(all(
    feature = "kafka",
    feature = "pubsub",
    feature = "kinesis",
    feature = "sqs",
    feature = "eventhubs"
))]
#[test]
fn routes_and_merges_agree_on_all_targets() {
    let scenario = "fixtures/steps/route-and-merge.yaml";
    let targets = "local-kafka,local-pubsub,local-kinesis,local-sqs,local-eventhubs";
    let done = run(&["verify", scenario, "--targets", targets], "").ended(0);
    assert!(done.err().contains("the results agree"), "{}", done.err());
    let done = run(
        &["run", scenario, "--target", "memory:", "--format", "json"],
        "",
    )
    .ended(0);
    let report: serde_json::Value = serde_json::from_str(&done.out()).expect("a report");
    let split = &report["pipelines"][2];
    let counted = |step: &str| -> Vec<u64> {
        let steps = split["steps"].as_array().expect("counters").iter();
        let of = steps.filter(|counter| counter["step"] == step);
        of.map(|counter| counter["count"].as_u64().expect("a number"))
            .collect()
    };
    assert_eq!(counted("read"), [600, 400]);
    let ways = counted("1-route");
    assert_eq!((ways.len(), ways.iter().sum::<u64>()), (3, 1000));
    assert_eq!(
        (ways[0], split["counts"]["filtered"].as_u64()),
        (400, Some(ways[2]))
    );
}

/// All streams that records go to are in the transaction; a join keeps its state beside it.
#[cfg(all(feature = "kafka", feature = "emulator"))]
#[test]
fn routes_are_exactly_once_and_joins_keep_state() {
    let folder = tempfile::tempdir().expect("a folder");
    let scenario = r#"
apiVersion: ssectl/v1
name: once
streams: {orders: {partitions: 2}, large: {partitions: 1}, rest: {partitions: 1}, late: {partitions: 1}}
pipelines:
  orders: {source: {generate: orders, count: 2000, seed: 7}, sink: orders}
  split:
    source: {stream: orders, group: split}
    delivery: exactly-once
    steps: [{route: [{when: .amount >= 100, to: large}, {when: .paid | not, to: late}]}]
    sink: rest
  pairs:
    source: large
    steps:
      - dedupe: {by: .order, time: .time, unit: rfc3339, within: 1h, delay: 10m}
      - map: .order
    sink: file:out.ndjson
expect:
  large: {every: .amount >= 100}
  late: {every: .amount < 100 and (.paid | not)}
  rest: {every: .amount < 100 and .paid}
"#;
    fs::write(folder.path().join("scenario.yaml"), scenario).expect("written");
    let run = |more: &[&str]| {
        let arguments = ["run", ".", "--target", "local-kafka", "--format", "json"];
        run_in(folder.path(), &[&arguments, more].concat(), "").ended(0)
    };
    let report = run(&["--state", "state"]).out();
    let report: serde_json::Value = serde_json::from_str(&report).expect("a report");
    let counts = |index: usize| &report["pipelines"][index]["counts"];
    assert_eq!(counts(1)["used"], 2000);
    assert_eq!(counts(1)["committed"], 2000);
    assert_eq!(counts(2)["read"], counts(2)["written"]);
}
