//! Records that go different ways: where they arrive, what is counted, and that all of it is safe before the commit.

use std::sync::{Arc, Mutex};

use ssectl_adapter::Record;

use super::script::{Answer, Bench, Do, ScriptSink, batch, values};
use crate::engine::{
    Branch, Control, Counts, Encoding, OnError, Route, Side, Stats, Step, Steps, Tallied, Way,
};
use crate::expr::{Options, Program};

fn program(text: &str) -> Program {
    Program::compile("test", text, &Options::default()).expect("a program")
}

/// Numbers from 100 on go aside, negative ones on, and the rest where `otherwise` says.
fn route(stats: &Stats, otherwise: Way) -> Step {
    let branch = |when: &str, way, what| Branch {
        when: program(when),
        way,
        taken: stats.tally("route", what),
    };
    Step::Route(Route {
        cases: Arc::new([
            branch(". >= 100", Way::Aside(0), "large"),
            branch(". < 0", Way::Next, "negative"),
        ]),
        otherwise: (otherwise, stats.tally("route", "else")),
        aside: Encoding::Json,
    })
}

struct Routed {
    counts: Counts,
    tallies: String,
    log: Vec<String>,
    on: Vec<String>,
    aside: Vec<String>,
}

/// Runs a batch through `map`, the route, and a map that fails for -7.
async fn run(map: &str, input: &[&str], otherwise: Way, aside: Vec<Answer>) -> Routed {
    let mut bench = Bench::new(
        vec![Do::Give(batch(0, input))],
        Steps::default(),
        OnError::Skip,
        vec![],
    );
    let steps = vec![
        Step::Map(program(map)),
        route(&bench.stats, otherwise),
        Step::Map(program("if . == -7 then error else . end")),
    ];
    bench.pipeline.inputs[0].steps = Steps::new(steps, Encoding::Json, Encoding::Json);
    let sink = ScriptSink {
        script: aside.into(),
        log: bench.log.clone(),
        ..ScriptSink::default()
    };
    let taken: Arc<Mutex<Vec<Record>>> = sink.taken.clone();
    bench.pipeline.sides.push(Side {
        stream: "large".to_owned(),
        sink: Box::new(sink),
    });
    let counts = bench
        .pipeline
        .run(Control::detached())
        .await
        .expect("sound");
    assert_eq!(counts.missing(), 0);
    Routed {
        counts,
        tallies: Tallied::lines(&bench.stats.tallies()).concat(),
        log: bench.log.all(),
        on: values(&bench.taken),
        aside: values(&taken),
    }
}

#[tokio::test(start_paused = true)]
async fn each_record_goes_one_way_and_all_is_flushed_before_the_commit() {
    let routed = run(".", &["500", "-1", "7", "100"], Way::Nowhere, vec![]).await;
    assert_eq!(
        (routed.on, routed.aside),
        (vec!["-1".into()], vec!["500".into(), "100".into()])
    );
    assert_eq!(routed.tallies, "route: 2 large, 1 negative, 1 else");
    let counts = routed.counts;
    assert_eq!((counts.read, counts.used, counts.filtered), (4, 3, 1));
    assert_eq!((counts.written, counts.sided, counts.committed), (3, 2, 4));
    let commit = routed.log.iter().position(|what| what == "commit 4");
    let flushes = routed.log.iter().take(commit.expect("a commit"));
    assert_eq!(flushes.filter(|what| *what == "flush").count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_record_that_goes_several_ways_counts_once() {
    let routed = run(".[]", &["[500,-1,600]", "[7]", "[]"], Way::Next, vec![]).await;
    assert_eq!(routed.on, ["-1", "7"]);
    assert_eq!(routed.aside, ["500", "600"]);
    assert_eq!((routed.counts.used, routed.counts.filtered), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn nothing_of_a_bad_record_goes_anywhere() {
    let routed = run(".[]", &["[500,-7]", "[600,5]", "[-2]"], Way::Bad, vec![]).await;
    assert_eq!(routed.on, ["-2"]);
    assert!(routed.aside.is_empty());
    assert_eq!((routed.counts.used, routed.counts.skipped), (1, 2));
    assert_eq!(routed.tallies, "route: 0 large, 1 negative, 0 else");
}

#[tokio::test(start_paused = true)]
async fn what_a_side_stream_refuses_is_bad() {
    let refuse = vec![Answer::Refuse(vec![0, 1], false)];
    let routed = run(".[]", &["[500]", "[600,-1]", "[700]"], Way::Next, refuse).await;
    assert_eq!(
        (routed.on, routed.aside),
        (vec!["-1".into()], vec!["700".into()])
    );
    let counts = routed.counts;
    assert_eq!((counts.used, counts.skipped, counts.refused), (2, 1, 1));
}
