//! The state of one group, and what time does to it.
//!
//! Follows Kafka's classic group coordinator, KIP-345 (static members) and KIP-394 (known member ids) included. All
//! waiting requests have a ticket; every ticket is answered exactly once.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use kafka_protocol::ResponseError;
use kafka_protocol::protocol::StrBytes;

use super::Offsets;
use super::join::{Joined, Refused};
use super::member::Member;
use super::sync::Synced;

/// The number of a waiting request.
pub(crate) type Ticket = u64;

/// Where a group is between two assignments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// No members; there may be offsets.
    Empty,
    /// Waiting for all members to join, until `deadline`.
    Preparing {
        deadline: Duration,
        /// For a group's first rebalance: by how much the deadline may still move when members come.
        extension: Option<Duration>,
    },
    /// Waiting for the leader's assignment, until `deadline`.
    Completing { deadline: Duration },
    /// Every member has its assignment.
    Stable,
    /// Taken off the list; whoever still holds it has to look again.
    Dead,
}

/// One group.
#[derive(Debug)]
pub(crate) struct Group {
    pub(super) phase: Phase,
    pub(super) generation: i32,
    pub(super) protocol_type: Option<StrBytes>,
    pub(super) protocol: Option<StrBytes>,
    pub(super) leader: Option<StrBytes>,
    pub(super) members: BTreeMap<StrBytes, Member>,
    /// Member ids by instance id.
    pub(super) static_members: BTreeMap<StrBytes, StrBytes>,
    /// Ids given out that have not joined yet, and until when they may.
    pub(super) pending: BTreeMap<StrBytes, Duration>,
    pub(super) offsets: Offsets,
    /// Offsets by producer id that count once its transaction commits.
    pub(super) pending_offsets: BTreeMap<i64, Offsets>,
    /// When it was last seen with members, Unix milliseconds.
    pub(super) emptied_ms: i64,
    pub(super) joins: HashMap<Ticket, Result<Joined, Refused>>,
    pub(super) syncs: HashMap<Ticket, Result<Synced, ResponseError>>,
    pub(super) initial_delay: Duration,
    /// Whether members came since the initial delay began.
    pub(super) grew: bool,
    last_ticket: Ticket,
}

impl Group {
    /// A group without members.
    pub(super) fn new(initial_delay: Duration, now_ms: i64) -> Self {
        Self {
            phase: Phase::Empty,
            generation: 0,
            protocol_type: None,
            protocol: None,
            leader: None,
            members: BTreeMap::new(),
            static_members: BTreeMap::new(),
            pending: BTreeMap::new(),
            offsets: Offsets::new(),
            pending_offsets: BTreeMap::new(),
            emptied_ms: now_ms,
            joins: HashMap::new(),
            syncs: HashMap::new(),
            initial_delay,
            grew: false,
            last_ticket: 0,
        }
    }

    pub(super) fn next_ticket(&mut self) -> Ticket {
        self.last_ticket += 1;
        self.last_ticket
    }

    /// Checks that a member is who it says it is.
    pub(super) fn identify(
        &self,
        member_id: &StrBytes,
        instance_id: Option<&StrBytes>,
    ) -> Result<(), ResponseError> {
        if let Some(instance_id) = instance_id {
            match self.static_members.get(instance_id) {
                None => return Err(ResponseError::UnknownMemberId),
                Some(current) if current != member_id => {
                    return Err(ResponseError::FencedInstanceId);
                }
                Some(_) => {}
            }
        }
        match self.members.contains_key(member_id) {
            true => Ok(()),
            false => Err(ResponseError::UnknownMemberId),
        }
    }

    /// Keeps a member alive and tells it whether a rebalance is under way.
    pub(super) fn heartbeat(
        &mut self,
        member_id: &StrBytes,
        instance_id: Option<&StrBytes>,
        generation: i32,
        now: Duration,
    ) -> Result<(), ResponseError> {
        self.identify(member_id, instance_id)?;
        if generation != self.generation {
            return Err(ResponseError::IllegalGeneration);
        }
        if let Some(member) = self.members.get_mut(member_id) {
            member.heard(now);
        }
        self.advance(now);
        match self.phase {
            Phase::Preparing { .. } => Err(ResponseError::RebalanceInProgress),
            Phase::Empty | Phase::Dead => Err(ResponseError::UnknownMemberId),
            Phase::Completing { .. } | Phase::Stable => Ok(()),
        }
    }

