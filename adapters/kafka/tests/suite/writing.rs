//! What is particular to writing Kafka.

use std::fs;

use serde_json::json;
use ssectl_adapter::{ErrorKind, Record, Timestamp};
use ssectl_emulator::kafka::{Config, Emulator};
use ssectl_emulator::store::{Fsync, Medium};

use crate::support::{Cluster, keyed, options, read_all, sink_of, target, topic, write};

/// The hashes are those of Kafka's own `UtilsTest.testMurmur2`.
#[tokio::test]
async fn keys_go_where_java_clients_send_them() {
    const PARTITIONS: u32 = 7;
    let hashes = [
        ("21", -973_932_308_i32),
        ("foobar", -790_332_482),
        ("a-little-bit-long-string", -985_981_536),
        ("a-little-bit-longer-string", -1_486_304_829),
        (
            "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8",
            -58_897_971,
        ),
        ("abc", 479_470_107),
    ];
    let cluster = Cluster::start();
    let target = cluster.target(json!({}));
    let stream = topic(target.as_ref(), PARTITIONS, &[]).await;
    let records = hashes.map(|(key, _)| keyed(key, "value"));
    write(target.as_ref(), &stream, &records).await;
    let read = read_all(target.as_ref(), &stream).await;
    for (key, hash) in hashes {
        let record = read
            .iter()
            .find(|record| record.key.as_deref() == Some(key.as_bytes()));
        let expected = (hash.cast_unsigned() & 0x7fff_ffff) % PARTITIONS;
        let partition = &record.expect("the record").origin.partition;
        assert_eq!(partition.as_str(), expected.to_string(), "{key}");
    }
}

#[tokio::test]
async fn every_compression_survives() {
    let cluster = Cluster::start();
    for compression in ["none", "gzip", "snappy", "lz4", "zstd"] {
        let target = cluster.target(json!({ "compression": compression }));
        let stream = topic(target.as_ref(), 1, &[]).await;
        let records: Vec<_> = (0..500)
            .map(|n| keyed("k", &format!("{n} {n} {n}")))
            .collect();
        write(target.as_ref(), &stream, &records).await;
        let read = read_all(target.as_ref(), &stream).await;
        let values =
            |records: &[Record]| records.iter().map(|r| r.value.clone()).collect::<Vec<_>>();
        assert_eq!(values(&read), values(&records), "{compression}");
    }
}

/// A request is made no larger than the topic takes, so that small records do not suffer for it.
#[tokio::test]
async fn a_topic_of_small_messages_takes_many_of_them() {
    let cluster = Cluster::start();
    let target = cluster.target(json!({}));
    let stream = topic(target.as_ref(), 1, &[("max.message.bytes", "5000")]).await;
    let mut records: Vec<_> = (0..1000)
        .map(|n| keyed("k", &format!("{n:0>100}")))
        .collect();
    records[500] = keyed("k", &"x".repeat(6000));
    let mut sink = target.sink(&sink_of(&stream)).await.expect("a sink");
    let written = sink.write(&records).await.expect("a write");
    let [rejected] = &written.rejected[..] else {
        panic!("{} records were rejected", written.rejected.len());
    };
    assert_eq!(rejected.index, 500);
    assert_eq!(
        rejected.error.kind(),
        ErrorKind::TooLarge,
        "{}",
        rejected.error
    );
    sink.close().await.expect("the sink closes");
    assert_eq!(read_all(target.as_ref(), &stream).await.len(), 999);
}

/// librdkafka's queue is full after a hundred records; the write waits, and loses nothing.
#[tokio::test]
async fn a_full_queue_is_waited_for() {
    let cluster = Cluster::start();
    let target = cluster.target(json!({
        "librdkafka": { "queue.buffering.max.messages": 100 },
    }));
    let stream = topic(target.as_ref(), 2, &[]).await;
    let records: Vec<_> = (0..5000).map(|n| keyed(&n.to_string(), "v")).collect();
    write(target.as_ref(), &stream, &records).await;
    assert_eq!(read_all(target.as_ref(), &stream).await.len(), 5000);
}

/// Records of a write that nobody waits for are still delivered, and `flush` waits for them.
#[tokio::test]
async fn a_dropped_write_is_flushed() {
    let cluster = Cluster::start();
    let target = cluster.target(json!({}));
    let stream = topic(target.as_ref(), 1, &[]).await;
    let mut sink = target.sink(&sink_of(&stream)).await.expect("a sink");
    let records: Vec<_> = (0..500).map(|n| keyed("k", &n.to_string())).collect();
    tokio::select! {
        biased;
        written = sink.write(&records) => assert!(written.is_ok()),
        () = std::future::ready(()) => {}
    }
    let written = sink.write(&[keyed("k", "after")]).await.expect("a write");
    assert!(written.rejected.is_empty());
    sink.flush().await.expect("a flush");
    let read = read_all(target.as_ref(), &stream).await;
    assert_eq!(read.len(), 501);
    assert_eq!(read[500].value.as_deref(), Some(&b"after"[..]));
}

/// The first millisecond of 1970 is 0 on the wire, which librdkafka takes for "now".
#[tokio::test]
async fn the_first_millisecond_of_1970_is_sent_as_the_second() {
    let cluster = Cluster::start();
    let target = cluster.target(json!({}));
    let stream = topic(target.as_ref(), 1, &[("retention.ms", "-1")]).await;
    let mut record = keyed("k", "v");
    record.timestamp = Some(Timestamp::from_millis(0));
    write(target.as_ref(), &stream, &[record]).await;
    let read = read_all(target.as_ref(), &stream).await;
    assert_eq!(read[0].timestamp, Some(Timestamp::from_millis(1)));
}

/// A broker without disk space is not waited for until the delivery times out, which says nothing.
#[tokio::test]
async fn a_broker_that_cannot_write_is_told_with_its_reason() {
    let directory = tempfile::tempdir().expect("a directory");
    let medium = Medium::Directory {
        path: directory.path().to_owned(),
        fsync: Fsync::default(),
    };
    let config = Config {
        medium,
        ..Config::default()
    };
    let emulator = Emulator::start(config).expect("the emulator starts");
    let target = target(&options(json!({
        "brokers": emulator.address().to_string(),
        "librdkafka": { "retry.backoff.max.ms": 100 },
    })));
    let stream = topic(target.as_ref(), 1, &[("segment.bytes", "1048576")]).await;
    let half = [keyed("k", &"x".repeat(600_000))];
    let mut sink = target.sink(&sink_of(&stream)).await.expect("a sink");
    sink.write(&half).await.expect("the first write");
    // The next write needs a new segment file, which cannot be made.
    let streams = directory.path().join("streams");
    fs::remove_dir_all(&streams).expect("the streams");
    fs::write(&streams, "in the way").expect("a file");
    let error = sink.write(&half).await.expect_err("nowhere to write");
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    let cause = std::error::Error::source(&error).map(ToString::to_string);
    assert!(
        cause
            .as_deref()
            .is_some_and(|cause| cause.contains("Disk error")),
        "{cause:?}"
    );
}
