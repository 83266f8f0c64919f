//! What a program sees of one record.

use bytes::Bytes;

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
    pub headers: &'a [(String, Bytes)],
    /// `$stream`: topic, file or queue.
    pub stream: &'a str,
    /// `$partition`: a string.
    pub partition: &'a str,
    /// `$offset`: an integer if it reads as one, else a string.
    pub position: &'a str,
    /// `$time` (integer milliseconds since 1970, rounded down) and `$time_ns` (integer
    /// nanoseconds); both `null` if the record has no time.
    pub timestamp_ns: Option<i128>,
}
