//! References to records of a shared stream: what queues and topics of Pub/Sub have in their logs instead of messages.
//!
//! A queue has one order, and leases by places in it; a shared stream has partitions. So each queue keeps, in the log of a stream
//! of its own, which records of which partition come next: a frame of format [`REFERENCES`] covers as many places as it
//! refers to records, and its payload is a version byte, the partition (4 bytes) and the first offset (8 bytes, big-endian). The
//! records stay where they are. How far the partitions were looked at follows from these frames, so a killed process neither
//! forgets a record nor refers to it twice; it is a fact as well, because frames go when all their places are settled.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use bytes::{Buf, BufMut};
use tokio::sync::Notify;

use super::offsets::Acked;
use super::partitioner::partition_of;
use super::{records_of, stream};
use crate::store::frame::HIDDEN;
use crate::store::{
    Attributes, Change, Frame, LockExt, NewFrame, Partition, Store, StoreError, Stream,
    Subscription, Waiter,
};

/// The number of such frames in the store.
pub(crate) const REFERENCES: u8 = 96;

/// The version of their layout.
const VERSION: u8 = 1;

/// The table of facts that says how far partitions were looked at, by the id of the stream with the references.
const PROGRESS: u8 = 96;

/// The attribute with the shared stream's name.
const NAME: &str = "shared";

/// The attribute with its id, because another one may get its name.
const ID: &str = "shared_id";

/// Bytes read at a time.
const BULK: usize = 1 << 20;

/// A shared stream, as one queue sees it.
#[derive(Debug)]
pub(crate) struct References {
    store: Arc<Store>,
    shared: Arc<Stream>,
    own: Arc<Stream>,
    log: Arc<Partition>,
    /// Offsets of each partition that are referred to, or need not be.
    seen: Mutex<Vec<Acked>>,
    /// Where the next record without a key goes.
    next: AtomicU32,
    _bells: Vec<Subscription>,
}

/// Consecutive records of a partition, and their places in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    /// The place of the first.
    pub(crate) place: i64,
    partition: u32,
    first: i64,
    count: u32,
}

impl Reference {
    /// Reads a frame; `None` if it is something else.
    pub(crate) fn decode(frame: &Frame) -> Option<Self> {
        let mut payload = frame.payload.clone();
        if frame.header.format != REFERENCES || payload.try_get_u8().ok()? != VERSION {
            return None;
        }
        Some(Self {
            place: frame.header.base_offset,
            partition: payload.try_get_u32().ok()?,
            first: payload.try_get_i64().ok()?,
            count: frame.header.offsets,
        })
    }

    /// The place after the last.
    pub(crate) fn end(&self) -> i64 {
        self.place + i64::from(self.count)
    }
}

/// The attributes by which a queue's own stream names the shared one.
pub(crate) fn attributes(shared: &Stream) -> Attributes {
    Attributes::from([
        (NAME.to_owned(), shared.name().to_owned()),
        (ID.to_owned(), format!("{:032x}", shared.id())),
    ])
}

/// Whether a queue's own stream refers to another one.
pub(crate) fn refers(own: &Stream) -> bool {
    own.attributes().contains_key(NAME)
}

/// What remains of those attributes, for who replaces others.
pub(crate) fn kept(own: &Stream) -> Attributes {
    let mut attributes = own.attributes();
    attributes.retain(|name, _| name == NAME || name == ID);
    attributes
}

impl References {
    /// Opens what `own` refers to, and rings `bell` whenever there may be more; `None` if that is gone or there is none.
    ///
    /// # Errors
    /// The references cannot be read.
    pub(crate) fn open(
        store: &Arc<Store>,
        own: &Arc<Stream>,
        bell: &Arc<Notify>,
    ) -> Result<Option<Self>, StoreError> {
        let attributes = own.attributes();
        let named = attributes.get(NAME).and_then(|name| stream(store, name));
        let id = attributes.get(ID);
        let shared = named.filter(|found| id == Some(&format!("{:032x}", found.id())));
        let (Some(shared), Some(log)) = (shared, own.partition(0)) else {
            return Ok(None);
        };
        let bell = Arc::clone(bell);
        let waiter = Arc::new(Waiter::calling(move || bell.notify_waiters()));
        let partitions = shared.partitions();
        let seen = recall(store, own, &log, partitions.len())?;
        Ok(Some(Self {
            _bells: partitions
                .iter()
                .map(|partition| partition.subscribe(&waiter))
                .collect(),
            store: Arc::clone(store),
            shared,
            own: Arc::clone(own),
            log,
            seen: Mutex::new(seen),
            next: AtomicU32::new(0),
        }))
    }

