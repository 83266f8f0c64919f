//! From one dialect's frames to another's: a record published in one can be read in the other.
//!
//! What passes between them is a [`Record`], which belongs to no dialect. Each dialect reads and writes its own
//! frames; [`records_of`] picks the one whose frame it is by the number in the frame's header. What a dialect cannot say by
//! itself it says as the adapters of ssectl do, in names that begin with `ssectl.` ([`own`]).

#[cfg(all(test, any(feature = "aws", feature = "eventhubs", feature = "pubsub")))]
pub(crate) mod odd;
#[cfg(any(feature = "aws", feature = "pubsub"))]
pub(crate) mod offsets;
#[cfg(any(feature = "aws", feature = "eventhubs", feature = "pubsub"))]
pub(crate) mod own;
#[cfg(any(feature = "aws", feature = "pubsub"))]
mod partitioner;
#[cfg(any(feature = "aws", feature = "pubsub"))]
pub(crate) mod references;

use std::sync::Arc;

use bytes::Bytes;

use crate::store::{Frame, Store, StoreError, Stream};

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
        #[cfg(feature = "aws")]
        crate::kinesis::FORMAT => crate::kinesis::records_of(frame),
        #[cfg(feature = "pubsub")]
        crate::pubsub::FORMAT => crate::pubsub::records_of(frame),
        #[cfg(feature = "aws")]
        crate::queue::FORMAT => crate::sqs::records_of(frame),
        _ => Vec::new(),
    }
}

/// Whether a stream of that name belongs to no dialect alone.
pub(crate) fn is_shared(name: &str) -> bool {
    !name.contains('/')
}

/// The streams that belong to no dialect alone, by name.
pub(crate) fn streams(store: &Store) -> impl Iterator<Item = Arc<Stream>> {
    let all = store.streams().into_iter();
    all.filter(|stream| is_shared(stream.name()))
}

/// The stream of that name, if it belongs to no dialect alone.
#[cfg(any(feature = "aws", feature = "pubsub"))]
pub(crate) fn stream(store: &Store, name: &str) -> Option<Arc<Stream>> {
    store.stream(name).filter(|_| is_shared(name))
}

/// The stream of that name, which is created if there is none.
///
/// # Errors
/// It cannot be remembered.
#[cfg(any(feature = "aws", feature = "pubsub"))]
pub(crate) fn get_or_create(
    store: &Store,
    name: &str,
    partitions: u32,
) -> Result<Arc<Stream>, StoreError> {
    let id = uuid::Uuid::new_v4().as_u128();
    let created = store.create(name, id, partitions, Default::default(), Default::default())?;
    let found = created.or_else(|| store.stream(name));
    found.ok_or(StoreError::Deleted)
}

/// Deletes the streams that belong to no dialect alone.
///
/// # Errors
/// A deletion cannot be remembered.
#[cfg(any(feature = "aws", feature = "pubsub"))]
pub(crate) fn delete_all(store: &Store) -> Result<(), StoreError> {
    streams(store).try_for_each(|stream| store.delete(stream.name()).map(drop))
}
