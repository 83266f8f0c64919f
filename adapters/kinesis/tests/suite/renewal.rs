//! Iterators live for five minutes; reads last longer.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use ssectl_adapter::{Bound, Fetched, Limit, Range};
use ssectl_emulator::aws::Config;
use ssectl_emulator::store::ManualClock;

use crate::support::{Streams, assert_in_order, consume, make, numbered, reader_of, take, write};

const EXPIRED: Duration = Duration::from_secs(301);

fn streams() -> (Arc<ManualClock>, Streams) {
    let clock = Arc::new(ManualClock::new(jiff::Timestamp::now().as_millisecond()));
    let streams = Streams::emulated(Config {
        clock: clock.clone(),
        ..Config::default()
    });
    (clock, streams)
}

/// A consumer that pauses goes on behind the last record.
#[tokio::test(flavor = "multi_thread")]
async fn an_expired_iterator_is_renewed_where_it_stood() {
    let (clock, streams) = streams();
    let target = streams.target(json!({}));
    let stream = make(target.as_ref(), 2, &[]).await;
    let mut source = target
        .source(&reader_of(&stream, Range::default()))
        .await
        .expect("a source");
    let mut read = Vec::new();
    for round in 0..3 {
        write(
            target.as_ref(),
            &stream,
            &numbered(round * 50..(round + 1) * 50, 7),
        )
        .await;
        read.extend(take(source.as_mut(), 50).await.0);
        clock.advance(EXPIRED);
    }
    assert_in_order(&read, 150);
    source.bound().await.expect("the end is fixed");
    assert!(matches!(
        source
            .fetch(Limit {
                wait: EXPIRED,
                ..Limit::default()
            })
            .await,
        Ok(Fetched::End)
    ));
}

/// What was fixed as the end stays the end when its iterator is too old.
#[tokio::test(flavor = "multi_thread")]
async fn a_fixed_end_outlives_its_iterator() {
    let (clock, streams) = streams();
    let target = streams.target(json!({}));
    let stream = make(target.as_ref(), 1, &[]).await;
    write(target.as_ref(), &stream, &numbered(0..50, 7)).await;
    let mut source = target
        .source(&reader_of(&stream, Range::all()))
        .await
        .expect("a source");
    clock.advance(EXPIRED);
    let read = consume(source.as_mut()).await;
    assert_in_order(&read, 50);
}

/// A read from the end that saw nothing yet still sees what comes.
#[tokio::test(flavor = "multi_thread")]
async fn a_read_from_the_end_waits_for_as_long_as_it_takes() {
    let (clock, streams) = streams();
    let target = streams.target(json!({}));
    let stream = make(target.as_ref(), 1, &[]).await;
    write(target.as_ref(), &stream, &numbered(0..5, 1)).await;
    let range = Range {
        from: Bound::End,
        to: None,
    };
    let mut source = target
        .source(&reader_of(&stream, range))
        .await
        .expect("a source");
    assert!(matches!(
        source.fetch(Limit::default()).await,
        Ok(Fetched::Idle)
    ));
    clock.advance(EXPIRED);
    write(target.as_ref(), &stream, &numbered(9..12, 1)).await;
    assert_eq!(take(source.as_mut(), 3).await.0.len(), 3);
}
