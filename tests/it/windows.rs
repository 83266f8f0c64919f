//! `window`: what comes out of a pipe, and what flags say.

use std::io::Write;
use std::time::Duration;

use crate::command::{eventually, exit_code, run, run_in, signal, start};

const MINUTES: [&str; 7] = ["window", "--by", ".k", "--time", ".t", "--size", "1m"];

fn window(more: &[&str], input: &str) -> crate::command::Done {
    run(&[&MINUTES, more].concat(), input)
}

#[test]
fn records_are_counted_and_summed_by_key_and_minute() {
    let input = r#"{"k":"a","t":0,"x":1}
{"k":"b","t":59999,"x":0.1}
{"k":"a","t":60000,"x":2}
{"k":"b","t":1,"x":0.2}
{"k":"b","t":59000,"x":0.3}
{"k":"a","t":-1,"x":5}
"#;
    let done = window(
        &[
            "--delay",
            "2m",
            "--agg",
            "n: count",
            "--agg",
            "total: sum(.x)",
        ],
        input,
    )
    .ended(0);
    assert_eq!(
        done.out(),
        r#"{"key":"a","start":-60000,"end":0,"pane":"on-time","revision":0,"n":1,"total":5}
{"key":"a","start":0,"end":60000,"pane":"on-time","revision":0,"n":1,"total":1}
{"key":"b","start":0,"end":60000,"pane":"on-time","revision":0,"n":3,"total":0.6}
{"key":"a","start":60000,"end":120000,"pane":"on-time","revision":0,"n":1,"total":2}
"#
    );
}

#[test]
fn late_records_are_dropped_kept_aside_or_change_a_result() {
    let input = "{\"t\":0}\n{\"t\":60000}\n{\"t\":1}\n";
    let late = |more: &[&str]| {
        let args = [
            "window", "--time", ".t", "--size", "1m", "--agg", "n: count",
        ];
        run(&[&args, more].concat(), input).ended(0)
    };
    let first = r#"{"key":null,"start":0,"end":60000,"pane":"on-time","revision":0,"n":1}"#;
    let second = r#"{"key":null,"start":60000,"end":120000,"pane":"on-time","revision":0,"n":1}"#;
    let dropped = late(&[]);
    assert_eq!(dropped.out(), format!("{first}\n{second}\n"));
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("late.ndjson");
    let aside = late(&["--late", &format!("side=file:{}", file.display())]);
    assert_eq!(aside.out(), dropped.out());
    assert_eq!(
        std::fs::read_to_string(file).expect("a file"),
        "{\"t\":1}\n"
    );
    assert!(
        aside
            .err()
            .contains("3 read, 3 written, 1 late, 1 to side streams"),
        "{}",
        aside.err()
    );
    let again = r#"{"key":null,"start":0,"end":60000,"pane":"late","revision":1,"n":2}"#;
    for policy in [["--late", "refire"], ["--lateness", "1m"]] {
        assert_eq!(late(&policy).out(), format!("{first}\n{again}\n{second}\n"));
    }
}

#[test]
fn every_type_of_window_has_its_flags() {
    let input = "{\"t\":0}\n{\"t\":5}\n{\"t\":20}\n";
    let lines = |more: &[&str]| {
        let args = ["window", "--time", ".t", "--unit", "s", "--agg", "n: count"];
        let done = run(&[&args, more].concat(), input).ended(0);
        let line = |line: &str| {
            let value: serde_json::Value = serde_json::from_str(line).expect("JSON");
            ["start", "end", "n"].map(|name| value[name].as_i64().unwrap_or(-1))
        };
        done.out().lines().map(line).collect::<Vec<_>>()
    };
    assert_eq!(
        lines(&["--type", "hopping", "--size", "20s", "--slide", "10s"]),
        [[-10, 10, 2], [0, 20, 2], [10, 30, 1], [20, 40, 1]]
    );
    assert_eq!(
        lines(&["--type", "session", "--gap", "10s"]),
        [[0, 15, 2], [20, 30, 1]]
    );
    assert_eq!(
        lines(&["--type", "count", "--size", "2"]),
        [[0, 6, 2], [20, 21, 1]]
    );
    assert_eq!(
        lines(&["--type", "count", "--size", "2", "--window-timeout", "5s"]),
        [[0, 1, 1], [5, 6, 1], [20, 21, 1]]
    );
    assert_eq!(
        lines(&["--type", "cumulate", "--size", "20s", "--step", "10s"]),
        [[0, 10, 2], [0, 20, 2], [20, 30, 1], [20, 40, 1]]
    );
    assert_eq!(
        lines(&["--type", "global", "--trigger", "2"]),
        [[-1, -1, 2], [-1, -1, 3]]
    );
    assert_eq!(
        lines(&["--size", "20s", "--window-offset", "5s"]),
        [[-15, 5, 1], [5, 25, 2]]
    );
    assert_eq!(
        lines(&["--size", "1d", "--zone", "Europe/Berlin"]),
        [[-3600, 82800, 3]]
    );
}

