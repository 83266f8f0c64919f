//! From a message to a record.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use google_cloud_pubsub::model::Message;
use ssectl_adapter::{Error, ErrorKind, Headers, Origin, Record, Result, Timestamp};

use crate::time::from_client;

use super::{
    HEADERS, KEY, KEY_BASE64, ORDER, OWN, PREFIX, Packed, Prefix, TIMESTAMP, VALUE, headers,
};

/// Makes a record of a message. One that nobody of ours wrote is a record as well: its attributes are headers, its ordering
/// key is the key, and it happened when it was published.
pub(crate) fn decode(message: Message, origin: Origin) -> Result<Record> {
    let Message {
        data,
        mut attributes,
        publish_time,
        ordering_key,
        ..
    } = message;
    let published = publish_time.as_ref().map(from_client);
    if !attributes.keys().any(|name| OWN.contains(&name.as_str())) {
        return Ok(Record {
            key: natural_key(ordering_key),
            value: Some(data),
            headers: natural(attributes),
            timestamp: published,
            origin,
        });
    }
    let (prefix, data) = split(data, attributes.remove(PREFIX))?;
    let timestamp = match attributes.remove(TIMESTAMP) {
        Some(text) => {
            Some(own_time(&text).ok_or_else(|| damaged(TIMESTAMP, "is no time in milliseconds"))?)
        }
        None => published,
    };
    let value = value(data, attributes.remove(VALUE).as_deref())?;
    let key = key(&mut attributes, prefix.key, ordering_key)?;
    Ok(Record {
        key,
        value,
        headers: all_headers(attributes, prefix.headers)?,
        timestamp,
        origin,
    })
}

fn natural_key(ordering_key: String) -> Option<Bytes> {
    (!ordering_key.is_empty()).then(|| ordering_key.into())
}

fn natural(attributes: HashMap<String, String>) -> Headers {
    let mut headers: Headers = attributes
        .into_iter()
        .map(|(name, value)| (name, Some(value.into())))
        .collect();
    headers.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    headers
}

/// What stands before the value, and the value.
fn split(data: Bytes, length: Option<String>) -> Result<(Prefix, Bytes)> {
    let Some(length) = length else {
        return Ok((Prefix::default(), data));
    };
    let length = length.parse().ok().filter(|length| *length <= data.len());
    let length: usize = length.ok_or_else(|| damaged(PREFIX, "is no length within the data"))?;
    let prefix = serde_json::from_slice(&data[..length])
        .map_err(|error| damaged(PREFIX, "is not the length of JSON").caused_by(error))?;
    Ok((prefix, data.slice(length..)))
}

fn value(data: Bytes, marker: Option<&str>) -> Result<Option<Bytes>> {
    match marker {
        None => Ok(Some(data)),
        Some("null" | "empty") if !data.is_empty() => {
            Err(damaged(VALUE, "says that there is no data, but there is"))
        }
        Some("null") => Ok(None),
        Some("empty") => Ok(Some(data)),
        Some(_) => Err(damaged(VALUE, "is neither `empty` nor `null`")),
    }
}

fn key(
    attributes: &mut HashMap<String, String>,
    packed: Option<Packed>,
    ordering_key: String,
) -> Result<Option<Bytes>> {
    let (text, base64) = (attributes.remove(KEY), attributes.remove(KEY_BASE64));
    if let Some(packed) = packed {
        return packed
            .bytes()
            .ok_or_else(|| damaged(PREFIX, "holds a key that is not base64"));
    }
    match (text, base64) {
        (Some(text), _) => Ok(Some(text.into())),
        (None, Some(base64)) => STANDARD
            .decode(base64)
            .map(|bytes| Some(bytes.into()))
            .map_err(|error| damaged(KEY_BASE64, "is not base64").caused_by(error)),
        (None, None) => Ok(natural_key(ordering_key)),
    }
}

fn all_headers(
    mut attributes: HashMap<String, String>,
    before: Option<Vec<(String, Packed)>>,
) -> Result<Headers> {
    let order = attributes.remove(ORDER);
    let together = attributes.remove(HEADERS);
    let mut rest = natural(attributes);
    headers::arrange(&mut rest, order.as_deref());
    let no_list = || damaged(HEADERS, "is no list of headers");
    let packed = match (before, together) {
        (Some(packed), _) => packed,
        (None, Some(json)) => {
            serde_json::from_str(&json).map_err(|error| no_list().caused_by(error))?
        }
        (None, None) => return Ok(rest),
    };
    let mut all = headers::unpack(packed).ok_or_else(no_list)?;
    all.extend(rest);
    Ok(all)
}

/// `1715254403007` or `1715254403007.000001`, in milliseconds.
fn own_time(text: &str) -> Option<Timestamp> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    let plain = |digits: &str| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    if !plain(whole) || !plain(part) || part.len() > 6 {
        return None;
    }
    let part: i128 = format!("{part:0<6}").parse().ok()?;
    let whole: i128 = whole.parse().ok()?;
    let nanos = whole.checked_mul(1_000_000)?.checked_add(part)?;
    Some(Timestamp::from_nanos(if negative { -nanos } else { nanos }))
}

fn damaged(attribute: &'static str, what: &str) -> Error {
    Error::new(ErrorKind::Data, format!("attribute `{attribute}` {what}"))
        .hint("attributes whose names begin with `ssectl.` are those of this program")
}
