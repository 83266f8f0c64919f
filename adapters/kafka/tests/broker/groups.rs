//! Groups as a real broker keeps them.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;
use ssectl_adapter::{Bound, Fetched, Limit};

use crate::support::{Broker, create, number, numbered, sink_of, target, whole};

/// A group whose reader is busy for longer than Kafka waits for a poll keeps its partitions.
#[tokio::test]
#[ignore = "needs Apache Kafka: tests/peers/install.sh kafka"]
async fn a_slow_reader_keeps_its_place_in_the_group() {
    const COUNT: usize = 200_000;
    let broker = Broker::start();
    let options = json!({
        "brokers": broker.fact("BOOTSTRAP"), "group": "slow", "session-timeout": "6s",
        "librdkafka": { "max.poll.interval.ms": 6000 },
    });
    let target = target(options);
    create(target.as_ref(), "slow", 2).await;
    let mut sink = target.sink(&sink_of("slow")).await.expect("a sink");
    sink.write(&numbered(0..COUNT)).await.expect("a write");
    let mut spec = whole("slow");
    spec.range.from = Bound::Stored;
    let mut source = target.source(&spec).await.expect("a source");
    let mut seen = BTreeSet::new();
    let mut read = 0;
    loop {
        match source.fetch(Limit::default()).await.expect("a fetch") {
            Fetched::Batch(batch) => {
                if read == 0 {
                    tokio::time::sleep(Duration::from_secs(10)).await;
                }
                read += batch.records.len();
                seen.extend(batch.records.iter().map(number));
                source
                    .commit(&batch.commit)
                    .await
                    .expect("it is still ours");
            }
            Fetched::Idle => {}
            Fetched::End => break,
        }
    }
    assert_eq!((read, seen.len()), (COUNT, COUNT));
}

/// The group protocol of Kafka 4 (KIP-848): a group stops, and resumes where it committed.
#[tokio::test]
#[ignore = "needs Apache Kafka: tests/peers/install.sh kafka"]
async fn the_new_group_protocol_resumes_too() {
    let broker = Broker::start();
    let target = target(json!({
        "brokers": broker.fact("BOOTSTRAP"), "group": "modern", "group-protocol": "consumer",
    }));
    create(target.as_ref(), "modern", 2).await;
    let mut sink = target.sink(&sink_of("modern")).await.expect("a sink");
    sink.write(&numbered(0..1000)).await.expect("a write");
    let mut spec = whole("modern");
    spec.range.from = Bound::Stored;
    let mut seen = Vec::new();
    for share in [400, usize::MAX] {
        let mut source = target.source(&spec).await.expect("a source");
        while seen.len() < share {
            let limit = Limit {
                records: 100,
                ..Limit::default()
            };
            match source.fetch(limit).await.expect("a fetch") {
                Fetched::Batch(batch) => {
                    seen.extend(batch.records.iter().map(number));
                    source.commit(&batch.commit).await.expect("a commit");
                }
                Fetched::Idle => {}
                Fetched::End => break,
            }
        }
        source.close().await.expect("the source closes");
    }
    seen.sort_unstable();
    assert!(seen.into_iter().eq(0..1000), "records are lost or repeated");
}
