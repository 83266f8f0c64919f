//! From a record to a message.

use std::time::{Duration, SystemTime};

use azure_core_amqp::message::{AmqpApplicationProperties, AmqpMessageBody, AmqpMessageProperties};
use azure_core_amqp::{AmqpMessage, AmqpSimpleValue as Simple, AmqpSymbol, AmqpTimestamp};
use ssectl_adapter::{Record, Timestamp};

use super::{KEY, LONGEST_KEY, PARTITION_KEY, TIMESTAMP, VALUE, headers, simple};

/// The first millisecond that the calendars of other clients cannot show (the year 10000).
const TOO_LATE: i64 = 253_402_300_800_000;

/// Makes a message of a record; nothing of the record is lost.
pub(crate) fn encode(record: &Record) -> AmqpMessage {
    let mut properties = Vec::new();
    let body = match &record.value {
        Some(value) => value.to_vec(),
        None => {
            properties.push((VALUE.to_owned(), Simple::String("null".to_owned())));
            Vec::new()
        }
    };
    let partition_key = partition_key(record);
    if partition_key.is_none()
        && let Some(key) = &record.key
    {
        properties.push((KEY.to_owned(), simple::of(Some(key))));
    }
    let created = record.timestamp.and_then(creation_time);
    if created.is_none()
        && let Some(time) = record.timestamp
    {
        properties.push((TIMESTAMP.to_owned(), Simple::String(millis(time))));
    }
    properties.extend(headers::properties(&record.headers));
    build(body, created, properties, partition_key)
}

fn build(
    body: Vec<u8>,
    created: Option<SystemTime>,
    properties: Vec<(String, Simple)>,
    partition_key: Option<&str>,
) -> AmqpMessage {
    let mut message = AmqpMessage::builder().with_body(AmqpMessageBody::Binary(vec![body]));
    if let Some(time) = created {
        message = message.with_properties(AmqpMessageProperties {
            creation_time: Some(AmqpTimestamp::from(time)),
            ..AmqpMessageProperties::default()
        });
    }
    if !properties.is_empty() {
        let mut all = AmqpApplicationProperties::new();
        for (name, value) in properties {
            all.insert(name, value);
        }
        message = message.with_application_properties(all);
    }
    let mut message = message.build();
    if let Some(key) = partition_key {
        message.add_message_annotation(AmqpSymbol::from(PARTITION_KEY), key);
    }
    message
}

/// Whether the message of a record has a partition key.
pub(crate) fn has_partition_key(record: &Record) -> bool {
    partition_key(record).is_some()
}

/// A key that the service takes: text of 1 to 128 characters.
fn partition_key(record: &Record) -> Option<&str> {
    let text = std::str::from_utf8(record.key.as_ref()?).ok()?;
    let length = text.encode_utf16().count();
    (1..=LONGEST_KEY).contains(&length).then_some(text)
}

/// A time that `creation-time` can say: whole milliseconds that every client's calendar has.
fn creation_time(time: Timestamp) -> Option<SystemTime> {
    let millis = time.as_millis();
    if time.has_parts_of_millis() || !(0..TOO_LATE).contains(&millis) {
        return None;
    }
    Some(SystemTime::UNIX_EPOCH + Duration::from_millis(millis.unsigned_abs()))
}

/// Milliseconds, with up to six decimals where a time is finer.
fn millis(time: Timestamp) -> String {
    let nanos = time.as_nanos();
    let sign = if nanos < 0 { "-" } else { "" };
    let (whole, part) = (
        nanos.unsigned_abs() / 1_000_000,
        nanos.unsigned_abs() % 1_000_000,
    );
    match part {
        0 => format!("{sign}{whole}"),
        _ => format!("{sign}{whole}.{part:06}"),
    }
}