#[test]
fn what_flags_do_not_say_together_is_an_error_with_a_way_out() {
    let wrong = |args: &[&str], expected: &str| {
        let done = run(&[&["window", "--agg", "n: count"], args].concat(), "").ended(2);
        assert!(done.err().contains(expected), "{args:?}: {}", done.err());
        assert_eq!(done.out(), "");
    };
    wrong(&[], "--size: `size` is missing");
    wrong(&["--size", "10"], "write `10s` or another duration");
    wrong(
        &["--type", "session", "--size", "1m"],
        "--gap: `gap` is missing",
    );
    wrong(
        &["--size", "1m", "--type", "tumblin"],
        "use tumbling, sliding",
    );
    wrong(&["--size", "1m", "--by", ".a |"], "--by");
    wrong(&["--size", "1m", "--agg", "total"], "has no name");
    wrong(&["--size", "1m", "--agg", "total: sums(.x)"], "`sum`");
    wrong(
        &["--size", "1m", "--agg", "total: sum(.x |)"],
        "does not compile",
    );
    wrong(
        &["--size", "1m", "--agg", "key: count"],
        "results have a `key` of their own",
    );
    wrong(
        &["--size", "1m", "--agg", "n: count"],
        "two aggregates are called `n`",
    );
    wrong(
        &["--size", "1m", "--late", "throw"],
        "use drop, side=ADDRESS or refire",
    );
    wrong(
        &[
            "--type",
            "session",
            "--gap",
            "1s",
            "--agg",
            "r: reduce(0; . + 1)",
        ],
        "give it a third program",
    );
}

#[test]
fn bad_records_go_where_the_policy_says() {
    let input = "{\"k\":1,\"t\":0,\"x\":1}\n{\"k\":1,\"t\":\"soon\",\"x\":1}\n{\"k\":1,\"t\":1,\"x\":\"one\"}\n{\"k\":1,\"t\":2,\"x\":4}\n";
    let sum = ["--agg", "total: sum(.x)"];
    let failed = window(&sum, input).ended(1);
    assert!(
        failed
            .err()
            .contains("the event time \"soon\" is no number"),
        "{}",
        failed.err()
    );
    let skipped = window(&[&sum[..], &["--on-error", "skip"]].concat(), input).ended(0);
    assert_eq!(
        skipped.out(),
        "{\"key\":1,\"start\":0,\"end\":60000,\"pane\":\"on-time\",\"revision\":0,\"total\":5}\n"
    );
    assert!(skipped.err().contains("2 skipped"), "{}", skipped.err());
    let far = "{\"k\":1,\"t\":0}\n{\"k\":1,\"t\":99999999}\n{\"k\":1,\"t\":1}\n";
    let bound = [
        "--agg",
        "n: count",
        "--max-future",
        "1h",
        "--on-error",
        "skip",
    ];
    let bounded = window(&bound, far).ended(0);
    assert!(bounded.out().contains("\"n\":2"), "{}", bounded.out());
    let fate = window(&bound[..4], far).ended(1);
    assert!(fate.err().contains("max-future"), "{}", fate.err());
}

#[test]
fn aggregates_of_all_kinds() {
    let input = r#"{"t":3,"x":3,"w":"b"}
{"t":1,"x":1.5,"w":"a"}
{"t":2,"w":"b"}
"#;
    let aggs = [
        "n: count",
        "xs: count(.x)",
        "low: min(.x)",
        "high: max(.x)",
        "mean: avg(.x)",
        "first: first(.x)",
        "last: last(.x)",
        "all: collect(.w)",
        "words: distinct(.w)",
        "about: approx_distinct(.w)",
        "mid: median(.x)",
        "top: top(.w; 1)",
        "mine: reduce({}; .[$value.w] += 1)",
    ];
    let flags = aggs.iter().flat_map(|agg| ["--agg", agg]);
    let args: Vec<&str> = ["window", "--time", ".t", "--size", "1s", "--delay", "1s"]
        .into_iter()
        .chain(flags)
        .collect();
    let value: serde_json::Value =
        serde_json::from_str(&run(&args, input).ended(0).out()).expect("JSON");
    let expected = serde_json::json!({
        "key": null, "start": 0, "end": 1000, "pane": "on-time", "revision": 0,
        "n": 3, "xs": 2, "low": 1.5, "high": 3, "mean": 2.25, "first": 1.5, "last": 3, "all": ["a", "b", "b"],
        "words": 2, "about": 2, "mid": 1.5, "top": [{"value": "b", "count": 2}], "mine": {"a": 1, "b": 2},
    });
    assert_eq!(value, expected);
}

