//! Nothing is committed before it is written, and nothing that failed is committed at all.

use std::sync::{Arc, Mutex};

use ssectl_adapter::{Batch, Commit, Error, ErrorKind, Receipt};
use tokio::sync::watch;

use super::script::{Answer, Bench, Do, batch, values};
use crate::engine::{Control, OnError, PipelineError, Settings, Steps};

fn plain(script: Vec<Do>, answers: Vec<Answer>) -> Bench {
    Bench::new(script, Steps::default(), OnError::Fail, answers)
}

#[tokio::test(start_paused = true)]
async fn the_sink_is_flushed_before_the_source_is_committed() {
    let bench = plain(
        vec![Do::Give(batch(0, &["1", "2"])), Do::Give(batch(2, &["3"]))],
        vec![],
    );
    let counts = bench
        .pipeline
        .run(Control::detached())
        .await
        .expect("sound");
    assert_eq!(values(&bench.taken), ["1", "2", "3"]);
    assert_eq!(
        bench.log.all(),
        [
            "write",
            "write",
            "flush",
            "commit 3",
            "close sink",
            "close source"
        ]
    );
    assert_eq!(
        (counts.read, counts.used, counts.written, counts.committed),
        (3, 3, 3, 3)
    );
    assert_eq!(counts.missing(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_idle_source_is_committed_too() {
    let bench = plain(vec![Do::Give(batch(0, &["1"])), Do::Wait], vec![]);
    let control = Control::detached();
    let (stop, log) = (control.stop.clone(), bench.log.clone());
    let running = tokio::spawn(bench.pipeline.run(control));
    while !log.all().contains(&"commit 1".to_owned()) {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    stop.cancel();
    running
        .await
        .expect("no panic")
        .expect("a stop is no failure");
    assert_eq!(log.all().last().map(String::as_str), Some("close source"));
}

#[tokio::test(start_paused = true)]
async fn what_the_sink_refuses_for_now_is_written_again() {
    let refused = Answer::Refuse(vec![1, 2], true);
    let answers = vec![Answer::Fail(true), refused, Answer::Refuse(vec![1], true)];
    let bench = plain(vec![Do::Give(batch(0, &["1", "2", "3"]))], answers);
    let counts = bench
        .pipeline
        .run(Control::detached())
        .await
        .expect("sound");
    assert_eq!(values(&bench.taken), ["1", "2", "3"]);
    assert_eq!((counts.written, counts.committed), (3, 3));
}

/// A service that takes one record at a time.
#[tokio::test(start_paused = true)]
async fn throttling_is_said_now_and_then_and_counted_in_the_end() {
    const REFUSALS: usize = 60;
    let values = vec!["x"; REFUSALS + 1];
    let answers = (1..=REFUSALS).rev();
    let answers = answers.map(|left| Answer::Refuse((1..=left).collect(), true));
    let bench = plain(vec![Do::Give(batch(0, &values))], answers.collect());
    let said = Arc::new(Mutex::new(Vec::new()));
    let sink = said.clone();
    let control = Control {
        notify: Arc::new(move |notice| sink.lock().expect("no panic").push(notice.message)),
        ..Control::detached()
    };
    let counts = bench.pipeline.run(control).await.expect("sound");
    assert_eq!(
        *said.lock().expect("no panic"),
        [
            "60 records were refused: scripted; writing again in 100ms",
            "10 records were refused: scripted (50 times in the last 5 s); writing again in 100ms",
        ]
    );
    assert_eq!(counts.line(), "61 read, 61 written; tried again 60 times");
}

#[tokio::test(start_paused = true)]
async fn a_broken_sink_leaves_its_batch_uncommitted() {
    let script = vec![Do::Give(batch(0, &["1"])), Do::Give(batch(1, &["2"]))];
    let bench = plain(
        script,
        vec![Answer::Refuse(vec![], false), Answer::Fail(false)],
    );
    let error = bench
        .pipeline
        .run(Control::detached())
        .await
        .expect_err("broken");
    assert!(matches!(error, PipelineError::Sink(_)), "{error}");
    assert!(
        !bench.log.all().iter().any(|what| what == "commit 2"),
        "{:?}",
        bench.log.all()
    );
    let counts = bench.stats.counts();
    assert_eq!(counts.missing(), 0);
    assert_eq!(counts.used + counts.unfinished, 2);
}

#[tokio::test(start_paused = true)]
async fn patience_ends() {
    let answers = (0..1000).map(|_| Answer::Fail(true)).collect();
    let bench = plain(vec![Do::Give(batch(0, &["1"]))], answers);
    let error = bench
        .pipeline
        .run(Control::detached())
        .await
        .expect_err("never taken");
    assert!(matches!(error, PipelineError::Sink(_)), "{error}");
    assert_eq!(bench.stats.counts().committed, 0);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_fails_for_now_is_asked_again() {
    let hiccup = || Do::Fail(Error::new(ErrorKind::Unavailable, "away").temporary());
    let script = vec![
        hiccup(),
        Do::Give(batch(0, &["1"])),
        hiccup(),
        hiccup(),
        Do::Give(batch(1, &["2"])),
    ];
    let bench = plain(script, vec![]);
    let counts = bench
        .pipeline
        .run(Control::detached())
        .await
        .expect("sound");
    assert_eq!(counts.committed, 2);
}

#[tokio::test(start_paused = true)]
async fn a_commit_that_fails_for_now_is_tried_again() {
    let script = vec![
        Do::Give(batch(0, &["1"])),
        Do::FailToCommit,
        Do::FailToCommit,
        Do::Give(batch(1, &["2"])),
    ];
    let bench = plain(script, vec![]);
    let counts = bench
        .pipeline
        .run(Control::detached())
        .await
        .expect("sound");
    assert_eq!(counts.committed, 2);
    assert!(bench.log.all().contains(&"commit 2".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn leases_are_settled_as_soon_as_nothing_else_is_to_do() {
    let leased = |value| Batch {
        commit: Commit::Receipts(vec![Receipt("lease".into())]),
        ..batch(0, &[value])
    };
    let script = vec![
        Do::Give(leased("1")),
        Do::UntilSettled,
        Do::Give(leased("2")),
    ];
    let started = tokio::time::Instant::now();
    let counts = plain(script, vec![])
        .pipeline
        .run(Control::detached())
        .await;
    assert_eq!(counts.expect("sound").committed, 2);
    assert!(started.elapsed() < Settings::default().commit_every / 2);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_breaks_leaves_what_came_before_written_and_committed() {
    let broken = Do::Fail(Error::new(ErrorKind::Data, "torn"));
    let bench = plain(vec![Do::Give(batch(0, &["1"])), broken], vec![]);
    let error = bench
        .pipeline
        .run(Control::detached())
        .await
        .expect_err("broken");
    assert!(matches!(error, PipelineError::Source(_)), "{error}");
    assert_eq!(values(&bench.taken), ["1"]);
    assert_eq!(bench.stats.counts().committed, 1);
}

#[tokio::test(start_paused = true)]
async fn the_bound_ends_a_read_without_end() {
    let mut bench = plain(vec![Do::Give(batch(0, &["1"])), Do::Wait], vec![]);
    let (bound, receiver) = watch::channel(false);
    bench.pipeline.inputs[0].bound = receiver;
    let running = tokio::spawn(bench.pipeline.run(Control::detached()));
    tokio::time::sleep(std::time::Duration::from_secs(60)).await;
    assert!(!running.is_finished());
    bound.send_replace(true);
    let counts = running.await.expect("no panic").expect("sound");
    assert_eq!(counts.committed, 1);
}

#[tokio::test(start_paused = true)]
async fn a_failure_ends_it_also_when_nothing_more_comes() {
    let script = vec![Do::Give(batch(0, &["1"])), Do::Wait];
    let bench = plain(script, vec![Answer::Fail(false)]);
    let running = bench.pipeline.run(Control::detached());
    let ended = tokio::time::timeout(std::time::Duration::from_secs(60), running).await;
    let failed = ended.expect("it ends").expect_err("the sink fails");
    assert!(matches!(failed, PipelineError::Sink(_)), "{failed}");
}
