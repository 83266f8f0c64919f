//! Committed offsets: those that count, and those that wait for a transaction.

use std::time::Duration;

use kafka_protocol::ResponseError;
use kafka_protocol::protocol::StrBytes;
use serde::{Deserialize, Serialize};

use super::group::{Group, Phase};
use super::{Groups, Offsets, TopicPartition};
use crate::kafka::tables::OFFSETS;
use crate::store::{Change, LockExt, StoreError};

/// How far a group has read in one partition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Committed {
    /// The next offset to read.
    pub(crate) offset: i64,
    pub(crate) leader_epoch: i32,
    pub(crate) metadata: String,
    /// When it was committed, Unix milliseconds.
    pub(crate) time_ms: i64,
}

/// Who commits.
#[derive(Clone, Debug)]
pub(crate) struct Committer {
    pub(crate) member_id: StrBytes,
    pub(crate) instance_id: Option<StrBytes>,
    /// Negative for a client that assigns itself partitions.
    pub(crate) generation: i32,
}

/// A group's offsets as a client may see them.
#[derive(Debug, Default)]
pub(crate) struct Visible {
    pub(crate) offsets: Offsets,
    /// Partitions whose offset may still change with an open transaction.
    pub(crate) unstable: Vec<TopicPartition>,
}

impl Groups {
    /// Stores offsets, all or none, if the committer may.
    pub(crate) fn commit(
        &self,
        group_id: &str,
        committer: &Committer,
        offsets: Vec<(TopicPartition, Committed)>,
    ) -> Result<(), ResponseError> {
        let shared = self.group_of(group_id, committer)?;
        let mut group = shared.group.locked();
        group.check_committer(committer, self.clock().monotonic())?;
        self.store(&mut group, group_id, offsets)
            .map_err(|_| ResponseError::CoordinatorNotAvailable)
    }

    /// Whether the committer may store offsets in this group.
    pub(crate) fn check_committer(
        &self,
        group_id: &str,
        committer: &Committer,
    ) -> Result<(), ResponseError> {
        let shared = self.group_of(group_id, committer)?;
        shared
            .group
            .locked()
            .check_committer(committer, self.clock().monotonic())
    }

    /// Keeps offsets back until the transaction of the producer ends.
    pub(crate) fn add_pending(
        &self,
        group_id: &str,
        producer_id: i64,
        offsets: Vec<(TopicPartition, Committed)>,
    ) {
        let shared = self.get_or_create(group_id);
        shared
            .group
            .locked()
            .pending_offsets
            .entry(producer_id)
            .or_default()
            .extend(offsets);
    }

    /// The transaction of the producer ended: its offsets count, or never will.
    pub(crate) fn end_pending(
        &self,
        group_id: &str,
        producer_id: i64,
        commit: bool,
    ) -> Result<(), StoreError> {
        let shared = self.get_or_create(group_id);
        let mut group = shared.group.locked();
        let pending = group
            .pending_offsets
            .get(&producer_id)
            .filter(|_| commit)
            .cloned()
            .unwrap_or_default();
        self.store(&mut group, group_id, pending.into_iter().collect())?;
        group.pending_offsets.remove(&producer_id);
        Ok(())
    }

    /// The offsets of a group.
    pub(crate) fn offsets(&self, group_id: &str) -> Visible {
        let Some(shared) = self.get(group_id) else {
            return Visible::default();
        };
        let group = shared.group.locked();
        let unstable = group
            .pending_offsets
            .values()
            .flat_map(|pending| pending.keys().cloned())
            .collect();
        Visible {
            offsets: group.offsets.clone(),
            unstable,
        }
    }

    /// Forgets offsets of a group, and returns which of them could not be because members read the topic.
    pub(crate) fn delete_offsets(
        &self,
        group_id: &str,
        partitions: &[TopicPartition],
    ) -> Result<Vec<Result<(), ResponseError>>, ResponseError> {
        let shared = self.get(group_id).ok_or(ResponseError::GroupIdNotFound)?;
        let mut group = shared.group.locked();
        if !group.members.is_empty() && group.protocol_type.as_deref() != Some("consumer") {
            return Err(ResponseError::NonEmptyGroup);
        }
        let subscribed = group.subscribed_topics();
        let verdict = |(topic, _): &TopicPartition| match subscribed.contains(topic) {
            true => Err(ResponseError::GroupSubscribedToTopic),
            false => Ok(()),
        };
        let verdicts: Vec<_> = partitions.iter().map(verdict).collect();
        let free = partitions
            .iter()
            .zip(&verdicts)
            .filter(|(_, verdict)| verdict.is_ok());
        let doomed: Vec<_> = free.map(|(partition, _)| partition.clone()).collect();
        self.forget(&mut group, group_id, &doomed)
            .map_err(|_| ResponseError::CoordinatorNotAvailable)?;
        Ok(verdicts)
    }

    /// Forgets the offsets of all groups in a topic that is gone.
    pub(crate) fn forget_topic(&self, topic: &str) -> Result<(), StoreError> {
        for (id, shared) in self.all() {
            let mut group = shared.group.locked();
            let doomed: Vec<_> = group
                .offsets
                .keys()
                .filter(|(name, _)| name == topic)
                .cloned()
                .collect();
            self.forget(&mut group, &id, &doomed)?;
        }
        Ok(())
    }

    fn store(
        &self,
        group: &mut Group,
        group_id: &str,
        offsets: Vec<(TopicPartition, Committed)>,
    ) -> Result<(), StoreError> {
        let put = |(partition, committed): &(TopicPartition, Committed)| {
            Change::put(OFFSETS, fact_key(group_id, partition), committed)
        };
        self.facts().apply(offsets.iter().map(put).collect())?;
        group.offsets.extend(offsets);
        Ok(())
    }

    /// Forgets some of a group's offsets.
    pub(super) fn forget(
        &self,
        group: &mut Group,
        group_id: &str,
        partitions: &[TopicPartition],
    ) -> Result<(), StoreError> {
        let remove =
            |partition: &TopicPartition| Change::remove(OFFSETS, fact_key(group_id, partition));
        self.facts()
            .apply(partitions.iter().map(remove).collect())?;
        group
            .offsets
            .retain(|partition, _| !partitions.contains(partition));
        Ok(())
    }
}

fn fact_key(group_id: &str, (topic, partition): &TopicPartition) -> String {
    format!("{group_id}/{topic}/{partition}")
}

/// Group, topic and partition of a fact's key. Only the group may have slashes in its name.
pub(super) fn parse_key(key: &str) -> Option<(&str, TopicPartition)> {
    let (rest, partition) = key.rsplit_once('/')?;
    let (group_id, topic) = rest.rsplit_once('/')?;
    Some((group_id, (topic.to_owned(), partition.parse().ok()?)))
}

impl Group {
    /// Whether the committer may store offsets.
    pub(super) fn check_committer(
        &mut self,
        committer: &Committer,
        now: Duration,
    ) -> Result<(), ResponseError> {
        if self.phase == Phase::Dead {
            return Err(ResponseError::CoordinatorNotAvailable);
        }
        self.advance(now);
        if committer.generation < 0 && self.members.is_empty() {
            return Ok(());
        }
        self.identify(&committer.member_id, committer.instance_id.as_ref())?;
        if committer.generation != self.generation {
            return Err(ResponseError::IllegalGeneration);
        }
        if matches!(self.phase, Phase::Completing { .. }) {
            return Err(ResponseError::RebalanceInProgress);
        }
        if let Some(member) = self.members.get_mut(&committer.member_id) {
            member.heard(now);
        }
        Ok(())
    }
}
