//! Writing a stream.

use async_trait::async_trait;

use crate::{Error, Record, Result};

/// Where to write.
#[derive(Debug, Clone, Default)]
pub struct SinkSpec {
    /// The stream's name at the target.
    pub stream: String,
    /// Whether records carry an id in the header [`ID_HEADER`] which no other record of the stream has: what is written
    /// again has it again, and a service that can leave out such records shall go by it.
    pub identified: bool,
}

/// The header with the id of a record: 32 hexadecimal digits.
pub const ID_HEADER: &str = "ssectl-id";

/// A record the target did not take.
#[derive(Debug)]
pub struct Rejected {
    /// Its index in the slice given to `write`.
    pub index: usize,
    /// Why; when temporary, the engine writes this record again.
    pub error: Error,
}

/// The outcome of a write that did not fail as a whole.
#[derive(Debug, Default)]
pub struct Written {
    /// In ascending order of index; empty when all were taken.
    pub rejected: Vec<Rejected>,
}

/// An open write to one stream.
#[async_trait]
pub trait Sink: Send {
    /// Hands records over in order. Records with the same key keep their order.
    ///
    /// When it answers Ok the target has every record that is not listed as rejected; a sink that
    /// cannot reject single records may hold them until `flush`. An error means that any of them
    /// may or may not be there.
    async fn write(&mut self, records: &[Record]) -> Result<Written>;

    /// Whether what is written is seen only when the source that was opened with it commits; see
    /// [`Target::transactional`](crate::Target::transactional).
    fn awaits_commit(&self) -> bool {
        false
    }

    /// Ok only when all records of earlier writes are at the destination, readable by others.
    async fn flush(&mut self) -> Result<()>;

    /// Flushes, completes what has an end (a compressed file's trailer) and frees the rest.
    async fn close(self: Box<Self>) -> Result<()>;
}
