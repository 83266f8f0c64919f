//! What the client would get wrong by itself: answers that it misses, and connections that it replaces
//! without a word.

use std::time::{Duration, Instant};

use serde_json::json;
use ssectl_adapter::{Bound, ErrorKind, Range, Record, Source};

use crate::proxy::Proxy;
use crate::support::{Hubs, fresh, make, numbered, reader_of, sink_of, take, text};

/// Left to itself the client attaches again where it first began, and events come twice; or, where it began
/// at the latest, are lost.
#[tokio::test]
async fn connections_that_break_neither_repeat_nor_lose_an_event() {
    const COUNT: usize = 3000;
    let hubs = Hubs::start();
    let target = hubs.target(json!({}));
    let hub = make(target.as_ref(), &fresh("broken"), 2).await;
    crate::support::write(target.as_ref(), &hub, &numbered(0..COUNT)).await;
    let proxy = Proxy::to(&hubs.endpoint);
    let through = hubs.target(json!({ "endpoint": proxy.endpoint(), "prefetch": 50 }));
    let spec = reader_of(&hub, Range::default());
    let mut source = through.source(&spec).await.expect("a source");
    proxy.cut_after(40_000);
    let (read, _) = take(source.as_mut(), COUNT).await;
    assert!(proxy.met() > 3, "the wire was cut {} times", proxy.met());
    assert_all(&read, 0..COUNT);
    let offsets: Vec<_> = read.iter().map(|record| &record.origin).collect();
    let distinct: std::collections::BTreeSet<_> = offsets
        .iter()
        .map(|origin| (&origin.partition, origin.position.to_string()))
        .collect();
    assert_eq!(distinct.len(), COUNT);
}

/// The client's own start at "the latest" moves on with every new connection; ours is a number.
#[tokio::test]
async fn a_read_from_the_end_loses_nothing_while_it_is_disconnected() {
    const COUNT: usize = 400;
    let hubs = Hubs::start();
    let target = hubs.target(json!({}));
    let hub = make(target.as_ref(), &fresh("latest"), 1).await;
    crate::support::write(target.as_ref(), &hub, &numbered(0..10)).await;
    let proxy = Proxy::to(&hubs.endpoint);
    let through = hubs.target(json!({ "endpoint": proxy.endpoint() }));
    let from_end = Range {
        from: Bound::End,
        to: None,
    };
    let mut source = through
        .source(&reader_of(&hub, from_end))
        .await
        .expect("a source");
    proxy.cut_after(8000);
    let mut read: Vec<Record> = Vec::new();
    for start in (10..COUNT).step_by(10) {
        // While the link may be down, up, or about to break.
        crate::support::write(target.as_ref(), &hub, &numbered(start..start + 10)).await;
        read.extend(some(source.as_mut()).await);
    }
    let missing = COUNT - 10 - read.len();
    read.extend(take(source.as_mut(), missing).await.0);
    assert!(proxy.met() > 3, "the wire was cut {} times", proxy.met());
    assert_all(&read, 10..COUNT);
}

/// The end is looked for by the connection that reads; a lost one is replaced.
#[tokio::test]
async fn the_end_is_found_after_the_connection_is_lost() {
    let hubs = Hubs::start();
    let target = hubs.target(json!({}));
    let hub = make(target.as_ref(), &fresh("end"), 1).await;
    crate::support::write(target.as_ref(), &hub, &numbered(0..10)).await;
    let proxy = Proxy::to(&hubs.endpoint);
    let through = hubs.target(json!({ "endpoint": proxy.endpoint() }));
    let spec = reader_of(&hub, Range::default());
    let mut source = through.source(&spec).await.expect("a source");
    let (mut read, _) = take(source.as_mut(), 4).await;
    proxy.cut_after(1);
    let lost = source.bound().await.expect_err("the wire was cut");
    assert!(lost.is_temporary(), "{lost}");
    proxy.cut_after(0);
    source.bound().await.expect("a new connection");
    read.extend(take(source.as_mut(), 6).await.0);
    assert_all(&read, 0..10);
}