    /// Removes a member at its own wish; a static one may be named by its instance id alone.
    pub(super) fn leave(
        &mut self,
        member_id: &StrBytes,
        instance_id: Option<&StrBytes>,
        now: Duration,
    ) -> Result<(), ResponseError> {
        let member_id = match instance_id {
            Some(instance) if member_id.is_empty() => self
                .static_members
                .get(instance)
                .cloned()
                .ok_or(ResponseError::UnknownMemberId)?,
            _ => member_id.clone(),
        };
        if self.pending.remove(&member_id).is_some() {
            self.advance(now);
            return Ok(());
        }
        self.identify(&member_id, instance_id)?;
        self.remove(&member_id, now);
        self.advance(now);
        Ok(())
    }

    /// Takes a member out; what is left of the group shares its work out anew.
    pub(super) fn remove(&mut self, member_id: &StrBytes, now: Duration) {
        let Some(member) = self.members.remove(member_id) else {
            return;
        };
        if let Some(instance) = &member.instance_id
            && self.static_members.get(instance) == Some(member_id)
        {
            self.static_members.remove(instance);
        }
        if self.leader.as_ref() == Some(member_id) {
            self.leader = None;
        }
        self.refuse_waiting(&member, ResponseError::UnknownMemberId);
        if matches!(self.phase, Phase::Stable | Phase::Completing { .. }) {
            self.prepare_rebalance(now);
        }
    }

    /// Answers what a member that is no longer served waits for.
    pub(super) fn refuse_waiting(&mut self, member: &Member, error: ResponseError) {
        if let Some(ticket) = member.joining {
            self.joins.insert(ticket, Err(error.into()));
        }
        if let Some(ticket) = member.syncing {
            self.syncs.insert(ticket, Err(error));
        }
    }

    /// Does what is due at `now`; true if anything changed.
    pub(super) fn advance(&mut self, now: Duration) -> bool {
        let expired: Vec<_> = self
            .members
            .iter()
            .filter(|(_, member)| member.is_expired(now))
            .map(|(id, _)| id.clone())
            .collect();
        expired.iter().for_each(|id| self.remove(id, now));
        let given_out = self.pending.len();
        self.pending.retain(|_, deadline| *deadline > now);
        let mut changed = !expired.is_empty() || self.pending.len() < given_out;
        match self.phase {
            Phase::Preparing {
                deadline,
                extension: Some(left),
            } if now >= deadline => {
                self.end_initial_delay(now, left);
                changed = true;
            }
            Phase::Preparing {
                deadline,
                extension: None,
            } if now >= deadline || self.have_all_joined() => {
                self.complete_join(now);
                changed = true;
            }
            Phase::Completing { deadline } if now >= deadline => {
                self.drop_silent(now);
                changed = true;
            }
            _ => {}
        }
        changed
    }

    /// When [`Self::advance`] has something to do next.
    pub(super) fn next_deadline(&self) -> Option<Duration> {
        let phase = match self.phase {
            Phase::Preparing { deadline, .. } | Phase::Completing { deadline } => Some(deadline),
            Phase::Empty | Phase::Stable | Phase::Dead => None,
        };
        let idle = |member: &&Member| member.joining.is_none() && member.syncing.is_none();
        let sessions = self
            .members
            .values()
            .filter(idle)
            .map(|member| member.deadline);
        sessions
            .chain(self.pending.values().copied())
            .chain(phase)
            .min()
    }

    fn have_all_joined(&self) -> bool {
        self.pending.is_empty() && self.members.values().all(|member| member.joining.is_some())
    }

    /// Gives up members that joined but never asked for their assignment.
    fn drop_silent(&mut self, now: Duration) {
        let silent = |member: &Member| member.syncing.is_none();
        let ids: Vec<_> = self
            .members
            .iter()
            .filter(|(_, member)| silent(member))
            .map(|(id, _)| id.clone())
            .collect();
        ids.iter().for_each(|id| self.remove(id, now));
    }
}
