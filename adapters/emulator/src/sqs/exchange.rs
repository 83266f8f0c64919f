//! Messages as records of no dialect, and back, as the SQS adapter of ssectl writes and reads them.
//!
//! Body and value, message attributes and headers, and in a FIFO queue the message group and the key are the same thing twice.
//! What a message cannot say so stands in attributes whose names begin with `ssectl.`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use super::message_attributes::{Kept, LIMIT, NAME_BYTES, kept, put_text_or_bytes};
use super::messages::Envelope;
use super::text;
use crate::aws::ACCOUNT;
use crate::interchange::own::{self, HEADERS, Headers, KEY, ORDER, PREFIX, TIMESTAMP, VALUE};
use crate::interchange::{self, Record};
use crate::queue::{FORMAT, Message, NewMessage, Transcoder};
use crate::store::Frame;

/// What stands where SQS wants at least one character.
const PLACEHOLDER: &[u8] = b"-";

/// The type of an attribute without bytes.
const EMPTY: &str = "String.empty";

/// The type of an attribute without a value.
const NULL: &str = "String.null";

/// The message group of records without a key in FIFO queues.
const USUAL_GROUP: &str = "ssectl";

/// The attributes that are no headers.
const OWN: [&str; 5] = [VALUE, KEY, TIMESTAMP, ORDER, HEADERS];

/// How the messages of a bridged queue come about.
pub(super) const TRANSCODER: Transcoder = Transcoder {
    messages: messages_of,
    key: key_of,
};

/// The records of a frame with a message.
pub(crate) fn records_of(frame: &Frame) -> Vec<Record> {
    let message = Message::decode(frame.payload.clone());
    let offset = frame.header.base_offset;
    message
        .map(|message| record_of(offset, &message))
        .into_iter()
        .collect()
}

/// The messages of a frame of any dialect, with their offsets. Those of others have no id yet.
fn messages_of(frame: &Frame, ordered: bool) -> Vec<(i64, Message)> {
    if frame.header.format != FORMAT {
        let records = interchange::records_of(frame).into_iter();
        return records
            .map(|record| (record.offset, message_of(record, ordered)))
            .collect();
    }
    let message = Message::decode(frame.payload.clone());
    let message = message.map(|mut message| {
        if ordered && message.group.is_none() {
            let key = record_of(0, &message).key;
            message.group = Some(group_of(key.as_ref()).0.into());
        }
        (frame.header.base_offset, message)
    });
    message.into_iter().collect()
}

/// What decides about the partition of a message.
fn key_of(new: &NewMessage<'_>) -> Option<Vec<u8>> {
    let envelope = Envelope::decode(Bytes::copy_from_slice(new.envelope));
    let key = kept(&envelope.attributes)
        .find(|attribute| attribute.name == KEY)
        .map(|attribute| content_of(&attribute));
    match key {
        Some(key) => key.map(Vec::from),
        None => new.group.map(|group| group.as_bytes().to_vec()),
    }
}

/// The bytes that an attribute stands for.
fn content_of(attribute: &Kept<'_>) -> Option<Bytes> {
    match attribute.data_type {
        NULL => None,
        EMPTY => Some(Bytes::new()),
        _ => Some(Bytes::copy_from_slice(attribute.content)),
    }
}

fn record_of(offset: i64, message: &Message) -> Record {
    let attributes = Envelope::decode(message.envelope.clone()).attributes;
    let find = |name: &str| kept(&attributes).find(|attribute| attribute.name == name);
    let text =
        |name: &str| find(name).and_then(|attribute| std::str::from_utf8(attribute.content).ok());
    let body = message.body.clone();
    let value = match text(VALUE) {
        Some("null") => None,
        Some("empty") => Some(Bytes::new()),
        Some("base64") => Some(STANDARD.decode(&body).map_or(body, Bytes::from)),
        _ => Some(body),
    };
    let group = || {
        message
            .group
            .as_deref()
            .map(|group| Bytes::copy_from_slice(group.as_bytes()))
    };
    let natural = kept(&attributes).filter(|attribute| !OWN.contains(&attribute.name));
    let mut natural: Headers = natural
        .map(|attribute| (attribute.name.to_owned(), content_of(&attribute)))
        .collect();
    own::arrange(&mut natural, text(ORDER));
    let packed = find(HEADERS).and_then(|attribute| own::unpack(attribute.content));
    let mut headers = packed.unwrap_or_default();
    headers.extend(natural);
    Record {
        offset,
        timestamp_ms: text(TIMESTAMP)
            .and_then(own::millis)
            .unwrap_or(message.sent_ms),
        key: match find(KEY) {
            Some(key) => content_of(&key),
            None => group(),
        },
        value,
        headers,
    }
}

