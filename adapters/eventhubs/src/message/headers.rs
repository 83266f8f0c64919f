//! Headers as application properties: one each where AMQP can have it so, else all of them packed
//! into one.

use azure_core_amqp::AmqpSimpleValue as Simple;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use ssectl_adapter::Headers;

use super::{HEADERS, PREFIX, simple};

/// The properties that stand for the headers. Their order is kept: the properties are part of the
/// bare message, which nobody on the way may change (AMQP 1.0, part 3, section 3.2).
pub(super) fn properties(headers: &Headers) -> Vec<(String, Simple)> {
    if headers.is_empty() {
        return Vec::new();
    }
    if !distinct(headers) || !headers.iter().all(|(name, _)| is_name(name)) {
        return vec![(HEADERS.to_owned(), Simple::String(pack(headers)))];
    }
    headers
        .iter()
        .map(|(name, value)| (name.clone(), simple::of(value.as_ref())))
        .collect()
}

/// The keys of a map are distinct (AMQP 1.0, part 1, section 1.6.23).
fn distinct(headers: &Headers) -> bool {
    let mut names: Vec<_> = headers.iter().map(|(name, _)| name).collect();
    names.sort_unstable();
    names.windows(2).all(|two| two[0] != two[1])
}

/// Whether a header can be a property of its own name.
fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.starts_with(PREFIX)
}

/// A packed header: its name and its value as text, in base64, or null.
#[derive(Serialize, Deserialize)]
struct Packed(String, Value);

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Value {
    Null(()),
    Text(String),
    Binary { base64: String },
}

fn pack(headers: &Headers) -> String {
    let all: Vec<_> = headers
        .iter()
        .map(|(name, value)| {
            let value = match value {
                None => Value::Null(()),
                Some(bytes) => match std::str::from_utf8(bytes) {
                    Ok(text) => Value::Text(text.to_owned()),
                    Err(_) => Value::Binary {
                        base64: STANDARD.encode(bytes),
                    },
                },
            };
            Packed(name.clone(), value)
        })
        .collect();
    serde_json::to_string(&all).expect("strings are always JSON")
}

/// The headers that were packed; `None` when it is nothing of the kind.
pub(super) fn unpack(packed: &str) -> Option<Headers> {
    let all: Vec<Packed> = serde_json::from_str(packed).ok()?;
    all.into_iter()
        .map(|Packed(name, value)| {
            let value = match value {
                Value::Null(()) => None,
                Value::Text(text) => Some(Bytes::from(text)),
                Value::Binary { base64 } => Some(STANDARD.decode(base64).ok()?.into()),
            };
            Some((name, value))
        })
        .collect()
}
