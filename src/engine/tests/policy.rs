//! Bad records: stop, leave out, or put aside; always counted.

use std::sync::{Arc, Mutex};

use ssectl_adapter::{Error, ErrorKind, Fault, Record};

use super::script::{Answer, Bench, Do, ScriptSink, batch, values};
use crate::engine::{Control, Counts, Encoding, OnError, PipelineError, Step, Steps};
use crate::expr::{Options, Program};

fn plus_one() -> Steps {
    let program = Program::compile("test", ".a + 1", &Options::default()).expect("a program");
    Steps::new(vec![Step::Map(program)], Encoding::Json, Encoding::Json)
}

const MIXED: [&str; 4] = [r#"{"a":1}"#, r#"{"a":"x"}"#, "no json", r#"{"a":4}"#];

#[tokio::test]
async fn fail_writes_what_came_before_and_commits_nothing_of_the_batch() {
    let script = vec![
        Do::Give(batch(0, &[r#"{"a":0}"#])),
        Do::Give(batch(1, &MIXED)),
    ];
    let bench = Bench::new(script, plus_one(), OnError::Fail, vec![]);
    let error = bench
        .pipeline
        .run(Control::detached())
        .await
        .expect_err("a bad record");
    let PipelineError::Record { origin, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(origin.position.to_string(), "2");
    assert_eq!(values(&bench.taken), ["1", "2"]);
    let counts = bench.stats.counts();
    assert_eq!((counts.used, counts.failed, counts.committed), (2, 1, 1));
    assert_eq!(counts.missing(), 0);
}

#[tokio::test]
async fn skip_leaves_bad_records_out_and_counts_them() {
    let bench = Bench::new(
        vec![Do::Give(batch(0, &MIXED))],
        plus_one(),
        OnError::Skip,
        vec![],
    );
    let counts = bench
        .pipeline
        .run(Control::detached())
        .await
        .expect("sound");
    assert_eq!(values(&bench.taken), ["2", "5"]);
    assert_eq!(
        (counts.read, counts.used, counts.skipped, counts.committed),
        (4, 2, 2, 4)
    );
}

fn letters() -> (OnError, Arc<Mutex<Vec<Record>>>) {
    let sink = ScriptSink::default();
    let taken = sink.taken.clone();
    (OnError::DeadLetter(Box::new(sink)), taken)
}

#[tokio::test]
async fn dead_letters_are_the_records_as_read_with_the_reason() {
    let (on_error, letters) = letters();
    let mut given = batch(0, &MIXED);
    given.faults.push(Fault {
        origin: given.records[0].origin.clone(),
        index: 3,
        raw: Some("torn".into()),
        cut_from: Some(5000),
        error: Error::new(ErrorKind::TooLarge, "too long"),
    });
    let bench = Bench::new(vec![Do::Give(given)], plus_one(), on_error, vec![]);
    let counts = bench
        .pipeline
        .run(Control::detached())
        .await
        .expect("sound");
    assert_eq!((counts.read, counts.used, counts.dead_lettered), (5, 2, 3));
    assert_eq!(values(&letters), [MIXED[1], MIXED[2], "torn"]);
    let first = letters.lock().expect("no panic")[0].clone();
    let header = |name: &str| {
        let found = first.headers.iter().find(|(n, _)| n == name);
        found
            .and_then(|(_, v)| v.clone())
            .map(|v| String::from_utf8_lossy(&v).into_owned())
    };
    assert_eq!(header("ssectl-origin").as_deref(), Some("in[0]@1"));
    assert!(header("ssectl-error").is_some_and(|text| text.contains("cannot")));
    assert_eq!(header("ssectl-truncated"), None);
    let torn = &letters.lock().expect("no panic")[2];
    assert_eq!(torn.headers[0].0, "ssectl-truncated");
    assert_eq!(torn.headers[0].1.as_deref(), Some(&b"5000"[..]));
}

#[tokio::test]
async fn what_the_sink_refuses_for_good_falls_under_the_policy() {
    let (on_error, letters) = letters();
    let refuse = vec![Answer::Refuse(vec![0, 2], false)];
    let bench = Bench::new(
        vec![Do::Give(batch(0, &["1", "2", "3"]))],
        Steps::default(),
        on_error,
        refuse,
    );
    let counts: Counts = bench
        .pipeline
        .run(Control::detached())
        .await
        .expect("sound");
    assert_eq!(values(&bench.taken), ["2"]);
    assert_eq!(values(&letters), ["1", "3"]);
    assert_eq!(
        (counts.used, counts.dead_lettered, counts.committed),
        (1, 2, 3)
    );
    assert_eq!(counts.missing(), 0);
}
