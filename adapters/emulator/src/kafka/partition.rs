//! One partition of a topic: the log, and what is known of its producers.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use kafka_protocol::ResponseError;

use super::batch::{self, BatchHeader, Marker};
use super::producers::{Aborted, Producers, Verdict};
use super::topic_config::TopicConfig;
use crate::store::{Frame, LockExt, NewFrame, Partition, StoreError, Visibility};

/// The format number of a record batch of version 2 in a store's frame.
pub(crate) const RECORD_BATCH: u8 = 1;

/// The leader epoch of every partition: the only broker never loses its leadership.
pub(crate) const LEADER_EPOCH: i32 = 0;

/// An error code, and a reason for people.
pub(crate) type Refusal = (ResponseError, String);

/// A partition and its producers. The lock of the producers is taken before that of the log.
#[derive(Debug)]
pub(crate) struct TopicPartition {
    pub(crate) log: Arc<Partition>,
    producers: Arc<Mutex<Producers>>,
    /// The offset before which everything was compacted once.
    cleaned_until: AtomicI64,
}

/// What `read_committed` consumers see, for other dialects.
#[derive(Debug)]
struct Committed(Arc<Mutex<Producers>>);

impl Visibility for Committed {
    fn end(&self, end: i64) -> i64 {
        self.0.locked().last_stable_offset(end)
    }

    fn hides(&self, frame: &Frame) -> bool {
        let is_batch = frame.header.format == RECORD_BATCH;
        let header = BatchHeader::read(&frame.payload).filter(|_| is_batch);
        header.is_some_and(|header| self.0.locked().is_aborted(&header))
    }
}

/// What an append tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Appended {
    pub(crate) base_offset: i64,
    /// The broker's time, if the records got that, or -1.
    pub(crate) log_append_time_ms: i64,
    pub(crate) log_start: i64,
}

/// Where a partition begins and ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub(crate) start: i64,
    pub(crate) end: i64,
    /// Before it, every transaction has ended.
    pub(crate) last_stable: i64,
}

impl TopicPartition {
    /// A partition whose producers were rebuilt from its log.
    pub(crate) fn new(log: Arc<Partition>, producers: Producers) -> Self {
        let producers = Arc::new(Mutex::new(producers));
        log.govern(Arc::new(Committed(Arc::clone(&producers))));
        Self {
            log,
            producers,
            cleaned_until: AtomicI64::new(0),
        }
    }

    /// Appends a batch that was checked by itself, unless its producer may not or did already.
    pub(crate) fn append(
        &self,
        sent: &Bytes,
        mut header: BatchHeader,
        config: &TopicConfig,
        now_ms: i64,
    ) -> Result<Appended, Refusal> {
        let mut producers = self.producers.locked();
        let log_append_time_ms = if config.log_append_time { now_ms } else { -1 };
        let answer = |base_offset| Appended {
            base_offset,
            log_append_time_ms,
            log_start: self.log.bounds().0,
        };
        if let Verdict::Duplicate(base_offset) = producers.check(&header)? {
            return Ok(answer(base_offset));
        }
        if config.log_append_time {
            header.max_timestamp = now_ms;
        }
        let finish = |batch: &mut [u8], base_offset| {
            if config.log_append_time {
                batch::stamp(batch, now_ms);
            }
            batch::place(batch, base_offset, LEADER_EPOCH);
        };
        header.base_offset = self
            .write(sent, &header, now_ms, finish)
            .map_err(|error| store_refusal(&error))?;
        producers.note(&header, now_ms);
        drop(producers);
        self.log.wake();
        Ok(answer(header.base_offset))
    }

    /// Ends the transaction of a producer. Unless it is the first attempt, nothing is written if none is open.
    pub(crate) fn end_transaction(
        &self,
        marker: Marker,
        (producer_id, epoch): (i64, i16),
        first_attempt: bool,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        let mut producers = self.producers.locked();
        if !first_attempt && !producers.has_open(producer_id) {
            return Ok(());
        }
        let batch = marker.batch(producer_id, epoch, now_ms);
        // The batch was just built, with a whole header.
        let header = BatchHeader::read(&batch).expect("a marker has a header");
        let place = |batch: &mut [u8], base_offset| batch::place(batch, base_offset, LEADER_EPOCH);
        let offset = self.write(&batch, &header, now_ms, place)?;
        producers.note_marker(marker, &header, offset, now_ms);
        drop(producers);
        self.log.wake();
        Ok(())
    }

    fn write(
        &self,
        batch: &[u8],
        header: &BatchHeader,
        now_ms: i64,
        patch: impl FnOnce(&mut [u8], i64),
    ) -> Result<i64, StoreError> {
        let frame = NewFrame {
            format: RECORD_BATCH,
            offsets: header.offsets(),
            max_timestamp: header.max_timestamp,
            payload: batch,
            // A full store must not leave transactions open.
            forced: header.is_control(),
        };
        self.log.append(frame, now_ms, patch)
    }

    /// Where the partition begins and ends, at one moment.
    pub(crate) fn bounds(&self) -> Bounds {
        let producers = self.producers.locked();
        let (start, end) = self.log.bounds();
        Bounds {
            start,
            end,
            last_stable: producers.last_stable_offset(end),
        }
    }

    /// The aborted transactions that have records in `from..before`.
    pub(crate) fn aborted(&self, from: i64, before: i64) -> Vec<Aborted> {
        self.producers.locked().aborted(from, before)
    }

    /// The offset before which everything was compacted once.
    pub(crate) fn cleaned_until(&self) -> i64 {
        self.cleaned_until.load(Ordering::Relaxed)
    }

    /// Remembers how far compaction came.
    pub(crate) fn set_cleaned_until(&self, offset: i64) {
        self.cleaned_until.store(offset, Ordering::Relaxed);
    }

    /// Looks at the producers, or changes what is known of them.
    pub(crate) fn with_producers<T>(&self, run: impl FnOnce(&mut Producers) -> T) -> T {
        run(&mut self.producers.locked())
    }
}

/// What a client is told when the store refuses.
pub(crate) fn store_refusal(error: &StoreError) -> Refusal {
    let code = match error {
        StoreError::Deleted => ResponseError::UnknownTopicOrPartition,
        StoreError::OutOfRange { .. } => ResponseError::OffsetOutOfRange,
        _ => ResponseError::KafkaStorageError,
    };
    (code, error.to_string())
}
