//! What scenarios ask of targets.

use ssectl_adapter::{Adapter, Capabilities, EndOfStream, MemoryAdapter, Order};

use super::Case;
use crate::scenario::{Feature, check};

const BODY: &str = r#"
streams: {in: , out: , dead: }
pipelines:
  make:
    source: {generate: words, count: 5, bad: {share: 0.1, kinds: [huge], size: 2000000}}
    sink: in
  change:
    source: {stream: in, from: '@2026-01-01:end', group: g}
    steps: [{filter: '$headers.kind == "a"'}, {key: .id}, {time: .ts}]
    on-error: {dead-letter: dead}
    sink: out
  away: {source: {stream: in, from: -10}, sink: 'file:x'}
expect:
  out: {order: {key: $key, by: $time_ns}, equals: {file: e.ndjson, order: exact}}
"#;

fn needs() -> Vec<(Feature, String)> {
    let case = Case::new(BODY).file("e.ndjson", "");
    let needs = case.scenario().needs();
    needs
        .list
        .into_iter()
        .map(|need| (need.feature, need.stream))
        .collect()
}

/// Lines of text in a pipe.
fn pipe() -> Capabilities {
    Capabilities {
        read: true,
        write: true,
        admin: false,
        partitions: false,
        keys: false,
        headers: false,
        tombstones: false,
        timestamps: false,
        binary: false,
        order: Order::None,
        seek: false,
        seek_time: false,
        resume: false,
        fan_out: false,
        leases: false,
        end: EndOfStream::Closes,
        lag: false,
        max_record_bytes: Some(1_000_000),
    }
}

#[test]
fn needs_come_from_every_part_of_a_scenario() {
    let mut expected = vec![
        (Feature::Create, "in"),
        (Feature::Create, "out"),
        (Feature::Create, "dead"),
        (Feature::Write, "in"),
        (Feature::Write, "out"),
        (Feature::Write, "dead"),
        (Feature::Read, "in"),
        (Feature::Read, "out"),
        (Feature::Keys, "out"),
        (Feature::Headers, "in"),
        (Feature::Times, "out"),
        (Feature::OrderPerKey, "out"),
        (Feature::OrderPerPartition, "out"),
        (Feature::Seek, "in"),
        (Feature::SeekTime, "in"),
        (Feature::Groups, "in"),
        (Feature::FanOut, "in"),
        (Feature::RecordSize(2_000_000), "in"),
    ];
    expected.sort();
    let mut needs = needs();
    needs.sort();
    let needs: Vec<(Feature, &str)> = needs.iter().map(|(f, s)| (*f, s.as_str())).collect();
    assert_eq!(needs, expected);
}

#[test]
fn a_target_that_has_it_all_is_never_refused() {
    let case = Case::new(BODY).file("e.ndjson", "");
    let mismatches = check(
        &case.scenario().needs(),
        &MemoryAdapter::default().capabilities(),
    );
    assert!(mismatches.is_empty(), "{mismatches:?}");
}

#[test]
fn a_mismatch_says_what_where_and_what_to_change() {
    let case = Case::new(BODY).file("e.ndjson", "");
    let mismatches = check(&case.scenario().needs(), &pipe());
    assert_eq!(mismatches.len(), 13);
    let text = |feature| {
        let found = mismatches.iter().find(|m| m.need.feature == feature);
        let text = found.expect("a mismatch").to_string();
        text.replace(&format!("{}/", case.folder.path().display()), "")
    };
    assert_eq!(
        text(Feature::Keys),
        "scenario.yaml:11:53: step 2 of `change` sets keys of `out`, but the target does not keep keys\n  \
         hint: put the key into the value, or choose another target"
    );
    assert_eq!(
        text(Feature::RecordSize(2_000_000)),
        "scenario.yaml:7:13: `make` makes records of 2000000 bytes for `in`, but the target takes at most 1000000 bytes\n  \
         hint: make the records smaller, or choose another target"
    );
    assert_eq!(
        text(Feature::OrderPerKey),
        "scenario.yaml:16:32: `out` is expected to be in order per key, but the target does not keep the order of records\n  \
         hint: leave out what is expected of the order, or choose another target"
    );
    assert_eq!(
        text(Feature::SeekTime),
        "scenario.yaml:10:13: pipeline `change` reads `in` from `@2026-01-01T00:00:00Z`, but the target cannot read from a time\n  \
         hint: read from `start` and filter by time, or choose another target"
    );
}

#[test]
fn several_readers_of_a_stream_need_a_target_that_fans_out() {
    let needs = |readers: &str, expect: &str| {
        let body = format!(
            "streams: {{a: , b: }}\npipelines: {{{readers}}}\nexpect: {{{expect}: {{count: 1}}}}"
        );
        let list = Case::new(&body).scenario().needs().list;
        list.into_iter()
            .filter(|need| need.feature == Feature::FanOut)
            .map(|need| need.why)
            .collect::<Vec<_>>()
    };
    let one = "p: {source: a, sink: b}";
    let two = "p: {source: a, sink: b}, q: {source: a, sink: b}";
    let group =
        "p: {source: {stream: a, group: g}, sink: b}, q: {source: {stream: a, group: g}, sink: b}";
    assert!(needs(one, "b").is_empty());
    assert_eq!(
        needs(one, "a"),
        ["pipeline `p` and its expectation both read all of `a`"]
    );
    assert_eq!(
        needs(two, "b"),
        ["pipeline `p` and pipeline `q` both read all of `a`"]
    );
    assert!(needs(group, "b").is_empty());
}

#[test]
fn only_whole_names_of_variables_count() {
    let needs = |program: &str| {
        let body = format!(
            "streams: {{a: , b: }}\npipelines: {{p: {{source: a, steps: [{{map: '{program}'}}], sink: b}}}}"
        );
        let list = Case::new(&body).scenario().needs().list;
        list.into_iter()
            .map(|need| need.feature)
            .collect::<Vec<_>>()
    };
    assert!(needs("$key").contains(&Feature::Keys));
    assert!(needs("[$time]").contains(&Feature::Times));
    assert!(!needs(". as $keys | $keys").contains(&Feature::Keys));
    assert!(!needs(".key, .headers").contains(&Feature::Headers));
}
