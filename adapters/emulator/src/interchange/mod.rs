//! From one dialect's frames to another's: a record published in one can be read in the other.
//!
//! What passes between them is a [`Record`], which belongs to no dialect. Each dialect reads and writes its own
//! frames; [`records_of`] picks the one whose frame it is by the number in the frame's header.

use bytes::Bytes;

use crate::store::Frame;

/// A record of any dialect.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Record {
    /// Its place in the log.
    pub(crate) offset: i64,
    /// Unix milliseconds.
    pub(crate) timestamp_ms: i64,
    /// What decides about its partition.
    pub(crate) key: Option<Bytes>,
    /// What it says; none in a tombstone.
    pub(crate) value: Option<Bytes>,
    /// Names and values in the order they came; a value may be missing.
    pub(crate) headers: Vec<(String, Option<Bytes>)>,
}

/// The records of a frame; none in one that only its own dialect knows, such as the mark at the end of a transaction.
pub(crate) fn records_of(frame: &Frame) -> Vec<Record> {
    match frame.header.format {
        #[cfg(feature = "eventhubs")]
        crate::eventhubs::events::FORMAT => crate::eventhubs::records_of(frame),
        #[cfg(feature = "kafka")]
        crate::kafka::RECORD_BATCH => crate::kafka::records_of(frame),
        _ => Vec::new(),
    }
}
