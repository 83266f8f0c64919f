//! The mapping there and back, and what others see and write.

use aws_sdk_sqs::types::{Message, MessageAttributeValue, MessageSystemAttributeName as System};
use bytes::Bytes;
use proptest::prelude::*;
use ssectl_adapter::{ErrorKind, Headers, Origin, Record, Timestamp};

use super::*;

/// What a queue would hand out for a message that was sent.
fn delivered(sent: Encoded) -> Message {
    let mut system = std::collections::HashMap::new();
    system.insert(System::SentTimestamp, "1700000000000".to_owned());
    if let Some(group) = sent.group {
        system.insert(System::MessageGroupId, group);
    }
    Message::builder()
        .body(sent.body)
        .set_attributes(Some(system))
        .set_message_attributes(Some(sent.attributes))
        .build()
}

fn there_and_back(record: &Record, grouping: Grouping<'_>) -> Record {
    read(delivered(encode(record, grouping))).expect("our own message")
}

fn read(mut message: Message) -> ssectl_adapter::Result<Record> {
    let body = message.body.take().unwrap_or_default();
    decode(&message, body.into(), Origin::default())
}

fn text(value: &str) -> MessageAttributeValue {
    typed("String", value)
}

fn typed(kind: &str, value: &str) -> MessageAttributeValue {
    let value = MessageAttributeValue::builder()
        .data_type(kind)
        .string_value(value);
    value.build().expect("a type is there")
}

fn pair(name: &str, value: &'static [u8]) -> (String, Option<Bytes>) {
    (name.to_owned(), Some(Bytes::from_static(value)))
}

#[test]
fn plain_text_is_a_plain_message() {
    let sent = encode(&Record::from_value("{\"a\":1}\n"), Grouping::Standard);
    assert_eq!(sent.body, "{\"a\":1}\n");
    assert!(sent.attributes.is_empty());
    assert_eq!(sent.group, None);
    assert_eq!(sent.size, 8);
}

#[test]
fn headers_are_attributes_that_others_can_read() {
    let record = Record {
        headers: vec![pair("a", b"1"), pair("b", b"\xff"), pair("c.d-e_F", b"")],
        ..Record::from_value("v")
    };
    let sent = encode(&record, Grouping::Standard);
    assert_eq!(sent.attributes.len(), 3);
    assert_eq!(sent.attributes["a"], text("1"));
    assert_eq!(sent.attributes["b"].data_type(), "Binary");
    assert_eq!(sent.attributes["c.d-e_F"].data_type(), "String.empty");
}

#[test]
fn the_key_is_the_group_of_a_fifo_queue() {
    let keyed = |key: &'static [u8]| Record {
        key: Some(Bytes::from_static(key)),
        ..Record::from_value("v")
    };
    let fifo = Grouping::Fifo("usual");
    let sent = encode(&keyed(b"customer-7"), fifo);
    assert_eq!(sent.group.as_deref(), Some("customer-7"));
    assert!(sent.attributes.is_empty());
    let sent = encode(&keyed(b"two words"), fifo);
    assert!(sent.group.is_some_and(|group| is_group_id(&group)));
    assert_eq!(
        encode(&Record::from_value("v"), fifo).group.as_deref(),
        Some("usual")
    );
}

#[test]
fn a_foreign_message_is_a_natural_record() {
    let message = Message::builder()
        .body("hello")
        .attributes(System::SentTimestamp, "1700000000123")
        .attributes(System::MessageGroupId, "tenant-1")
        .message_attributes("trace", text("abc"))
        .message_attributes("amount", typed("Number.int", "12.50"))
        .build();
    let record = read(message).expect("any message is a record");
    let expected = Record {
        key: Some("tenant-1".into()),
        value: Some("hello".into()),
        headers: vec![pair("amount", b"12.50"), pair("trace", b"abc")],
        timestamp: Some(Timestamp::from_millis(1_700_000_000_123)),
        origin: Origin::default(),
    };
    assert_eq!(record, expected);
}

#[test]
fn headers_that_attributes_cannot_hold_are_packed() {
    let many: Headers = (0..11)
        .map(|n| (format!("h{n:02}"), Some("v".into())))
        .collect();
    let others: [Headers; 5] = [
        many,
        vec![pair("a", b"1"), pair("a", b"2")],
        vec![pair("n\u{e1}me", b"1")],
        vec![pair("aws.x", b"1")],
        vec![pair("ssectl.key", b"1")],
    ];
    for headers in others {
        let record = Record {
            headers: headers.clone(),
            ..Record::from_value("v")
        };
        let sent = encode(&record, Grouping::Standard);
        assert_eq!(
            sent.attributes.keys().collect::<Vec<_>>(),
            [HEADERS],
            "{headers:?}"
        );
        assert_eq!(there_and_back(&record, Grouping::Standard).headers, headers);
    }
}

#[test]
fn damaged_markers_are_told() {
    for (name, value) in [
        (VALUE, "rot13"),
        (VALUE, "base64"),
        (TIMESTAMP, "yesterday"),
        (TIMESTAMP, "1.0000001"),
        (HEADERS, "{}"),
    ] {
        let message = Message::builder()
            .body("not base64!")
            .message_attributes(name, text(value));
        let error = read(message.build()).expect_err(value);
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
        prop_assert_eq!(&there_and_back(&record, Grouping::Standard), &record);
        prop_assert_eq!(&there_and_back(&record, Grouping::Fifo("usual")), &record);
    }

    #[test]
    fn sqs_takes_every_message(record in record()) {
        for grouping in [Grouping::Standard, Grouping::Fifo("usual")] {
            let sent = encode(&record, grouping);
            prop_assert!(is_text(&sent.body));
            prop_assert!(sent.attributes.len() <= MOST_ATTRIBUTES);
            prop_assert!(sent.group.as_deref().is_none_or(is_group_id));
            let mut size = sent.body.len();
            for (name, value) in &sent.attributes {
                prop_assert!(value.string_value().is_none_or(is_text));
                prop_assert!(value.binary_value().is_none_or(|blob| !blob.as_ref().is_empty()));
                let of_value = value.string_value().map_or_else(
                    || value.binary_value().map_or(0, |blob| blob.as_ref().len()),
                    str::len,
                );
                size += name.len() + value.data_type().len() + of_value;
            }
            prop_assert_eq!(sent.size, size);
        }
    }

    #[test]
    fn any_attributes_are_read_without_a_panic(
        name in prop_oneof![Just(VALUE), Just(TIMESTAMP), Just(HEADERS), Just(KEY), Just(ORDER)],
        value in any::<String>(),
    ) {
        let message = Message::builder().body("b").message_attributes(name, text(&value)).build();
        let _ = read(message);
    }
}
