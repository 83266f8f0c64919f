//! Transactions: who may write under a transactional id, and how its transactions end.
//!
//! The coordinator remembers every step in the store before it acts, so that a restart carries a decision out and lets
//! an undecided transaction go on. The lock of a transaction is held while its batches are appended and while its end
//! is written, so that no batch can land behind its own marker. Order of locks: transaction, group, producers of a
//! partition, log.

mod end;
mod ids;
mod state;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use kafka_protocol::ResponseError;

pub(crate) use ids::ProducerIds;
pub(crate) use state::{State, Transaction};

use super::batch::BatchHeader;
use super::groups::{Committed, Committer, Groups};
use super::tables::TRANSACTIONS;
use super::topics::Topics;
use crate::store::{Change, LockExt, Store, StoreError};

/// The longest time-out that a producer may ask for, as Kafka's `transaction.max.timeout.ms`.
const MAX_TIMEOUT_MS: i32 = 15 * 60 * 1000;

/// A transactional id that is not used for so long is forgotten, as Kafka's `transactional.id.expiration.ms`.
const EXPIRY_MS: i64 = 7 * 24 * 3600 * 1000;

/// A producer: its id and its epoch.
pub(crate) type Identity = (i64, i16);

/// All transactional ids.
#[derive(Debug)]
pub(crate) struct Transactions {
    store: Arc<Store>,
    topics: Arc<Topics>,
    groups: Arc<Groups>,
    ids: ProducerIds,
    by_id: Mutex<BTreeMap<String, Shared>>,
}

/// One transactional id behind its lock.
type Shared = Arc<Mutex<Transaction>>;

impl Transactions {
    /// The transactions that the store remembers. Those that were decided are carried out.
    pub(crate) fn open(
        store: Arc<Store>,
        topics: Arc<Topics>,
        groups: Arc<Groups>,
    ) -> Result<Self, StoreError> {
        let known = store.facts().table::<Transaction>(TRANSACTIONS)?;
        let by_id = known
            .into_iter()
            .map(|(id, transaction)| (id, Arc::new(Mutex::new(transaction))))
            .collect();
        let ids = ProducerIds::open(Arc::clone(&store))?;
        let transactions = Self {
            store,
            topics,
            groups,
            ids,
            by_id: Mutex::new(by_id),
        };
        for (id, shared) in transactions.all() {
            let mut transaction = shared.locked();
            for (group, offsets) in &transaction.groups {
                transactions
                    .groups
                    .add_pending(group, transaction.producer_id, offsets.clone());
            }
            transactions.carry_out(&id, &mut transaction, false)?;
        }
        Ok(transactions)
    }

    /// Starts a producer: a new one, or the next epoch of the one that has the transactional id.
    pub(crate) fn init_producer(
        &self,
        transactional_id: Option<&str>,
        timeout_ms: i32,
        known: Option<Identity>,
    ) -> Result<Identity, ResponseError> {
        let Some(id) = transactional_id else {
            return Ok((self.ids.next()?, 0));
        };
        if id.is_empty() {
            return Err(ResponseError::InvalidRequest);
        }
        if timeout_ms <= 0 || timeout_ms > MAX_TIMEOUT_MS {
            return Err(ResponseError::InvalidTransactionTimeout);
        }
        let Some(shared) = self.get(id) else {
            return self.init_new(id, timeout_ms);
        };
        let mut transaction = shared.locked();
        if known.is_some_and(|(producer_id, epoch)| !transaction.accepts(producer_id, epoch)) {
            return Err(ResponseError::ProducerFenced);
        }
        transaction.check_open()?;
        if transaction.state == State::Ongoing {
            self.abort_and_fence(id, &mut transaction)
                .map_err(unavailable)?;
        }
        let mut next = transaction.clone();
        // A producer whose transaction was just aborted is behind the epoch that fenced it.
        let known_epoch = known.map(|(_, epoch)| epoch);
        next.renew(known_epoch, || self.ids.next())?;
        (next.timeout_ms, next.updated_ms) = (timeout_ms, self.now_ms());
        next.state = State::Empty;
        self.remember(id, &mut transaction, next)
            .map_err(unavailable)?;
        Ok((transaction.producer_id, transaction.epoch))
    }

    fn init_new(&self, id: &str, timeout_ms: i32) -> Result<Identity, ResponseError> {
        let transaction = Transaction::new(self.ids.next()?, timeout_ms, self.now_ms());
        let identity = (transaction.producer_id, transaction.epoch);
        let mut by_id = self.by_id.locked();
        if by_id.contains_key(id) {
            return Err(ResponseError::ConcurrentTransactions);
        }
        self.store
            .facts()
            .apply(vec![Change::put(TRANSACTIONS, id, &transaction)])
            .map_err(unavailable)?;
        by_id.insert(id.to_owned(), Arc::new(Mutex::new(transaction)));
        Ok(identity)
    }

    /// Makes partitions part of the transaction, which begins with the first of them.
    pub(crate) fn add_partitions(
        &self,
        id: &str,
        (producer_id, epoch): Identity,
        partitions: Vec<(String, i32)>,
    ) -> Result<(), ResponseError> {
        self.change(id, (producer_id, epoch), |transaction| {
            transaction.partitions.extend(partitions)
        })
    }

