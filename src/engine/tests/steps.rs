//! What steps make of records, whatever the batch size.

use proptest::prelude::*;
use ssectl_adapter::{Batch, Commit, Record, Timestamp};

use crate::engine::steps::Processed;
use crate::engine::{Encoding, Step, Steps};
use crate::expr::time::{EventTime, Unit};
use crate::expr::{Options, Program};

fn program(source: &str) -> Program {
    Program::compile("test", source, &Options::default()).expect("a program")
}

fn run(steps: &Steps, records: Vec<Record>) -> Processed {
    let batch = Batch {
        records,
        ..Batch::default()
    };
    steps.run(batch, false)
}

fn values(processed: &Processed) -> Vec<Option<String>> {
    let text = |r: &Record| {
        r.value
            .as_ref()
            .map(|v| String::from_utf8_lossy(v).into_owned())
    };
    processed
        .results
        .iter()
        .map(|result| text(&result.record))
        .collect()
}

fn some(values: &[&str]) -> Vec<Option<String>> {
    values.iter().map(|value| Some(value.to_string())).collect()
}

#[test]
fn a_map_gives_none_one_or_many() {
    let steps = Steps::new(
        vec![Step::Map(program(".[]"))],
        Encoding::Json,
        Encoding::Json,
    );
    let records = ["[]", "[1]", r#"["a",null]"#].map(|v| Record::from_value(v.to_owned()));
    let out = run(&steps, records.to_vec());
    assert_eq!(values(&out), some(&["1", "\"a\"", "null"]));
    assert_eq!((out.filtered, out.count), (1, 3));
    assert_eq!(
        out.results
            .iter()
            .filter_map(|r| r.from)
            .collect::<Vec<_>>(),
        [1, 2, 2]
    );
}

#[test]
fn filters_pass_bytes_untouched() {
    let steps = Steps::new(
        vec![Step::Filter(program(".a > 1"))],
        Encoding::Json,
        Encoding::Json,
    );
    let records = [r#"{ "a": 1 }"#, r#"{ "a": 2.50 }"#].map(|v| Record::from_value(v.to_owned()));
    assert_eq!(
        values(&run(&steps, records.to_vec())),
        some(&[r#"{ "a": 2.50 }"#])
    );
}

#[test]
fn key_and_time_are_taken_from_the_result() {
    let time = EventTime::compile("test", ".t", Unit::Ns, &Options::default()).expect("a program");
    let steps = vec![
        Step::Map(program("{k: .a, t: .b}")),
        Step::Key(program(".k")),
        Step::Time(time),
    ];
    let steps = Steps::new(steps, Encoding::Json, Encoding::Json);
    let record = Record::from_value(r#"{"a":"x","b":1715254403007507001}"#);
    let out = run(
        &steps,
        vec![record, Record::from_value(r#"{"a":null,"b":0}"#)],
    );
    assert_eq!(out.results[0].record.key.as_deref(), Some(&b"x"[..]));
    assert_eq!(
        out.results[0].record.timestamp,
        Some(Timestamp::from_nanos(1_715_254_403_007_507_001))
    );
    assert_eq!(out.results[1].record.key, None);
}

#[test]
fn text_in_and_text_out() {
    let upcase = || vec![Step::Map(program("ascii_upcase"))];
    let record = || vec![Record::from_value("a \"b\"")];
    let text = Steps::new(upcase(), Encoding::Text, Encoding::Text);
    assert_eq!(values(&run(&text, record())), some(&["A \"B\""]));
    let json = Steps::new(upcase(), Encoding::Text, Encoding::Json);
    assert_eq!(values(&run(&json, record())), some(&[r#""A \"B\"""#]));
    let filtered = Steps::new(
        vec![Step::Filter(program("true"))],
        Encoding::Json,
        Encoding::Text,
    );
    assert_eq!(
        values(&run(&filtered, vec![Record::from_value("\"x\"")])),
        some(&["x"])
    );
}

#[test]
fn a_tombstone_stays_one_unless_a_program_makes_something_of_it() {
    let tombstone = || {
        vec![Record {
            key: Some("k".into()),
            ..Record::default()
        }]
    };
    let same = Steps::new(
        vec![Step::Map(program("."))],
        Encoding::Json,
        Encoding::Json,
    );
    assert_eq!(values(&run(&same, tombstone())), [None]);
    let other = Steps::new(
        vec![Step::Map(program("{gone: $key}"))],
        Encoding::Json,
        Encoding::Json,
    );
    assert_eq!(
        values(&run(&other, tombstone())),
        some(&[r#"{"gone":"k"}"#])
    );
}

proptest! {
    /// How records are cut into batches is nobody's business but the engine's.
    #[test]
    fn batch_borders_change_nothing(values in proptest::collection::vec("(\\[[0-9](,[0-9]){0,2}\\]|x|\\[\\])", 0..20), cut in 0usize..20) {
        let steps = Steps::new(vec![Step::Map(program(".[] + 1"))], Encoding::Json, Encoding::Json);
        let records: Vec<_> = values.into_iter().map(Record::from_value).collect();
        let cut = cut.min(records.len());
        let whole = run(&steps, records.clone());
        let (first, second) = (run(&steps, records[..cut].to_vec()), run(&steps, records[cut..].to_vec()));
        let both: Vec<_> = [self::values(&first), self::values(&second)].concat();
        prop_assert_eq!(self::values(&whole), both);
        prop_assert_eq!(whole.bad.len(), first.bad.len() + second.bad.len());
        prop_assert_eq!(whole.filtered, first.filtered + second.filtered);
        prop_assert_eq!(whole.commit, Commit::Nothing);
    }
}
