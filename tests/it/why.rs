//! `why`, `why-not` and `--timeline`: nothing vanishes without a word.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::command::{Done, run, run_in};

/// Two on time, one that closes their window, one that is late, one without a time, one on time after it.
const INPUT: &str = r#"{"id":1,"ts":0,"k":"a"}
{"id":2,"ts":30000,"k":"a"}
{"id":3,"ts":61000,"k":"a"}
{"id":4,"ts":10000,"k":"a"}
{"id":5,"ts":"soon","k":"a"}
{"id":6,"ts":62000,"k":"b"}
"#;

fn window(dir: &Path, more: &[&str]) -> Done {
    let usual = [
        "window",
        "--by",
        ".k",
        "--time",
        ".ts",
        "--size",
        "1m",
        "--agg",
        "n: count",
        "--from",
        "file:in.ndjson",
        "--to",
        "file:out.ndjson",
        "--on-error",
        "skip",
    ];
    run_in(dir, &[&usual[..], more].concat(), "").ended(0)
}

/// A folder after a traced run.
fn traced() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    fs::write(dir.path().join("in.ndjson"), INPUT).expect("written");
    window(dir.path(), &["--trace"]);
    dir
}

fn ask(dir: &Path, args: &[&str]) -> String {
    run_in(dir, args, "").ended(0).out()
}

fn json(dir: &Path, args: &[&str]) -> Value {
    let text = ask(dir, &[args, &["--format", "json"]].concat());
    serde_json::from_str(&text).expect("one answer")
}

#[track_caller]
fn assert_says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no `{part}` in:\n{text}");
    }
}

#[test]
fn a_result_names_its_inputs_its_window_and_who_moved_the_watermark() {
    let dir = traced();
    let text = ask(dir.path(), &["why", "out.ndjson:1"]);
    assert_says(
        &text,
        &[
            r#"{"key":"a","start":0,"end":60000,"pane":"on-time","revision":0,"n":2}"#,
            "window     1970-01-01T00:00:00Z to 1970-01-01T00:01:00Z, key \"a\", on-time",
            "watermark  1970-01-01T00:01:01Z, with in.ndjson:3",
            "from       2 records",
            "in.ndjson:2  1970-01-01T00:00:30Z  {\"id\":2",
        ],
    );
    let answer = json(dir.path(), &["why", "1"]);
    let made = &answer["of"]["made"];
    let from = made["from"].as_array().expect("inputs").iter();
    let from: Vec<_> = from.map(|node| node["read"]["at"].as_str()).collect();
    assert_eq!(from, [Some("in.ndjson:1"), Some("in.ndjson:2")]);
    assert_eq!(made["watermark"], 61_000_000_000_i64);
    let last = json(dir.path(), &["why", "--where", ".key == \"b\""]);
    assert_eq!(last["of"]["made"]["watermark"], Value::Null);
}

#[test]
fn an_input_is_late_or_bad_or_in_a_result() {
    let dir = traced();
    assert_says(
        &ask(dir.path(), &["why-not", "in.ndjson:4"]),
        &[
            "late for `window`",
            "event time  1970-01-01T00:00:10Z",
            "window      1970-01-01T00:00:00Z to 1970-01-01T00:01:00Z",
            "watermark   1970-01-01T00:01:01Z, 1s after the window closed",
            "moved by    in.ndjson:3",
        ],
    );
    let bad = ask(dir.path(), &["why-not", "5"]);
    assert_says(&bad, &["bad, and skipped, at `window`", "soon"]);
    let third = ask(dir.path(), &["why-not", "--where", ".id == 3"]);
    assert_says(
        &third,
        &[
            "in 1 result:",
            "out.ndjson:2  {\"key\":\"a\",\"start\":60000",
        ],
    );
}

#[test]
fn what_was_not_read_or_written_is_an_error_that_helps() {
    let dir = traced();
    let path = dir.path();
    for (args, part) in [
        (
            ["why", "out.ndjson:4"],
            "there is no record 4: the run wrote 3",
        ),
        (
            ["why", "other:1"],
            "the run wrote no `other`; it wrote `file:out.ndjson`",
        ),
        (["why-not", "in.ndjson:7"], "the run read no record 7"),
        (["why-not", "x.ndjson:1"], "it read `file:in.ndjson`"),
    ] {
        assert_says(&run_in(path, &args, "").ended(2).err(), &[part]);
    }
    run_in(path, &["why-not", "--where", "false"], "").ended(1);
    let missing = run_in(path, &["why", "1", "--trace", "none"], "").ended(1);
    assert_says(&missing.err(), &["run it with `--trace`"]);
    fs::write(path.join("other"), "{}\n").expect("written");
    run_in(path, &["why", "1", "--trace", "other"], "").ended(1);
}

#[test]
fn a_trace_changes_no_byte_of_the_results() {
    let dir = traced();
    let with = fs::read(dir.path().join("out.ndjson")).expect("results");
    window(dir.path(), &[]);
    assert_eq!(
        fs::read(dir.path().join("out.ndjson")).expect("results"),
        with
    );
    // What the scenarios of the set expect is byte for byte.
    let trace = dir.path().join("trace");
    for name in [
        "sliding", "session", "refire", "funnel", "cumulate", "midnight",
    ] {
        let scenario = format!("scenarios/12-event-time/{name}.yaml");
        let trace = trace.to_string_lossy();
        run(
            &["run", &scenario, "--target", "memory:", "--trace", &trace],
            "",
        )
        .ended(0);
        let first = run(&["why", "--where", "true", "--trace", &trace], "")
            .ended(0)
            .out();
        assert_says(&first, &["window     "]);
    }
}

