//! Looking at groups, deleting them, and letting time pass for them.

use std::collections::BTreeSet;

use bytes::{Buf, Bytes};
use kafka_protocol::ResponseError;
use kafka_protocol::protocol::StrBytes;

use super::group::{Group, Phase};
use super::{Groups, TopicPartition};
use crate::store::{LockExt, StoreError};

/// How long the offsets of a group without members are kept, as Kafka's `offsets.retention.minutes`.
const OFFSETS_KEPT_MS: i64 = 7 * 24 * 3600 * 1000;

/// How long a group without members and offsets is listed.
const EMPTY_KEPT_MS: i64 = 10 * 60 * 1000;

/// A group in a list.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) id: String,
    pub(crate) protocol_type: StrBytes,
    pub(crate) state: &'static str,
}

/// All there is to know of a group.
#[derive(Debug)]
pub(crate) struct Described {
    pub(crate) state: &'static str,
    pub(crate) protocol_type: StrBytes,
    pub(crate) protocol: StrBytes,
    pub(crate) members: Vec<DescribedMember>,
}

/// A member of a described group.
#[derive(Debug)]
pub(crate) struct DescribedMember {
    pub(crate) id: StrBytes,
    pub(crate) instance_id: Option<StrBytes>,
    pub(crate) client_id: StrBytes,
    pub(crate) client_host: String,
    pub(crate) metadata: Bytes,
    pub(crate) assignment: Bytes,
}

impl Groups {
    /// All groups, by id.
    pub(crate) fn list(&self) -> Vec<Listed> {
        let listed = |(id, shared): (String, std::sync::Arc<super::Shared>)| {
            let group = shared.group.locked();
            let protocol_type = group.protocol_type.clone().unwrap_or_default();
            Listed {
                id,
                protocol_type,
                state: group.phase.name(),
            }
        };
        self.all().into_iter().map(listed).collect()
    }

    /// One group.
    pub(crate) fn describe(&self, group_id: &str) -> Option<Described> {
        let shared = self.get(group_id)?;
        let group = shared.group.locked();
        let stable = group.phase == Phase::Stable;
        let protocol = group
            .protocol
            .clone()
            .filter(|_| stable)
            .unwrap_or_default();
        let member = |(id, member): (&StrBytes, &super::member::Member)| DescribedMember {
            id: id.clone(),
            instance_id: member.instance_id.clone(),
            client_id: member.client_id.clone(),
            client_host: format!("/{}", member.client_host),
            metadata: if stable {
                member.metadata(&protocol)
            } else {
                Bytes::new()
            },
            assignment: if stable {
                member.assignment.clone()
            } else {
                Bytes::new()
            },
        };
        let members = group.members.iter().map(member).collect();
        let protocol_type = group.protocol_type.clone().unwrap_or_default();
        Some(Described {
            state: group.phase.name(),
            protocol_type,
            protocol,
            members,
        })
    }

    /// Deletes a group without members, with its offsets.
    pub(crate) fn delete(&self, group_id: &str) -> Result<(), ResponseError> {
        let mut by_id = self.by_id.locked();
        let shared = by_id
            .get(group_id)
            .cloned()
            .ok_or(ResponseError::GroupIdNotFound)?;
        let mut group = shared.group.locked();
        if group.phase != Phase::Empty {
            return Err(ResponseError::NonEmptyGroup);
        }
        let all: Vec<_> = group.offsets.keys().cloned().collect();
        self.forget(&mut group, group_id, &all)
            .map_err(|_| ResponseError::CoordinatorNotAvailable)?;
        group.phase = Phase::Dead;
        by_id.remove(group_id);
        Ok(())
    }

    /// Gives up members that went silent, and offsets and groups that nobody uses any more.
    ///
    /// # Errors
    /// The store does not forget.
    pub(crate) fn tick(&self) -> Result<(), StoreError> {
        let (now, now_ms) = (self.clock().monotonic(), self.clock().now_ms());
        for (id, shared) in self.all() {
            let mut group = shared.group.locked();
            if group.advance(now) {
                shared.changed.notify_all();
            }
            if group.phase != Phase::Empty {
                group.emptied_ms = now_ms;
            }
            let outdated = group.outdated_offsets(now_ms);
            self.forget(&mut group, &id, &outdated)?;
            let unused = group.is_unused() && now_ms - group.emptied_ms > EMPTY_KEPT_MS;
            drop(group);
            if unused {
                self.remove_unused(&id);
            }
        }
        Ok(())
    }

    fn remove_unused(&self, group_id: &str) {
        let mut by_id = self.by_id.locked();
        if let Some(shared) = by_id.get(group_id).cloned() {
            let mut group = shared.group.locked();
            if group.is_unused() {
                group.phase = Phase::Dead;
                by_id.remove(group_id);
            }
        }
    }
}

impl Phase {
    /// The name that ListGroups shows.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::Preparing { .. } => "PreparingRebalance",
            Self::Completing { .. } => "CompletingRebalance",
            Self::Stable => "Stable",
            Self::Dead => "Dead",
        }
    }
}

impl Group {
    fn is_unused(&self) -> bool {
        let nothing_left =
            self.offsets.is_empty() && self.pending.is_empty() && self.pending_offsets.is_empty();
        self.phase == Phase::Empty && nothing_left
    }

    /// Offsets that were not renewed for long, of a group that has had no members for long.
    fn outdated_offsets(&self, now_ms: i64) -> Vec<TopicPartition> {
        if self.phase != Phase::Empty || !self.pending_offsets.is_empty() {
            return Vec::new();
        }
        let is_old = |time_ms: i64| now_ms - time_ms.max(self.emptied_ms) > OFFSETS_KEPT_MS;
        let outdated = self
            .offsets
            .iter()
            .filter(|(_, committed)| is_old(committed.time_ms));
        outdated.map(|(partition, _)| partition.clone()).collect()
    }

    /// The topics that members of a consumer group subscribed to.
    pub(super) fn subscribed_topics(&self) -> BTreeSet<String> {
        let protocol = self.protocol.as_deref().unwrap_or_default();
        let topics = self
            .members
            .values()
            .map(|member| subscription_topics(member.metadata(protocol)));
        topics.flatten().flatten().collect()
    }
}

/// The topics of a consumer's subscription: a version, then the names.
fn subscription_topics(mut metadata: Bytes) -> Option<Vec<String>> {
    metadata.try_get_i16().ok()?;
    let count = metadata.try_get_i32().ok()?;
    let name = |_| {
        let length = usize::try_from(metadata.try_get_i16().ok()?).ok()?;
        let name = (metadata.len() >= length).then(|| metadata.split_to(length))?;
        String::from_utf8(name.to_vec()).ok()
    };
    (0..count).map(name).collect()
}