    /// Makes the offsets of a group part of the transaction.
    pub(crate) fn add_group(
        &self,
        id: &str,
        identity: Identity,
        group: &str,
    ) -> Result<(), ResponseError> {
        self.change(id, identity, |transaction| {
            transaction.groups.entry(group.to_owned()).or_default();
        })
    }

    fn change(
        &self,
        id: &str,
        (producer_id, epoch): Identity,
        change: impl FnOnce(&mut Transaction),
    ) -> Result<(), ResponseError> {
        let shared = self
            .get(id)
            .ok_or(ResponseError::InvalidProducerIdMapping)?;
        let mut transaction = shared.locked();
        transaction.check_producer(producer_id, epoch)?;
        transaction.check_open()?;
        let mut next = transaction.clone();
        next.begin(self.now_ms());
        change(&mut next);
        self.remember(id, &mut transaction, next)
            .map_err(unavailable)
    }

    /// Stores offsets that count once the transaction commits.
    pub(crate) fn commit_offsets(
        &self,
        id: &str,
        (producer_id, epoch): Identity,
        group: &str,
        committer: &Committer,
        offsets: Vec<((String, i32), Committed)>,
    ) -> Result<(), ResponseError> {
        let shared = self
            .get(id)
            .ok_or(ResponseError::InvalidProducerIdMapping)?;
        let mut transaction = shared.locked();
        transaction.check_producer(producer_id, epoch)?;
        if transaction.state != State::Ongoing || !transaction.groups.contains_key(group) {
            return Err(ResponseError::InvalidTxnState);
        }
        self.groups.check_committer(group, committer)?;
        let mut next = transaction.clone();
        let pending = next.groups.entry(group.to_owned()).or_default();
        pending.retain(|(key, _)| offsets.iter().all(|(other, _)| other != key));
        pending.extend(offsets.iter().cloned());
        self.remember(id, &mut transaction, next)
            .map_err(unavailable)?;
        self.groups.add_pending(group, producer_id, offsets);
        Ok(())
    }

    /// Calls `append` if the batch may be written as part of the transaction, which cannot end meanwhile.
    pub(crate) fn append<T>(
        &self,
        id: &str,
        batch: &BatchHeader,
        partition: &(String, i32),
        append: impl FnOnce() -> Result<T, (ResponseError, String)>,
    ) -> Result<T, (ResponseError, String)> {
        let refuse = |error: ResponseError, reason: &str| {
            (error, format!("transactional id `{id}`: {reason}"))
        };
        let unknown = || {
            refuse(
                ResponseError::InvalidProducerIdMapping,
                "it has no producer",
            )
        };
        let shared = self.get(id).ok_or_else(unknown)?;
        let transaction = shared.locked();
        match transaction.check_producer(batch.producer_id, batch.producer_epoch) {
            Err(ResponseError::ProducerFenced) => {
                return Err(refuse(
                    ResponseError::InvalidProducerEpoch,
                    "a newer producer took over",
                ));
            }
            Err(error) => return Err(refuse(error, "another producer id has it")),
            Ok(()) => {}
        }
        if transaction.state != State::Ongoing || !transaction.partitions.contains(partition) {
            return Err(refuse(
                ResponseError::InvalidTxnState,
                "the partition is not part of an open transaction",
            ));
        }
        append()
    }

    /// The transaction of an id.
    pub(crate) fn describe(&self, id: &str) -> Option<Transaction> {
        self.get(id).map(|shared| shared.locked().clone())
    }

    /// All transactions, by id.
    pub(crate) fn list(&self) -> Vec<(String, Transaction)> {
        self.all()
            .into_iter()
            .map(|(id, shared)| (id, shared.locked().clone()))
            .collect()
    }

    fn get(&self, id: &str) -> Option<Shared> {
        self.by_id.locked().get(id).cloned()
    }

    /// Forgets all transactional ids. Their open transactions end with the topics they wrote to.
    ///
    /// # Errors
    /// The store does not forget one, which stays then.
    pub(crate) fn clear(&self) -> Result<(), StoreError> {
        let mut by_id = self.by_id.locked();
        while let Some(id) = by_id.keys().next().cloned() {
            let change = Change::remove(TRANSACTIONS, id.clone());
            self.store.facts().apply(vec![change])?;
            by_id.remove(&id);
        }
        Ok(())
    }

    fn all(&self) -> Vec<(String, Shared)> {
        self.by_id
            .locked()
            .iter()
            .map(|(id, shared)| (id.clone(), Arc::clone(shared)))
            .collect()
    }

    fn now_ms(&self) -> i64 {
        self.store.clock().now_ms()
    }

    /// Makes `next` the transaction's state once the store has it.
    fn remember(
        &self,
        id: &str,
        transaction: &mut Transaction,
        next: Transaction,
    ) -> Result<(), StoreError> {
        self.store
            .facts()
            .apply(vec![Change::put(TRANSACTIONS, id, &next)])?;
        *transaction = next;
        Ok(())
    }
}

/// What a client is told when a step cannot be remembered: it may try again.
fn unavailable(_: StoreError) -> ResponseError {
    ResponseError::CoordinatorNotAvailable
}
