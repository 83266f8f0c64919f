//! Questions about a run that is written down here event by event.

use std::sync::Arc;

use ssectl_trace::{
    End, Ended, Event, Flow, Gone, Lineage, Made, Node, Observer, PaneNote, Place, Read, StepNote,
    Timed, Timeline, TraceFile, Tracer, Width, Wrote,
};

const S: i64 = 1_000_000_000;

fn place(text: &str) -> Place {
    text.parse().expect("a place")
}

fn flow() -> Flow {
    Flow {
        number: 0,
        name: "count".to_owned(),
        inputs: vec!["orders".to_owned()],
        outputs: vec!["counts".to_owned(), "late".to_owned()],
        bad: "skip".to_owned(),
        steps: vec![StepNote {
            name: "1-window".into(),
            place: "s.yaml:7:9".to_owned(),
            text: ".k; n: count".to_owned(),
        }],
    }
}

fn read(id: u64, partition: &str, position: u64) -> Event {
    Event::Read(Read {
        id,
        pipeline: 0,
        input: 0,
        stream: "orders".into(),
        partition: partition.to_owned(),
        position: position.to_string(),
        nth: position + 1,
        key: None,
        value: Some(format!("{{\"id\":{id}}}")),
    })
}

fn timed(id: u64, partition: &str, seconds: i64, watermark: i64, late: bool) -> Event {
    let start = seconds.div_euclid(60) * 60 * S;
    Event::Timed(Timed {
        id,
        step: "1-window".into(),
        time: seconds * S,
        partition: partition.to_owned(),
        key: "\"a\"".to_owned(),
        watermark: Some(watermark * S),
        all: Some(watermark * S),
        windows: vec![(start, start + 60 * S)],
        late,
        ..Timed::default()
    })
}

fn late(id: u64) -> Event {
    Event::Gone(Gone {
        id,
        step: Some("1-window".into()),
        why: Ended::Late,
        error: None,
    })
}

/// Partition 0: two that make a result with the third, and a late one; partition 1: one whose window stays open.
fn run() -> Vec<Event> {
    let pane = PaneNote {
        key: "\"a\"".to_owned(),
        start: Some(0),
        end: Some(60 * S),
        kind: "on-time".to_owned(),
        revision: 0,
        retraction: false,
    };
    vec![
        Event::Pipeline(flow()),
        Event::Partitions {
            pipeline: 0,
            names: vec!["0".to_owned(), "1".to_owned(), "2".to_owned()],
        },
        read(1, "0", 0),
        timed(1, "0", 1, 1, false),
        read(2, "0", 1),
        timed(2, "0", 59, 59, false),
        read(3, "0", 2),
        timed(3, "0", 61, 61, false),
        Event::Made(Made {
            id: 10,
            pipeline: 0,
            step: "1-window".into(),
            from: vec![1, 2],
            by: Some(3),
            watermark: Some(61 * S),
            pane: Some(pane),
        }),
        Event::Wrote(Wrote {
            id: 10,
            pipeline: 0,
            output: 0,
            nth: 1,
            key: None,
            value: Some("{\"n\":2}".to_owned()),
        }),
        read(4, "0", 3),
        timed(4, "0", 30, 61, true),
        late(4),
        read(5, "1", 0),
        timed(5, "1", 70, 61, false),
    ]
}

fn lineage() -> Lineage {
    let mut lineage = Lineage::default();
    run().into_iter().for_each(|event| lineage.add(event));
    lineage
}

#[test]
fn a_result_is_made_of_what_its_window_held() {
    let why = lineage().why(&place("counts:1")).expect("a result");
    let Node::Made(made) = why.of else {
        panic!("not of a window");
    };
    assert_eq!(made.step.place.as_deref(), Some("s.yaml:7:9"));
    assert_eq!(made.watermark, Some(61 * S));
    assert_eq!(made.moved_by.as_deref(), Some("orders:0/2"));
    let at = made.from.iter().map(|node| match node {
        Node::Read(input) => input.at.as_str(),
        Node::Made(_) => "made",
    });
    assert_eq!(at.collect::<Vec<_>>(), ["orders:0/0", "orders:0/1"]);
}

