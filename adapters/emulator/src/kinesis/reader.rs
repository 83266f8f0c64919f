//! Reading the records of one shard.

use serde::{Serialize, Serializer};

use super::about::{About, Shard};
use super::exchange::{self, Stamped};
use super::frames::{FORMAT, Record, Records};
use super::sequence::Sequence;
use super::wire::{Data, Timestamp};
use crate::interchange;
use crate::store::{Frame, Partition, StoreError};

/// Bytes that are read from the log at a time.
const BULK: usize = 1 << 20;

/// The same for those who want few records.
const SIP: usize = 64 * 1024;

/// What fewer records than this are.
const FEW: usize = 100;

/// How much is wanted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    pub(super) offset: i64,
    pub(super) records: usize,
    /// Bytes of keys and data, but at least one record if there is one.
    pub(super) bytes: usize,
}

/// A record as clients see it.
#[derive(Debug, Clone)]
pub(super) struct Found {
    sequence: Sequence,
    pub(super) arrival_ms: i64,
    is_encrypted: bool,
    record: Record,
}

impl Serialize for Found {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "PascalCase")]
        struct View<'a> {
            sequence_number: &'a Sequence,
            approximate_arrival_timestamp: Timestamp,
            data: Data<'a>,
            partition_key: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            encryption_type: Option<&'static str>,
        }
        let view = View {
            sequence_number: &self.sequence,
            approximate_arrival_timestamp: Timestamp(self.arrival_ms),
            data: Data(&self.record.data),
            // Keys were text when they came.
            partition_key: std::str::from_utf8(&self.record.partition_key).unwrap_or_default(),
            encryption_type: self.is_encrypted.then_some("KMS"),
        };
        view.serialize(serializer)
    }
}

/// What a read found.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) records: Vec<Found>,
    /// The offset of the next record.
    pub(super) next: i64,
    /// Bytes of keys and data.
    pub(super) bytes: usize,
    /// Whether there is nothing after it yet.
    pub(super) is_caught_up: bool,
    /// Whether there will never be anything after it.
    pub(super) is_finished: bool,
}

impl Read {
    /// How far it is behind the tip of the shard.
    pub(super) fn millis_behind(&self, now_ms: i64) -> i64 {
        match self.records.last() {
            Some(last) if !self.is_caught_up => (now_ms - last.arrival_ms).max(1),
            _ => 0,
        }
    }
}

/// Reads records of a shard, oldest first; those beyond the retention are passed over.
///
/// # Errors
/// The log cannot be read.
pub(super) fn read(
    (about, number): (&About, u32),
    log: &Partition,
    wanted: Wanted,
    now_ms: i64,
) -> Result<Read, StoreError> {
    let shard = &about.shards[number as usize];
    let horizon_ms = about.horizon_ms(now_ms);
    let mut reader = Reader {
        shard,
        number,
        wanted,
        read: Read::default(),
    };
    let (start, end) = (log.bounds().0, log.committed_end());
    reader.read.next = wanted.offset.max(start).min(end.max(start));
    let step = if wanted.records < FEW { SIP } else { BULK };
    while reader.read.next < end && reader.has_room() {
        let room = wanted.bytes - reader.read.bytes;
        let frames = match log.read_committed(reader.read.next, end, step.min(room)) {
            // Dropped in the meantime.
            Err(StoreError::OutOfRange { start, .. }) if start > reader.read.next => {
                reader.read.next = start.min(end);
                continue;
            }
            frames => frames?,
        };
        let Some(first) = frames.first() else { break };
        if first.header.max_timestamp < horizon_ms {
            let next = log.find_time(horizon_ms, reader.read.next)?;
            reader.read.next =
                next.map_or(end, |frame| frame.header.base_offset.max(reader.read.next));
            continue;
        }
        if !frames.into_iter().all(|frame| reader.take(frame)) {
            break;
        }
    }
    let mut read = reader.read;
    read.is_caught_up = read.next >= log.committed_end();
    read.is_finished = shard.closed.is_some_and(|closed| read.next >= closed.end);
    Ok(read)
}

struct Reader<'a> {
    shard: &'a Shard,
    number: u32,
    wanted: Wanted,
    read: Read,
}

impl Reader<'_> {
    fn has_room(&self) -> bool {
        self.read.records.len() < self.wanted.records && self.read.bytes < self.wanted.bytes
    }

    /// Takes the records of a frame; false if there is no room for all of them.
    fn take(&mut self, frame: Frame) -> bool {
        let after = frame.header.next_offset();
        let first = self.read.next;
        for stamped in stamped(frame) {
            let Stamped {
                offset,
                arrival_ms,
                is_encrypted,
                record,
            } = stamped;
            if offset < first {
                continue;
            }
            let bytes = record.partition_key.len() + record.data.len();
            let fits = self.read.records.is_empty() || self.read.bytes + bytes <= self.wanted.bytes;
            if !fits || self.read.records.len() == self.wanted.records {
                return false;
            }
            self.read.records.push(Found {
                sequence: self.shard.sequence(self.number, offset, arrival_ms),
                arrival_ms,
                is_encrypted,
                record,
            });
            self.read.bytes += bytes;
            self.read.next = offset + 1;
        }
        self.read.next = after;
        true
    }
}

/// The records of a frame, whatever dialect wrote it.
fn stamped(frame: Frame) -> Box<dyn Iterator<Item = Stamped>> {
    let base = frame.header.base_offset;
    if frame.header.format != FORMAT {
        let records = interchange::records_of(&frame).into_iter();
        return Box::new(records.map(exchange::stamped));
    }
    let records = Records::decode(frame.payload);
    let own = records.into_iter().flat_map(move |records| {
        let (arrival_ms, is_encrypted) = (records.arrival_ms, records.is_encrypted);
        (base..).zip(records).map(move |(offset, record)| Stamped {
            offset,
            arrival_ms,
            is_encrypted,
            record,
        })
    });
    Box::new(own)
}
