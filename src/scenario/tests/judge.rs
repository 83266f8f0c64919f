//! Expectations held against records.

use std::sync::Arc;

use bytes::Bytes;
use ssectl_adapter::{Origin, Partition, Position, Record};

use super::Case;
use crate::scenario::{Checker, Verdict};

/// A record of partition 0 or the one named before `|`, with the key before `=`.
fn record(text: &str, offset: i64) -> Record {
    let (partition, text) = text.split_once('|').unwrap_or(("0", text));
    let (key, value) = match text.split_once('=') {
        Some((key, value)) => (Some(Bytes::from(key.to_owned())), value),
        None => (None, text),
    };
    Record {
        key,
        value: (value != "null value").then(|| Bytes::from(value.to_owned())),
        origin: Origin {
            stream: Arc::from("out"),
            partition: Partition::from(partition),
            position: Position::Offset(offset),
        },
        ..Record::default()
    }
}

fn judge(expect: &str, expected: &str, records: &[&str]) -> Verdict {
    let body = format!(
        "streams: {{out: }}\npipelines: {{p: {{source: {{generate: words, count: 1}}, sink: out}}}}\nexpect:\n  out: {expect}\n"
    );
    let case = Case::new(&body).file("e", expected);
    let mut checker = Checker::new(&case.scenario().expectations[0]).expect("can be checked");
    for (offset, text) in records.iter().enumerate() {
        checker.record(&record(text, offset as i64));
    }
    let mut verdict = checker.finish();
    let folder = format!("{}/", case.folder.path().display());
    for line in &mut verdict.lines {
        line.text = line.text.replace(&folder, "");
    }
    verdict
}

fn holds(expect: &str, expected: &str, records: &[&str]) -> String {
    let verdict = judge(expect, expected, records);
    assert!(verdict.passed, "{verdict}");
    verdict.to_string()
}

fn fails(expect: &str, expected: &str, records: &[&str]) -> String {
    let verdict = judge(expect, expected, records);
    assert!(!verdict.passed, "{verdict}");
    verdict.to_string()
}

#[test]
fn counts_may_be_exact_or_bounded() {
    assert_eq!(
        holds("{count: 2}", "", &["1", "2"]),
        "ok   out: count: 2 records"
    );
    assert_eq!(holds("{count: 0}", "", &[]), "ok   out: count: 0 records");
    assert_eq!(
        fails("{count: 2}", "", &["1"]),
        "FAIL out: count: expected 2, found 1 record"
    );
    assert_eq!(
        fails("{count: {min: 2, max: 3}}", "", &["1", "1", "1", "1"]),
        "FAIL out: count: expected 2 to 3, found 4 records"
    );
    assert_eq!(
        fails("{count: {min: 2}}", "", &[]),
        "FAIL out: count: expected at least 2, found 0 records"
    );
    holds("{count: {min: 2, max: 3}}", "", &["1", "1", "1"]);
    holds("{count: {max: 3}}", "", &[]);
}

