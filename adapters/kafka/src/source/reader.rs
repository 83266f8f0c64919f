//! The thread that reads: it alone polls the consumer, and it alone changes its assignment.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rdkafka::TopicPartitionList;
use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode as Code};
use rdkafka::message::{BorrowedMessage, Message};
use ssectl_adapter::{Fault, Record, Result};

use super::assignment::Assignment;
use super::fault;
use super::group::{Change, GroupConsumer, is_cooperative};
use super::plan::Plan;
use super::queue::Queue;
use super::record::Copier;
use super::watch::{self, Found, Watch};
use crate::cluster::{Offsets, list};
use crate::error::from_client;

/// The thread looks this often whether there is something else to do than to read.
const TICK: Duration = Duration::from_millis(10);
/// After so long without room the consumer is paused, so that its group does not give it up.
const PATIENCE: Duration = Duration::from_secs(1);
/// Wait before finding positions is tried again.
const BACK_OFF: Duration = Duration::from_millis(500);
/// One chunk holds at most so many records ...
const CHUNK_RECORDS: usize = 4096;
/// ... or about so many bytes.
const CHUNK_BYTES: usize = 1 << 20;

/// What the thread and the source share.
#[derive(Default)]
pub(super) struct Shared {
    pub(super) queue: Queue,
    assignment: Mutex<Assignment>,
}

impl Shared {
    pub(super) fn assignment(&self) -> MutexGuard<'_, Assignment> {
        self.assignment
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// The state of the thread.
pub(super) struct Reader {
    consumer: Arc<GroupConsumer>,
    shared: Arc<Shared>,
    plan: Plan,
    copier: Copier,
    watch: Watch,
    paused: bool,
    /// Partitions that are paused because they were read to their end.
    resting: BTreeSet<i32>,
}

/// Records read in one go.
#[derive(Default)]
struct Gathered {
    records: Vec<Record>,
    /// What came behind them and is no record.
    fault: Option<Fault>,
    bytes: usize,
}

impl Gathered {
    fn is_full(&self) -> bool {
        let large = self.records.len() >= CHUNK_RECORDS || self.bytes >= CHUNK_BYTES;
        large || self.fault.is_some()
    }
}

impl Reader {
    pub(super) fn new(
        consumer: Arc<GroupConsumer>,
        shared: Arc<Shared>,
        plan: Plan,
        watch: Watch,
    ) -> Self {
        Self {
            watch,
            copier: Copier::new(Arc::from(plan.topic.as_str())),
            consumer,
            shared,
            plan,
            paused: false,
            resting: BTreeSet::new(),
        }
    }

    /// Reads until the source is closed. After an end or a failure it stays in the group, so that
    /// what was handed out can still be committed.
    pub(super) fn run(mut self) {
        while !self.shared.queue.is_closed() {
            let over = self.shared.queue.is_over();
            match self.step(over) {
                Err(error) if over => log::debug!("after the end of a read: {error}"),
                Err(error) if error.is_temporary() => self.shared.queue.trouble(error),
                Err(error) => self.shared.queue.fail(error),
                Ok(()) => {}
            }
        }
        self.consumer.context().own.close();
        if self.consumer.context().own.next().is_some() {
            // A change that nobody carried out would keep the consumer from closing.
            self.consumer.unassign().ok();
        }
    }

    fn step(&mut self, over: bool) -> Result<()> {
        self.rebalance()?;
        self.apply_ends()?;
        self.look()?;
        if over || !self.shared.queue.wait_for_room(PATIENCE) {
            self.pause()?;
        } else {
            self.resume()?;
        }
        self.gather(over)?;
        fault::made_anew(&self.consumer.context().monitor, &self.plan.topic)?;
        self.rest()?;
        if self.shared.assignment().is_done() {
            self.shared.queue.end();
        }
        Ok(())
    }

