//! Splits and merges, before and during a read.

use serde_json::json;
use ssectl_adapter::{Range, Target};

use crate::support::{
    Streams, assert_in_order, make, member_of, numbered, read_all, reader_of, take, write,
};

/// Shards of a stream that take records, in the order of their hash keys: their names and first hash keys.
async fn open(streams: &Streams, stream: &str) -> Vec<(String, u128)> {
    let listed = streams
        .client()
        .list_shards()
        .stream_name(stream)
        .send()
        .await
        .expect("shards");
    let open = listed.shards().iter().filter(|shard| {
        shard
            .sequence_number_range()
            .is_some_and(|range| range.ending_sequence_number().is_none())
    });
    let mut open: Vec<_> = open
        .map(|shard| {
            let range = shard.hash_key_range().expect("a range");
            (
                shard.shard_id().to_owned(),
                range.starting_hash_key().parse().expect("a number"),
            )
        })
        .collect();
    open.sort_by_key(|(_, first)| *first);
    open
}

async fn settled(target: &dyn Target, stream: &str) {
    // A stream that is being changed refuses the next change.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(120);
    while target
        .admin()
        .expect("an admin")
        .describe(stream)
        .await
        .is_err()
    {
        assert!(std::time::Instant::now() < deadline, "the stream is gone");
    }
}

/// Splits the first shard in two.
async fn split(streams: &Streams, target: &dyn Target, stream: &str) {
    let shards = open(streams, stream).await;
    let last = shards.get(1).map_or(u128::MAX, |(_, first)| *first);
    let middle = shards[0].1 + (last - shards[0].1) / 2;
    until(|| async {
        let asked = streams
            .client()
            .split_shard()
            .stream_name(stream)
            .shard_to_split(&shards[0].0);
        asked
            .new_starting_hash_key(middle.to_string())
            .send()
            .await
            .is_ok()
    })
    .await;
    until(|| async { open(streams, stream).await.len() == shards.len() + 1 }).await;
    settled(target, stream).await;
}

/// Makes one of the first two shards.
async fn merge(streams: &Streams, target: &dyn Target, stream: &str) {
    let shards = open(streams, stream).await;
    until(|| async {
        let asked = streams
            .client()
            .merge_shards()
            .stream_name(stream)
            .shard_to_merge(&shards[0].0);
        asked
            .adjacent_shard_to_merge(&shards[1].0)
            .send()
            .await
            .is_ok()
    })
    .await;
    until(|| async { open(streams, stream).await.len() == shards.len() - 1 }).await;
    settled(target, stream).await;
}

async fn until<F: Future<Output = bool>>(holds: impl Fn() -> F) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(120);
    while !holds().await {
        assert!(std::time::Instant::now() < deadline, "it never came so");
        tokio::task::yield_now().await;
    }
}

/// Records between two changes of the shards.
pub(crate) const WAVE: usize = 300;

/// Writes three waves, with a split and a merge between them.
pub(crate) async fn history(streams: &Streams, target: &dyn Target, stream: &str) {
    write(target, stream, &numbered(0..WAVE, 20)).await;
    split(streams, target, stream).await;
    write(target, stream, &numbered(WAVE..2 * WAVE, 20)).await;
    merge(streams, target, stream).await;
    write(target, stream, &numbered(2 * WAVE..3 * WAVE, 20)).await;
}

/// What is there is read parents first, so that each key keeps its order.
#[tokio::test(flavor = "multi_thread")]
async fn a_history_is_read_in_the_order_of_each_key() {
    let streams = Streams::start();
    let target = streams.target(json!({}));
    let stream = make(target.as_ref(), 1, &[]).await;
    history(&streams, target.as_ref(), &stream).await;
    assert_in_order(&read_all(target.as_ref(), &stream).await, 3 * WAVE);
}

/// A read that follows goes on with the children, without a gap and without an overtaking.
#[tokio::test(flavor = "multi_thread")]
async fn a_read_that_follows_finds_what_shards_became() {
    let streams = Streams::start();
    let target = streams.target(json!({}));
    let stream = make(target.as_ref(), 2, &[]).await;
    let mut source = target
        .source(&reader_of(&stream, Range::default()))
        .await
        .expect("a source");
    let (read, ()) = tokio::join!(
        take(source.as_mut(), 3 * WAVE),
        history(&streams, target.as_ref(), &stream)
    );
    assert_in_order(&read.0, 3 * WAVE);
    source.close().await.expect("the source closes");
}

/// A group commits through a split and a merge, and resumes behind them.
#[tokio::test(flavor = "multi_thread")]
async fn a_group_resumes_behind_a_split() {
    let streams = Streams::start();
    let target = streams.target(json!({}));
    let stream = make(target.as_ref(), 1, &[]).await;
    history(&streams, target.as_ref(), &stream).await;
    let mut read = Vec::new();
    while read.len() < 3 * WAVE {
        let mut source = target
            .source(&member_of(&stream, None))
            .await
            .expect("a source");
        let (records, commit) = take(source.as_mut(), 100).await;
        source.commit(&commit).await.expect("a commit");
        source.close().await.expect("the source closes");
        read.extend(records);
    }
    assert_in_order(&read, 3 * WAVE);
}
