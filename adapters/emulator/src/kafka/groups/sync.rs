//! SyncGroup: the leader's assignment reaches every member.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::ResponseError;
use kafka_protocol::protocol::StrBytes;

use super::group::{Group, Phase, Ticket};

/// What a member says when it synchronises.
#[derive(Debug)]
pub(crate) struct SyncRequest {
    pub(crate) member_id: StrBytes,
    pub(crate) instance_id: Option<StrBytes>,
    pub(crate) generation: i32,
    pub(crate) protocol_type: Option<StrBytes>,
    pub(crate) protocol: Option<StrBytes>,
    /// From the leader: the assignment of each member.
    pub(crate) assignments: BTreeMap<StrBytes, Bytes>,
}

/// What a member is told.
#[derive(Debug)]
pub(crate) struct Synced {
    pub(crate) protocol_type: Option<StrBytes>,
    pub(crate) protocol: Option<StrBytes>,
    pub(crate) assignment: Bytes,
}

impl Group {
    /// Takes a member's request; the answer is there for [`Self::take_sync`] once the leader has assigned.
    pub(super) fn sync(&mut self, request: SyncRequest, now: Duration) -> Ticket {
        self.advance(now);
        let ticket = self.next_ticket();
        if let Err(error) = self.try_sync(ticket, request, now) {
            self.syncs.insert(ticket, Err(error));
        }
        ticket
    }

    /// The answer to a sync, once.
    pub(super) fn take_sync(&mut self, ticket: Ticket) -> Option<Result<Synced, ResponseError>> {
        self.syncs.remove(&ticket)
    }

    fn try_sync(
        &mut self,
        ticket: Ticket,
        mut request: SyncRequest,
        now: Duration,
    ) -> Result<(), ResponseError> {
        self.identify(&request.member_id, request.instance_id.as_ref())?;
        if request.generation != self.generation {
            return Err(ResponseError::IllegalGeneration);
        }
        let differs =
            |asked: &Option<StrBytes>, ours: &Option<StrBytes>| asked.is_some() && asked != ours;
        if differs(&request.protocol_type, &self.protocol_type)
            || differs(&request.protocol, &self.protocol)
        {
            return Err(ResponseError::InconsistentGroupProtocol);
        }
        match self.phase {
            Phase::Empty | Phase::Dead => return Err(ResponseError::UnknownMemberId),
            Phase::Preparing { .. } => return Err(ResponseError::RebalanceInProgress),
            Phase::Stable => {
                self.answer_sync(&request.member_id, ticket, now);
                return Ok(());
            }
            Phase::Completing { .. } => {}
        }
        if let Some(member) = self.members.get_mut(&request.member_id)
            && let Some(older) = member.syncing.replace(ticket)
        {
            self.syncs
                .insert(older, Err(ResponseError::RebalanceInProgress));
        }
        if self.leader.as_ref() == Some(&request.member_id) {
            for (id, member) in &mut self.members {
                member.assignment = request.assignments.remove(id).unwrap_or_default();
            }
            self.complete_sync(now);
        }
        Ok(())
    }

    /// Every member that waits gets its assignment.
    fn complete_sync(&mut self, now: Duration) {
        self.phase = Phase::Stable;
        let waiting: Vec<_> = self
            .members
            .iter_mut()
            .filter_map(|(id, member)| Some((id.clone(), member.syncing.take()?)))
            .collect();
        for (id, ticket) in waiting {
            self.answer_sync(&id, ticket, now);
        }
    }

    fn answer_sync(&mut self, member_id: &StrBytes, ticket: Ticket, now: Duration) {
        let Some(member) = self.members.get_mut(member_id) else {
            return;
        };
        member.heard(now);
        let synced = Synced {
            protocol_type: self.protocol_type.clone(),
            protocol: self.protocol.clone(),
            assignment: member.assignment.clone(),
        };
        self.syncs.insert(ticket, Ok(synced));
    }
}
