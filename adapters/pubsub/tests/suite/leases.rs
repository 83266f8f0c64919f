//! Leases: who has a message, for how long, and who gets it next.

use std::time::Duration;

use serde_json::json;
use ssectl_adapter::{Bound, Commit, Fetched, Limit, Receipt};
use tokio::time::Instant;

use crate::support::{
    Topics, consume, consumer_of, fresh, make, numbered, numbers, read, stored, take, write,
};

/// A slow pipeline keeps its messages to itself for longer than one acknowledgement deadline.
#[tokio::test(flavor = "multi_thread")]
async fn leases_are_extended_while_records_are_worked_on() {
    let topics = Topics::start();
    let target = topics.target(json!({ "ack-deadline": "10s" }));
    let topic = make(target.as_ref(), &fresh("slow"), &[]).await;
    write(target.as_ref(), &topic, &numbered(0..25)).await;
    let spec = consumer_of(&topic, stored(None));
    let mut slow = target.source(&spec).await.expect("a source");
    let (_, commit) = take(slow.as_mut(), 25).await;
    let mut other = target.source(&spec).await.expect("a source");
    let end = Instant::now() + Duration::from_secs(13);
    while Instant::now() < end {
        let answer = other.fetch(Limit::default()).await.expect("a fetch");
        assert!(
            matches!(answer, Fetched::Idle),
            "a message was given to two readers"
        );
    }
    slow.commit(&commit)
        .await
        .expect("the leases are still ours");
    slow.close().await.expect("the source closes");
    other.bound().await.expect("the end is fixed");
    assert!(
        consume(other.as_mut()).await.is_empty(),
        "something was left"
    );
}

/// What is given back comes again at once, not when a long lease runs out.
#[tokio::test]
async fn released_messages_come_again_at_once() {
    let topics = Topics::start();
    let target = topics.target(json!({ "ack-deadline": "10m" }));
    let topic = make(target.as_ref(), &fresh("released"), &[]).await;
    write(target.as_ref(), &topic, &numbered(0..3)).await;
    let spec = consumer_of(&topic, stored(None));
    let mut source = target.source(&spec).await.expect("a source");
    let (_, commit) = take(source.as_mut(), 3).await;
    let Commit::Receipts(receipts) = commit else {
        panic!("no receipts")
    };
    source
        .release(&receipts)
        .await
        .expect("they are given back");
    let (read, commit) = take(source.as_mut(), 3).await;
    assert_eq!(numbers(&read), [0, 1, 2]);
    source.commit(&commit).await.expect("a commit");
    // Receipts of before, and of others, are of no use and of no harm.
    let strange = Receipt("nothing-of-yours".to_owned());
    let old = Commit::Receipts(receipts.into_iter().chain([strange]).collect());
    source.commit(&old).await.expect("nothing is left to do");
    source.close().await.expect("the source closes");
}

/// A reader that closes leaves nothing hidden behind it.
#[tokio::test]
async fn a_closed_reader_gives_everything_back() {
    let topics = Topics::start();
    let target = topics.target(json!({ "ack-deadline": "10m" }));
    let topic = make(target.as_ref(), &fresh("closed"), &[]).await;
    write(target.as_ref(), &topic, &numbered(0..60)).await;
    let spec = consumer_of(&topic, stored(None));
    let mut first = target.source(&spec).await.expect("a source");
    let (done, commit) = take(first.as_mut(), 25).await;
    first.commit(&commit).await.expect("a commit");
    take(first.as_mut(), 10).await;
    first.close().await.expect("the source closes");
    let mut second = target.source(&spec).await.expect("a source");
    let (left, _) = take(second.as_mut(), 35).await;
    second.close().await.expect("the source closes");
    let mut all = numbers(&done);
    all.extend(numbers(&left));
    all.sort_unstable();
    assert_eq!(all, (0..60).collect::<Vec<_>>());
}

/// Acknowledgements of an exactly-once subscription are confirmed: nothing comes again, to nobody.
#[tokio::test(flavor = "multi_thread")]
async fn exactly_once_subscriptions_deliver_once() {
    let topics = Topics::start();
    let target = topics.target(json!({ "exactly-once": true }));
    let topic = make(target.as_ref(), &fresh("once"), &[]).await;
    write(target.as_ref(), &topic, &numbered(0..500)).await;
    let spec = consumer_of(&topic, stored(Some(Bound::End)));
    let mut source = target.source(&spec).await.expect("a source");
    let (first, commit) = take(source.as_mut(), 200).await;
    source.commit(&commit).await.expect("it is confirmed");
    source.commit(&commit).await.expect("again is no harm");
    source.close().await.expect("the source closes");
    let mut all = numbers(&first);
    all.extend(numbers(&read(target.as_ref(), spec.clone()).await));
    all.sort_unstable();
    assert_eq!(all, (0..500).collect::<Vec<_>>());
    assert!(read(target.as_ref(), spec).await.is_empty());
}

/// Readers of a group share it: together they get everything once.
#[tokio::test(flavor = "multi_thread")]
async fn readers_share_a_group() {
    let topics = Topics::start();
    let target = topics.target(json!({ "outstanding": 20 }));
    let topic = make(
        target.as_ref(),
        &fresh("shared"),
        &[("groups", "consumers")],
    )
    .await;
    write(target.as_ref(), &topic, &numbered(0..400)).await;
    let spec = consumer_of(&topic, stored(Some(Bound::End)));
    let mut one = target.source(&spec).await.expect("a source");
    let mut two = target.source(&spec).await.expect("a source");
    // The first holds no more than it may have outstanding, so there is something for the second.
    let (mut all, done) = take(one.as_mut(), 1).await;
    let (records, also_done) = take(two.as_mut(), 1).await;
    all.extend(records);
    one.commit(&done).await.expect("a commit");
    two.commit(&also_done).await.expect("a commit");
    let (first, second) = tokio::join!(consume(one.as_mut()), consume(two.as_mut()));
    all.extend(first.into_iter().chain(second));
    assert_eq!(numbers(&all), (0..400).collect::<Vec<_>>());
}

/// A reader with as many messages as it may have waits for its commits, and does not take the silence for the end.
#[tokio::test]
async fn a_full_reader_is_not_at_its_end() {
    let topics = Topics::start();
    let target = topics.target(json!({ "outstanding": 10, "quiet": "300ms" }));
    let topic = make(target.as_ref(), &fresh("full"), &[]).await;
    write(target.as_ref(), &topic, &numbered(0..30)).await;
    let spec = consumer_of(&topic, stored(Some(Bound::End)));
    let mut source = target.source(&spec).await.expect("a source");
    let (mut all, commit) = take(source.as_mut(), 10).await;
    let end = Instant::now() + Duration::from_secs(2);
    while Instant::now() < end {
        let answer = source.fetch(Limit::default()).await.expect("a fetch");
        assert!(matches!(answer, Fetched::Idle), "{answer:?}");
    }
    source.commit(&commit).await.expect("a commit");
    all.extend(consume(source.as_mut()).await);
    source.close().await.expect("the source closes");
    assert_eq!(numbers(&all), (0..30).collect::<Vec<_>>());
}
