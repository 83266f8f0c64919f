//! What other programs see of ours, and we of theirs: the SDK itself is the other program.

use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::ShardIteratorType;
use bytes::Bytes;
use serde_json::json;
use ssectl_adapter::{Bound, Range, Record, Timestamp};

use crate::support::{Streams, consume, keyed, make, read_all, reader_of, text, write};

/// Made by `aws_kinesis_agg` of AWS.
const AGGREGATED: &[u8] = include_bytes!("../data/aggregated.bin");

/// Partition keys and data of a stream of one shard.
async fn raw(streams: &Streams, stream: &str) -> Vec<(String, Vec<u8>)> {
    let client = streams.client();
    let shards = client
        .list_shards()
        .stream_name(stream)
        .send()
        .await
        .expect("shards");
    let shard = shards.shards().first().expect("a shard").shard_id();
    let asked = client
        .get_shard_iterator()
        .stream_name(stream)
        .shard_id(shard);
    let at = asked
        .shard_iterator_type(ShardIteratorType::TrimHorizon)
        .send()
        .await;
    let at = at.expect("an iterator").shard_iterator;
    let answer = client
        .get_records()
        .set_shard_iterator(at)
        .send()
        .await
        .expect("records");
    let pair = |record: aws_sdk_kinesis::types::Record| {
        (
            record.partition_key.unwrap_or_default(),
            record.data.into_inner(),
        )
    };
    answer.records.into_iter().map(pair).collect()
}

async fn put(streams: &Streams, stream: &str, key: &str, data: &[u8]) {
    let asked = streams
        .client()
        .put_record()
        .stream_name(stream)
        .partition_key(key);
    asked.data(Blob::new(data)).send().await.expect("it is put");
}

#[tokio::test]
async fn a_plain_record_is_a_partition_key_and_data() {
    let streams = Streams::start();
    let target = streams.target(json!({}));
    let stream = make(target.as_ref(), 1, &[]).await;
    let timed = |record| Record {
        timestamp: Some(Timestamp::from_millis(1_700_000_000_000)),
        ..record
    };
    let records = [
        keyed("user 7", "{\"n\":1}"),
        timed(keyed("user 8", "{\"n\":2}")),
        timed(Record::from_value("{\"n\":3}")),
    ];
    write(target.as_ref(), &stream, &records).await;
    let raw = raw(&streams, &stream).await;
    assert_eq!(raw[0], ("user 7".to_owned(), b"{\"n\":1}".to_vec()));
    assert_eq!(raw[1], ("user 8".to_owned(), b"{\"n\":2}".to_vec()));
    assert_eq!(raw[2].1, b"{\"n\":3}");
}

#[tokio::test]
async fn a_foreign_record_is_a_key_and_a_value() {
    let streams = Streams::start();
    let target = streams.target(json!({}));
    let stream = make(target.as_ref(), 1, &[]).await;
    let before = jiff::Timestamp::now().as_millisecond();
    put(&streams, &stream, "key", b"hello \xff").await;
    let read = read_all(target.as_ref(), &stream).await;
    assert_eq!(read[0].key.as_deref(), Some(&b"key"[..]));
    assert_eq!(read[0].value.as_deref(), Some(&b"hello \xff"[..]));
    let arrived = read[0].timestamp.expect("a time").as_millis();
    assert!(
        (before - 2000..before + 60_000).contains(&arrived),
        "{before} {arrived}"
    );
}

/// Records of the Kinesis Producer Library, one by one, also from the middle of them.
#[tokio::test]
async fn aggregated_records_are_taken_apart() {
    let streams = Streams::start();
    let target = streams.target(json!({}));
    let stream = make(target.as_ref(), 1, &[]).await;
    put(&streams, &stream, "a", b"before").await;
    put(&streams, &stream, "pk-1", AGGREGATED).await;
    put(&streams, &stream, "b", b"after").await;
    let read = read_all(target.as_ref(), &stream).await;
    let values: Vec<_> = read
        .iter()
        .map(|record| record.value.clone().expect("a value"))
        .collect();
    let expected: [&[u8]; 5] = [b"before", b"first", b"\x00\xff\xfe", b"third", b"after"];
    assert_eq!(values, expected.map(Bytes::from_static));
    assert_eq!(read[2].key.as_deref(), Some(&b"pk-2"[..]));
    for (from, left) in [(1, 4), (2, 3), (3, 2), (4, 1)] {
        let at = Bound::At(read[from].origin.position.clone());
        let range = Range {
            from: at.clone(),
            to: Some(Bound::End),
        };
        let mut source = target
            .source(&reader_of(&stream, range))
            .await
            .expect("a source");
        assert_eq!(consume(source.as_mut()).await.len(), left, "from {at}");
        let range = Range {
            from: Bound::Start,
            to: Some(at.clone()),
        };
        let mut source = target
            .source(&reader_of(&stream, range))
            .await
            .expect("a source");
        assert_eq!(consume(source.as_mut()).await.len(), from, "to {at}");
    }
}

/// The hash key decides, whatever the keys are.
#[tokio::test]
async fn explicit_hash_keys_choose_the_shard() {
    let streams = Streams::start();
    let target = streams.target(json!({ "explicit-hash-key": "0" }));
    let stream = make(target.as_ref(), 3, &[]).await;
    let records: Vec<_> = (0..50)
        .map(|n| keyed(&n.to_string(), &n.to_string()))
        .collect();
    write(target.as_ref(), &stream, &records).await;
    let read = read_all(target.as_ref(), &stream).await;
    let numbers: Vec<usize> = read
        .iter()
        .map(|record| text(record).parse().expect("a number"))
        .collect();
    assert_eq!(numbers, (0..50).collect::<Vec<_>>());
    assert!(
        read.iter()
            .all(|record| record.origin.partition == read[0].origin.partition)
    );
}

/// Settings and tags of streams come back.
#[tokio::test]
async fn settings_are_described() {
    let streams = Streams::start();
    let target = streams.target(json!({}));
    let stream = make(
        target.as_ref(),
        2,
        &[("RetentionPeriodHours", "48"), ("tag.team", "blue")],
    )
    .await;
    let info = target
        .admin()
        .expect("an admin")
        .describe(&stream)
        .await
        .expect("a description");
    assert_eq!(info.partitions.len(), 2);
    assert_eq!(
        info.config.get("RetentionPeriodHours").map(String::as_str),
        Some("48")
    );
    assert_eq!(
        info.config.get("tag.team").map(String::as_str),
        Some("blue")
    );
}
