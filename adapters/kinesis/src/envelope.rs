//! Records as records of Kinesis, and back.
//!
//! A record with a key and bytes is a partition key and these bytes. What Kinesis cannot say so is wrapped into an
//! aggregated record of one, whose tags say the rest; the README has the table.

mod decode;
mod encode;
mod tags;
#[cfg(test)]
mod tests;
mod time;

pub(crate) use decode::decode;
pub(crate) use encode::{Encoded, Encoder};

/// What partition keys of records without a key begin with.
const NO_KEY: &str = "no-key:";
/// What partition keys of keys that cannot be one begin with.
const HASHED: &str = "hashed-key:";
/// The tag with a key that cannot be a partition key, in base64.
const KEY: &str = "ssectl.key";
/// The tag of values that are null.
const NULL: &str = "ssectl.null";
/// The tag with the record's time in milliseconds since 1970.
const TIMESTAMP: &str = "ssectl.timestamp";
/// What the names of tags begin with that stand for headers of bytes that are no text.
const BASE64: &str = "ssectl.base64.";
/// What the names of tags begin with that stand for headers whose names look like one of these.
const HEADER: &str = "ssectl.header.";
/// What all of these begin with.
const PREFIX: &str = "ssectl.";

/// The longest partition key, in UTF-16 units: no more than the 256 characters that Kinesis takes.
const LONGEST_KEY: usize = 256;
