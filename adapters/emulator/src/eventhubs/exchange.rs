//! Events as records of no dialect, and back, as the service maps them for its Kafka endpoint.
//!
//! Value and body, key and partition key, headers and application properties are the same thing twice. A property that is no
//! text and no bytes reaches a header as text. A header reaches a property as bytes, and a key also as `x-opt-kafka-key`.
//! Properties whose names begin with `ssectl.` are those of the Event Hubs adapter of ssectl, and a sender's `creation-time` is
//! the record's time, as that adapter has it.

use bytes::{Bytes, BytesMut};

use super::amqp::{Body, Message, Value, encode};
use super::events::{Event, events};
use crate::interchange::{Record, own};
use crate::store::Frame;

/// The place of `creation-time` among the properties.
const CREATION_TIME: usize = 9;

/// The annotation with the key of a record of Kafka.
const KAFKA_KEY: &str = "x-opt-kafka-key";

/// The longest key that is a partition key too, in characters.
const MAX_KEY: usize = 128;

/// The records of a frame of events; what cannot be read is an empty record, so that no offset is missing.
pub(crate) fn records_of(frame: &Frame) -> Vec<Record> {
    let stamped = events(frame.payload.clone()).zip(frame.header.base_offset..);
    stamped
        .map(|(event, offset)| record_of(&event, offset, frame.header.max_timestamp))
        .collect()
}

fn record_of(event: &Event, offset: i64, timestamp_ms: i64) -> Record {
    let message = Message::read(&event.message).unwrap_or_default();
    let created = match message.property(CREATION_TIME) {
        Value::Timestamp(created) => Some(*created),
        _ => None,
    };
    let mut record = Record {
        offset,
        timestamp_ms: created.unwrap_or(timestamp_ms),
        key: event.key.clone().map(Bytes::from),
        headers: Vec::new(),
        value: match message.body {
            Body::Empty => Some(Bytes::new()),
            Body::Data(data) => Some(data.into()),
            Body::Value(value) => text_of(&value),
        },
    };
    for (name, value) in &message.application_properties {
        let name = text_of(name).unwrap_or_default();
        let name = String::from_utf8_lossy(&name).into_owned();
        apply(&mut record, name, text_of(value));
    }
    record
}

/// Takes a property into a record: what it says of our own, or else as a header.
fn apply(record: &mut Record, name: String, value: Option<Bytes>) {
    let text = value
        .as_deref()
        .and_then(|value| std::str::from_utf8(value).ok());
    match name.as_str() {
        own::VALUE if text == Some("null") => record.value = None,
        own::KEY => record.key = value,
        own::TIMESTAMP if let Some(time) = text.and_then(own::millis) => record.timestamp_ms = time,
        own::HEADERS if let Some(headers) = value.as_deref().and_then(own::unpack) => {
            record.headers.splice(..0, headers);
        }
        _ => record.headers.push((name, value)),
    }
}

/// A value as bytes that people can read; `None` for null.
fn text_of(value: &Value) -> Option<Bytes> {
    Some(match value {
        Value::Null => return None,
        Value::Binary(bytes) => bytes.clone().into(),
        Value::String(text) | Value::Symbol(text) => text.clone().into(),
        Value::Bool(flag) => flag.to_string().into(),
        Value::Uint { value, .. } => value.to_string().into(),
        Value::Int { value, .. } | Value::Timestamp(value) => value.to_string().into(),
        Value::Float(number) => number.to_string().into(),
        Value::Double(number) => number.to_string().into(),
        other => {
            let mut bytes = BytesMut::new();
            encode(other, &mut bytes);
            bytes.freeze()
        }
    })
}

/// A record as an event. In a bridged hub it says all that the record does, in properties of our own where AMQP has no other
/// way; the service itself does not.
pub(super) fn event_of(mut record: Record, is_bridged: bool) -> Event {
    let mut own = Vec::new();
    if is_bridged {
        own = own_properties(&mut record);
    }
    let binary = |bytes: &Bytes| Value::Binary(bytes.to_vec());
    let key = record.key.as_ref();
    let text = key.and_then(|key| String::from_utf8(key.to_vec()).ok());
    let annotation = key.map(|key| (Value::symbol(KAFKA_KEY), binary(key)));
    let headers = record.headers.into_iter().map(|(name, value)| {
        let value = value.as_ref().map_or(Value::Null, binary);
        (Value::string(name), value)
    });
    let message = Message {
        annotations: annotation.into_iter().collect(),
        application_properties: headers.chain(own).collect(),
        body: Body::Data(record.value.unwrap_or_default().to_vec()),
        ..Message::default()
    };
    let mut bytes = BytesMut::new();
    message.put(&mut bytes);
    Event {
        key: text.filter(|key| is_partition_key(key)),
        message: bytes.freeze(),
    }
}

/// Whether a key can be a partition key.
fn is_partition_key(key: &str) -> bool {
    key.chars().count() <= MAX_KEY
}

/// What key, body and properties do not say; headers that cannot be properties are taken out of the record.
fn own_properties(record: &mut Record) -> Vec<(Value, Value)> {
    let mut own = Vec::new();
    if record.value.is_none() {
        own.push((Value::string(own::VALUE), Value::string("null")));
    }
    if let Some(key) = &record.key {
        own.extend(match std::str::from_utf8(key) {
            Ok(text) if !text.is_empty() && is_partition_key(text) => None,
            Ok(text) => Some((Value::string(own::KEY), Value::string(text))),
            Err(_) => Some((Value::string(own::KEY), Value::Binary(key.to_vec()))),
        });
    }
    let is_name = |name: &str| !name.is_empty() && !name.starts_with(own::PREFIX);
    let are_names = record.headers.iter().all(|(name, _)| is_name(name));
    if !are_names || !own::are_distinct(&record.headers) {
        let packed = own::pack(&std::mem::take(&mut record.headers));
        own.push((Value::string(own::HEADERS), Value::string(packed)));
    }
    own
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interchange::odd;

    #[test]
    fn every_record_survives_in_a_bridged_hub() {
        for record in odd::records() {
            assert_eq!(record_of(&event_of(record.clone(), true), 7, 5), record);
        }
    }
}
