//! What a case asks of an adapter's capabilities.

use ssectl_adapter::{Capabilities, EndOfStream, Order};

/// One capability that a case cannot do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Sources can be opened.
    Read,
    /// Sinks can be opened.
    Write,
    /// Streams can be made and looked at.
    Admin,
    /// Streams have partitions.
    Partitions,
    /// Keys survive.
    Keys,
    /// Headers survive.
    Headers,
    /// Null and empty values differ.
    Tombstones,
    /// Timestamps survive.
    Timestamps,
    /// Values may be any bytes.
    Binary,
    /// Records of one key keep their order.
    KeyOrder,
    /// Records of one partition keep their order.
    PartitionOrder,
    /// Reads start at positions.
    Seek,
    /// Reads start at times.
    SeekTime,
    /// Groups resume where they committed.
    Resume,
    /// Groups have positions of their own.
    FanOut,
    /// The end of a bounded read is exact.
    ExactEnd,
    /// A read without an end goes on when there is nothing more for now.
    Follows,
    /// The backlog of a group is known.
    Lag,
    /// Records have a largest size.
    SizeLimit,
}

impl Need {
    /// Why the need is not met; `None` when it is.
    pub fn unmet(self, has: &Capabilities) -> Option<&'static str> {
        let (met, reason) = match self {
            Self::Read => (has.read, "it has no sources"),
            Self::Write => (has.write, "it has no sinks"),
            Self::Admin => (has.admin, "it has no administration of streams"),
            Self::Partitions => (has.partitions, "its streams have one partition"),
            Self::Keys => (has.keys, "it keeps no keys"),
            Self::Headers => (has.headers, "it keeps no headers"),
            Self::Tombstones => (has.tombstones, "null and empty values are the same to it"),
            Self::Timestamps => (has.timestamps, "it keeps no timestamps"),
            Self::Binary => (has.binary, "its values are lines of text"),
            Self::KeyOrder => (has.order >= Order::PerKey, "it promises no order"),
            Self::PartitionOrder => (
                has.order >= Order::PerPartition,
                "it promises no order within a partition",
            ),
            Self::Seek => (has.seek, "its reads cannot start at a position"),
            Self::SeekTime => (has.seek_time, "its reads cannot start at a time"),
            Self::Resume => (has.resume, "it has no named readers that resume"),
            Self::FanOut => (has.fan_out, "its readers share one position"),
            Self::Follows => (
                has.end != EndOfStream::Closes,
                "its streams end by themselves",
            ),
            Self::ExactEnd => (has.end == EndOfStream::Exact, "its reads have no exact end"),
            Self::Lag => (has.lag, "it does not know the backlog of a reader"),
            Self::SizeLimit => (
                has.max_record_bytes.is_some(),
                "it takes records of any size",
            ),
        };
        (!met).then_some(reason)
    }
}
