//! Reading a stream.

use std::collections::BTreeMap;

use async_trait::async_trait;

use crate::{Commit, Fetched, Limit, Partition, Position, Range, Receipt, Result};

/// What to read and from where to where.
#[derive(Debug, Clone, Default)]
pub struct SourceSpec {
    /// The stream's name at the target.
    pub stream: String,
    /// Only these partitions; all when empty.
    pub partitions: Vec<String>,
    /// First and last record; see [`Range`]. A range with an end is fixed when the source opens.
    pub range: Range,
    /// Partitions that begin at this position, the next record to read, whatever the range and the group's commits say:
    /// those of a checkpoint. For sources that commit positions; others ignore it.
    pub at: BTreeMap<Partition, Position>,
    /// The named reader whose commits are kept by the target, and who shares partitions with
    /// others of the same name. Without one nothing is committed anywhere.
    pub group: Option<String>,
}

/// An open read of one stream. One owner asks; records are never pushed.
#[async_trait]
pub trait Source: Send {
    /// Waits for records within the limit.
    ///
    /// Cancel-safe: a dropped future loses no record. Order within a partition is the stream's
    /// order. After `End` every further call answers `End`. A temporary error leaves the source
    /// usable; any other error ends it.
    async fn fetch(&mut self, limit: Limit) -> Result<Fetched>;

    /// From now on a batch may hold [`Batch::lines`](crate::Batch::lines) and neither records nor faults, where that is
    /// all there is to its records. A source that has none ignores it.
    fn allow_lines(&mut self) {}

    /// The partitions that may still give records in this read, as far as they are known. Each is there before the
    /// first of its records, and until the last of them was handed over: one that has come to the end of a bounded
    /// read is left out as soon as that is known, so that nobody waits for it. With a group it may go to others.
    ///
    /// `None` where the stream has no partitions, or nobody can tell them (queues): then it is all one.
    fn partitions(&self) -> Option<Vec<Partition>> {
        None
    }

    /// Fixes the end of the read at what the stream holds now; `fetch` answers `End` once it is
    /// there. Calling it again does nothing. A stream that ends by itself ignores it.
    async fn bound(&mut self) -> Result<()>;

    /// Says that everything the token stands for is safe elsewhere.
    ///
    /// Idempotent, and Ok only when the target has stored it. Without a group it does nothing.
    async fn commit(&mut self, commit: &Commit) -> Result<()>;

    /// Gives leased messages back at once instead of when their lease runs out. Sources
    /// without leases ignore it.
    async fn release(&mut self, receipts: &[Receipt]) -> Result<()> {
        let _ = receipts;
        Ok(())
    }

    /// Leaves the group and frees what it holds. Does not commit.
    async fn close(self: Box<Self>) -> Result<()>;
}
