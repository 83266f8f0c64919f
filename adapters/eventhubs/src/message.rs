//! Records as events of Event Hubs, and back.
//!
//! A record is an AMQP 1.0 message: the body is the value, application properties are the headers,
//! the partition key is the key and `creation-time` the time. What a message cannot say by itself
//! stands in properties whose names begin with `ssectl.`; the README has the table.

mod decode;
mod encode;
mod headers;
mod simple;
#[cfg(test)]
mod tests;

pub(crate) use decode::{Event, decode};
pub(crate) use encode::{encode, has_partition_key};

/// How the body stands for the value: `null`.
const VALUE: &str = "ssectl.value";
/// The key, where it cannot be a partition key.
const KEY: &str = "ssectl.key";
/// The record's time, where it is no `creation-time`: milliseconds since 1970, with decimals.
const TIMESTAMP: &str = "ssectl.timestamp";
/// All headers as JSON, where properties cannot hold them.
const HEADERS: &str = "ssectl.headers";
/// What all of these begin with.
const PREFIX: &str = "ssectl.";

/// The longest partition key the service takes, in characters.
const LONGEST_KEY: usize = 128;
/// Where the service keeps the partition key.
const PARTITION_KEY: &str = "x-opt-partition-key";
