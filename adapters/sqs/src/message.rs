//! Records as SQS messages, and back.
//!
//! A record of plain text is a plain message. What a message cannot say by itself stands in
//! attributes whose names begin with `ssectl.`; the README has the table.

mod attribute;
mod decode;
mod encode;
mod headers;
#[cfg(test)]
mod tests;

pub(crate) use decode::decode;
pub(crate) use encode::{Encoded, Grouping, encode, is_group_id};

/// How the body stands for the value: `base64`, `empty` or `null`.
const VALUE: &str = "ssectl.value";
/// The key, where it is not the message group.
const KEY: &str = "ssectl.key";
/// The record's time in milliseconds since 1970.
const TIMESTAMP: &str = "ssectl.timestamp";
/// The order of headers that are attributes: their names with commas between them.
const ORDER: &str = "ssectl.order";
/// All headers as JSON, where attributes cannot hold them.
const HEADERS: &str = "ssectl.headers";
/// What all of these begin with.
const PREFIX: &str = "ssectl.";
/// What stands where SQS wants at least one character.
const PLACEHOLDER: &str = "-";

/// Attributes that a message may have.
const MOST_ATTRIBUTES: usize = 10;

/// Whether SQS takes it as a body or as the value of an attribute: not empty, and no characters
/// but those of XML 1.0.
fn is_text(text: &str) -> bool {
    let allowed = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    !text.is_empty() && text.chars().all(allowed)
}

/// The same for bytes.
fn as_text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok().filter(|text| is_text(text))
}
