//! What a target can do, as plain facts that a scenario is checked against.

use serde::Serialize;

/// The order in which records come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// Any order.
    None,
    /// Records with the same key keep their order.
    PerKey,
    /// Records of the same partition keep their order.
    PerPartition,
    /// All records keep their order.
    Total,
}

/// How a bounded read knows that it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EndOfStream {
    /// The end is fixed when the read starts and reached exactly.
    Exact,
    /// The stream itself ends (a file, a pipe).
    Closes,
    /// Only silence for a while hints at the end (queues).
    Silence,
}

/// Facts about an adapter; the testkit holds it to each of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Capabilities {
    /// Sources can be opened.
    pub read: bool,
    /// Sinks can be opened.
    pub write: bool,
    /// Streams can be created, listed, described and deleted.
    pub admin: bool,
    /// Streams have more than one partition.
    pub partitions: bool,
    /// Keys survive.
    pub keys: bool,
    /// Headers survive, with order and duplicates.
    pub headers: bool,
    /// A null value is different from an empty one.
    pub tombstones: bool,
    /// The producer's timestamp survives.
    pub timestamps: bool,
    /// Payload bytes may be anything (not only lines of text).
    pub binary: bool,
    /// The order records come back in.
    pub order: Order,
    /// A read can start at a position.
    pub seek: bool,
    /// A read can start at a time.
    pub seek_time: bool,
    /// A named reader (group) resumes where it committed.
    pub resume: bool,
    /// Several readers, or groups of them, can read a stream, each all of it and at its own pace.
    /// Without, a record is for one reader (queues, pipes).
    pub fan_out: bool,
    /// Un-acknowledged messages come again by themselves (leases).
    pub leases: bool,
    /// How a bounded read ends.
    pub end: EndOfStream,
    /// The backlog of a reader is known.
    pub lag: bool,
    /// Largest record the target takes by default, in bytes of key, value and headers.
    pub max_record_bytes: Option<usize>,
}
