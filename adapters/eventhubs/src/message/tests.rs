//! The mapping there and back, and what others see and write.

use std::time::{Duration, SystemTime};

use azure_core_amqp::message::{
    AmqpAnnotations, AmqpApplicationProperties, AmqpMessageBody, AmqpMessageProperties,
};
use azure_core_amqp::{
    AmqpMessage, AmqpSimpleValue as Simple, AmqpSymbol, AmqpTimestamp, AmqpValue,
};
use bytes::Bytes;
use proptest::prelude::*;
use ssectl_adapter::{ErrorKind, Headers, Origin, Record, Timestamp};

use super::*;

fn read(message: AmqpMessage) -> ssectl_adapter::Result<Record> {
    let event = Event::of(&message);
    decode(message, &event, Origin::default())
}

fn there_and_back(record: &Record) -> Record {
    let sent = encode(record);
    // What cannot be written cannot be sent.
    AmqpMessage::serialize(&sent).expect("any record can be written");
    read(sent).expect("our own message")
}

fn pair(name: &str, value: &'static [u8]) -> (String, Option<Bytes>) {
    (name.to_owned(), Some(Bytes::from_static(value)))
}

fn with_property(name: &str, value: Simple) -> AmqpMessage {
    let mut properties = AmqpApplicationProperties::new();
    properties.insert(name.to_owned(), value);
    let body = AmqpMessageBody::Binary(vec![b"body".to_vec()]);
    AmqpMessage::builder()
        .with_body(body)
        .with_application_properties(properties)
        .build()
}

#[test]
fn a_plain_value_is_a_plain_message() {
    let sent = encode(&Record::from_value("{\"a\":1}\n"));
    assert_eq!(
        sent.body,
        AmqpMessageBody::Binary(vec![b"{\"a\":1}\n".to_vec()])
    );
    assert!(sent.application_properties.is_none());
    assert!(sent.message_annotations.is_none());
    assert!(sent.properties.is_none());
}

#[test]
fn the_key_is_the_partition_key_where_the_service_takes_it() {
    let annotated = |key: &[u8]| {
        let record = Record {
            key: Some(Bytes::copy_from_slice(key)),
            ..Record::from_value("v")
        };
        let sent = encode(&record);
        assert_eq!(there_and_back(&record), record);
        sent.message_annotations.is_some()
    };
    assert!(annotated(b"customer-7"));
    assert!(annotated("ž".repeat(128).as_bytes()));
    assert!(!annotated(b""));
    assert!(!annotated(b"\xff"));
    assert!(!annotated("k".repeat(129).as_bytes()));
}

#[test]
fn headers_are_properties_in_their_order() {
    let headers = vec![pair("z", b"1"), pair("a", b"\xff"), ("n".to_owned(), None)];
    let record = Record {
        headers: headers.clone(),
        ..Record::from_value("v")
    };
    let sent = encode(&record).application_properties.expect("properties");
    let sent: Vec<_> = sent.0.into_iter().collect();
    let expected = [
        ("z".to_owned(), Simple::String("1".to_owned())),
        ("a".to_owned(), Simple::Binary(vec![0xff])),
        ("n".to_owned(), Simple::Null),
    ];
    assert_eq!(sent, expected);
}

#[test]
fn headers_that_properties_cannot_hold_are_packed() {
    let others: [Headers; 3] = [
        vec![pair("a", b"1"), pair("a", b"2")],
        vec![pair("", b"1")],
        vec![pair("ssectl.key", b"1"), ("b".to_owned(), None)],
    ];
    for headers in others {
        let record = Record {
            headers: headers.clone(),
            ..Record::from_value("v")
        };
        let sent = encode(&record).application_properties.expect("properties");
        assert_eq!(sent.0.len(), 1, "{headers:?}");
        assert_eq!(there_and_back(&record).headers, headers);
    }
}

