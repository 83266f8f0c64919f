//! Leases: who has a message, for how long, and who gets it next.

use std::time::Duration;

use serde_json::json;
use ssectl_adapter::{Commit, Fetched, Limit, Range, Receipt, Record};
use tokio::time::Instant;

use crate::support::{
    Queues, consume, consumer_of, fresh, keyed, make, reader_of, take, text, write,
};

fn numbered(count: usize) -> Vec<Record> {
    (0..count).map(|n| keyed("k", &n.to_string())).collect()
}

/// A slow pipeline keeps its messages to itself for much longer than one visibility time-out.
#[tokio::test(flavor = "multi_thread")]
async fn leases_are_extended_while_records_are_worked_on() {
    let queues = Queues::start();
    let target = queues.target(json!({ "visibility-timeout": "5s" }));
    let queue = make(target.as_ref(), &fresh("slow"), &[]).await;
    write(target.as_ref(), &queue, &numbered(25)).await;
    let spec = consumer_of(&queue, Range::default());
    let mut slow = target.source(&spec).await.expect("a source");
    let (read, commit) = take(slow.as_mut(), 25).await;
    assert_eq!(read.len(), 25);
    let mut other = target.source(&spec).await.expect("a source");
    let end = Instant::now() + Duration::from_secs(12);
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

/// What is given back is there for others at once, not when a long lease runs out.
#[tokio::test]
async fn released_messages_are_visible_at_once() {
    let queues = Queues::start();
    let target = queues.target(json!({ "visibility-timeout": "10m" }));
    let queue = make(target.as_ref(), &fresh("released"), &[]).await;
    write(target.as_ref(), &queue, &numbered(3)).await;
    let spec = consumer_of(&queue, Range::default());
    let mut first = target.source(&spec).await.expect("a source");
    let (_, commit) = take(first.as_mut(), 3).await;
    let Commit::Receipts(receipts) = commit else {
        panic!("no receipts")
    };
    first.release(&receipts).await.expect("they are given back");
    let (read, commit) = take(first.as_mut(), 3).await;
    assert_eq!(read.len(), 3);
    first.commit(&commit).await.expect("a commit");
    // Receipts of before are of no use any more, and of no harm.
    let old = Commit::Receipts(receipts);
    first.commit(&old).await.expect("nothing is left to delete");
    first.close().await.expect("the source closes");
}

/// A reader that closes leaves nothing hidden behind it.
#[tokio::test]
async fn a_closed_reader_gives_everything_back() {
    let queues = Queues::start();
    let target = queues.target(json!({ "visibility-timeout": "10m" }));
    let queue = make(target.as_ref(), &fresh("closed"), &[]).await;
    write(target.as_ref(), &queue, &numbered(60)).await;
    let spec = consumer_of(&queue, Range::default());
    let mut first = target.source(&spec).await.expect("a source");
    let (_, commit) = take(first.as_mut(), 25).await;
    first.commit(&commit).await.expect("a commit");
    take(first.as_mut(), 10).await;
    first.close().await.expect("the source closes");
    let mut second = target.source(&spec).await.expect("a source");
    let (read, _) = take(second.as_mut(), 35).await;
    assert_eq!(read.len(), 35);
    second.close().await.expect("the source closes");
}

/// A bounded read waits for what another reader may still give back, as long as its leases last.
#[tokio::test]
async fn a_bounded_read_gets_what_a_lost_reader_had() {
    let queues = Queues::start();
    let target = queues.target(json!({ "visibility-timeout": "3s" }));
    let queue = make(target.as_ref(), &fresh("lost"), &[]).await;
    write(target.as_ref(), &queue, &numbered(8)).await;
    let spec = consumer_of(&queue, Range::default());
    let lost = queues.target(json!({ "visibility-timeout": "3s" }));
    // A runtime of its own, so that nothing of the reader lives on to give anything back.
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let mut source = lost.source(&spec).await.expect("a source");
            take(source.as_mut(), 5).await;
            std::mem::forget(source);
        });
        runtime.shutdown_background();
    })
    .join()
    .expect("the reader reads");
    let source = target.source(&consumer_of(&queue, Range::all())).await;
    let mut source = source.expect("a source");
    let mut read: Vec<_> = consume(source.as_mut()).await.iter().map(text).collect();
    read.sort();
    assert_eq!(read, ["0", "1", "2", "3", "4", "5", "6", "7"]);
}

/// Readers of a queue share it: together they get everything once.
#[tokio::test(flavor = "multi_thread")]
async fn readers_share_a_queue() {
    let queues = Queues::start();
    let target = queues.target(json!({}));
    let queue = make(target.as_ref(), &fresh("shared"), &[]).await;
    write(target.as_ref(), &queue, &numbered(400)).await;
    let spec = consumer_of(&queue, Range::all());
    let mut one = target.source(&spec).await.expect("a source");
    let mut two = target.source(&spec).await.expect("a source");
    // The first holds no more than it can work on, so there is something for the second.
    let (mut all, done) = take(one.as_mut(), 1).await;
    let (records, also_done) = take(two.as_mut(), 1).await;
    all.extend(records);
    one.commit(&done).await.expect("a commit");
    two.commit(&also_done).await.expect("a commit");
    let (first, second) = tokio::join!(consume(one.as_mut()), consume(two.as_mut()));
    all.extend(first.into_iter().chain(second));
    let mut all: Vec<usize> = all
        .iter()
        .map(|r| text(r).parse().expect("a number"))
        .collect();
    all.sort_unstable();
    assert_eq!(all, (0..400).collect::<Vec<_>>());
}

/// `consume` makes a read without a group delete what it has done.
#[tokio::test]
async fn a_read_without_a_group_deletes_when_told_to() {
    let queues = Queues::start();
    let target = queues.target(json!({ "consume": true }));
    let queue = make(target.as_ref(), &fresh("consumed"), &[]).await;
    write(target.as_ref(), &queue, &numbered(12)).await;
    let mut source = target
        .source(&reader_of(&queue, Range::all()))
        .await
        .expect("a source");
    assert_eq!(consume(source.as_mut()).await.len(), 12);
    source.close().await.expect("the source closes");
    let left = queues
        .target(json!({}))
        .source(&reader_of(&queue, Range::all()))
        .await;
    assert!(consume(left.expect("a source").as_mut()).await.is_empty());
}

/// A receipt that never was one is no reason to fail: there is nothing to delete.
#[tokio::test]
async fn a_lost_lease_is_no_error() {
    let queues = Queues::start();
    let target = queues.target(json!({}));
    let queue = make(target.as_ref(), &fresh("receipts"), &[]).await;
    let mut source = target
        .source(&consumer_of(&queue, Range::default()))
        .await
        .expect("a source");
    let strange = Commit::Receipts(vec![Receipt("nothing-of-yours".to_owned())]);
    source.commit(&strange).await.expect("it comes to nothing");
}
