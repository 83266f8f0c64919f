//! The records of one stream, by partition.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use crate::{Bound, Error, ErrorKind, Origin, Partition, Position, Record, Result, Timestamp};

pub(super) struct Log {
    name: Arc<str>,
    partitions: Vec<(Partition, Vec<Record>)>,
    next: usize,
}

impl Log {
    pub(super) fn new(name: &str, partitions: u32) -> Self {
        Self {
            name: Arc::from(name),
            partitions: (0..partitions)
                .map(|p| (Partition::from(p.to_string()), Vec::new()))
                .collect(),
            next: 0,
        }
    }

    /// By hash of the key, in turn without one.
    pub(super) fn append(&mut self, mut record: Record) {
        let count = self.partitions.len();
        let index = match &record.key {
            Some(key) => {
                let mut hasher = DefaultHasher::new();
                key.hash(&mut hasher);
                usize::try_from(hasher.finish() % count as u64).unwrap_or(0)
            }
            None => {
                self.next = (self.next + 1) % count;
                self.next
            }
        };
        let (id, records) = &mut self.partitions[index];
        record.origin = Origin {
            stream: self.name.clone(),
            partition: id.clone(),
            position: Position::Offset(records.len() as i64),
        };
        records.push(record);
    }

    /// Each partition with its end offset.
    pub(super) fn partitions(&self) -> impl Iterator<Item = (&Partition, i64)> {
        self.partitions
            .iter()
            .map(|(id, records)| (id, records.len() as i64))
    }

    pub(super) fn records(&self, partition: &Partition) -> &[Record] {
        self.partitions
            .iter()
            .find(|(id, _)| id == partition)
            .map_or(&[], |(_, records)| records)
    }

    /// Where a read that begins at this bound starts; a position must be one the partition has.
    pub(super) fn start(&self, partition: &Partition, bound: &Bound) -> Result<i64> {
        let start = self.resolve(partition, bound);
        match bound {
            Bound::At(position) if *position != Position::Offset(start) => Err(Error::new(
                ErrorKind::OutOfRange,
                format!("position {position} is not in stream `{}`", self.name),
            )
            .with("partition", partition)
            .hint(format!("it holds 0 to {}", self.records(partition).len()))),
            _ => Ok(start),
        }
    }

    /// The offset a bound stands for; `Stored` counts as the start.
    pub(super) fn resolve(&self, partition: &Partition, bound: &Bound) -> i64 {
        let records = self.records(partition);
        let end = records.len() as i64;
        let distance = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        match bound {
            Bound::Start | Bound::Stored => 0,
            Bound::End => end,
            Bound::At(Position::Offset(offset)) => (*offset).clamp(0, end),
            Bound::At(_) => 0,
            Bound::AfterStart(n) => distance(*n).min(end),
            Bound::BeforeEnd(n) => (end - distance(*n)).max(0),
            Bound::Time(time) => first_not_before(records, *time),
        }
    }
}

fn first_not_before(records: &[Record], time: Timestamp) -> i64 {
    let found = records
        .iter()
        .position(|record| record.timestamp.is_some_and(|t| t >= time));
    found.unwrap_or(records.len()) as i64
}