    /// The shared stream.
    pub(crate) fn shared(&self) -> &Arc<Stream> {
        &self.shared
    }

    /// Whether the shared stream is still there.
    pub(crate) fn is_alive(&self) -> bool {
        let found = self.store.stream(self.shared.name());
        found.is_some_and(|found| found.id() == self.shared.id())
    }

    /// The partition of a record that came to the queue: by its key, or one after the other.
    pub(crate) fn choose(&self, key: Option<&[u8]>) -> u32 {
        let count = self.shared.partition_count().max(1);
        match key {
            Some(key) => partition_of(key, count),
            None => self.next.fetch_add(1, Ordering::Relaxed) % count,
        }
    }

    /// Appends records that came to the queue to a partition of the shared stream; returns the place of the first.
    ///
    /// # Errors
    /// The store is full, the file system refuses, or the shared stream was deleted.
    pub(crate) fn append(
        &self,
        number: u32,
        new: NewFrame<'_>,
        now_ms: i64,
    ) -> Result<i64, StoreError> {
        let partition = self.shared.partition(number as i32);
        let partition = partition.ok_or(StoreError::Deleted)?;
        let mut seen = self.seen.locked();
        let first = partition.append(new, now_ms, |_, _| {})?;
        let range = (first, first + i64::from(new.offsets));
        let reference = self.refer(number, range, now_ms)?;
        if let Some(seen) = seen.get_mut(number as usize) {
            seen.insert(range.0, range.1);
        }
        drop(seen);
        partition.wake();
        Ok(reference.place)
    }

    /// Refers to the records that are new, as far as they are committed.
    ///
    /// # Errors
    /// A log cannot be read or written. What was referred to stays so.
    pub(crate) fn catch_up(&self) -> Result<Vec<Reference>, StoreError> {
        let now_ms = self.store.clock().now_ms();
        let mut seen = self.seen.locked();
        let mut new = Vec::new();
        for (number, partition) in (0..).zip(self.shared.partitions()) {
            let Some(seen) = seen.get_mut(number as usize) else {
                continue;
            };
            // Deleted with all that was in it.
            if !partition.is_deleted() {
                self.follow(number, &partition, seen, now_ms, &mut new)?;
            }
        }
        Ok(new)
    }

    fn follow(
        &self,
        number: u32,
        partition: &Partition,
        seen: &mut Acked,
        now_ms: i64,
        new: &mut Vec<Reference>,
    ) -> Result<(), StoreError> {
        let end = partition.committed_end();
        seen.insert(0, partition.bounds().0);
        let mut cursor = seen.floor();
        while cursor < end {
            let frames = match partition.read_committed(cursor, end, BULK) {
                // Dropped in the meantime.
                Err(StoreError::OutOfRange { start, .. }) if start > cursor => {
                    seen.insert(0, start);
                    cursor = start;
                    continue;
                }
                frames => frames?,
            };
            let Some(last) = frames.last() else { break };
            let after = last.header.next_offset();
            for range in readable(&frames, seen) {
                new.push(self.refer(number, range, now_ms)?);
                seen.insert(range.0, range.1);
            }
            seen.insert(cursor, after);
            cursor = seen.next_left(after);
        }
        Ok(())
    }

    /// Appends a reference. Always fits: the records are there.
    fn refer(
        &self,
        partition: u32,
        (first, end): (i64, i64),
        now_ms: i64,
    ) -> Result<Reference, StoreError> {
        let mut payload = Vec::with_capacity(13);
        payload.put_u8(VERSION);
        payload.put_u32(partition);
        payload.put_i64(first);
        let count = u32::try_from(end - first).map_err(|_| StoreError::TooLarge)?;
        let frame = NewFrame {
            format: REFERENCES,
            offsets: count,
            max_timestamp: now_ms,
            payload: &payload,
            forced: true,
        };
        Ok(Reference {
            place: self.log.append(frame, now_ms, |_, _| {})?,
            partition,
            first,
            count,
        })
    }

