//! Values of application properties: text, bytes, and the other simple types of AMQP.

use azure_core_amqp::AmqpSimpleValue as Simple;
use bytes::Bytes;
use jiff::Timestamp;

/// The value of a key or of a header as a property: text where it is text.
pub(super) fn of(bytes: Option<&Bytes>) -> Simple {
    match bytes {
        None => Simple::Null,
        Some(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Simple::String(text.to_owned()),
            Err(_) => Simple::Binary(bytes.to_vec()),
        },
    }
}

/// The bytes a property stands for, whoever wrote it: numbers and times as text.
pub(super) fn bytes(value: Simple) -> Option<Bytes> {
    Some(match value {
        Simple::Null => return None,
        Simple::String(text) => text.into(),
        Simple::Symbol(symbol) => symbol.0.into(),
        Simple::Binary(bytes) => bytes.into(),
        Simple::Boolean(value) => value.to_string().into(),
        Simple::UByte(value) => value.to_string().into(),
        Simple::Byte(value) => value.to_string().into(),
        Simple::UShort(value) => value.to_string().into(),
        Simple::Short(value) => value.to_string().into(),
        Simple::UInt(value) => value.to_string().into(),
        Simple::Int(value) => value.to_string().into(),
        Simple::ULong(value) => value.to_string().into(),
        Simple::Long(value) => value.to_string().into(),
        Simple::Float(value) => value.to_string().into(),
        Simple::Double(value) => value.to_string().into(),
        Simple::Char(value) => value.to_string().into(),
        Simple::Uuid(value) => value.to_string().into(),
        Simple::TimeStamp(time) => {
            let time = time.0.and_then(|time| Timestamp::try_from(time).ok());
            time.map_or_else(String::new, |time| time.to_string())
                .into()
        }
        Simple::Decimal32(bits) => Bytes::copy_from_slice(&bits),
        Simple::Decimal64(bits) => Bytes::copy_from_slice(&bits),
        Simple::Decimal128(bits) => Bytes::copy_from_slice(&bits),
        // A type of somebody's own: what it is made of cannot be told without knowing it.
        Simple::Described(_) => return None,
    })
}

/// A property as text; `None` when it is anything else.
pub(super) fn text(value: &Simple) -> Option<&str> {
    match value {
        Simple::String(text) => Some(text),
        Simple::Symbol(symbol) => Some(&symbol.0),
        _ => None,
    }
}
