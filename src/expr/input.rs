//! What a program sees of one record.

use bytes::Bytes;
use ssectl_adapter::{Position, Record};

/// The payload of a record, as the program's input `.`.
#[derive(Clone, Copy, Debug)]
pub enum Payload<'a> {
    /// Exactly one JSON value.
    Json(&'a [u8]),
    /// The bytes as one string, as `jq -R` reads a line.
    Text(&'a [u8]),
    /// A record without a value: `null`.
    Null,
}

/// One record: its payload and what the stream says about it.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// Becomes `.`.
    pub payload: Payload<'a>,
    /// Becomes the variables.
    pub meta: Meta<'a>,
}

/// Where a record comes from. The variables are built only if the program names them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Meta<'a> {
    /// `$key`: a string, or `null` if there is none.
    pub key: Option<&'a [u8]>,
    /// `$headers`: an object; of a header that comes twice, the last value.
    pub headers: &'a [(String, Option<Bytes>)],
    /// `$stream`: topic, file or queue.
    pub stream: &'a str,
    /// `$partition`: a string.
    pub partition: &'a str,
    /// `$offset`: an integer, a string where the broker has tokens, or `null`.
    pub position: Option<&'a Position>,
    /// `$time` (integer milliseconds since 1970, rounded down) and `$time_ns` (integer
    /// nanoseconds); both `null` if the record has no time.
    pub timestamp_ns: Option<i128>,
}

impl<'a> Meta<'a> {
    /// What a record says about itself.
    pub fn of(record: &'a Record) -> Self {
        Self {
            key: record.key.as_deref(),
            headers: &record.headers,
            stream: &record.origin.stream,
            partition: record.origin.partition.as_str(),
            position: Some(&record.origin.position),
            timestamp_ns: record.timestamp.map(ssectl_adapter::Timestamp::as_nanos),
        }
    }
}
