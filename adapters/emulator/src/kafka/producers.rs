//! What a partition knows about its producers: sequence numbers, open transactions, aborted ones.
//!
//! All of it follows from the batches in the log, from which it is rebuilt when the emulator starts.

use std::collections::{BTreeMap, HashMap, VecDeque};

use kafka_protocol::ResponseError;

use super::batch::{BatchHeader, Marker};

/// How many batches of a producer are remembered; clients have at most so many requests under way.
const REMEMBERED: usize = 5;

/// The producers of one partition.
#[derive(Debug, Default)]
pub(crate) struct Producers {
    by_id: HashMap<i64, Producer>,
    /// Producer ids of open transactions by the offset of their first batch.
    open: BTreeMap<i64, i64>,
    /// Aborted transactions, by the offset of their marker.
    aborted: BTreeMap<i64, Aborted>,
}

/// What is known of one producer.
#[derive(Clone, Debug)]
pub(crate) struct Producer {
    pub(crate) epoch: i16,
    batches: VecDeque<Batch>,
    /// The offset of the first batch of its open transaction.
    pub(crate) transaction_start: Option<i64>,
    /// When it wrote last, Unix milliseconds.
    pub(crate) last_ms: i64,
}

#[derive(Clone, Copy, Debug)]
struct Batch {
    first_sequence: i32,
    last_sequence: i32,
    base_offset: i64,
    last_offset: i64,
}

/// A transaction whose records no `read_committed` consumer may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Aborted {
    pub(crate) producer_id: i64,
    pub(crate) first_offset: i64,
}

/// What is to be done with a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Append it.
    New,
    /// It is in the log already, at this offset.
    Duplicate(i64),
}

impl Producers {
    /// Checks epoch, sequence and transaction of a batch that a client sent.
    pub(crate) fn check(&self, batch: &BatchHeader) -> Result<Verdict, (ResponseError, String)> {
        let Some(producer) = self
            .by_id
            .get(&batch.producer_id)
            .filter(|_| batch.producer_id >= 0)
        else {
            return Ok(Verdict::New);
        };
        let (id, epoch) = (batch.producer_id, batch.producer_epoch);
        if epoch < producer.epoch {
            let reason = format!(
                "producer {id} has epoch {}, this batch has the older {epoch}",
                producer.epoch
            );
            return Err((ResponseError::InvalidProducerEpoch, reason));
        }
        if let Some(known) = producer.find(batch) {
            return Ok(Verdict::Duplicate(known.base_offset));
        }
        let expected = producer.expected_sequence(epoch);
        if batch.base_sequence != expected {
            let reason = format!(
                "producer {id} should send sequence {expected}, not {}",
                batch.base_sequence
            );
            return Err((ResponseError::OutOfOrderSequenceNumber, reason));
        }
        if producer.transaction_start.is_some() && !batch.is_transactional() {
            let reason =
                format!("producer {id} has an open transaction, this batch is not part of it");
            return Err((ResponseError::InvalidTxnState, reason));
        }
        Ok(Verdict::New)
    }

    /// Takes note of a batch that is in the log.
    pub(crate) fn note(&mut self, batch: &BatchHeader, now_ms: i64) {
        if batch.producer_id < 0 {
            return;
        }
        let producer = self
            .by_id
            .entry(batch.producer_id)
            .or_insert_with(|| Producer::new(batch.producer_epoch));
        producer.note(batch, now_ms);
        if batch.is_transactional() && producer.transaction_start.is_none() {
            producer.transaction_start = Some(batch.base_offset);
            self.open.insert(batch.base_offset, batch.producer_id);
        }
    }

    /// Takes note of the end of a transaction that is in the log at `offset`.
    pub(crate) fn note_marker(
        &mut self,
        marker: Marker,
        batch: &BatchHeader,
        offset: i64,
        now_ms: i64,
    ) {
        let id = batch.producer_id;
        let producer = self
            .by_id
            .entry(id)
            .or_insert_with(|| Producer::new(batch.producer_epoch));
        producer.last_ms = now_ms;
        producer.raise_epoch(batch.producer_epoch);
        if let Some(first_offset) = producer.transaction_start.take() {
            self.open.remove(&first_offset);
            if marker == Marker::Abort {
                self.aborted.insert(
                    offset,
                    Aborted {
                        producer_id: id,
                        first_offset,
                    },
                );
            }
        }
    }

