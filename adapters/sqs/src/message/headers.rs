//! Headers as attributes: one each where SQS can have it so, else all of them packed into one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use ssectl_adapter::Headers;

use super::attribute::Attribute;
use super::{HEADERS, MOST_ATTRIBUTES, ORDER, PREFIX};

/// The attributes that stand for the headers, beside `taken` others.
pub(super) fn attributes(headers: &Headers, taken: usize) -> Vec<(String, Attribute)> {
    if headers.is_empty() {
        return Vec::new();
    }
    let sorted = headers.is_sorted_by(|a, b| a.0 < b.0);
    let needed = headers.len() + usize::from(!sorted) + taken;
    if needed > MOST_ATTRIBUTES || !distinct(headers) || !headers.iter().all(|(n, _)| is_name(n)) {
        return vec![(HEADERS.to_owned(), pack(headers))];
    }
    let mut all: Vec<_> = headers
        .iter()
        .map(|(name, value)| (name.clone(), Attribute::of(value.as_ref())))
        .collect();
    if !sorted {
        let names: Vec<_> = headers.iter().map(|(name, _)| name.as_str()).collect();
        all.push((ORDER.to_owned(), Attribute::Text(names.join(","))));
    }
    all
}

/// Puts headers that came as attributes into the order in which they were sent; those that
/// nobody mentions come last, by name.
pub(super) fn arrange(headers: &mut Headers, order: Option<&str>) {
    let names: Vec<&str> = order
        .map(|names| names.split(',').collect())
        .unwrap_or_default();
    let place = |name: &str| names.iter().position(|n| *n == name).unwrap_or(names.len());
    headers.sort_by(|a, b| (place(&a.0), &a.0).cmp(&(place(&b.0), &b.0)));
}

fn distinct(headers: &Headers) -> bool {
    let mut names: Vec<_> = headers.iter().map(|(name, _)| name).collect();
    names.sort_unstable();
    names.windows(2).all(|two| two[0] != two[1])
}

/// Whether a header can be an attribute of its own name.
fn is_name(name: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    let reserved = |prefix: &str| {
        let start = name.get(..prefix.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    (1..=256).contains(&name.len())
        && name.bytes().all(allowed)
        && !name.starts_with('.')
        && !name.ends_with('.')
        && !name.contains("..")
        && !["aws.", "amazon.", PREFIX].into_iter().any(reserved)
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

fn pack(headers: &Headers) -> Attribute {
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
    let json = serde_json::to_vec(&all).expect("strings are always JSON");
    Attribute::of(Some(&json.into()))
}

/// The headers that were packed; `None` when it is nothing of the kind.
pub(super) fn unpack(packed: &[u8]) -> Option<Headers> {
    let all: Vec<Packed> = serde_json::from_slice(packed).ok()?;
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