#[test]
fn every_shows_the_first_record_it_is_not_true_of() {
    let expect = "{every: '.n > 1'}";
    assert_eq!(
        holds(expect, "", &[r#"{"n":2}"#, r#"{"n":3}"#]),
        "ok   out: every `.n > 1`: 2 records"
    );
    assert_eq!(
        fails(expect, "", &[r#"{"n":2}"#, r#"3|{"n":0}"#, r#"{"n":1}"#]),
        r#"FAIL out: every `.n > 1`: not true of 2 of 3 records; first partition 3, offset 1: {"n":0}"#
    );
    // A jq error, no JSON, and no result at all are not true either.
    assert!(fails("{every: .n}", "", &["5"]).contains("offset 0: 5 ("));
    assert!(fails("{every: .n}", "", &["{"]).contains("record is not JSON"));
    assert!(fails("{every: empty}", "", &["1"]).contains("not true of 1 of 1 record"));
    holds("{every: '. == null'}", "", &["null", "null value"]);
}

#[test]
fn nothing_holds_for_a_stream_without_records() {
    for expect in ["{every: .a}", "{some: .a}", "{order: {key: .a, by: .b}}"] {
        assert_eq!(
            fails(expect, "", &[]),
            "FAIL out: no records, so nothing was checked; say `count: 0` if there should be none"
        );
    }
    holds("{every: .a, count: 0}", "", &[]);
    holds("{every: .a, equals: e}", "", &[]);
}

#[test]
fn every_may_be_a_list() {
    let text = fails("{every: ['.a', '.b']}", "", &[r#"{"a":1}"#]);
    assert!(
        text.starts_with("ok   out: every `.a`: 1 record\nFAIL out: every `.b`:"),
        "{text}"
    );
}

#[test]
fn some_needs_one_record() {
    assert_eq!(
        holds("{some: '. == 2'}", "", &["1", "2", "{"]),
        "ok   out: some `. == 2`: found"
    );
    assert_eq!(
        fails("{some: '. == 2'}", "", &["1", "3"]),
        "FAIL out: some `. == 2`: true of none of 2 records"
    );
    assert!(fails("{some: .a}", "", &["1"]).contains("first error: "));
}

#[test]
fn programs_see_key_partition_and_offset() {
    holds(
        "{every: '$key == \"k\" and $partition == 3 and $offset == 0 and $stream == \"out\"'}",
        "",
        &["3|k=1"],
    );
    holds("{every: '$key == null'}", "", &["1"]);
}

#[test]
fn text_is_compared_as_text() {
    holds("{format: text, every: '. == \"a b\"'}", "", &["a b"]);
    holds("{format: text, equals: e}", "a b\n\n{\n", &["{", "a b", ""]);
    fails("{format: text, equals: e}", "1\n", &["1.0"]);
}

#[test]
fn equals_looks_at_values_not_at_their_text() {
    let expected = "{\"a\":1,\"b\":[1.5]}\n\n{\"a\":1715254403007507001}\r\nnull\n";
    let records = [
        r#"{ "a": 1715254403007507001 }"#,
        "null",
        r#"{"b":[15e-1],"a":1.0}"#,
    ];
    assert_eq!(
        holds("{equals: e}", expected, &records),
        "ok   out: equals e: 3 records"
    );
    fails(
        "{equals: e}",
        "1715254403007507001",
        &["1715254403007507000"],
    );
}

#[test]
fn equals_counts_repeated_records() {
    holds("{equals: e}", "1\n1\n2\n", &["1", "2", "1"]);
    assert_eq!(
        fails("{equals: e}", "1\n1\n2\n", &["1", "2", "2"]),
        "FAIL out: equals e: 1 record missing, 1 record unexpected\n\
         FAIL out:   - line 2: 1\n\
         FAIL out:   + partition 0, offset 2: 2 (once more)"
    );
}

#[test]
fn equals_shows_the_first_differences() {
    let expected: String = (0..20).map(|n| format!("{{\"n\":{n}}}\n")).collect();
    let text = fails(
        "{equals: e}",
        &expected,
        &[r#"{"n":19}"#, r#"{"n":100}"#, "nonsense"],
    );
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[0],
        "FAIL out: equals e: 19 records missing, 2 records unexpected"
    );
    assert_eq!(lines[1], r#"FAIL out:   - line 1: {"n":0}"#);
    assert_eq!(lines[6], "FAIL out:   - and 14 more");
    assert_eq!(
        lines[7],
        r#"FAIL out:   + partition 0, offset 1: {"n":100}"#
    );
    assert!(lines[8].starts_with("FAIL out:   + partition 0, offset 2: nonsense (not JSON: "));
    assert_eq!(lines.len(), 9);
}

#[test]
fn long_values_are_cut_and_made_printable() {
    let long = format!("\"{}\"", "é".repeat(500));
    let text = fails("{equals: e}", "", &[&long]);
    assert!(text.chars().count() < 300 && text.ends_with('…'), "{text}");
    assert!(!fails("{every: 'false'}", "", &["\"\u{1b}\""]).contains('\u{1b}'));
}

#[test]
fn exact_order_is_that_of_each_partition() {
    let expect = "{equals: {file: e, order: exact}}";
    holds(expect, "1\n2\n3\n4\n", &["1", "2", "3", "4"]);
    holds(expect, "1\n2\n3\n4\n", &["1|2", "0|1", "1|4", "0|3"]);
    holds(expect, "1\n1\n2\n", &["a|1", "b|1", "a|2"]);
    assert_eq!(
        fails(expect, "1\n2\n3\n", &["1", "3", "2"]),
        "FAIL out: equals e: 1 record not in order\nFAIL out:   ! partition 0, offset 2: 2"
    );
    holds(
        "{equals: {file: e, order: any}}",
        "1\n2\n3\n",
        &["1", "3", "2"],
    );
}

#[test]
fn order_is_kept_per_key() {
    let expect = "{order: {key: .id, by: .seq}}";
    let r = |id: &str, seq: &str| format!(r#"{{"id":"{id}","seq":{seq}}}"#);
    let records = [
        r("a", "1"),
        r("b", "9"),
        r("a", "1"),
        r("b", "9.5"),
        r("a", "7"),
    ];
    let records: Vec<&str> = records.iter().map(String::as_str).collect();
    assert_eq!(
        holds(expect, "", &records),
        "ok   out: order of `.seq` by `.id`: never decreases, 2 keys"
    );
    let broken = [
        r("a", "5"),
        r("b", "9"),
        r("a", "4"),
        r("a", "4.5"),
        r("a", "6"),
    ];
    let broken: Vec<&str> = broken.iter().map(String::as_str).collect();
    assert_eq!(
        fails(expect, "", &broken),
        "FAIL out: order of `.seq` by `.id`: broken 2 times; first partition 0, offset 2: \
         {\"id\":\"a\",\"seq\":4} (key \"a\": 4 after 5)"
    );
    holds("{order: {key: $key, by: .}}", "", &["x=1", "y=0", "x=2"]);
    fails("{order: {key: $key, by: .}}", "", &["x=2", "x=1"]);
}

#[test]
fn order_compares_as_jq_does() {
    let expect = "{order: {key: '1', by: .}}";
    holds(
        expect,
        "",
        &[
            "null",
            "false",
            "true",
            "-1",
            "9007199254740992",
            "9007199254740993",
            "\"\"",
            "\"a\"",
            "[]",
            "{}",
        ],
    );
    fails(expect, "", &["9007199254740993", "9007199254740992"]);
    assert!(fails(expect, "", &["{"]).contains("key: record is not JSON"));
    assert!(fails("{order: {key: .a, by: empty}}", "", &["{}"]).contains("by gave no result"));
}

#[test]
fn an_expected_file_that_is_no_json_is_refused_before_the_run() {
    let body = "streams: {out: }\npipelines: {p: {source: {generate: words, count: 1}, sink: out}}\nexpect: {out: {equals: e}}\n";
    let case = Case::new(body).file("e", "1\n{\n");
    let error = Checker::new(&case.scenario().expectations[0])
        .err()
        .expect("refused");
    let text = error.to_string();
    let start = format!(
        "expected records `{}`, line 2: not JSON: ",
        case.path("e").display()
    );
    assert!(text.starts_with(&start), "{text}");
}