    /// The offset before which every transaction has ended, given the end of the log.
    pub(crate) fn last_stable_offset(&self, end: i64) -> i64 {
        self.open.first_key_value().map_or(end, |(first, _)| *first)
    }

    /// The aborted transactions that have records in `from..before`.
    pub(crate) fn aborted(&self, from: i64, before: i64) -> Vec<Aborted> {
        let ended_later = self.aborted.range(from..).map(|(_, aborted)| *aborted);
        ended_later
            .filter(|aborted| aborted.first_offset < before)
            .collect()
    }

    /// All producers, by id.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (i64, &Producer)> {
        self.by_id.iter().map(|(id, producer)| (*id, producer))
    }

    /// Whether a producer has a transaction open here.
    pub(crate) fn has_open(&self, producer_id: i64) -> bool {
        self.by_id
            .get(&producer_id)
            .is_some_and(|producer| producer.transaction_start.is_some())
    }

    /// Whether a batch belongs to a transaction that was aborted.
    pub(crate) fn is_aborted(&self, batch: &BatchHeader) -> bool {
        let ended_later = self
            .aborted
            .range(batch.base_offset..)
            .map(|(_, aborted)| aborted);
        let mut of_producer =
            ended_later.filter(|aborted| aborted.producer_id == batch.producer_id);
        batch.is_transactional()
            && of_producer.any(|aborted| aborted.first_offset <= batch.base_offset)
    }

    /// Whether the batch at these offsets is the last that its producer wrote.
    pub(crate) fn is_last_of(&self, batch: &BatchHeader) -> bool {
        let last = self
            .by_id
            .get(&batch.producer_id)
            .and_then(|producer| producer.batches.back());
        last.is_some_and(|last| last.last_offset == batch.last_offset())
    }

    /// Forgets producers that wrote nothing since `before_ms`, and transactions that ended before `start`.
    pub(crate) fn expire(&mut self, before_ms: i64, start: i64) {
        self.by_id.retain(|_, producer| {
            producer.last_ms >= before_ms || producer.transaction_start.is_some()
        });
        self.aborted = self.aborted.split_off(&start);
    }
}

impl Producer {
    fn new(epoch: i16) -> Self {
        Self {
            epoch,
            batches: VecDeque::new(),
            transaction_start: None,
            last_ms: -1,
        }
    }

    /// The sequence number of its last record, or -1.
    pub(crate) fn last_sequence(&self) -> i32 {
        self.batches.back().map_or(-1, |batch| batch.last_sequence)
    }

    /// The batch that this one repeats.
    fn find(&self, batch: &BatchHeader) -> Option<&Batch> {
        let same = |known: &&Batch| {
            known.first_sequence == batch.base_sequence
                && known.last_sequence == batch.last_sequence()
        };
        self.batches
            .iter()
            .filter(|_| batch.producer_epoch == self.epoch)
            .find(same)
    }

    /// The sequence number that its next batch must begin with. A new epoch starts at 0.
    fn expected_sequence(&self, epoch: i16) -> i32 {
        match self.last_sequence() {
            _ if epoch != self.epoch => 0,
            i32::MAX => 0,
            last => last + 1,
        }
    }

    fn note(&mut self, batch: &BatchHeader, now_ms: i64) {
        self.raise_epoch(batch.producer_epoch);
        self.last_ms = now_ms;
        if self.batches.len() == REMEMBERED {
            self.batches.pop_front();
        }
        self.batches.push_back(Batch {
            first_sequence: batch.base_sequence,
            last_sequence: batch.last_sequence(),
            base_offset: batch.base_offset,
            last_offset: batch.last_offset(),
        });
    }

    fn raise_epoch(&mut self, epoch: i16) {
        if epoch > self.epoch {
            self.epoch = epoch;
            self.batches.clear();
        }
    }
}