/// What comes soon.
async fn some(source: &mut dyn Source) -> Vec<Record> {
    let limit = ssectl_adapter::Limit {
        wait: Duration::from_millis(20),
        ..ssectl_adapter::Limit::default()
    };
    match source.fetch(limit).await {
        Ok(ssectl_adapter::Fetched::Batch(batch)) => batch.records,
        Ok(_) => Vec::new(),
        Err(error) => {
            assert!(error.is_temporary(), "{error}");
            Vec::new()
        }
    }
}

/// Left to itself the client would wait for ever.
#[tokio::test]
async fn a_send_without_an_answer_has_an_end_and_the_next_one_works() {
    let hubs = Hubs::start();
    let target = hubs.target(json!({}));
    let hub = make(target.as_ref(), &fresh("unanswered"), 1).await;
    let proxy = Proxy::to(&hubs.endpoint);
    // Which requests that are answered have to meet, too.
    let through = hubs.target(json!({ "endpoint": proxy.endpoint(), "timeout": "4s" }));
    let mut sink = through.sink(&sink_of(&hub)).await.expect("a sink");
    let records = numbered(0..5);
    let written = sink.write(&records).await.expect("a write");
    assert!(written.rejected.is_empty(), "{:?}", written.rejected);
    proxy.swallow_answers();
    let before = Instant::now();
    let written = sink
        .write(&records)
        .await
        .expect("only its records are refused");
    assert!(
        before.elapsed() < Duration::from_secs(20),
        "{:?}",
        before.elapsed()
    );
    let indexes: Vec<_> = written
        .rejected
        .iter()
        .map(|refused| refused.index)
        .collect();
    assert_eq!(indexes, [0, 1, 2, 3, 4]);
    for refused in &written.rejected {
        assert_eq!(
            refused.error.kind(),
            ErrorKind::Timeout,
            "{}",
            refused.error
        );
        assert!(refused.error.is_temporary());
    }
    // As the engine does: the same records again, over a new connection.
    let written = sink.write(&records).await.expect("a write");
    assert!(written.rejected.is_empty(), "{:?}", written.rejected);
    assert_eq!(proxy.met(), 2);
    let mut source = target
        .source(&reader_of(&hub, Range::all()))
        .await
        .expect("a source");
    let (read, _) = take(source.as_mut(), 15).await;
    let values: Vec<_> = read.iter().map(text).collect();
    // The second write had come through, though nobody said so: at least once.
    let round = ["0", "1", "2", "3", "4"];
    assert_eq!(values, [round, round, round].concat());
}

/// A link that brings nothing though there is something is replaced.
#[tokio::test]
async fn a_silent_link_is_opened_anew() {
    let hubs = Hubs::start();
    let target = hubs.target(json!({}));
    let hub = make(target.as_ref(), &fresh("silent"), 1).await;
    crate::support::write(target.as_ref(), &hub, &numbered(0..5)).await;
    let proxy = Proxy::to(&hubs.endpoint);
    // Which requests that are answered have to meet, too.
    let through = hubs.target(json!({ "endpoint": proxy.endpoint(), "timeout": "4s" }));
    let spec = reader_of(&hub, Range::default());
    let mut source = through.source(&spec).await.expect("a source");
    let (read, _) = take(source.as_mut(), 5).await;
    assert_all(&read, 0..5);
    proxy.swallow_answers();
    crate::support::write(target.as_ref(), &hub, &numbered(5..8)).await;
    let (read, _) = take(source.as_mut(), 3).await;
    assert_all(&read, 5..8);
}

fn assert_all(read: &[Record], expected: std::ops::Range<usize>) {
    let mut numbers: Vec<usize> = read
        .iter()
        .map(|r| text(r).parse().expect("a number"))
        .collect();
    numbers.sort_unstable();
    let expected: Vec<_> = expected.collect();
    assert!(
        numbers == expected,
        "{} of {} events",
        numbers.len(),
        expected.len()
    );
}
