//! Messages as records of no dialect, and back, as the Pub/Sub adapter of ssectl writes and reads them with `ordering`.
//!
//! Data and value, ordering key and key, attributes and headers are the same thing twice. What a message cannot say so stands
//! in attributes whose names begin with `ssectl.`, and what does not fit there before the value.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use prost::Message;
use serde::{Deserialize, Serialize};

use super::frames;
use super::proto::pubsub::PubsubMessage;
use crate::interchange::own::{self, HEADERS, Headers, KEY, ORDER, Packed, TIMESTAMP, VALUE};
use crate::interchange::{self, Record};
use crate::store::Frame;

/// The key in base64, where it is no text.
const KEY_BASE64: &str = "ssectl.key.base64";

/// So many bytes before the value are a [`Prefix`].
const PREFIX: &str = "ssectl.prefix";

/// Attributes of a message at most.
const ATTRIBUTES: usize = 100;

/// Bytes of an attribute's name at most.
const NAME_BYTES: usize = 256;

/// Bytes of an attribute's value, and of an ordering key, at most.
const VALUE_BYTES: usize = 1024;

/// What does not fit into attributes, as JSON before the value.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Prefix {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<Packed>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    headers: Option<Vec<(String, Packed)>>,
}

/// A message as it is stored, and when it was published in Unix milliseconds.
pub(super) type Stored = (Bytes, i64);

/// The messages of a frame of any dialect, with their offsets.
pub(super) fn messages_of(frame: &Frame) -> Vec<(i64, Stored)> {
    if frame.header.format == frames::MESSAGES {
        let publish_ms = frame.header.max_timestamp;
        let own = frames::messages(frame.clone());
        return own
            .map(|(offset, stored)| (offset, (stored, publish_ms)))
            .collect();
    }
    let records = interchange::records_of(frame).into_iter();
    let message = |record: Record| {
        let (offset, publish_ms) = (record.offset, record.timestamp_ms.max(0));
        (
            offset,
            (message_of(record).encode_to_vec().into(), publish_ms),
        )
    };
    records.map(message).collect()
}

/// The records of a frame of messages.
pub(crate) fn records_of(frame: &Frame) -> Vec<Record> {
    let publish_ms = frame.header.max_timestamp;
    let stored = frames::messages(frame.clone());
    let records = stored.map(|(offset, stored)| {
        let message = PubsubMessage::decode(stored).unwrap_or_default();
        record_of(offset, publish_ms, message)
    });
    records.collect()
}

/// The key of the record that a message is, if it has one.
pub(super) fn key_of(message: &PubsubMessage) -> Option<Bytes> {
    record_of(0, 0, message.clone()).key
}

fn record_of(offset: i64, publish_ms: i64, mut message: PubsubMessage) -> Record {
    let attributes = &mut message.attributes;
    let prefix = attributes
        .get(PREFIX)
        .and_then(|length| prefix(length, &message.data));
    let prefix = prefix.map(|(prefix, value)| {
        attributes.remove(PREFIX);
        message.data = value;
        prefix
    });
    let Prefix { key, headers } = prefix.unwrap_or_default();
    let time = attributes.get(TIMESTAMP).and_then(|text| own::millis(text));
    time.inspect(|_| drop(attributes.remove(TIMESTAMP)));
    let marker = attributes.get(VALUE).filter(|_| message.data.is_empty());
    let is_null = marker.is_some_and(|marker| marker == "null");
    if marker.is_some() {
        attributes.remove(VALUE);
    }
    let text = attributes.remove(KEY).map(Bytes::from);
    let base64 = attributes
        .get(KEY_BASE64)
        .and_then(|text| STANDARD.decode(text).ok());
    base64
        .as_ref()
        .inspect(|_| drop(attributes.remove(KEY_BASE64)));
    let natural = (!message.ordering_key.is_empty()).then(|| message.ordering_key.into());
    let packed = key.and_then(Packed::bytes).flatten();
    let order = attributes.remove(ORDER);
    let together = attributes
        .get(HEADERS)
        .and_then(|json| own::unpack(json.as_bytes()));
    together
        .as_ref()
        .inspect(|_| drop(attributes.remove(HEADERS)));
    let before = headers.into_iter().flatten();
    let before = before.map(|(name, value)| (name, value.bytes().unwrap_or_default()));
    let mut all: Headers = before.chain(together.into_iter().flatten()).collect();
    let rest = std::mem::take(attributes).into_iter();
    let mut rest: Headers = rest
        .map(|(name, value)| (name, Some(value.into())))
        .collect();
    own::arrange(&mut rest, order.as_deref());
    all.extend(rest);
    Record {
        offset,
        timestamp_ms: time.unwrap_or(publish_ms),
        key: packed.or(text).or(base64.map(Bytes::from)).or(natural),
        value: (!is_null).then_some(message.data),
        headers: all,
    }
}

