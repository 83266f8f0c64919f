//! What a sound file is understood as.

use ssectl_adapter::{Bound, Position, Timestamp};

use super::Case;
use crate::expr::time::Unit;
use crate::scenario::{
    Address, Count, EqualsOrder, Format, OnError, Read, Replay, SourceKind, Speed, Step,
};

pub(super) const WHOLE: &str = r#"
summary: all there is
streams:
  words: {partitions: 2, config: {retention.ms: 60000, cleanup.policy: compact, flag: true}}
  raw:
  shouted: {}
pipelines:
  feed: {source: {generate: words, count: 1000, seed: 7, rate: 200/s}, sink: words}
  play: {source: {replay: data.ndjson, time: .ts, unit: ns, speed: max}, sink: raw}
  pace: {source: {replay: [data.ndjson, data.ndjson], time: .ts, format: csv}, sink: raw}
  shout:
    source: words
    steps: [{map: '.text |= ascii_upcase'}, {filter: .seq > 3}, {key: .id}, {time: .ts, unit: rfc3339}]
    on-error: skip
    sink: shouted
  store: {source: {stream: shouted, from: -10, group: g}, sink: 'file:out/table.csv', format: csv}
  tee: {source: 'local:other', on-error: {dead-letter: raw}, sink: {stream: '-', format: text}}
expect:
  shouted:
    count: {min: 1, max: 1000}
    every: [.text, .seq > 3]
    some: .text == "A"
    equals: {file: data.ndjson, order: exact}
    order: {key: $key, by: .seq}
  raw: {count: 2, equals: data.ndjson, format: text}
  words: {count: {min: 5}}
"#;

fn whole() -> Case {
    Case::new(WHOLE).file("data.ndjson", "{}\n")
}

fn kind(case: &Case, name: &str) -> SourceKind {
    let pipelines = case.scenario().pipelines;
    let pipeline = pipelines.into_iter().find(|p| p.name == name);
    pipeline.expect(name).source.kind
}

fn replay(body: &str) -> Replay {
    let body = format!(
        "streams: {{out: }}\npipelines:\n  p: {{source: {{replay: d.ndjson, {body}}}, sink: out}}\n"
    );
    match kind(&Case::new(&body).file("d.ndjson", ""), "p") {
        SourceKind::Replay(replay) => replay,
        other => panic!("{other:?}"),
    }
}

fn read(source: &str) -> Read {
    let body =
        format!("streams: {{in: , out: }}\npipelines:\n  p: {{source: {source}, sink: out}}\n");
    match kind(&Case::new(&body), "p") {
        SourceKind::Read(read) => read,
        other => panic!("{other:?}"),
    }
}

#[test]
fn names_and_order_are_those_of_the_file() {
    let scenario = whole().scenario();
    assert_eq!(scenario.name, "case");
    assert_eq!(scenario.summary.as_deref(), Some("all there is"));
    let names: Vec<&str> = scenario.pipelines.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["feed", "play", "pace", "shout", "store", "tee"]);
    let streams: Vec<&str> = scenario.streams.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(streams, ["words", "raw", "shouted"]);
    let expected: Vec<&str> = scenario
        .expectations
        .iter()
        .map(|e| e.stream.as_str())
        .collect();
    assert_eq!(expected, ["shouted", "raw", "words"]);
}

#[test]
fn settings_of_streams_are_text_as_it_is_written() {
    let scenario = whole().scenario();
    let words = &scenario.stream("words").expect("words").spec;
    assert_eq!(words.partitions, Some(2));
    let config: Vec<(&str, &str)> = words.config.iter().map(|(k, v)| (&**k, &**v)).collect();
    assert_eq!(
        config,
        [
            ("cleanup.policy", "compact"),
            ("flag", "true"),
            ("retention.ms", "60000")
        ]
    );
    assert_eq!(scenario.stream("raw").expect("raw").spec.partitions, None);
}

#[test]
fn generators_take_the_options_of_the_generate_verb() {
    let SourceKind::Generate(spec) = kind(&whole(), "feed") else {
        panic!("no generator")
    };
    assert_eq!((spec.count, spec.seed), (Some(1000), 7));
    assert!(spec.rate.is_some());
}

#[test]
fn replays_keep_their_pace_only_with_a_time() {
    assert_eq!(replay("").speed, Speed::Max);
    assert_eq!(replay("time: .ts").speed, Speed::Times(1.0));
    assert_eq!(replay("time: .ts, speed: 10x").speed, Speed::Times(10.0));
    assert_eq!(replay("time: .ts, speed: 0.5").speed, Speed::Times(0.5));
    assert_eq!(replay("time: .ts, speed: max").speed, Speed::Max);
    assert_eq!(replay("time: .ts").time.expect("a time").unit, Unit::Ms);
    assert_eq!(
        replay("time: .ts, unit: us").time.expect("a time").unit,
        Unit::Us
    );
    assert!(replay("loop: true").repeat);
    assert!(!replay("loop: false").repeat);
    assert_eq!(replay("format: csv").format, Format::Csv);
}

