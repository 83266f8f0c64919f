//! Names that begin with `ssectl.`: what a message cannot say by itself, as the adapters of ssectl write and read it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// What all of the names begin with.
pub(crate) const PREFIX: &str = "ssectl.";

/// How the body stands for the value.
pub(crate) const VALUE: &str = "ssectl.value";

/// The key, where nothing else says it.
pub(crate) const KEY: &str = "ssectl.key";

/// The record's time, Unix milliseconds.
pub(crate) const TIMESTAMP: &str = "ssectl.timestamp";

/// The order of headers that are attributes: their names with commas between them.
#[cfg(any(feature = "aws", feature = "pubsub"))]
pub(crate) const ORDER: &str = "ssectl.order";

/// All headers as JSON, where attributes cannot hold them one by one.
pub(crate) const HEADERS: &str = "ssectl.headers";

/// Headers, in their order.
pub(crate) type Headers = Vec<(String, Option<Bytes>)>;

/// Bytes or null in JSON, as text where they are some.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Packed {
    Null(()),
    Text(String),
    Binary { base64: String },
}

impl Packed {
    /// These bytes.
    pub(crate) fn of(bytes: Option<&Bytes>) -> Self {
        match bytes.map(|bytes| (bytes, std::str::from_utf8(bytes))) {
            None => Self::Null(()),
            Some((_, Ok(text))) => Self::Text(text.to_owned()),
            Some((bytes, Err(_))) => Self::Binary {
                base64: STANDARD.encode(bytes),
            },
        }
    }

    /// The bytes; `None` when it is not base64 what says so.
    pub(crate) fn bytes(self) -> Option<Option<Bytes>> {
        Some(match self {
            Self::Null(()) => None,
            Self::Text(text) => Some(text.into()),
            Self::Binary { base64 } => Some(STANDARD.decode(base64).ok()?.into()),
        })
    }
}

/// Headers as JSON.
pub(crate) fn pack(headers: &Headers) -> String {
    let packed: Vec<_> = headers
        .iter()
        .map(|(name, value)| (name, Packed::of(value.as_ref())))
        .collect();
    serde_json::to_string(&packed).expect("strings are always JSON")
}

/// Headers that were packed; `None` when it is nothing of the kind.
pub(crate) fn unpack(json: &[u8]) -> Option<Headers> {
    let packed: Vec<(String, Packed)> = serde_json::from_slice(json).ok()?;
    let headers = packed.into_iter();
    headers
        .map(|(name, value)| Some((name, value.bytes()?)))
        .collect()
}

/// Puts headers that came as attributes into the order in which they were sent; those that nobody mentions come last, by
/// name.
#[cfg(any(feature = "aws", feature = "pubsub"))]
pub(crate) fn arrange(headers: &mut Headers, order: Option<&str>) {
    let names: Vec<&str> = order.map_or_else(Vec::new, |names| names.split(',').collect());
    let place = |name: &str| {
        let found = names.iter().position(|known| *known == name);
        found.unwrap_or(names.len())
    };
    headers.sort_by(|a, b| (place(&a.0), &a.0).cmp(&(place(&b.0), &b.0)));
}

/// The order of headers, for [`ORDER`]; `None` if it is that of the alphabet.
#[cfg(any(feature = "aws", feature = "pubsub"))]
pub(crate) fn order_of(headers: &Headers) -> Option<String> {
    let names = || headers.iter().map(|(name, _)| name.as_str());
    (!headers.is_sorted_by(|a, b| a.0 < b.0)).then(|| names().collect::<Vec<_>>().join(","))
}

/// Whether no two headers have the same name.
pub(crate) fn are_distinct(headers: &Headers) -> bool {
    let mut names: Vec<_> = headers.iter().map(|(name, _)| name).collect();
    names.sort_unstable();
    names.windows(2).all(|two| two[0] != two[1])
}

/// Whole milliseconds of a time as the adapters print it: with up to six decimals.
pub(crate) fn millis(text: &str) -> Option<i64> {
    text.split_once('.')
        .map_or(text, |(whole, _)| whole)
        .parse()
        .ok()
}

/// FNV-1a of 64 bits: the same name for the same key, whichever program wrote it.
#[cfg(any(feature = "aws", feature = "pubsub"))]
pub(crate) fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