/// What stands before the value, and the value.
fn prefix(length: &str, data: &Bytes) -> Option<(Prefix, Bytes)> {
    let length = length.parse().ok().filter(|length| *length <= data.len())?;
    let prefix = serde_json::from_slice(&data[..length]).ok()?;
    Some((prefix, data.slice(length..)))
}

/// A record as a message, without the time, which the message has of its own.
fn message_of(record: Record) -> PubsubMessage {
    let mut message = PubsubMessage::default();
    let attributes = &mut message.attributes;
    let mut prefix = Prefix::default();
    let marker = match record.value.as_deref() {
        None => Some("null"),
        Some([]) => Some("empty"),
        Some(_) => None,
    };
    if let Some(marker) = marker {
        attributes.insert(VALUE.to_owned(), marker.to_owned());
    }
    if let Some(key) = &record.key {
        message.ordering_key = ordering_key(key);
        if key != message.ordering_key.as_bytes() {
            match key_attribute(key) {
                Some((name, value)) => drop(attributes.insert(name.to_owned(), value)),
                None => prefix.key = Some(Packed::of(Some(key))),
            }
        }
    }
    match natural(&record.headers, attributes.len() + 1) {
        Some(headers) => attributes.extend(headers),
        None => match own::pack(&record.headers) {
            json if json.len() <= VALUE_BYTES => {
                attributes.insert(HEADERS.to_owned(), json);
            }
            _ => {
                let headers = record.headers.iter();
                let packed =
                    headers.map(|(name, value)| (name.clone(), Packed::of(value.as_ref())));
                prefix.headers = Some(packed.collect());
            }
        },
    }
    let value = record.value.unwrap_or_default();
    message.data = match prefix {
        Prefix {
            key: None,
            headers: None,
        } => value,
        prefix => {
            let mut data = serde_json::to_vec(&prefix).expect("strings are always JSON");
            attributes.insert(PREFIX.to_owned(), data.len().to_string());
            data.extend_from_slice(&value);
            data.into()
        }
    };
    message
}

/// The ordering key of a key: itself where it can be, else a name made of its hash.
fn ordering_key(key: &Bytes) -> String {
    match std::str::from_utf8(key) {
        Ok(text) if (1..=VALUE_BYTES).contains(&text.len()) => text.to_owned(),
        _ => format!("ssectl-{:016x}", own::fnv1a(key)),
    }
}

/// The attribute with a key that is no ordering key, where it fits.
fn key_attribute(key: &Bytes) -> Option<(&'static str, String)> {
    let fits = |text: &String| text.len() <= VALUE_BYTES;
    let attribute = match std::str::from_utf8(key) {
        Ok(text) => (KEY, text.to_owned()),
        Err(_) => (KEY_BASE64, STANDARD.encode(key)),
    };
    Some(attribute).filter(|(_, text)| fits(text))
}

/// An attribute for each header, and perhaps one for their order, beside `taken` others; `None` if there is one that cannot
/// be.
fn natural(headers: &Headers, taken: usize) -> Option<Vec<(String, String)>> {
    let order = own::order_of(headers);
    let needed = headers.len() + usize::from(order.is_some()) + taken;
    if needed > ATTRIBUTES || !own::are_distinct(headers) {
        return None;
    }
    let attribute = |(name, value): &(String, Option<Bytes>)| {
        let text = std::str::from_utf8(value.as_ref()?).ok()?;
        (is_name(name) && text.len() <= VALUE_BYTES).then(|| (name.clone(), text.to_owned()))
    };
    let mut all: Vec<_> = headers.iter().map(attribute).collect::<Option<_>>()?;
    if let Some(order) = order {
        let has_comma = headers.iter().any(|(name, _)| name.contains(','));
        if has_comma || order.len() > VALUE_BYTES {
            return None;
        }
        all.push((ORDER.to_owned(), order));
    }
    Some(all)
}

/// Whether a header can be an attribute of its own name; `goog` is Google's, `ssectl.` is ours.
fn is_name(name: &str) -> bool {
    (1..=NAME_BYTES).contains(&name.len())
        && !name.to_ascii_lowercase().starts_with("goog")
        && !name.starts_with(own::PREFIX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interchange::odd;

    #[test]
    fn every_record_survives() {
        for record in odd::records() {
            assert_eq!(record_of(7, 5, message_of(record.clone())), record);
        }
    }

    #[test]
    fn a_plain_record_is_a_plain_message() {
        let record = Record {
            key: Some("k".into()),
            value: Some("v".into()),
            headers: vec![("a".to_owned(), Some("1".into()))],
            ..Record::default()
        };
        let message = message_of(record);
        assert_eq!(
            (&message.data[..], message.ordering_key.as_str()),
            (&b"v"[..], "k")
        );
        assert_eq!(
            message.attributes.into_iter().collect::<Vec<_>>(),
            [("a".to_owned(), "1".to_owned())]
        );
    }
}
