//! How transactions end: by their producer, by time, or by a new producer with the same id.

use kafka_protocol::ResponseError;

use super::state::{State, Transaction};
use super::{EXPIRY_MS, Identity, Transactions, unavailable};
use crate::kafka::batch::Marker;
use crate::kafka::tables::TRANSACTIONS;
use crate::store::{Change, LockExt, StoreError};

impl Transactions {
    /// Commits or aborts. The decision is remembered first; a repetition of it succeeds.
    pub(crate) fn end(
        &self,
        id: &str,
        (producer_id, epoch): Identity,
        marker: Marker,
    ) -> Result<(), ResponseError> {
        let shared = self
            .get(id)
            .ok_or(ResponseError::InvalidProducerIdMapping)?;
        let mut transaction = shared.locked();
        transaction.check_producer(producer_id, epoch)?;
        match (transaction.state, marker) {
            (State::CompleteCommit, Marker::Commit) | (State::CompleteAbort, Marker::Abort) => {
                return Ok(());
            }
            (State::PrepareCommit, Marker::Commit) | (State::PrepareAbort, Marker::Abort) => {
                return Err(ResponseError::ConcurrentTransactions);
            }
            (State::Ongoing, _) => {}
            _ => return Err(ResponseError::InvalidTxnState),
        }
        self.decide(id, &mut transaction, marker)
    }

    /// Remembers the decision, then carries it out. What fails then is tried again later.
    fn decide(
        &self,
        id: &str,
        transaction: &mut Transaction,
        marker: Marker,
    ) -> Result<(), ResponseError> {
        let mut next = transaction.clone();
        next.decide(marker, self.now_ms());
        self.remember(id, transaction, next).map_err(unavailable)?;
        drop(self.carry_out(id, transaction, true));
        Ok(())
    }

    /// Aborts the open transaction of a producer that is not heard of any more, and locks it out.
    pub(super) fn abort_and_fence(
        &self,
        id: &str,
        transaction: &mut Transaction,
    ) -> Result<(), StoreError> {
        let mut next = transaction.clone();
        next.fence();
        next.decide(Marker::Abort, self.now_ms());
        self.remember(id, transaction, next)?;
        self.carry_out(id, transaction, true)
    }

    /// Writes the markers and the offsets of a decided transaction, then remembers that it is complete.
    pub(super) fn carry_out(
        &self,
        id: &str,
        transaction: &mut Transaction,
        first_attempt: bool,
    ) -> Result<(), StoreError> {
        let Some(marker) = transaction.decision() else {
            return Ok(());
        };
        let identity = (transaction.producer_id, transaction.epoch);
        let now_ms = self.now_ms();
        for (topic, number) in &transaction.partitions {
            let Some(partition) = self.topics.partition(topic, *number) else {
                continue;
            };
            match partition.end_transaction(marker, identity, first_attempt, now_ms) {
                Err(StoreError::Deleted) | Ok(()) => {}
                Err(error) => return Err(error),
            }
        }
        for group in transaction.groups.keys() {
            self.groups
                .end_pending(group, transaction.producer_id, marker == Marker::Commit)?;
        }
        let mut next = transaction.clone();
        next.complete(marker, now_ms);
        self.store
            .facts()
            .apply(vec![Change::put(TRANSACTIONS, id, &next)])?;
        *transaction = next;
        Ok(())
    }

    /// Aborts what is overdue, carries out what could not be before, forgets what is not used any more.
    ///
    /// # Errors
    /// The first failure; the others are tried nevertheless.
    pub(crate) fn tick(&self) -> Result<(), StoreError> {
        let now_ms = self.now_ms();
        let mut result = Ok(());
        for (id, shared) in self.all() {
            let mut transaction = shared.locked();
            let ended = match transaction.is_overdue(now_ms) {
                true => self.abort_and_fence(&id, &mut transaction),
                false => self.carry_out(&id, &mut transaction, false),
            };
            let idle =
                !matches!(transaction.state, State::Ongoing) && transaction.decision().is_none();
            let forgotten = match idle && now_ms - transaction.updated_ms > EXPIRY_MS {
                true => self.forget(&id),
                false => Ok(()),
            };
            result = result.and(ended).and(forgotten);
        }
        result
    }

    fn forget(&self, id: &str) -> Result<(), StoreError> {
        self.store
            .facts()
            .apply(vec![Change::remove(TRANSACTIONS, id)])?;
        self.by_id.locked().remove(id);
        Ok(())
    }
}
