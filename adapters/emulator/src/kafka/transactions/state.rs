//! One transactional id: its producer, and the transaction that is under way.

use std::collections::{BTreeMap, BTreeSet};

use kafka_protocol::ResponseError;
use serde::{Deserialize, Serialize};

use crate::kafka::batch::Marker;
use crate::kafka::groups::Committed;

/// Where a transaction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum State {
    Empty,
    Ongoing,
    PrepareCommit,
    PrepareAbort,
    CompleteCommit,
    CompleteAbort,
}

impl State {
    /// The name that ListTransactions shows.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::Ongoing => "Ongoing",
            Self::PrepareCommit => "PrepareCommit",
            Self::PrepareAbort => "PrepareAbort",
            Self::CompleteCommit => "CompleteCommit",
            Self::CompleteAbort => "CompleteAbort",
        }
    }
}

/// Offsets of a group by topic and partition, as a list because JSON keys are strings.
pub(crate) type PendingOffsets = Vec<((String, i32), Committed)>;

/// What is remembered of a transactional id.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Transaction {
    pub(crate) producer_id: i64,
    pub(crate) epoch: i16,
    /// The epoch before the last one that the producer itself asked for, so that its repetition is recognised.
    pub(crate) last_epoch: i16,
    pub(crate) timeout_ms: i32,
    pub(crate) state: State,
    pub(crate) partitions: BTreeSet<(String, i32)>,
    /// Groups whose offsets are part of the transaction, with the offsets.
    pub(crate) groups: BTreeMap<String, PendingOffsets>,
    /// When the transaction began, Unix milliseconds, or -1.
    pub(crate) started_ms: i64,
    /// When it changed last, Unix milliseconds.
    pub(crate) updated_ms: i64,
}

/// The largest epoch a producer gets; the one above is for fencing it.
const LAST_EPOCH: i16 = i16::MAX - 1;

impl Transaction {
    /// A producer without a transaction.
    pub(crate) fn new(producer_id: i64, timeout_ms: i32, now_ms: i64) -> Self {
        Self {
            producer_id,
            epoch: 0,
            last_epoch: -1,
            timeout_ms,
            state: State::Empty,
            partitions: BTreeSet::new(),
            groups: BTreeMap::new(),
            started_ms: -1,
            updated_ms: now_ms,
        }
    }

    /// Checks that a request comes from the current producer.
    pub(crate) fn check_producer(&self, producer_id: i64, epoch: i16) -> Result<(), ResponseError> {
        match () {
            () if producer_id != self.producer_id => Err(ResponseError::InvalidProducerIdMapping),
            () if epoch != self.epoch => Err(ResponseError::ProducerFenced),
            () => Ok(()),
        }
    }

    /// Checks that the transaction is open or can be opened.
    pub(crate) fn check_open(&self) -> Result<(), ResponseError> {
        match self.state {
            State::PrepareCommit | State::PrepareAbort => {
                Err(ResponseError::ConcurrentTransactions)
            }
            _ => Ok(()),
        }
    }

    /// Begins a transaction unless one is under way.
    pub(crate) fn begin(&mut self, now_ms: i64) {
        if self.state != State::Ongoing {
            (self.state, self.started_ms) = (State::Ongoing, now_ms);
        }
        self.updated_ms = now_ms;
    }

    /// Decides how the transaction ends.
    pub(crate) fn decide(&mut self, marker: Marker, now_ms: i64) {
        self.state = match marker {
            Marker::Commit => State::PrepareCommit,
            Marker::Abort => State::PrepareAbort,
        };
        self.updated_ms = now_ms;
    }

    /// The decision that has yet to be carried out.
    pub(crate) fn decision(&self) -> Option<Marker> {
        match self.state {
            State::PrepareCommit => Some(Marker::Commit),
            State::PrepareAbort => Some(Marker::Abort),
            _ => None,
        }
    }

    /// The decision was carried out.
    pub(crate) fn complete(&mut self, marker: Marker, now_ms: i64) {
        self.state = match marker {
            Marker::Commit => State::CompleteCommit,
            Marker::Abort => State::CompleteAbort,
        };
        self.partitions.clear();
        self.groups.clear();
        (self.started_ms, self.updated_ms) = (-1, now_ms);
    }

    /// Whether it has been open for longer than its producer asked for.
    pub(crate) fn is_overdue(&self, now_ms: i64) -> bool {
        self.state == State::Ongoing && now_ms - self.started_ms > i64::from(self.timeout_ms)
    }

    /// Locks the current producer out.
    pub(crate) fn fence(&mut self) {
        self.epoch = self.epoch.saturating_add(1);
        self.last_epoch = -1;
    }

    /// Gives the id to a producer that starts: a new epoch, or a new producer id from `fresh` when epochs run out.
    pub(crate) fn renew(
        &mut self,
        known_epoch: Option<i16>,
        fresh: impl FnOnce() -> Result<i64, ResponseError>,
    ) -> Result<(), ResponseError> {
        if known_epoch.is_some_and(|epoch| epoch != self.epoch && epoch == self.last_epoch) {
            return Ok(());
        }
        self.last_epoch = known_epoch.map_or(-1, |_| self.epoch);
        if self.epoch < LAST_EPOCH {
            self.epoch += 1;
        } else {
            (self.producer_id, self.epoch, self.last_epoch) = (fresh()?, 0, -1);
        }
        Ok(())
    }

    /// Whether a producer that names itself may start over with this id (KIP-360).
    pub(crate) fn accepts(&self, producer_id: i64, epoch: i16) -> bool {
        producer_id == self.producer_id && (epoch == self.epoch || epoch == self.last_epoch)
    }
}
