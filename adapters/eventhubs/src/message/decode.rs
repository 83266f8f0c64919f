//! From a message to a record.

use std::time::SystemTime;

use azure_core_amqp::message::{AmqpAnnotationKey, AmqpMessageBody};
use azure_core_amqp::{AmqpMessage, AmqpSimpleValue as Simple, AmqpValue};
use bytes::Bytes;
use ssectl_adapter::{Error, ErrorKind, Headers, Origin, Record, Result, Timestamp};

use super::{HEADERS, KEY, PARTITION_KEY, TIMESTAMP, VALUE, headers, simple};

/// What the service says of an event it delivers.
#[derive(Debug, Default)]
pub(crate) struct Event {
    pub(crate) sequence_number: Option<i64>,
    pub(crate) offset: Option<String>,
    pub(crate) enqueued: Option<Timestamp>,
    partition_key: Option<String>,
}

impl Event {
    /// Reads the annotations of the service.
    pub(crate) fn of(message: &AmqpMessage) -> Self {
        let mut event = Self::default();
        let annotations = message.message_annotations.iter();
        for (key, value) in annotations.flat_map(|annotations| annotations.0.iter()) {
            let AmqpAnnotationKey::Symbol(name) = key else {
                continue;
            };
            match (name.0.as_str(), value) {
                ("x-opt-sequence-number", AmqpValue::Long(number)) => {
                    event.sequence_number = Some(*number);
                }
                ("x-opt-offset", AmqpValue::String(offset)) => event.offset = Some(offset.clone()),
                ("x-opt-enqueued-time", AmqpValue::TimeStamp(time)) => {
                    event.enqueued = time.0.map(timestamp);
                }
                (PARTITION_KEY, AmqpValue::String(key)) => event.partition_key = Some(key.clone()),
                _ => {}
            }
        }
        event
    }
}

/// Makes a record of a message. One that nobody of ours wrote is a record as well: its
/// properties are headers, its partition key is the key, and it happened when its sender says, or
/// else when it arrived.
pub(crate) fn decode(message: AmqpMessage, event: &Event, origin: Origin) -> Result<Record> {
    let mut own = Own::default();
    let mut natural = Headers::new();
    for (name, value) in message
        .application_properties
        .into_iter()
        .flat_map(|all| all.0)
    {
        if let Some(value) = own.take(&name, value) {
            natural.push((name, simple::bytes(value)));
        }
    }
    let created = message.properties.and_then(|all| all.creation_time);
    let timestamp = match own.timestamp {
        Some(text) => Some(own_time(&text)?),
        None => created
            .and_then(|time| time.0)
            .map(timestamp)
            .or(event.enqueued),
    };
    let value = match own.value {
        None => body(message.body)?,
        Some(Simple::String(how)) if how == "null" => None,
        Some(_) => return Err(damaged(VALUE, "is not `null`")),
    };
    let key = match own.key {
        Some(key) => simple::bytes(key),
        None => event.partition_key.clone().map(Bytes::from),
    };
    Ok(Record {
        key,
        value,
        headers: match own.headers {
            Some(packed) => all_headers(&packed, natural)?,
            None => natural,
        },
        timestamp,
        origin,
    })
}

/// The properties of our own.
#[derive(Default)]
struct Own {
    value: Option<Simple>,
    key: Option<Simple>,
    timestamp: Option<Simple>,
    headers: Option<Simple>,
}

impl Own {
    /// Keeps a property of ours; gives any other back.
    fn take(&mut self, name: &str, value: Simple) -> Option<Simple> {
        let place = match name {
            VALUE => &mut self.value,
            KEY => &mut self.key,
            TIMESTAMP => &mut self.timestamp,
            HEADERS => &mut self.headers,
            _ => return Some(value),
        };
        *place = Some(value);
        None
    }
}

fn all_headers(packed: &Simple, natural: Headers) -> Result<Headers> {
    let mut all = simple::text(packed)
        .and_then(headers::unpack)
        .ok_or_else(|| damaged(HEADERS, "is no list of headers"))?;
    all.extend(natural);
    Ok(all)
}

/// Data sections one after the other are the value. A single AMQP value is taken as what it says; no
/// body, and the null that AMQP asks for in its place, are null.
fn body(body: AmqpMessageBody) -> Result<Option<Bytes>> {
    match body {
        AmqpMessageBody::Empty | AmqpMessageBody::Value(AmqpValue::Null) => Ok(None),
        AmqpMessageBody::Binary(mut sections) if sections.len() == 1 => {
            Ok(sections.pop().map(Bytes::from))
        }
        AmqpMessageBody::Binary(sections) => Ok(Some(sections.concat().into())),
        AmqpMessageBody::Value(AmqpValue::String(text)) => Ok(Some(text.into())),
        AmqpMessageBody::Value(AmqpValue::Binary(bytes)) => Ok(Some(bytes.into())),
        AmqpMessageBody::Value(_) | AmqpMessageBody::Sequence(_) => Err(Error::new(
            ErrorKind::Data,
            "the body is neither bytes nor text, but a structure of AMQP",
        )),
    }
}

fn timestamp(time: SystemTime) -> Timestamp {
    let nanos = match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => i128::try_from(after.as_nanos()).unwrap_or(i128::MAX),
        Err(before) => i128::try_from(before.duration().as_nanos()).map_or(i128::MIN, |n| -n),
    };
    Timestamp::from_nanos(nanos)
}

/// `1715254403007` or `1715254403007.000001`, in milliseconds.
fn own_time(value: &Simple) -> Result<Timestamp> {
    simple::text(value)
        .and_then(nanos)
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
    let whole = whole.parse::<i128>().ok()?.checked_mul(1_000_000)?;
    let nanos = whole.checked_add(part)?;
    Some(if negative { -nanos } else { nanos })
}

fn damaged(property: &'static str, what: &str) -> Error {
    Error::new(ErrorKind::Data, format!("property `{property}` {what}"))
        .hint("properties whose names begin with `ssectl.` are those of this program")
}
