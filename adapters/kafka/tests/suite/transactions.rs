//! Results and positions in one transaction.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::json;
use ssectl_adapter::{
    Bound, Commit, ErrorKind, Fetched, Limit, Range, Sink, Source, SourceSpec, Target,
};

use crate::support::{Cluster, fresh, keyed, reader_of, sink_of, topic};

/// A machine that has much else to do takes its time.
const PATIENCE: Duration = Duration::from_secs(90);

type Pair = (Box<dyn Source>, Box<dyn Sink>);

async fn open(target: &dyn Target, from: &str, to: &str, group: &str) -> Pair {
    let spec = SourceSpec {
        range: Range {
            from: Bound::Stored,
            to: None,
        },
        group: Some(group.to_owned()),
        ..reader_of(from, Range::default())
    };
    let ready = target.transactional(&spec, &[sink_of(to)]).await;
    let opened = ready.expect("transactions").open(&BTreeMap::new()).await;
    let (source, mut sinks) = opened.expect("both ends");
    (source, sinks.pop().expect("the sink"))
}

/// The next batch; nothing if there is none for a while.
async fn next(source: &mut dyn Source, patience: Duration) -> Option<ssectl_adapter::Batch> {
    let deadline = Instant::now() + patience;
    while Instant::now() < deadline {
        if let Fetched::Batch(batch) = source.fetch(Limit::default()).await.expect("a fetch") {
            return Some(batch);
        }
    }
    None
}

/// All that a reader of committed records sees.
async fn seen(target: &dyn Target, stream: &str) -> Vec<String> {
    let range = Range {
        from: Bound::Start,
        to: Some(Bound::End),
    };
    let mut source = target
        .source(&reader_of(stream, range))
        .await
        .expect("a read");
    let mut seen = Vec::new();
    loop {
        match source.fetch(Limit::default()).await.expect("a fetch") {
            Fetched::Batch(batch) => seen.extend(batch.records.into_iter().map(|record| {
                String::from_utf8_lossy(&record.value.unwrap_or_default()).into_owned()
            })),
            Fetched::Idle => {}
            Fetched::End => break,
        }
    }
    source.close().await.expect("closed");
    seen
}

async fn fill(target: &dyn Target, stream: &str, values: &[&str]) {
    let mut sink = target.sink(&sink_of(stream)).await.expect("a sink");
    let records: Vec<_> = values.iter().map(|value| keyed("k", value)).collect();
    assert!(
        sink.write(&records)
            .await
            .expect("written")
            .rejected
            .is_empty()
    );
    sink.close().await.expect("closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn results_are_seen_when_the_positions_are_stored_and_not_before() {
    let cluster = Cluster::start();
    let target = cluster.target(json!({}));
    let (from, to) = (topic(&*target, 1, &[]).await, topic(&*target, 1, &[]).await);
    let group = fresh("group");
    fill(&*target, &from, &["a", "b"]).await;
    let (mut source, mut sink) = open(&*target, &from, &to, &group).await;
    assert!(sink.awaits_commit());
    let batch = next(&mut *source, PATIENCE).await.expect("records");
    sink.write(&batch.records).await.expect("written");
    sink.flush().await.expect("flushed");
    assert_eq!(seen(&*target, &to).await, Vec::<String>::new());
    source.commit(&batch.commit).await.expect("committed");
    let committed: Vec<String> = seen(&*target, &to).await;
    assert_eq!(committed.len(), batch.records.len());
    // What comes without a position, as the last windows do, is committed too.
    sink.write(&[keyed("k", "end")]).await.expect("written");
    source.commit(&Commit::Nothing).await.expect("committed");
    assert_eq!(seen(&*target, &to).await.len(), committed.len() + 1);
    sink.close().await.expect("closed");
    source.close().await.expect("closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_successor_fences_the_one_before_and_goes_on_behind_its_last_commit() {
    let cluster = Cluster::start();
    let target = cluster.target(json!({}));
    let (from, to) = (topic(&*target, 1, &[]).await, topic(&*target, 1, &[]).await);
    let group = fresh("group");
    fill(&*target, &from, &["a"]).await;
    let (mut source, mut sink) = open(&*target, &from, &to, &group).await;
    let batch = next(&mut *source, PATIENCE).await.expect("a record");
    sink.write(&batch.records).await.expect("written");
    source.commit(&batch.commit).await.expect("committed");
    fill(&*target, &from, &["b"]).await;
    let unfinished = next(&mut *source, PATIENCE).await.expect("a record");
    sink.write(&unfinished.records).await.expect("written");

    let (mut successor, mut its_sink) = open(&*target, &from, &to, &group).await;
    let again = next(&mut *successor, PATIENCE)
        .await
        .expect("it comes again");
    assert_eq!(again.records.len(), 1);
    its_sink.write(&again.records).await.expect("written");
    successor.commit(&again.commit).await.expect("committed");
    let refused = source.commit(&unfinished.commit).await;
    assert!(!refused.expect_err("it is fenced").is_temporary());
    // Neither leaves anything behind but what was committed.
    sink.close().await.expect("closed");
    its_sink.close().await.expect("closed");
    assert_eq!(seen(&*target, &to).await, ["a", "b"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_break_the_promise_is_refused() {
    let cluster = Cluster::start();
    let target = cluster.target(json!({}));
    let stream = topic(&*target, 1, &[]).await;
    let refused = async |target: &dyn Target, group: Option<&str>| {
        let spec = SourceSpec {
            group: group.map(str::to_owned),
            ..reader_of(&stream, Range::default())
        };
        let opened = target.transactional(&spec, &[sink_of(&stream)]).await;
        opened.err().expect("refused").kind()
    };
    assert_eq!(refused(&*target, None).await, ErrorKind::Config);
    for options in [
        json!({"isolation": "read-uncommitted"}),
        json!({"acks": 1}),
        json!({"idempotence": false}),
    ] {
        let target = cluster.target(options);
        assert_eq!(refused(&*target, Some("g")).await, ErrorKind::Config);
    }
}
