//! From a record to a message.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use google_cloud_pubsub::model::Message;
use ssectl_adapter::{Record, Timestamp};

use super::headers::{Carried, carry};
use super::{KEY, KEY_BASE64, LONGEST_VALUE, PREFIX, Packed, Prefix, TIMESTAMP, VALUE, as_value};
use crate::names::is_ordering_key;

/// A message that is ready to be published.
#[derive(Debug)]
pub(crate) struct Encoded {
    pub(crate) message: Message,
    /// What counts against the limits of messages and of requests, in bytes.
    pub(crate) size: usize,
}

/// Makes a message of a record; nothing of the record is lost. With `ordering` the key is the ordering key.
pub(crate) fn encode(record: &Record, ordering: bool) -> Encoded {
    let mut attributes = Vec::new();
    let mut prefix = Prefix::default();
    match record.value.as_deref() {
        None => attributes.push((VALUE.to_owned(), "null".to_owned())),
        Some([]) => attributes.push((VALUE.to_owned(), "empty".to_owned())),
        Some(_) => {}
    }
    let key = record.key.as_ref().filter(|_| ordering);
    let ordering_key = key.map_or_else(String::new, ordering_key);
    if let Some(key) = &record.key
        && (ordering_key.is_empty() || key != ordering_key.as_bytes())
    {
        carry_key(key, &mut attributes, &mut prefix);
    }
    if let Some(time) = record.timestamp {
        attributes.push((TIMESTAMP.to_owned(), millis(time)));
    }
    // One more may be needed for the prefix of a long key.
    match carry(&record.headers, attributes.len() + 1) {
        Carried::Attributes(headers) => attributes.extend(headers),
        Carried::Prefix(headers) => prefix.headers = Some(headers),
    }
    let data = data(record.value.as_ref(), &prefix, &mut attributes);
    finish(data, attributes, ordering_key)
}

fn finish(data: Bytes, attributes: Vec<(String, String)>, ordering_key: String) -> Encoded {
    // Beside the bytes themselves: tags and lengths of the fields.
    const OF_ENTRY: usize = 16;
    const OF_MESSAGE: usize = 64;
    let size = attributes.iter().fold(
        data.len() + ordering_key.len() + OF_MESSAGE,
        |sum, (name, value)| sum + name.len() + value.len() + OF_ENTRY,
    );
    let message = Message::new()
        .set_data(data)
        .set_attributes(attributes)
        .set_ordering_key(ordering_key);
    Encoded { message, size }
}

/// The ordering key of a key: itself where it can be, else a name made of its hash.
fn ordering_key(key: &Bytes) -> String {
    match std::str::from_utf8(key) {
        Ok(text) if is_ordering_key(text) => text.to_owned(),
        _ => format!("ssectl-{:016x}", fnv1a(key)),
    }
}

fn carry_key(key: &Bytes, attributes: &mut Vec<(String, String)>, prefix: &mut Prefix) {
    if let Some(text) = as_value(key) {
        attributes.push((KEY.to_owned(), text.to_owned()));
        return;
    }
    if std::str::from_utf8(key).is_err() && key.len().div_ceil(3) * 4 <= LONGEST_VALUE {
        attributes.push((KEY_BASE64.to_owned(), STANDARD.encode(key)));
    } else {
        prefix.key = Some(Packed::of(Some(key)));
    }
}

/// The value behind what did not fit into attributes.
fn data(value: Option<&Bytes>, prefix: &Prefix, attributes: &mut Vec<(String, String)>) -> Bytes {
    let value = value.cloned().unwrap_or_default();
    if prefix.key.is_none() && prefix.headers.is_none() {
        return value;
    }
    let mut data = serde_json::to_vec(prefix).expect("strings are always JSON");
    attributes.push((PREFIX.to_owned(), data.len().to_string()));
    data.extend_from_slice(&value);
    data.into()
}

/// FNV-1a of 64 bits: the same ordering key for the same key, whichever program wrote it.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Milliseconds, with six decimals where a time is finer.
fn millis(time: Timestamp) -> String {
    let nanos = time.as_nanos();
    let (sign, nanos) = (if nanos < 0 { "-" } else { "" }, nanos.unsigned_abs());
    let (whole, part) = (nanos / 1_000_000, nanos % 1_000_000);
    match part {
        0 => format!("{sign}{whole}"),
        part => format!("{sign}{whole}.{part:06}"),
    }
}
