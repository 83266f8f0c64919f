//! What the compilers write, against files beside this one. `SNAPSHOTS=overwrite` rewrites them.

use std::{env, fs};

use ssectl_beam::{Aggregate, Bad, Job, Kind, Late, Step, Unit, Window, flink_sql, python};

fn aggregate(name: &str, function: &str, argument: Option<&str>) -> Aggregate {
    Aggregate {
        name: name.to_owned(),
        function: function.to_owned(),
        argument: argument.map(str::to_owned),
    }
}

fn window() -> Window {
    Window {
        by: Some(".word".to_owned()),
        time: Some((".time".to_owned(), Unit::Rfc3339)),
        unit: Unit::Rfc3339,
        partition: None,
        kind: Kind::Sliding {
            size: 60_000_000_000,
            slide: 60_000_000_000,
            offset: 0,
        },
        aggregates: vec![
            aggregate("n", "count", None),
            aggregate("most", "max", Some(".length")),
        ],
        delay: 5_000_000_000,
        lateness: Some(0),
        late: Late::Drop,
        early_count: None,
        late_count: 1,
        discarding: false,
        others: Vec::new(),
    }
}

fn job(steps: Vec<Step>) -> Job {
    Job {
        scenario: "words".to_owned(),
        name: "count".to_owned(),
        from: "in".to_owned(),
        to: "out".to_owned(),
        steps,
        bad: Bad::Skip,
    }
}

fn split() -> Step {
    Step::Map(".text | scan(\"[a-z]+\") | {word: ., at: $time}".to_owned())
}

fn same(name: &str, text: &str) {
    let path = format!("{}/tests/text/{name}", env!("CARGO_MANIFEST_DIR"));
    if env::var("SNAPSHOTS").is_ok_and(|value| value == "overwrite") {
        fs::write(&path, text).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), text, "{path}");
}

#[test]
fn a_window_in_python() {
    let steps = vec![
        split(),
        Step::Window(Box::new(window())),
        Step::Key(".key".to_owned()),
    ];
    same("window.py", &python(&job(steps)).unwrap());
}

#[test]
fn steps_without_a_window_in_python() {
    let steps = vec![split(), Step::Filter(".word != $key".to_owned())];
    same("steps.py", &python(&job(steps)).unwrap());
}

#[test]
fn late_sessions_in_python() {
    let window = Window {
        kind: Kind::Session { gap: 1_500_000_000 },
        lateness: None,
        early_count: Some(3),
        ..window()
    };
    same(
        "session.py",
        &python(&job(vec![Step::Window(Box::new(window))])).unwrap(),
    );
}

#[test]
fn a_window_in_sql() {
    let steps = vec![split(), Step::Window(Box::new(window()))];
    same("window.sql", &flink_sql(&job(steps)).unwrap());
}

#[test]
fn all_that_cannot_be_said_is_told_at_once() {
    let window = Window {
        late: Late::Side,
        others: vec!["idle".to_owned()],
        kind: Kind::Other("type: count".to_owned()),
        aggregates: vec![aggregate("p", "percentile", Some(".x"))],
        ..window()
    };
    let job = Job {
        bad: Bad::DeadLetter,
        ..job(vec![
            Step::Other("rate".to_owned()),
            Step::Window(Box::new(window)),
        ])
    };
    let told = |refusals: Vec<ssectl_beam::Refusal>| {
        refusals
            .into_iter()
            .map(|refusal| refusal.what)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        told(python(&job).unwrap_err()),
        [
            "`on-error: {dead-letter}`",
            "`rate`",
            "`idle`",
            "`late: {side}`",
            "`type: count`",
            "the aggregate `percentile`"
        ]
    );
    assert_eq!(
        told(flink_sql(&job).unwrap_err()),
        [
            "`rate`",
            "`late: {side}`",
            "`idle`",
            "this type of windows",
            "the aggregate `percentile`"
        ]
    );
}