#[test]
fn a_foreign_message_is_a_natural_record() {
    let mut message = with_property("amount", Simple::Int(12));
    let mut annotations = AmqpAnnotations::new();
    annotations.insert(AmqpSymbol::from("x-opt-sequence-number"), 7_i64);
    annotations.insert(AmqpSymbol::from("x-opt-offset"), "1234".to_owned());
    annotations.insert(AmqpSymbol::from("x-opt-partition-key"), "tenant".to_owned());
    let arrived = SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_123);
    annotations.insert(
        AmqpSymbol::from("x-opt-enqueued-time"),
        AmqpValue::TimeStamp(AmqpTimestamp(Some(arrived))),
    );
    message.message_annotations = Some(annotations);
    let event = Event::of(&message);
    assert_eq!(event.sequence_number, Some(7));
    assert_eq!(event.offset.as_deref(), Some("1234"));
    let record = read(message.clone()).expect("any message is a record");
    let expected = Record {
        key: Some("tenant".into()),
        value: Some("body".into()),
        headers: vec![pair("amount", b"12")],
        timestamp: Some(Timestamp::from_millis(1_700_000_000_123)),
        origin: Origin::default(),
    };
    assert_eq!(record, expected);
    let created = SystemTime::UNIX_EPOCH + Duration::from_secs(1);
    message.properties = Some(AmqpMessageProperties {
        creation_time: Some(created.into()),
        ..AmqpMessageProperties::default()
    });
    let record = read(message).expect("a record");
    assert_eq!(record.timestamp, Some(Timestamp::from_millis(1000)));
}

#[test]
fn bodies_of_every_kind_are_read_or_told() {
    let value = |body| {
        let message = AmqpMessage::builder().with_body(body).build();
        read(message).map(|record| record.value)
    };
    let bytes = |text: &'static str| Some(Bytes::from(text));
    assert_eq!(value(AmqpMessageBody::Empty).ok(), Some(None));
    assert_eq!(
        value(AmqpMessageBody::Value(AmqpValue::Null)).ok(),
        Some(None)
    );
    let sections = AmqpMessageBody::Binary(vec![b"a".to_vec(), b"b".to_vec()]);
    assert_eq!(value(sections).ok(), Some(bytes("ab")));
    let text = AmqpMessageBody::Value(AmqpValue::String("t".to_owned()));
    assert_eq!(value(text).ok(), Some(bytes("t")));
    let error = value(AmqpMessageBody::Value(AmqpValue::Int(1))).expect_err("no bytes");
    assert_eq!(error.kind(), ErrorKind::Data);
}

#[test]
fn damaged_markers_are_told() {
    for (name, value) in [
        (VALUE, "rot13"),
        (TIMESTAMP, "yesterday"),
        (TIMESTAMP, "1.0000001"),
        (HEADERS, "{}"),
    ] {
        let error = read(with_property(name, value.into())).expect_err(value);
        assert_eq!(error.kind(), ErrorKind::Data, "{name} {value}");
        assert!(error.to_string().contains(name), "{error}");
    }
}

fn bytes() -> impl Strategy<Value = Bytes> {
    let text = any::<String>().prop_map(Bytes::from);
    let any = prop::collection::vec(any::<u8>(), 0..40).prop_map(Bytes::from);
    let plain = "[a-z0-9]{0,12}".prop_map(Bytes::from);
    prop_oneof![text, any, plain]
}

fn headers() -> impl Strategy<Value = Headers> {
    let name = prop_oneof![
        "[a-z.]{0,3}",
        any::<String>(),
        Just("ssectl.key".to_owned())
    ];
    prop::collection::vec((name, prop::option::of(bytes())), 0..13)
}

fn time() -> impl Strategy<Value = Timestamp> {
    let nanos = any::<i64>().prop_map(|nanos| Timestamp::from_nanos(nanos.into()));
    let millis = any::<i64>().prop_map(Timestamp::from_millis);
    prop_oneof![nanos, millis, Just(Timestamp::from_millis(0))]
}

prop_compose! {
    fn record()(
        key in prop::option::of(bytes()),
        value in prop::option::of(bytes()),
        headers in headers(),
        timestamp in prop::option::of(time()),
    ) -> Record {
        Record { key, value, headers, timestamp, origin: Origin::default() }
    }
}

proptest! {
    #[test]
    fn nothing_of_a_record_is_lost(record in record()) {
        prop_assert_eq!(there_and_back(&record), record);
    }

    #[test]
    fn any_property_is_read_without_a_panic(
        name in prop_oneof![Just(VALUE), Just(TIMESTAMP), Just(HEADERS), Just(KEY)],
        value in any::<String>(),
    ) {
        let _ = read(with_property(name, Simple::String(value)));
    }
}