#[test]
fn paths_start_from_the_folder_of_the_file() {
    let case = whole();
    let SourceKind::Replay(replay) = kind(&case, "pace") else {
        panic!("no replay")
    };
    assert_eq!(replay.files, vec![case.path("data.ndjson"); 2]);
    let scenario = case.scenario();
    let Address::Uri(uri) = &scenario.pipelines[4].sink.to else {
        panic!("no address")
    };
    assert_eq!(uri.path, case.path("out/table.csv").display().to_string());
    assert_eq!(scenario.dir(), case.folder.path());
}

#[test]
fn reads_say_where_to_start() {
    let now = Timestamp::from_millis(1_000_000);
    let range = |source: &str| read(source).range.resolve(now);
    assert_eq!(range("in"), None);
    assert_eq!(range("{stream: in}"), None);
    let from = |text: &str| range(&format!("{{stream: in, from: {text}}}")).expect(text);
    assert_eq!(from("start").from, Bound::Start);
    assert_eq!(from("7").from, Bound::At(Position::Offset(7)));
    assert_eq!(from("-7").from, Bound::BeforeEnd(7));
    assert_eq!(from("+7").from, Bound::AfterStart(7));
    assert_eq!(from("'3:9'").to, Some(Bound::At(Position::Offset(9))));
    assert_eq!(
        from("'@-1s'").from,
        Bound::Time(Timestamp::from_millis(999_000))
    );
    assert_eq!(read("{stream: in, group: g}").group.as_deref(), Some("g"));
    assert_eq!(
        read("{stream: 'kafka://h/t', format: raw}").format,
        Format::Raw
    );
}

#[test]
fn a_step_does_one_thing() {
    let scenario = whole().scenario();
    let steps = &scenario.pipelines[3].steps;
    let said: Vec<(&str, &str)> = steps
        .iter()
        .map(|s| (s.name(), s.programs()[0].0))
        .collect();
    assert_eq!(
        said,
        [
            ("map", ".text |= ascii_upcase"),
            ("filter", ".seq > 3"),
            ("key", ".id"),
            ("time", ".ts")
        ]
    );
    assert!(matches!(&steps[3], Step::Time(time) if time.unit == Unit::Rfc3339));
    assert_eq!(steps[0].place().position(), (15, 19));
}

#[test]
fn the_format_of_a_sink_may_stand_beside_it() {
    let scenario = whole().scenario();
    assert_eq!(scenario.pipelines[4].sink.format, Format::Csv);
    assert_eq!(scenario.pipelines[5].sink.format, Format::Text);
    assert_eq!(scenario.pipelines[0].sink.format, Format::Json);
}

#[test]
fn errors_stop_the_run_unless_said_otherwise() {
    let scenario = whole().scenario();
    assert!(matches!(scenario.pipelines[0].on_error, OnError::Fail));
    assert!(matches!(scenario.pipelines[3].on_error, OnError::Skip));
    assert!(matches!(
        &scenario.pipelines[5].on_error,
        OnError::DeadLetter { to, .. } if to.declared() == Some("raw")
    ));
}

#[test]
fn expectations_are_read_in_all_their_forms() {
    let scenario = whole().scenario();
    let [shouted, raw, words] = &scenario.expectations[..] else {
        panic!("three")
    };
    assert_eq!(
        shouted.count,
        Some(Count {
            min: 1,
            max: Some(1000)
        })
    );
    assert_eq!(
        raw.count,
        Some(Count {
            min: 2,
            max: Some(2)
        })
    );
    assert_eq!(words.count, Some(Count { min: 5, max: None }));
    assert_eq!((shouted.every.len(), shouted.some.len()), (2, 1));
    assert_eq!(
        shouted.equals.as_ref().expect("equals").order,
        EqualsOrder::Exact
    );
    assert_eq!(raw.equals.as_ref().expect("equals").order, EqualsOrder::Any);
    assert_eq!(raw.format, Format::Text);
    assert_eq!(shouted.order.as_ref().expect("order").key.source, "$key");
}

#[test]
fn aliases_repeat_values() {
    let body = "streams: {a: &s {partitions: 3}, b: *s}\npipelines:\n  p: {source: a, sink: b}\n";
    assert_eq!(
        Case::new(body).scenario().streams[1].spec.partitions,
        Some(3)
    );
}

#[test]
fn a_folder_without_a_scenario_says_what_it_has() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("other.yaml"), "").expect("written");
    let faults = crate::scenario::load(folder.path(), &Default::default(), &Default::default());
    let path = folder.path().display();
    assert_eq!(
        faults.expect_err("no scenario").to_string(),
        format!(
            "{path}: has no `scenario.yaml`\n  hint: name the file itself; there is `{path}/other.yaml`"
        )
    );
}

#[test]
fn unknown_schemes_are_told_with_their_place() {
    let scenario = whole().scenario();
    assert!(
        scenario
            .check_schemes(&["local", "file", "stdio"])
            .is_empty()
    );
    let faults = scenario.check_schemes(&["locla", "file", "stdio"]);
    let [fault] = &faults[..] else {
        panic!("{faults:?}")
    };
    assert_eq!((fault.line, fault.col), (19, 17));
    assert_eq!(fault.message, "unknown adapter or target `local`");
    assert_eq!(
        fault.hint.as_deref(),
        Some("did you mean `locla`? there is `locla`, `file`, `stdio`")
    );
}