    /// Reads records of a reference from the place `from` on, with their places; `read` has those of a frame with their offsets. Ends
    /// after `max_bytes`, but not before there is a frame. Also tells the place after what was looked at: records may be gone.
    ///
    /// # Errors
    /// The partition cannot be read.
    pub(crate) fn read<T>(
        &self,
        reference: &Reference,
        from: i64,
        max_bytes: usize,
        read: impl Fn(&Frame) -> Vec<(i64, T)>,
    ) -> Result<(Vec<(i64, T)>, i64), StoreError> {
        let shift = reference.place - reference.first;
        let end = reference.end() - shift;
        let first = from.max(reference.place) - shift;
        let partition = self.shared.partition(reference.partition as i32);
        let Some(partition) = partition.filter(|partition| !partition.is_deleted()) else {
            return Ok((Vec::new(), reference.end()));
        };
        let first = first.max(partition.bounds().0);
        if first >= end {
            return Ok((Vec::new(), reference.end()));
        }
        let frames = match partition.read(first, end, max_bytes) {
            Err(StoreError::OutOfRange { .. } | StoreError::Deleted) => Vec::new(),
            frames => frames?,
        };
        let after = frames.last().map_or(end, |last| last.header.next_offset());
        let found = frames.iter().flat_map(read);
        let found = found.filter(|(offset, _)| (first..end).contains(offset));
        let found = found.map(|(offset, content)| (offset + shift, content));
        Ok((found.collect(), after.min(end) + shift))
    }

    /// A number that no other record of any stream has.
    #[cfg(feature = "aws")]
    pub(crate) fn id_of(&self, reference: &Reference, place: i64) -> u128 {
        let offset = reference.first + (place - reference.place);
        self.shared.id() ^ (u128::from(reference.partition) << 64 | offset.unsigned_abs() as u128)
    }

    /// Remembers how far the partitions were looked at; to be called before references are dropped.
    ///
    /// # Errors
    /// It cannot be remembered.
    pub(crate) fn save(&self) -> Result<(), StoreError> {
        let seen = self.seen.locked();
        let all: Vec<_> = seen
            .iter()
            .map(|seen| (seen.floor(), seen.ranges().collect::<Vec<_>>()))
            .collect();
        let fact = Change::put(PROGRESS, key(&self.own), &all);
        self.store.facts().apply(vec![fact])
    }
}

/// Forgets what is known of a queue's own stream, which is being deleted.
///
/// # Errors
/// That cannot be remembered.
pub(crate) fn forget(store: &Store, own: &Stream) -> Result<(), StoreError> {
    match refers(own) {
        true => store
            .facts()
            .apply(vec![Change::remove(PROGRESS, key(own))]),
        false => Ok(()),
    }
}

fn key(own: &Stream) -> String {
    format!("{:032x}", own.id())
}

/// What is known of how far the partitions were looked at: what was saved, and all that there are references to.
fn recall(
    store: &Store,
    own: &Stream,
    log: &Partition,
    partitions: usize,
) -> Result<Vec<Acked>, StoreError> {
    type Saved = Vec<(i64, Vec<(i64, i64)>)>;
    let saved = BTreeMap::from_iter(store.facts().table::<Saved>(PROGRESS)?);
    let mut seen = vec![Acked::starting(0); partitions];
    for (seen, (floor, ranges)) in seen
        .iter_mut()
        .zip(saved.get(&key(own)).into_iter().flatten())
    {
        seen.insert(0, *floor);
        ranges.iter().for_each(|(from, to)| seen.insert(*from, *to));
    }
    let (mut from, end) = log.bounds();
    while from < end {
        let frames = log.read(from, end, BULK)?;
        let Some(last) = frames.last() else { break };
        from = last.header.next_offset();
        for reference in frames.iter().filter_map(Reference::decode) {
            if let Some(seen) = seen.get_mut(reference.partition as usize) {
                let end = reference.first + i64::from(reference.count);
                seen.insert(reference.first, end);
            }
        }
    }
    Ok(seen)
}

/// The ranges of offsets in frames that hold records and were not seen.
fn readable(frames: &[Frame], seen: &Acked) -> Vec<(i64, i64)> {
    let mut ranges: Vec<(i64, i64)> = Vec::new();
    for frame in frames {
        // Retention may have dropped the first records of a frame.
        let from = seen.next_left(frame.header.base_offset);
        let to = frame.header.next_offset();
        if frame.header.format == HIDDEN || from >= to || !has_records(frame) {
            continue;
        }
        match ranges.last_mut() {
            Some(last) if last.1 == from => last.1 = to,
            _ => ranges.push((from, to)),
        }
    }
    ranges
}

/// Whether a frame has records; marks of transactions have none.
fn has_records(frame: &Frame) -> bool {
    match frame.header.format {
        #[cfg(feature = "kafka")]
        crate::kafka::RECORD_BATCH => crate::kafka::has_records(frame),
        _ => !records_of(frame).is_empty(),
    }
}

#[cfg(all(test, feature = "pubsub"))]
mod tests;
