//! Enhanced fan-out: the same records as by requests, pushed.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use ssectl_adapter::{Bound, Fetched, Limit, Range};
use ssectl_emulator::aws::Config;
use ssectl_emulator::store::ManualClock;

use crate::reshard::{WAVE, history};
use crate::support::{
    Streams, assert_in_order, make, member_of, numbered, read_all, reader_of, take, write,
};

/// A read that ends, through a split and a merge.
#[tokio::test(flavor = "multi_thread")]
async fn a_history_is_pushed_in_the_order_of_each_key() {
    let streams = Streams::start();
    let target = streams.target(json!({ "fan-out": "reader" }));
    let stream = make(target.as_ref(), 1, &[]).await;
    history(&streams, target.as_ref(), &stream).await;
    let read = read_all(target.as_ref(), &stream).await;
    assert_in_order(&read, 3 * WAVE);
}

/// From the end of now on, with a split and a merge meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn a_read_that_follows_is_pushed_what_shards_became() {
    let streams = Streams::start();
    let target = streams.target(json!({ "fan-out": "reader" }));
    let stream = make(target.as_ref(), 1, &[]).await;
    write(target.as_ref(), &stream, &numbered(0..10, 3)).await;
    let range = Range {
        from: Bound::End,
        to: None,
    };
    let mut source = target
        .source(&reader_of(&stream, range))
        .await
        .expect("a source");
    let (read, ()) = tokio::join!(
        take(source.as_mut(), 3 * WAVE),
        history(&streams, target.as_ref(), &stream)
    );
    assert_in_order(&read.0, 3 * WAVE);
    source.close().await.expect("the source closes");
}

/// Subscriptions end after five minutes; the read does not.
#[tokio::test(flavor = "multi_thread")]
async fn subscriptions_are_renewed_where_they_ended() {
    let clock = Arc::new(ManualClock::new(jiff::Timestamp::now().as_millisecond()));
    let streams = Streams::emulated(Config {
        clock: clock.clone(),
        ..Config::default()
    });
    let target = streams.target(json!({ "fan-out": "reader" }));
    let stream = make(target.as_ref(), 1, &[]).await;
    write(target.as_ref(), &stream, &numbered(0..10, 3)).await;
    let mut source = target
        .source(&reader_of(&stream, Range::default()))
        .await
        .expect("a source");
    let mut read = take(source.as_mut(), 10).await.0;
    for round in 1..4 {
        clock.advance(Duration::from_secs(301));
        let answer = source.fetch(Limit::default()).await;
        assert!(matches!(answer, Ok(Fetched::Idle)), "{answer:?}");
        write(
            target.as_ref(),
            &stream,
            &numbered(round * 10..(round + 1) * 10, 3),
        )
        .await;
        read.extend(take(source.as_mut(), 10).await.0);
    }
    assert_in_order(&read, 40);
    source.close().await.expect("the source closes");
}

/// A group that is pushed to resumes where it committed.
#[tokio::test(flavor = "multi_thread")]
async fn groups_commit_what_was_pushed() {
    let streams = Streams::start();
    let target = streams.target(json!({ "fan-out": "reader" }));
    let stream = make(target.as_ref(), 1, &[]).await;
    write(target.as_ref(), &stream, &numbered(0..30, 3)).await;
    let mut read = Vec::new();
    for count in [10, 20] {
        // Another consumer each time: the same one may subscribe once in five seconds.
        let target = streams.target(json!({ "fan-out": format!("reader-{count}") }));
        let mut source = target
            .source(&member_of(&stream, None))
            .await
            .expect("a source");
        let (records, commit) = take(source.as_mut(), count).await;
        source.commit(&commit).await.expect("a commit");
        source.close().await.expect("the source closes");
        read.extend(records);
    }
    assert_in_order(&read, 30);
}
