//! From a record to a message.

use std::collections::HashMap;

use aws_sdk_sqs::types::MessageAttributeValue;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use ssectl_adapter::{Record, Timestamp};

use super::attribute::Attribute;
use super::{KEY, PLACEHOLDER, TIMESTAMP, VALUE, as_text, headers};

/// Whether messages stand in groups.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Grouping<'a> {
    /// A standard queue: the key is an attribute.
    Standard,
    /// A FIFO queue: the key is the message group; records without one go into this group.
    Fifo(&'a str),
}

/// A message that is ready to be sent.
#[derive(Debug)]
pub(crate) struct Encoded {
    pub(crate) body: String,
    pub(crate) attributes: HashMap<String, MessageAttributeValue>,
    /// Message group; in FIFO queues alone.
    pub(crate) group: Option<String>,
    /// What counts against the limits of messages and of batches, in bytes.
    pub(crate) size: usize,
}

/// Makes a message of a record; nothing of the record is lost.
pub(crate) fn encode(record: &Record, grouping: Grouping<'_>) -> Encoded {
    let mut attributes = Vec::new();
    let body = body(record.value.as_ref(), &mut attributes);
    let group = match grouping {
        Grouping::Standard => {
            if let Some(key) = &record.key {
                attributes.push((KEY.to_owned(), Attribute::of(Some(key))));
            }
            None
        }
        Grouping::Fifo(usual) => Some(group(record.key.as_ref(), usual, &mut attributes)),
    };
    if let Some(time) = record.timestamp {
        attributes.push((TIMESTAMP.to_owned(), Attribute::Number(millis(time))));
    }
    attributes.extend(headers::attributes(&record.headers, attributes.len()));
    let size = attributes.iter().fold(body.len(), |sum, (name, value)| {
        sum + name.len() + value.size()
    });
    Encoded {
        body,
        attributes: attributes
            .into_iter()
            .map(|(name, value)| (name, value.into_value()))
            .collect(),
        group,
        size,
    }
}

fn body(value: Option<&Bytes>, attributes: &mut Vec<(String, Attribute)>) -> String {
    let mut marked = |how: &str, body: String| {
        attributes.push((VALUE.to_owned(), Attribute::Text(how.to_owned())));
        body
    };
    match value {
        None => marked("null", PLACEHOLDER.to_owned()),
        Some(bytes) if bytes.is_empty() => marked("empty", PLACEHOLDER.to_owned()),
        Some(bytes) => match as_text(bytes) {
            Some(text) => text.to_owned(),
            None => marked("base64", STANDARD.encode(bytes)),
        },
    }
}

/// The group of a key. A key that is no name of a group is an attribute too, and its group is
/// called by a hash of it.
fn group(key: Option<&Bytes>, usual: &str, attributes: &mut Vec<(String, Attribute)>) -> String {
    let name = key.and_then(|key| std::str::from_utf8(key).ok());
    if let Some(name) = name.filter(|name| is_group_id(name)) {
        return name.to_owned();
    }
    attributes.push((KEY.to_owned(), Attribute::of(key)));
    match key {
        None => usual.to_owned(),
        Some(key) => format!("ssectl-{:016x}", fnv1a(key)),
    }
}

/// Whether SQS takes it as the name of a message group: up to 128 letters, digits and
/// punctuation marks of ASCII.
pub(crate) fn is_group_id(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

/// FNV-1a of 64 bits: the same group for the same key, whichever program wrote it.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
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