#[test]
fn a_late_record_says_by_how_much_and_who_was_faster() {
    let answers = lineage().why_not(&place("orders:0/3")).expect("an input");
    assert_eq!(answers.len(), 1);
    let [fate] = &answers[0].fates[..] else {
        panic!("one fate: {answers:?}");
    };
    let End::Late(cause) = &fate.end else {
        panic!("not late: {fate:?}");
    };
    assert_eq!(cause.late_by, Some(S));
    assert_eq!(cause.window, Some((0, 60 * S)));
    assert_eq!(cause.moved_by.as_deref(), Some("orders:0/2"));
}

#[test]
fn windows_without_a_result_are_open_and_results_are_named() {
    let lineage = lineage();
    let open = lineage.why_not(&place("orders:1/0")).expect("an input");
    let windows = vec![(60 * S, 120 * S)];
    assert_eq!(open[0].fates[0].end, End::Open { windows });
    let used = lineage.why_not(&place("orders:0/0")).expect("an input");
    let End::Results { results } = &used[0].fates[0].end else {
        panic!("in no result: {used:?}");
    };
    assert_eq!((results[0].to.as_str(), results[0].nth), ("counts", 1));
    assert_eq!(used[0].fates.len(), 1);
}

#[test]
fn a_place_that_could_be_several_is_asked_for() {
    let lineage = lineage();
    let error = lineage
        .why_not(&place("orders:0"))
        .expect_err("two partitions");
    assert!(
        error.0.contains("several partitions have a record 0"),
        "{error}"
    );
    let error = lineage.why(&place("counts:2")).expect_err("one result");
    assert!(error.0.contains("the run wrote 1 to `counts`"), "{error}");
    assert!(lineage.why(&place("nowhere:1")).is_err());
    assert!("".parse::<Place>().is_err());
}

#[test]
fn a_file_comes_back_and_may_be_cut_off() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("trace");
    let file = TraceFile::create(&path).expect("made");
    let tracer = Tracer::new(vec![Box::new(file.clone())]);
    let trace = tracer.pipeline(flow());
    run()[1..].iter().for_each(|event| trace.tell(event));
    file.finish().expect("written");
    let back = Lineage::open(&path).expect("a trace");
    let asked = place("orders:0/3");
    assert_eq!(back.why_not(&asked), lineage().why_not(&asked));
    let text = std::fs::read(&path).expect("the trace");
    std::fs::write(&path, &text[..text.len() - 5]).expect("cut");
    Lineage::open(&path).expect("but for the last line");
    std::fs::write(&path, "{\"what\":\"trace\",\"version\":99}\n").expect("written");
    let error = Lineage::open(&path).expect_err("another version");
    assert!(error.to_string().contains("version 99"), "{error}");
}

#[test]
fn the_picture_has_all_partitions_and_fits() {
    let mut timeline = Timeline::default();
    run().iter().for_each(|event| timeline.see(event));
    for columns in [70, 80, 200] {
        let text = timeline.text(Width {
            columns,
            plain: true,
        });
        assert!(text.is_ascii());
        let mut lines = text.lines();
        assert!(lines.all(|line| line.len() <= columns), "{columns}: {text}");
        for row in ["0 ", "1 ", "2", "watermark", "windows"] {
            assert!(
                text.lines().any(|line| line.starts_with(row)),
                "{row}: {text}"
            );
        }
        assert!(text.contains("1 closed, 1 open"), "{text}");
    }
    let svg = timeline.svg();
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
    assert!(svg.contains("5 records, 1 of them late"));
}

#[test]
fn long_runs_stay_small_and_lose_no_record() {
    let mut timeline = Timeline::default();
    timeline.see(&Event::Pipeline(flow()));
    let step: Arc<str> = "1-window".into();
    for n in 0..20_000_i64 {
        timeline.see(&Event::Timed(Timed {
            id: n.cast_unsigned(),
            step: step.clone(),
            time: n * 7 * S,
            partition: (n % 50).to_string(),
            key: String::new(),
            watermark: Some(n * 7 * S),
            all: Some(n * 7 * S),
            windows: vec![(n * S, n * S + S)],
            ..Timed::default()
        }));
    }
    let width = Width {
        columns: 100,
        plain: false,
    };
    let text = timeline.text(width);
    assert!(text.contains("20000 records, 0 late"), "{text}");
    assert!(text.contains("others"), "{text}");
    assert!(text.lines().count() < 60, "{text}");
    assert!(timeline.svg().len() < 2_000_000);
}