    /// Polls until nothing is left for now, or a chunk is full.
    fn gather(&mut self, over: bool) -> Result<()> {
        let consumer = self.consumer.clone();
        let generation = self.shared.assignment().generation;
        let mut gathered = Gathered::default();
        let mut wait = TICK;
        let outcome = loop {
            match consumer.poll(wait) {
                None => break Ok(()),
                Some(Ok(_)) if over => {}
                Some(Ok(message)) => self.accept(&message, &mut gathered),
                Some(Err(KafkaError::PartitionEOF(partition))) => {
                    self.shared.assignment().reached_end(partition);
                }
                Some(Err(error)) => break self.explain(&error),
            }
            if gathered.is_full() {
                break Ok(());
            }
            wait = Duration::ZERO;
        };
        let Gathered {
            records,
            fault,
            bytes,
        } = gathered;
        if !records.is_empty() || fault.is_some() {
            self.shared.queue.push(records, fault, bytes, generation);
        }
        let (chunks, _) = self.shared.queue.progress();
        self.shared.assignment().queued(chunks);
        outcome
    }

    /// Takes a message unless it is beyond the end, or read already.
    fn accept(&mut self, message: &BorrowedMessage<'_>, gathered: &mut Gathered) {
        let mut assignment = self.shared.assignment();
        let Some(slot) = assignment.slots.get_mut(&message.partition()) else {
            return;
        };
        if slot.done || message.offset() < slot.next {
            return;
        }
        if slot.end.is_some_and(|end| message.offset() >= end) {
            slot.done = true;
            return;
        }
        slot.next = message.offset() + 1;
        slot.done = slot.end.is_some_and(|end| slot.next >= end);
        match self.copier.copy(message, &slot.name) {
            Ok(record) => {
                gathered.bytes += record.size();
                gathered.records.push(record);
            }
            Err(fault) => gathered.fault = Some(fault),
        }
    }

    /// Carries out what the group changed.
    fn rebalance(&mut self) -> Result<()> {
        while let Some(change) = self.consumer.context().own.next() {
            match change {
                Change::Assign(partitions) => self.assign(&partitions)?,
                Change::Revoke { partitions, lost } => self.revoke(&partitions, lost)?,
            }
            self.consumer.context().own.done();
            self.paused = false;
            self.resting.clear();
        }
        Ok(())
    }

    /// Notices that the topic has gone, and partitions that it has got; those of a group are dealt
    /// out by it.
    fn look(&mut self) -> Result<()> {
        let follows = self.shared.assignment().ends.is_none();
        if !(follows && self.watch.is_due()) {
            return Ok(());
        }
        match watch::look(&self.consumer, &self.plan.topic) {
            // Asked again, to be sure and to name the nearest.
            Found::Nothing => self.plan.cluster.partitions(&self.plan.topic).map(drop),
            Found::Partitions(there) if self.plan.takes_all() => match self.take_over(&there)? {
                true => self.reassign(),
                false => Ok(()),
            },
            Found::Partitions(_) | Found::NoAnswer => Ok(()),
        }
    }

    /// Makes partitions ours that are not yet; whether there are any. They are read from their start.
    fn take_over(&mut self, partitions: &[i32]) -> Result<bool> {
        let held = self.shared.assignment().positions();
        let mut new = partitions.to_vec();
        new.retain(|partition| !held.contains_key(partition));
        if new.is_empty() {
            return Ok(false);
        }
        log::info!("new partitions of `{}`: {new:?}", self.plan.topic);
        let starts = self.plan.positions(&self.consumer, &new, &held);
        let starts = starts.inspect_err(|_| self.shared.queue.wait_for_close(BACK_OFF))?;
        self.shared.assignment().add(&starts);
        Ok(true)
    }

    /// Reads on everything that is not read to its end from where we are.
    fn reassign(&mut self) -> Result<()> {
        let active = self.shared.assignment().active();
        let outcome = self
            .list(&active)
            .and_then(|list| self.consumer.assign(&list));
        outcome.map_err(|error| from_client("cannot take over partitions", &error))?;
        self.paused = false;
        self.resting.clear();
        Ok(())
    }

    fn assign(&mut self, partitions: &[i32]) -> Result<()> {
        let held = self.shared.assignment().positions();
        let starts = self.plan.positions(&self.consumer, partitions, &held);
        let starts = starts.inspect_err(|_| self.shared.queue.wait_for_close(BACK_OFF))?;
        let cooperative = is_cooperative(&self.consumer);
        let list = {
            let mut assignment = self.shared.assignment();
            assignment.membership = self.consumer.group_metadata().map(Arc::new);
            if cooperative {
                assignment.add(&starts);
            } else {
                assignment.replace(&starts);
            }
            // Where we are counts, not where we would have begun.
            let mut positions = assignment.positions();
            positions.retain(|partition, _| starts.contains_key(partition));
            self.list(&positions)
        };
        let outcome = list.and_then(|list| match cooperative {
            true => self.consumer.incremental_assign(&list),
            false => self.consumer.assign(&list),
        });
        outcome.map_err(|error| from_client("cannot take over partitions", &error))
    }