const SCENARIO: &str = r"apiVersion: ssectl/v1
name: traced
streams:
  clean: {partitions: 2}
  counts: {partitions: 1}
pipelines:
  clean:
    source: {replay: in.ndjson}
    steps:
      - filter: .k != null
      - dedupe: {by: .id, time: .ts, within: 1h}
      - key: .k
    sink: clean
  count:
    source: clean
    steps:
      - window: {by: .k, time: .ts, size: 1m, agg: {n: count}}
    sink: counts
expect:
  counts: {count: 1}
";

/// Filtered: the second. The fourth repeats the third.
const REPEATED: &str = r#"{"id":1,"ts":1000,"k":"a"}
{"id":2,"ts":2000,"k":null}
{"id":3,"ts":3000,"k":"a"}
{"id":3,"ts":3500,"k":"a"}
"#;

#[test]
fn answers_go_through_all_pipelines_of_a_scenario() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path();
    fs::write(path.join("s.yaml"), SCENARIO).expect("written");
    fs::write(path.join("in.ndjson"), REPEATED).expect("written");
    run_in(
        path,
        &["run", "s.yaml", "--target", "memory:", "--trace"],
        "",
    )
    .ended(0);
    let filtered = ask(path, &["why-not", "in.ndjson:2"]);
    assert_says(
        &filtered,
        &["filtered by `1-filter` at ", "s.yaml:10:", ": .k != null"],
    );
    let repeated = ask(path, &["why-not", "in.ndjson:4"]);
    assert_says(
        &repeated,
        &["left out as a duplicate of ", "in.ndjson:3 by `2-dedupe`"],
    );
    let result = ask(path, &["why", "counts:1"]);
    assert_says(
        &result,
        &[
            "from       2 records",
            "clean:",
            "in.ndjson:1",
            "in.ndjson:3",
            "the end of the input",
        ],
    );
    assert!(!result.contains("in.ndjson:4"), "{result}");
}

#[test]
fn the_timeline_shows_partitions_watermark_windows_and_late_records() {
    let dir = tempfile::tempdir().expect("a folder");
    let scenario = "scenarios/12-event-time/idle.yaml";
    let done = run(&["run", scenario, "--target", "memory:", "--timeline"], "").ended(0);
    let text = done.err();
    let row = |name: &str| {
        let found = text.lines().find(|line| line.starts_with(name));
        found
            .unwrap_or_else(|| panic!("no `{name}` in:\n{text}"))
            .to_owned()
    };
    assert_says(&text, &["132 records, ", " closed, 0 open"]);
    assert!(
        row("\"cellar\"").contains('x') && !row("\"hall\"").contains('x'),
        "{text}"
    );
    assert!(
        row("watermark").contains('>') && row("windows").contains('['),
        "{text}"
    );
    assert!(
        text.is_ascii() && text.lines().all(|line| line.len() <= 120),
        "{text}"
    );
    let file = dir.path().join("out.svg");
    let file = file.to_string_lossy();
    run(
        &["run", scenario, "--target", "memory:", "--timeline", &file],
        "",
    )
    .ended(0);
    let svg = fs::read_to_string(&*file).expect("a picture");
    assert_says(
        &svg,
        &[
            "<svg xmlns",
            "<title id=\"title\">",
            "<desc id=\"desc\">132 records",
            "prefers-color-scheme:dark",
            "hall",
            "class=\"l\"",
            "class=\"w\"",
            "class=\"c\"",
            "</svg>",
        ],
    );
}

#[test]
fn a_partition_without_records_has_its_row() {
    let dir = tempfile::tempdir().expect("a folder");
    let scenario = "apiVersion: ssectl/v1\nname: quiet\nstreams: {one: {partitions: 2}, n: {partitions: 1}}\npipelines:\n  feed: {source: {replay: in.ndjson}, steps: [{key: .k}], sink: one}\n  count: {source: one, steps: [{window: {time: .ts, size: 1m, agg: {n: count}}}], sink: n}\n";
    fs::write(dir.path().join("s.yaml"), scenario).expect("written");
    fs::write(
        dir.path().join("in.ndjson"),
        REPEATED.replace("null", "\"a\""),
    )
    .expect("written");
    let args = ["run", "s.yaml", "--target", "memory:", "--timeline"];
    let text = run_in(dir.path(), &args, "").ended(0).err();
    let rows: Vec<_> = text
        .lines()
        .filter(|line| {
            line.starts_with("0 ") || line.starts_with("1 ") || *line == "0" || *line == "1"
        })
        .collect();
    assert_eq!(rows.len(), 2, "{text}");
    assert_eq!(rows.iter().filter(|row| row.len() > 1).count(), 1, "{text}");
}

#[test]
fn what_has_no_trace_is_refused_and_flags_do_not_swallow_the_scenario() {
    let scenario = "scenarios/12-event-time/idle.yaml";
    for args in [
        &["run", scenario, "--trace", "--state", "state"][..],
        &["run", "--trace", scenario],
        &["run", "--timeline", scenario],
    ] {
        run(args, "").ended(2);
    }
}

#[test]
fn window_tells_its_counts() {
    let args = [
        "window",
        "--time",
        ".ts",
        "--size",
        "1m",
        "--agg",
        "n: count",
        "--on-error",
        "skip",
        "--stats",
    ];
    let done = run(&args, INPUT).ended(0);
    assert_says(&done.err(), &["window: 6 read, "]);
}
