//! Records survive the way there and back, whatever they hold.

use std::collections::HashMap;

use bytes::Bytes;
use google_cloud_pubsub::model::Message;
use google_cloud_wkt::Timestamp as Wkt;
use proptest::prelude::*;
use ssectl_adapter::{ErrorKind, Headers, Origin, Record, Result, Timestamp};

use super::encode::Encoded;
use super::*;

fn there_and_back(record: &Record, ordering: bool) -> Record {
    read(encode(record, ordering).message).expect("what we wrote can be read")
}

fn read(message: Message) -> Result<Record> {
    decode(message, Origin::default())
}

fn attributes(pairs: &[(&str, &str)]) -> HashMap<String, String> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn pair(name: &str, value: &'static [u8]) -> (String, Option<Bytes>) {
    (name.to_owned(), Some(Bytes::from_static(value)))
}

fn keyed(key: &'static [u8]) -> Record {
    Record {
        key: Some(Bytes::from_static(key)),
        ..Record::from_value("v")
    }
}

#[test]
fn a_plain_record_is_a_plain_message() {
    let sent = encode(&Record::from_value("hello"), false).message;
    assert_eq!(sent, Message::new().set_data("hello"));
    let sent = encode(&keyed(b"customer-7"), true).message;
    assert_eq!(
        sent,
        Message::new().set_data("v").set_ordering_key("customer-7")
    );
}

#[test]
fn a_foreign_message_is_a_natural_record() {
    let message = Message::new()
        .set_data("hello")
        .set_attributes(attributes(&[("trace", "abc"), ("kind", "order")]))
        .set_ordering_key("tenant-1")
        .set_publish_time(Wkt::clamp(1_700_000_000, 123_000_000));
    let record = read(message).expect("any message is a record");
    let expected = Record {
        key: Some("tenant-1".into()),
        value: Some("hello".into()),
        headers: vec![pair("kind", b"order"), pair("trace", b"abc")],
        timestamp: Some(Timestamp::from_millis(1_700_000_000_123)),
        origin: Origin::default(),
    };
    assert_eq!(record, expected);
    let bare = read(Message::new().set_attributes(attributes(&[("only", "this")])));
    assert_eq!(bare.expect("a record").value, Some(Bytes::new()));
}

#[test]
fn keys_that_are_no_ordering_keys_are_ordered_by_a_hash() {
    for key in [&b""[..], b"\xff\xfe"] {
        let sent = encode(&keyed(key), true).message;
        assert!(
            sent.ordering_key.starts_with("ssectl-"),
            "{}",
            sent.ordering_key
        );
    }
    assert_eq!(
        encode(&Record::from_value("v"), true).message.ordering_key,
        ""
    );
}

#[test]
fn headers_that_attributes_cannot_hold_travel_together() {
    let many: Headers = (0..100)
        .map(|n| (format!("h{n:03}"), Some("v".into())))
        .collect();
    let others: [(Headers, &str); 6] = [
        (vec![pair("a", b"1"), pair("a", b"2")], HEADERS),
        (vec![pair("goog-x", b"1")], HEADERS),
        (vec![("null".to_owned(), None)], HEADERS),
        (vec![pair("ssectl.key", b"\xff")], HEADERS),
        (
            vec![("long".to_owned(), Some(vec![b'x'; 1025].into()))],
            PREFIX,
        ),
        (many, PREFIX),
    ];
    for (headers, way) in others {
        let record = Record {
            headers: headers.clone(),
            ..Record::from_value("v")
        };
        let sent = encode(&record, false).message;
        assert_eq!(
            sent.attributes.keys().collect::<Vec<_>>(),
            [way],
            "{headers:?}"
        );
        assert_eq!(there_and_back(&record, false), record);
    }
}

#[test]
fn a_long_key_stands_before_the_value() {
    let record = Record {
        key: Some(vec![b'k'; 5000].into()),
        ..Record::from_value("v")
    };
    for ordering in [false, true] {
        let sent = encode(&record, ordering).message;
        assert_eq!(sent.attributes.keys().collect::<Vec<_>>(), [PREFIX]);
        assert!(sent.data.ends_with(b"}v"));
        assert_eq!(there_and_back(&record, ordering), record);
    }
}

#[test]
fn damaged_markers_are_told() {
    for (name, value) in [
        (VALUE, "rot13"),
        (VALUE, "null"),
        (KEY_BASE64, "?"),
        (TIMESTAMP, "yesterday"),
        (TIMESTAMP, "1.0000001"),
        (HEADERS, "{}"),
        (PREFIX, "99"),
        (PREFIX, "4"),
    ] {
        let message = Message::new()
            .set_data("some data")
            .set_attributes(attributes(&[(name, value)]));
        let error = read(message).expect_err(value);
        assert_eq!(error.kind(), ErrorKind::Data, "{name} {value}");
        assert!(error.to_string().contains(name), "{error}");
    }
}

fn bytes() -> impl Strategy<Value = Bytes> {
    let text = any::<String>().prop_map(Bytes::from);
    let binary = prop::collection::vec(any::<u8>(), 0..40).prop_map(Bytes::from);
    let plain = "[a-z0-9]{0,12}".prop_map(Bytes::from);
    let long = (1000_usize..1400, any::<u8>()).prop_map(|(n, byte)| Bytes::from(vec![byte; n]));
    prop_oneof![text, binary, plain, long]
}

fn headers() -> impl Strategy<Value = Headers> {
    let name = prop_oneof![
        "[a-z,]{0,3}",
        any::<String>(),
        Just("ssectl.key".to_owned())
    ];
    prop::collection::vec((name, prop::option::of(bytes())), 0..13)
}

prop_compose! {
    fn record()(
        key in prop::option::of(bytes()),
        value in prop::option::of(bytes()),
        headers in headers(),
        nanos in prop_oneof![any::<i64>().prop_map(i128::from), Just(0), Just(-1)],
    ) -> Record {
        let timestamp = Some(Timestamp::from_nanos(nanos));
        Record { key, value, headers, timestamp, origin: Origin::default() }
    }
}

proptest! {
    #[test]
    fn nothing_of_a_record_is_lost(record in record()) {
        prop_assert_eq!(&there_and_back(&record, false), &record);
        prop_assert_eq!(&there_and_back(&record, true), &record);
    }

    #[test]
    fn pubsub_takes_every_message(record in record()) {
        for ordering in [false, true] {
            let Encoded { message, size } = encode(&record, ordering);
            prop_assert!(message.attributes.len() <= MOST_ATTRIBUTES);
            prop_assert!(!message.data.is_empty() || !message.attributes.is_empty());
            prop_assert!(message.ordering_key.len() <= 1024);
            prop_assert_eq!(message.ordering_key.is_empty(), !ordering || record.key.is_none());
            let mut bytes = message.data.len() + message.ordering_key.len();
            for (name, value) in &message.attributes {
                prop_assert!((1..=LONGEST_NAME).contains(&name.len()));
                prop_assert!(value.len() <= LONGEST_VALUE);
                prop_assert!(!name.starts_with("goog"));
                bytes += name.len() + value.len();
            }
            prop_assert!(size >= bytes);
        }
    }

    #[test]
    fn any_attributes_are_read_without_a_panic(
        name in prop::sample::select(OWN.to_vec()),
        value in any::<String>(),
        data in any::<Vec<u8>>(),
    ) {
        let message = Message::new().set_data(data).set_attributes(attributes(&[(name, &value)]));
        let _ = read(message);
    }
}
