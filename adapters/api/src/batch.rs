//! What a source hands over, and what it takes back once the records are safe.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;

use crate::{Error, Lines, Origin, Partition, Position, Record};

/// How much one `fetch` may return and how long it may wait for the first record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// At most so many records.
    pub records: usize,
    /// Stop adding records once their payloads exceed this; one record always fits.
    pub bytes: usize,
    /// Return `Idle` after this time without a record.
    pub wait: Duration,
}

impl Default for Limit {
    fn default() -> Self {
        Self {
            records: 8192,
            bytes: 4 << 20,
            wait: Duration::from_millis(200),
        }
    }
}

/// The answer of a fetch.
#[derive(Debug)]
pub enum Fetched {
    /// At least one record.
    Batch(Batch),
    /// Nothing arrived within the wait; ask again.
    Idle,
    /// The stream ended, or the asked range is used up. Every later fetch says so again.
    End,
}

/// Records in the order they are to be processed, with the token that commits them all.
#[derive(Debug, Default)]
pub struct Batch {
    /// What could be read; empty only when there are faults, or [`Batch::lines`].
    pub records: Vec<Record>,
    /// What could be read, instead of records; only from a source that was told [`Source::allow_lines`](crate::Source::allow_lines).
    pub lines: Option<Lines>,
    /// What was there but is no record, while the stream goes on behind it.
    pub faults: Vec<Fault>,
    /// Commit this when all records of the batch are safe.
    pub commit: Commit,
}

impl Batch {
    /// Records, lines and faults together.
    pub fn count(&self) -> usize {
        self.records.len() + self.lines.as_ref().map_or(0, Lines::len) + self.faults.len()
    }

    /// Makes records of the lines.
    pub fn make_records(&mut self) {
        if let Some(lines) = self.lines.take() {
            self.records.extend(lines.records());
        }
    }
}

/// Bytes of a stream that are no record: a line that is too long, a torn row. The pipeline's
/// error policy decides whether they stop it, are skipped or kept as a dead letter.
#[derive(Debug)]
pub struct Fault {
    /// Where they stand.
    pub origin: Origin,
    /// How many records of the same batch stand before it.
    pub index: usize,
    /// The bytes as far as they were kept.
    pub raw: Option<Bytes>,
    /// How many bytes there were at least, if `raw` has only the first of them.
    pub cut_from: Option<u64>,
    /// What is wrong with them.
    pub error: Error,
}

/// Opaque handle by which a leased message is acknowledged (SQS receipt, Pub/Sub ack id).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Receipt(pub String);

/// One token for logs and for leases.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Commit {
    /// Nothing to commit (stdin, or nothing read).
    #[default]
    Nothing,
    /// Per partition, the *next* position to read.
    UpTo(BTreeMap<Partition, Position>),
    /// Exactly these leased messages.
    Receipts(Vec<Receipt>),
    /// The positions of all partitions that were read, with a note that the target keeps beside each of them. Only for
    /// sources of [`Target::transactional`](crate::Target::transactional).
    Noted {
        /// Per partition, the *next* position to read.
        positions: BTreeMap<Partition, Position>,
        /// A short text.
        note: String,
    },
}

impl Commit {
    /// Adds a later token to this one; positions of the later one win.
    pub fn merge(&mut self, later: Commit) {
        match (&mut *self, later) {
            (_, Commit::Nothing) => {}
            (Commit::UpTo(have), Commit::UpTo(more)) => have.extend(more),
            (Commit::Receipts(have), Commit::Receipts(more)) => have.extend(more),
            (_, later) => *self = later,
        }
    }

    /// Whether committing it would do nothing.
    pub fn is_empty(&self) -> bool {
        match self {
            Commit::Nothing => true,
            Commit::UpTo(positions) => positions.is_empty(),
            Commit::Receipts(receipts) => receipts.is_empty(),
            Commit::Noted { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn up_to(pairs: &[(&str, i64)]) -> Commit {
        Commit::UpTo(
            pairs
                .iter()
                .map(|(p, o)| (Partition::from(*p), Position::Offset(*o)))
                .collect(),
        )
    }

    #[test]
    fn merging_keeps_the_later_position_of_each_partition() {
        let mut commit = Commit::Nothing;
        commit.merge(up_to(&[("0", 5), ("1", 2)]));
        commit.merge(up_to(&[("0", 9)]));
        commit.merge(Commit::Nothing);
        assert_eq!(commit, up_to(&[("0", 9), ("1", 2)]));
    }

    #[test]
    fn merging_receipts_keeps_every_one() {
        let mut commit = Commit::Receipts(vec![Receipt("a".into())]);
        commit.merge(Commit::Receipts(vec![Receipt("b".into())]));
        assert_eq!(
            commit,
            Commit::Receipts(vec![Receipt("a".into()), Receipt("b".into())])
        );
    }
}
