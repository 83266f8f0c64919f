//! Groups: checkpoints that survive, and readers that die.

use serde_json::json;
use ssectl_adapter::{Bound, Fetched, Limit};

use crate::support::{Streams, consume, make, member_of, numbered, take, write};

/// A stream of the same name is another stream: what was committed for the first is void.
#[tokio::test]
async fn a_stream_made_anew_is_read_from_its_start() {
    let streams = Streams::start();
    let target = streams.target(json!({}));
    let stream = make(target.as_ref(), 1, &[]).await;
    write(target.as_ref(), &stream, &numbered(0..20, 1)).await;
    let mut source = target
        .source(&member_of(&stream, Some(Bound::End)))
        .await
        .expect("a source");
    assert_eq!(consume(source.as_mut()).await.len(), 20);
    source.close().await.expect("the source closes");
    let admin = target.admin().expect("an admin");
    admin.delete(&stream).await.expect("it is deleted");
    let spec = ssectl_adapter::StreamSpec {
        name: stream.clone(),
        ..Default::default()
    };
    admin.create(&spec).await.expect("it is made anew");
    write(target.as_ref(), &stream, &numbered(0..5, 1)).await;
    let mut source = target
        .source(&member_of(&stream, Some(Bound::End)))
        .await
        .expect("a source");
    assert_eq!(consume(source.as_mut()).await.len(), 5);
    source.close().await.expect("the source closes");
}

/// A reader that was dropped without a word is dead at once: its lock is gone with it.
#[tokio::test]
async fn a_dropped_reader_holds_nobody_up() {
    let streams = Streams::start();
    let target = streams.target(json!({}));
    let stream = make(target.as_ref(), 2, &[]).await;
    write(target.as_ref(), &stream, &numbered(0..100, 10)).await;
    let mut first = target
        .source(&member_of(&stream, None))
        .await
        .expect("a source");
    let (_, commit) = take(first.as_mut(), 40).await;
    first.commit(&commit).await.expect("a commit");
    take(first.as_mut(), 10).await;
    drop(first);
    let mut second = target
        .source(&member_of(&stream, Some(Bound::End)))
        .await
        .expect("a source");
    assert_eq!(consume(second.as_mut()).await.len(), 60);
    second.close().await.expect("the source closes");
}

/// A group that is being read is not moved.
#[tokio::test]
async fn seeking_waits_for_the_readers() {
    let streams = Streams::start();
    let target = streams.target(json!({}));
    let stream = make(target.as_ref(), 1, &[]).await;
    write(target.as_ref(), &stream, &numbered(0..10, 1)).await;
    let mut source = target
        .source(&member_of(&stream, None))
        .await
        .expect("a source");
    let limit = Limit {
        records: 1,
        ..Limit::default()
    };
    while !matches!(
        source.fetch(limit).await.expect("a fetch"),
        Fetched::Batch(_)
    ) {}
    let admin = target.admin().expect("an admin");
    let range = ssectl_adapter::Range::default();
    admin
        .seek(&stream, "readers", &range)
        .await
        .expect_err("it is being read");
    source.close().await.expect("the source closes");
    admin
        .seek(&stream, "readers", &range)
        .await
        .expect("nobody reads");
}
