//! There and back.

use bytes::Bytes;
use proptest::prelude::*;
use serde_json::json;
use ssectl_adapter::{ErrorKind, Options, Record, Timestamp, decode as decode_options};

use super::{Encoded, Encoder, decode};
use crate::aggregate::looks_aggregated;

fn encoder(options: serde_json::Value) -> Encoder {
    let options: Options = serde_json::from_value(options).expect("a map");
    Encoder::new(&decode_options("kinesis", &options).expect("valid options"))
}

fn encode(record: &Record) -> Encoded {
    encoder(json!({"envelope": "with-times"}))
        .encode(record)
        .expect("every record can be put")
}

fn back(encoded: Encoded) -> Record {
    let arrival = Some(Timestamp::from_millis(7));
    let mut read = decode(&encoded.partition_key, encoded.data, arrival);
    assert_eq!(read.len(), 1);
    let read = read.remove(0);
    assert_eq!(read.sub, None);
    read.record.expect("no damage")
}

fn keyed(key: &'static [u8], value: &'static [u8]) -> Record {
    Record {
        key: Some(Bytes::from_static(key)),
        ..Record::from_value(value)
    }
}

#[test]
fn a_key_and_bytes_are_what_they_are() {
    let encoded = encode(&keyed(b"user 7", b"{\"n\":1}"));
    assert_eq!(
        (encoded.partition_key.as_str(), &encoded.data[..]),
        ("user 7", &b"{\"n\":1}"[..])
    );
}

#[test]
fn a_record_without_a_key_is_plain_and_keeps_its_time() {
    let time = Timestamp::from_nanos(1_715_254_403_007_507_000);
    let record = Record {
        timestamp: Some(time),
        ..Record::from_value("v")
    };
    let encoded = encode(&record);
    assert_eq!(&encoded.data[..], b"v");
    assert!(
        encoded.partition_key.ends_with("@1715254403007.507000"),
        "{}",
        encoded.partition_key
    );
    assert_eq!(back(encoded), record);
}

#[test]
fn records_without_a_key_are_spread() {
    let mut encoder = encoder(json!({}));
    let mut key = || {
        encoder
            .encode(&Record::from_value("v"))
            .expect("plain")
            .partition_key
    };
    assert_ne!(key(), key());
}

#[test]
fn what_kinesis_cannot_hold_is_wrapped() {
    for record in [
        keyed(b"", b"empty key"),
        keyed(b"\xff\0", b"key of bytes"),
        keyed(b"no-key:1", b"key like ours"),
        keyed(b"k", b"\xf3\x89\x9a\xc2value like an aggregate"),
        Record {
            value: None,
            ..keyed(b"k", b"")
        },
        Record {
            timestamp: Some(Timestamp::from_millis(-1)),
            ..keyed(b"k", b"timed")
        },
    ] {
        let mut read = encode(&record);
        assert!(looks_aggregated(&read.data), "{record:?}");
        assert!(!read.partition_key.is_empty());
        read.explicit_hash_key = None;
        let read = back(read);
        let arrived = Record {
            timestamp: record.timestamp.or(read.timestamp),
            ..record
        };
        assert_eq!(read, arrived);
    }
}

#[test]
fn times_alone_are_not_wrapped_unless_asked_for() {
    let mut encoder = encoder(json!({}));
    let time = Some(Timestamp::from_millis(5));
    let timed = Record {
        timestamp: time,
        ..keyed(b"k", b"v")
    };
    assert_eq!(&encoder.encode(&timed).expect("plain").data[..], b"v");
    assert_eq!(back(encode(&timed)), timed);
    let null = Record {
        value: None,
        ..timed
    };
    let read = back(encoder.encode(&null).expect("wrapped"));
    assert_eq!((read.value, read.timestamp), (None, time));
}

#[test]
fn equal_keys_of_bytes_go_to_the_same_shard() {
    let record = keyed(b"\xff\0", b"v");
    assert_eq!(encode(&record).partition_key, encode(&record).partition_key);
}

#[test]
fn without_envelopes_data_is_plain_or_refused() {
    let mut encoder = encoder(json!({"envelope": "never", "explicit-hash-key": "header:hash"}));
    let header = |name: &str| (name.to_owned(), Some(Bytes::from_static(b"12")));
    let timed = Record {
        timestamp: Some(Timestamp::from_millis(1)),
        headers: vec![header("hash")],
        ..keyed(b"k", b"v")
    };
    let plain = encoder.encode(&timed).expect("the time is given up");
    assert_eq!(
        (&plain.data[..], plain.explicit_hash_key),
        (&b"v"[..], Some(12))
    );
    let headers = Record {
        headers: vec![header("hash"), header("other")],
        ..keyed(b"k", b"v")
    };
    let null = Record {
        value: None,
        headers: vec![header("hash")],
        ..keyed(b"k", b"")
    };
    for record in [headers, null] {
        assert_eq!(
            encoder.encode(&record).expect_err("refused").kind(),
            ErrorKind::Data
        );
    }
    assert_eq!(
        encoder
            .encode(&keyed(b"k", b"v"))
            .expect_err("no hash")
            .kind(),
        ErrorKind::Data
    );
}

#[test]
fn damaged_tags_are_told() {
    use crate::aggregate::{Aggregate, Tag, UserRecord, encode};
    for (key, value) in [
        ("ssectl.key", Some("?")),
        ("ssectl.timestamp", None),
        ("ssectl.new", Some("1")),
    ] {
        let tag = Tag {
            key: key.to_owned(),
            value: value.map(str::to_owned),
        };
        let data = Bytes::from_static(b"v");
        let user = UserRecord {
            partition_key: 0,
            explicit_hash_key: None,
            data,
            tags: vec![tag],
        };
        let aggregate = Aggregate {
            partition_keys: vec!["k".to_owned()],
            explicit_hash_keys: Vec::new(),
            records: vec![user],
        };
        let read = decode("k", encode(&aggregate), None).remove(0);
        let (raw, error) = read.record.expect_err("damaged");
        assert_eq!((error.kind(), &raw[..]), (ErrorKind::Data, &b"v"[..]));
        assert!(error.to_string().contains(key), "{error}");
    }
}

fn bytes() -> impl Strategy<Value = Bytes> {
    prop::collection::vec(any::<u8>(), 0..40).prop_map(Bytes::from)
}

fn record() -> impl Strategy<Value = Record> {
    let name = prop_oneof!["[a-z]{0,4}", "ssectl\\.[a-z.]{0,8}", ".{0,4}"];
    let headers = prop::collection::vec((name, prop::option::of(bytes())), 0..5);
    let time = prop::option::of(any::<i64>().prop_map(|nanos| Timestamp::from_nanos(nanos.into())));
    (
        prop::option::of(bytes()),
        prop::option::of(bytes()),
        headers,
        time,
    )
        .prop_map(|(key, value, headers, timestamp)| Record {
            key,
            value,
            headers,
            timestamp,
            ..Record::default()
        })
}

proptest! {
    #[test]
    fn every_record_survives(record in record()) {
        let read = back(encode(&record));
        let time = record.timestamp.or(Some(Timestamp::from_millis(7)));
        prop_assert_eq!(read, Record { timestamp: time, ..record });
    }
}
