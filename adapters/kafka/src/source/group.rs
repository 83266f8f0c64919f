//! The group's side of a consumer: what the broker gives and takes away.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, RebalanceProtocol};
use rdkafka::types::RDKafkaRespErr;

use crate::monitor::Context;

/// A consumer that tells about rebalances.
pub(super) type GroupConsumer = BaseConsumer<Context<Rebalances>>;

/// A change of the assignment that the thread has yet to carry out.
#[derive(Clone)]
pub(super) enum Change {
    /// These are ours now: all of them, or these besides, as the protocol is.
    Assign(Vec<i32>),
    /// These are not; when lost, others may have them already.
    Revoke { partitions: Vec<i32>, lost: bool },
}

/// Keeps changes for the thread, because finding positions takes longer than a callback should.
#[derive(Default)]
pub(super) struct Rebalances {
    changes: Mutex<VecDeque<Change>>,
    closing: AtomicBool,
}

impl Rebalances {
    /// The oldest change; it stays until [`Rebalances::done`].
    pub(super) fn next(&self) -> Option<Change> {
        self.changes().front().cloned()
    }

    /// The oldest change was carried out.
    pub(super) fn done(&self) {
        self.changes().pop_front();
    }

    /// From now on partitions are given back at once: nobody carries out changes any more.
    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::Release);
    }

    fn changes(&self) -> MutexGuard<'_, VecDeque<Change>> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ConsumerContext for Context<Rebalances> {
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        event: RDKafkaRespErr,
        list: &mut TopicPartitionList,
    ) {
        if self.own.closing.load(Ordering::Acquire) {
            give_back(consumer, list);
            return;
        }
        let elements = list.elements();
        let partitions = elements.iter().map(|element| element.partition()).collect();
        let change = match event {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS => Change::Assign(partitions),
            _ => Change::Revoke {
                partitions,
                lost: consumer.assignment_lost(),
            },
        };
        self.own.changes().push_back(change);
    }
}

/// Lets a consumer that leaves go; if this fails it is as good as gone anyway.
fn give_back(consumer: &GroupConsumer, list: &TopicPartitionList) {
    let outcome = if is_cooperative(consumer) {
        consumer.incremental_unassign(list)
    } else {
        consumer.unassign()
    };
    if let Err(error) = outcome {
        log::debug!("leaving the group: {error}");
    }
}

/// Whether changes are differences (cooperative assignors, KIP-848) or whole assignments.
pub(super) fn is_cooperative(consumer: &GroupConsumer) -> bool {
    matches!(
        consumer.rebalance_protocol(),
        RebalanceProtocol::Cooperative
    )
}
