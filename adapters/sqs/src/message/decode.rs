//! From a message to a record.

use std::collections::HashMap;

use aws_sdk_sqs::types::{Message, MessageAttributeValue, MessageSystemAttributeName as System};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use ssectl_adapter::{Error, ErrorKind, Origin, Record, Result, Timestamp};

use super::{HEADERS, KEY, ORDER, TIMESTAMP, VALUE, attribute, headers};

type Attributes = HashMap<String, MessageAttributeValue>;

/// Makes a record of a message. One that nobody of ours wrote is a record as well: its
/// attributes are headers, its group is the key, and it happened when it was sent.
pub(crate) fn decode(message: &Message, body: Bytes, origin: Origin) -> Result<Record> {
    let none = HashMap::new();
    let system = |name| message.attributes.as_ref().and_then(|all| all.get(&name));
    let attributes = message.message_attributes.as_ref().unwrap_or(&none);
    let timestamp = match attributes.get(TIMESTAMP) {
        Some(time) => Some(own_time(time)?),
        None => system(System::SentTimestamp)
            .and_then(|millis| millis.parse().ok())
            .map(Timestamp::from_millis),
    };
    let key = match attributes.get(KEY) {
        Some(key) => attribute::bytes(key),
        None => {
            system(System::MessageGroupId).map(|group| Bytes::copy_from_slice(group.as_bytes()))
        }
    };
    Ok(Record {
        key,
        headers: own_headers(attributes)?,
        timestamp,
        value: value(body, attributes.get(VALUE))?,
        origin,
    })
}

fn value(body: Bytes, marker: Option<&MessageAttributeValue>) -> Result<Option<Bytes>> {
    match marker.and_then(MessageAttributeValue::string_value) {
        None => Ok(Some(body)),
        Some("null") => Ok(None),
        Some("empty") => Ok(Some(Bytes::new())),
        Some("base64") => STANDARD
            .decode(&body)
            .map(|bytes| Some(bytes.into()))
            .map_err(|error| damaged(VALUE, "says base64 of a body that is none").caused_by(error)),
        Some(_) => Err(damaged(VALUE, "is none of `base64`, `empty` and `null`")),
    }
}

fn own_headers(attributes: &Attributes) -> Result<ssectl_adapter::Headers> {
    const OWN: [&str; 5] = [VALUE, KEY, TIMESTAMP, ORDER, HEADERS];
    let mut natural: ssectl_adapter::Headers = attributes
        .iter()
        .filter(|(name, _)| !OWN.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), attribute::bytes(value)))
        .collect();
    let order = attributes
        .get(ORDER)
        .and_then(MessageAttributeValue::string_value);
    headers::arrange(&mut natural, order);
    let Some(packed) = attributes.get(HEADERS) else {
        return Ok(natural);
    };
    let mut all = attribute::bytes(packed)
        .and_then(|packed| headers::unpack(&packed))
        .ok_or_else(|| damaged(HEADERS, "is no list of headers"))?;
    all.extend(natural);
    Ok(all)
}

/// `1715254403007` or `1715254403007.000001`, in milliseconds.
fn own_time(value: &MessageAttributeValue) -> Result<Timestamp> {
    let text = value.string_value().unwrap_or_default();
    nanos(text)
        .map(Timestamp::from_nanos)
        .ok_or_else(|| damaged(TIMESTAMP, "is no time in milliseconds"))
}

fn nanos(text: &str) -> Option<i128> {
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
    let nanos = whole
        .parse::<i128>()
        .ok()?
        .checked_mul(1_000_000)?
        .checked_add(part)?;
    Some(if negative { -nanos } else { nanos })
}

fn damaged(attribute: &'static str, what: &str) -> Error {
    Error::new(ErrorKind::Data, format!("attribute `{attribute}` {what}"))
        .hint("attributes whose names begin with `ssectl.` are those of this program")
}