#[test]
fn keys_that_are_equal_are_one() {
    let input = "{\"k\":{\"a\":1,\"b\":2},\"t\":0}\n{\"k\":{\"b\":2.0,\"a\":1e0},\"t\":1}\n";
    let done = window(&["--agg", "n: count"], input).ended(0);
    assert_eq!(
        done.out(),
        "{\"key\":{\"a\":1,\"b\":2},\"start\":0,\"end\":60000,\"pane\":\"on-time\",\"revision\":0,\"n\":2}\n"
    );
}

#[test]
fn retractions_take_back_what_they_replace() {
    let input = "{\"t\":0}\n{\"t\":1}\n{\"t\":60000}\n";
    let args = [
        "window",
        "--time",
        ".t",
        "--size",
        "1m",
        "--agg",
        "n: count",
        "--trigger",
        "early=1",
        "--accumulation",
        "retracting",
    ];
    let out = run(&args, input).ended(0).out();
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(
        lines[0],
        r#"{"key":null,"start":0,"end":60000,"pane":"early","revision":0,"n":1}"#
    );
    assert_eq!(
        lines[1],
        r#"{"key":null,"start":0,"end":60000,"pane":"early","revision":0,"retract":true,"n":1}"#
    );
    assert_eq!(
        lines[2],
        r#"{"key":null,"start":0,"end":60000,"pane":"early","revision":1,"n":2}"#
    );
    let sum: i64 = lines
        .iter()
        .filter(|line| line.contains("\"start\":0,"))
        .map(|line| {
            let value: serde_json::Value = serde_json::from_str(line).expect("JSON");
            let n = value["n"].as_i64().expect("a count");
            if value["retract"] == true { -n } else { n }
        })
        .sum();
    assert_eq!(sum, 2);
}

#[test]
fn a_results_record_has_key_and_time() {
    let args = ["-F", "%k %T %s\\n", "--agg", "n: count"];
    let out = window(&args, "{\"k\":\"a\",\"t\":5}\n").ended(0).out();
    assert_eq!(
        out,
        "a 60000 {\"key\":\"a\",\"start\":0,\"end\":60000,\"pane\":\"on-time\",\"revision\":0,\"n\":1}\n"
    );
}

/// Results come while the input is open, and a stop does not close windows that are not complete.
#[cfg(unix)]
#[test]
fn a_stop_writes_what_is_complete_and_nothing_else() {
    use std::io::{BufRead, BufReader};
    let mut child = start(&[&MINUTES[..], &["--agg", "n: count"]].concat());
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin
        .write_all(b"{\"k\":1,\"t\":0}\n{\"k\":1,\"t\":60000}\n")
        .expect("written");
    stdin.flush().expect("written");
    let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut line = String::new();
    out.read_line(&mut line).expect("a line");
    assert!(
        line.contains("\"end\":60000") && line.contains("on-time"),
        "{line}"
    );
    signal(&child, "INT");
    assert_eq!(exit_code(&mut child, Duration::from_secs(60)), Some(130));
    line.clear();
    assert_eq!(out.read_line(&mut line).expect("the end"), 0, "{line}");
}

#[cfg(unix)]
#[test]
fn a_closed_pipe_ends_it_quietly() {
    let mut child = start(&[&MINUTES[..], &["--agg", "n: count"]].concat());
    let mut stdin = child.stdin.take().expect("a pipe");
    drop(child.stdout.take());
    let mut minute = 0_u64;
    eventually(Duration::from_secs(60), || {
        minute += 60_000;
        let closed = stdin
            .write_all(format!("{{\"k\":1,\"t\":{minute}}}\n").as_bytes())
            .is_err();
        closed || child.try_wait().expect("a child").is_some()
    });
    drop(stdin);
    assert_eq!(exit_code(&mut child, Duration::from_secs(60)), Some(0));
}

#[test]
fn faults_of_a_step_are_found_all_at_once_where_they_stand() {
    let dir = tempfile::tempdir().expect("a folder");
    let scenario = "apiVersion: ssectl/v1
name: faulty
pipelines:
  p:
    source: {generate: words, count: 1}
    steps:
      - window:
          by: .a |
          type: sliding
          size: 10
          gap: 1s
          late: {side: nowhere}
          agg: {n: counts, key: count, total: sum(.x |)}
    sink: file:out.ndjson
";
    std::fs::write(dir.path().join("scenario.yaml"), scenario).expect("a file");
    let done = run_in(dir.path(), &["lint", "."], "").ended(3);
    let said = done.out() + &done.err();
    for expected in [
        "8:19: jq: expected a filter",
        "10:17: the size `10` has no unit of time",
        "9:17: `slide` is missing",
        "11:16: `sliding` windows have no `gap`",
        "12:24: unknown stream `nowhere`",
        "13:20: there is no aggregate `counts`; did you mean `count`?",
        "13:33: results have a `key` of their own",
        "13:55: jq: expected a filter",
    ] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
}