    /// Partitions that may come back at once keep their place until the next assignment.
    fn revoke(&mut self, partitions: &[i32], lost: bool) -> Result<()> {
        let cooperative = is_cooperative(&self.consumer);
        if lost || cooperative {
            let mut assignment = self.shared.assignment();
            assignment.remove(|partition| partitions.contains(&partition));
        }
        let outcome = if cooperative {
            let gone = partitions.iter().map(|partition| (*partition, 0)).collect();
            self.list(&gone)
                .and_then(|list| self.consumer.incremental_unassign(&list))
        } else {
            self.consumer.unassign()
        };
        outcome.map_err(|error| from_client("cannot give back partitions", &error))
    }

    /// Begins to count ends of partitions as ends of the read.
    fn apply_ends(&mut self) -> Result<()> {
        let Some(bounded) = self.shared.assignment().newly_bounded() else {
            return Ok(());
        };
        let grown = self.plan.takes_all() && self.take_over(&bounded)?;
        let unfinished = {
            let mut assignment = self.shared.assignment();
            assignment.take_new_ends();
            assignment.active()
        };
        if grown {
            return self.reassign();
        }
        if unfinished.is_empty() {
            return Ok(());
        }
        // An end of partition that was told before counted for less. Reading on from the same
        // place throws away what was told, and has it told again.
        let list = self.list(&unfinished);
        list.and_then(|list| self.consumer.seek_partitions(list, PATIENCE))
            .map(drop)
            .map_err(|error| from_client("cannot fix the end of the read", &error))
    }

    fn pause(&mut self) -> Result<()> {
        if std::mem::replace(&mut self.paused, true) {
            return Ok(());
        }
        let active = self.shared.assignment().active();
        let outcome = self
            .list(&active)
            .and_then(|list| self.consumer.pause(&list));
        outcome.map_err(|error| from_client("cannot pause reading", &error))
    }

    fn resume(&mut self) -> Result<()> {
        if !std::mem::replace(&mut self.paused, false) {
            return Ok(());
        }
        let active = self.shared.assignment().active();
        let outcome = self
            .list(&active)
            .and_then(|list| self.consumer.resume(&list));
        outcome.map_err(|error| from_client("cannot go on reading", &error))
    }

    /// Fetches no more of partitions that were read to their end.
    fn rest(&mut self) -> Result<()> {
        let mut finished = self.shared.assignment().finished();
        finished.retain(|partition, _| self.resting.insert(*partition));
        if finished.is_empty() {
            return Ok(());
        }
        let outcome = self
            .list(&finished)
            .and_then(|list| self.consumer.pause(&list));
        outcome.map_err(|error| from_client("cannot stop reading a partition", &error))
    }

    fn list(&self, offsets: &Offsets) -> KafkaResult<TopicPartitionList> {
        list(&self.plan.topic, offsets)
    }

    /// What an error of the consumer means for this read; some mean nothing.
    fn explain(&self, error: &KafkaError) -> Result<()> {
        let cluster = &self.plan.cluster;
        let monitor = &self.consumer.context().monitor;
        match error.rdkafka_error_code() {
            Some(Code::AllBrokersDown) => Err(monitor.unreachable()),
            // It has let us in before, and may again: a broker that starts knows no users yet.
            Some(Code::Authentication | Code::SSL) => match monitor.refusal() {
                Some(refusal) => Err(refusal.temporary()),
                None => Ok(()),
            },
            Some(Code::AutoOffsetReset) => {
                let active = self.shared.assignment().active();
                Err(fault::out_of_range(
                    cluster,
                    &self.plan.topic,
                    active,
                    error,
                ))
            }
            // After a change of leaders this may be said of a topic that is there.
            Some(Code::UnknownTopicOrPartition | Code::UnknownTopic | Code::UnknownPartition) => {
                cluster.partitions(&self.plan.topic)?;
                watch::look(&self.consumer, &self.plan.topic);
                Ok(())
            }
            _ => fault::explain(error, &self.plan.topic, self.plan.group.is_some()),
        }
    }
}
