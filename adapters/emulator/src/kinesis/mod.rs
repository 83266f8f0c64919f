//! Amazon Kinesis Data Streams over the offset log: shards are partitions, in the JSON and in the CBOR protocol.
//!
//! Rules, limits and messages of errors are those of the API reference (version 2013-12-02) and of the developer guide.
//! What differs is listed by [`crate::aws::coverage`]. Two things are up to whoever starts the emulator
//! ([`crate::aws::Config`]): how long a stream is CREATING, UPDATING or DELETING, by default not at all, because clients
//! that wait look again after ten seconds; and whether the throughput of a shard is bounded as at AWS, by default not.
//!
//! Planned faults: a throttled request or record, a record that is written although its writer is told otherwise, an
//! iterator or a subscription that ends early. Records are never out of order, as Kinesis never has them.
//!
//! A shard is a partition with the same number; splits and merges add partitions. The records of one request that go to
//! one shard are one frame of the log. Everything else that is known of a stream is one document in
//! the attributes of the store's stream.

mod about;
mod account;
mod aggregate;
mod api;
mod call;
mod checks;
mod error;
mod event_stream;
mod exchange;
mod frames;
mod hash;
mod iterator;
mod limits;
mod names;
mod operations;
mod position;
mod reader;
mod resharding;
mod resource;
mod sequence;
mod service;
mod stream;
mod subscriptions;
mod wire;
mod writer;

use crate::store::{Attributes, LogSettings};

pub(crate) use call::{Call, Output};
pub(crate) use exchange::records_of;
pub(crate) use frames::FORMAT;
pub(crate) use operations::{answer, operations};
pub(crate) use service::{Kinesis, Settings};

/// What `X-Amz-Target` begins with.
pub(crate) const TARGET: &str = "Kinesis_20131202";

/// How the store keeps a stream of its own; `None` if the stream is not one of Kinesis.
pub(crate) fn log_settings(stream: &str, attributes: &Attributes) -> Option<LogSettings> {
    let about =
        names::is_stored(stream).then(|| about::About::recall(attributes, about::ATTRIBUTE));
    about.map(|about| about.map_or_else(LogSettings::default, |about| about.log_settings()))
}
