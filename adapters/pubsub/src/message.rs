//! Records as Pub/Sub messages, and back.
//!
//! A record with a value alone is a plain message. What a message cannot say by itself stands in attributes whose names
//! begin with `ssectl.`, and what does not fit there before the value; the README has the table.

mod decode;
mod encode;
mod headers;
#[cfg(test)]
mod tests;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

pub(crate) use decode::decode;
pub(crate) use encode::encode;

/// How the data stands for the value: `empty` or `null`.
const VALUE: &str = "ssectl.value";
/// The key, where it is not the ordering key.
const KEY: &str = "ssectl.key";
/// The key in base64, where it is no text.
const KEY_BASE64: &str = "ssectl.key.base64";
/// The record's time in milliseconds since 1970.
const TIMESTAMP: &str = "ssectl.timestamp";
/// The order of headers that are attributes: their names with commas between them.
const ORDER: &str = "ssectl.order";
/// All headers as JSON, where attributes cannot hold them one by one.
const HEADERS: &str = "ssectl.headers";
/// So many bytes before the value are a [`Prefix`].
const PREFIX: &str = "ssectl.prefix";
/// All of these.
const OWN: [&str; 7] = [VALUE, KEY, KEY_BASE64, TIMESTAMP, ORDER, HEADERS, PREFIX];
/// What all of these begin with.
const OWN_PREFIX: &str = "ssectl.";

/// Attributes that a message may have, and bytes of their names and values.
const MOST_ATTRIBUTES: usize = 100;
const LONGEST_NAME: usize = 256;
const LONGEST_VALUE: usize = 1024;

/// What does not fit into attributes, as JSON before the value.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Prefix {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<Packed>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    headers: Option<Vec<(String, Packed)>>,
}

/// Bytes or null in JSON, as text where they are some.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Packed {
    Null(()),
    Text(String),
    Binary { base64: String },
}

impl Packed {
    fn of(bytes: Option<&Bytes>) -> Self {
        match bytes {
            None => Self::Null(()),
            Some(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => Self::Text(text.to_owned()),
                Err(_) => Self::Binary {
                    base64: STANDARD.encode(bytes),
                },
            },
        }
    }

    /// `None` when it is not base64 what says so.
    fn bytes(self) -> Option<Option<Bytes>> {
        Some(match self {
            Self::Null(()) => None,
            Self::Text(text) => Some(text.into()),
            Self::Binary { base64 } => Some(STANDARD.decode(base64).ok()?.into()),
        })
    }
}

/// Text that an attribute can hold.
fn as_value(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?;
    (text.len() <= LONGEST_VALUE).then_some(text)
}