/// A record as a message, without the time, which the message has of its own.
fn message_of(record: Record, ordered: bool) -> Message {
    let mut attributes = Vec::new();
    let (body, marker) = body_of(record.value.as_ref());
    if let Some(marker) = marker {
        attributes.push((VALUE.to_owned(), Attribute::text(marker)));
    }
    let key = record.key.as_ref();
    let (group, is_said) = match ordered {
        true => {
            let (group, is_said) = group_of(key);
            (Some(group), is_said)
        }
        false => (None, key.is_none()),
    };
    if !is_said {
        attributes.push((KEY.to_owned(), Attribute::of(key)));
    }
    attributes.extend(headers_of(&record.headers, attributes.len()));
    attributes.sort_by(|a, b| a.0.cmp(&b.0));
    let mut encoded = Vec::new();
    for (name, attribute) in &attributes {
        put_text_or_bytes(&mut encoded, name, attribute.data_type, &attribute.content);
    }
    let envelope = Envelope {
        sender: ACCOUNT.to_owned(),
        attributes: encoded.into(),
        ..Envelope::default()
    };
    Message {
        id: 0,
        sent_ms: record.timestamp_ms.max(0),
        available_ms: 0,
        receives: 0,
        group: group.map(Into::into),
        dedup: None,
        envelope: envelope.encode().into(),
        body,
    }
}

/// The body that stands for a value, and the marker that says how.
fn body_of(value: Option<&Bytes>) -> (Bytes, Option<&'static str>) {
    match value {
        None => (Bytes::from_static(PLACEHOLDER), Some("null")),
        Some(value) if value.is_empty() => (Bytes::from_static(PLACEHOLDER), Some("empty")),
        Some(value) if is_text(value) => (value.clone(), None),
        Some(value) => (STANDARD.encode(value).into(), Some("base64")),
    }
}

/// The message group of a key, and whether it says the whole key.
fn group_of(key: Option<&Bytes>) -> (String, bool) {
    let name = key.and_then(|key| std::str::from_utf8(key).ok());
    match (key, name.filter(|name| is_group_id(name))) {
        (_, Some(name)) => (name.to_owned(), true),
        (Some(key), None) => (format!("ssectl-{:016x}", own::fnv1a(key)), false),
        (None, None) => (USUAL_GROUP.to_owned(), false),
    }
}

/// Whether it can be a message group: up to 128 letters, digits and punctuation marks of ASCII.
fn is_group_id(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// A value of an attribute.
struct Attribute {
    data_type: &'static str,
    content: Bytes,
}

impl Attribute {
    fn text(text: &str) -> Self {
        Self {
            data_type: "String",
            content: Bytes::copy_from_slice(text.as_bytes()),
        }
    }

    /// The value of a key or of a header.
    fn of(bytes: Option<&Bytes>) -> Self {
        let (data_type, content) = match bytes {
            None => (NULL, Bytes::from_static(PLACEHOLDER)),
            Some(bytes) if bytes.is_empty() => (EMPTY, Bytes::from_static(PLACEHOLDER)),
            Some(bytes) if is_text(bytes) => ("String", bytes.clone()),
            Some(bytes) => ("Binary", bytes.clone()),
        };
        Self { data_type, content }
    }
}

/// The attributes that stand for headers, beside `taken` others.
fn headers_of(headers: &Headers, taken: usize) -> Vec<(String, Attribute)> {
    let order = own::order_of(headers);
    let needed = headers.len() + usize::from(order.is_some()) + taken;
    let are_names = headers.iter().all(|(name, _)| is_name(name));
    if headers.is_empty() {
        return Vec::new();
    }
    if needed > LIMIT || !are_names || !own::are_distinct(headers) {
        return vec![(
            HEADERS.to_owned(),
            Attribute::of(Some(&own::pack(headers).into())),
        )];
    }
    let each = headers.iter();
    let each = each.map(|(name, value)| (name.clone(), Attribute::of(value.as_ref())));
    let order = order.map(|order| (ORDER.to_owned(), Attribute::text(&order)));
    each.chain(order).collect()
}

/// Whether a header can be an attribute of its own name.
fn is_name(name: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    let begins = |prefix: &str| {
        let start = name.get(..prefix.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    (1..=NAME_BYTES).contains(&name.len())
        && name.bytes().all(is_allowed)
        && !name.starts_with('.')
        && !name.ends_with('.')
        && !name.contains("..")
        && !["aws.", "amazon.", PREFIX].into_iter().any(begins)
}

/// Whether SQS takes it as a body or as the value of an attribute.
fn is_text(bytes: &[u8]) -> bool {
    let text = std::str::from_utf8(bytes).ok();
    text.is_some_and(|text| !text.is_empty() && text::check_characters(text).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interchange::odd;

    #[test]
    fn every_record_survives() {
        for record in odd::records() {
            for ordered in [true, false] {
                let message = message_of(record.clone(), ordered);
                assert_eq!(record_of(7, &message), record);
            }
        }
    }

    #[test]
    fn text_is_a_plain_body_and_a_key_the_group_of_a_fifo_queue() {
        let record = Record {
            key: Some("customer-7".into()),
            value: Some("hello".into()),
            ..Record::default()
        };
        let message = message_of(record, true);
        assert_eq!(
            (&message.body[..], message.group.as_deref()),
            (&b"hello"[..], Some("customer-7"))
        );
        assert!(Envelope::decode(message.envelope).attributes.is_empty());
    }
}
