//! JoinGroup: who is in the next generation.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use kafka_protocol::ResponseError;
use kafka_protocol::protocol::StrBytes;
use uuid::Uuid;

use super::group::{Group, Phase, Ticket};
use super::member::Member;

/// What a member says when it joins.
#[derive(Debug)]
pub(crate) struct JoinRequest {
    pub(crate) member_id: StrBytes,
    pub(crate) instance_id: Option<StrBytes>,
    pub(crate) client_id: StrBytes,
    pub(crate) client_host: String,
    pub(crate) session_timeout: Duration,
    pub(crate) rebalance_timeout: Duration,
    pub(crate) protocol_type: StrBytes,
    pub(crate) protocols: Vec<(StrBytes, Bytes)>,
    /// A member without an id gets one and has to come back with it (KIP-394).
    pub(crate) needs_known_id: bool,
    /// The client knows that a leader may be told not to assign (KIP-814).
    pub(crate) may_skip_assignment: bool,
}

/// What a member is told when its join succeeds.
#[derive(Debug)]
pub(crate) struct Joined {
    pub(crate) generation: i32,
    pub(crate) protocol_type: Option<StrBytes>,
    pub(crate) protocol: StrBytes,
    pub(crate) leader: StrBytes,
    pub(crate) member_id: StrBytes,
    pub(crate) skip_assignment: bool,
    /// For the leader: all members with instance id and metadata.
    pub(crate) members: Vec<(StrBytes, Option<StrBytes>, Bytes)>,
}

/// Why a join fails, and the id to come back with.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) error: ResponseError,
    pub(crate) member_id: Option<StrBytes>,
}

impl From<ResponseError> for Refused {
    fn from(error: ResponseError) -> Self {
        Self {
            error,
            member_id: None,
        }
    }
}

impl Group {
    /// Lets a member join; the answer is there for [`Self::take_join`] once the rebalance is over.
    pub(super) fn join(&mut self, request: JoinRequest, now: Duration) -> Ticket {
        self.advance(now);
        let ticket = self.next_ticket();
        if let Err(refused) = self.try_join(ticket, request, now) {
            self.joins.insert(ticket, Err(refused));
        }
        self.advance(now);
        ticket
    }

    /// The answer to a join, once.
    pub(super) fn take_join(&mut self, ticket: Ticket) -> Option<Result<Joined, Refused>> {
        self.joins.remove(&ticket)
    }

    fn try_join(
        &mut self,
        ticket: Ticket,
        request: JoinRequest,
        now: Duration,
    ) -> Result<(), Refused> {
        if self.phase == Phase::Dead {
            return Err(ResponseError::CoordinatorNotAvailable.into());
        }
        if !self.accepts_protocols(&request) {
            return Err(ResponseError::InconsistentGroupProtocol.into());
        }
        match request.member_id.is_empty() {
            true => self.join_new(ticket, request, now),
            false => self.rejoin(ticket, request, now),
        }
    }

    /// Whether the member can work with the others.
    fn accepts_protocols(&self, request: &JoinRequest) -> bool {
        if request.protocol_type.is_empty() || request.protocols.is_empty() {
            return false;
        }
        let common = |name: &StrBytes| self.members.values().all(|member| member.supports(name));
        self.members.is_empty()
            || self.protocol_type.as_ref() == Some(&request.protocol_type)
                && request.protocols.iter().any(|(name, _)| common(name))
    }

    fn join_new(
        &mut self,
        ticket: Ticket,
        request: JoinRequest,
        now: Duration,
    ) -> Result<(), Refused> {
        let label = request.instance_id.as_ref().unwrap_or(&request.client_id);
        let member_id = StrBytes::from_string(format!("{label}-{}", Uuid::new_v4()));
        if let Some(instance) = &request.instance_id {
            match self.static_members.get(instance).cloned() {
                Some(old) => self.replace_static(&old, member_id, ticket, request, now),
                None => self.add(member_id, ticket, request, now),
            }
            return Ok(());
        }
        if request.needs_known_id {
            self.pending
                .insert(member_id.clone(), now + request.session_timeout);
            return Err(Refused {
                error: ResponseError::MemberIdRequired,
                member_id: Some(member_id),
            });
        }
        self.add(member_id, ticket, request, now);
        Ok(())
    }

    fn rejoin(
        &mut self,
        ticket: Ticket,
        request: JoinRequest,
        now: Duration,
    ) -> Result<(), Refused> {
        let member_id = request.member_id.clone();
        if self.pending.remove(&member_id).is_some() {
            self.add(member_id, ticket, request, now);
            return Ok(());
        }
        self.identify(&member_id, request.instance_id.as_ref())?;
        let is_leader = self.leader.as_ref() == Some(&member_id);
        let Some(member) = self.members.get_mut(&member_id) else {
            return Err(ResponseError::UnknownMemberId.into());
        };
        let unchanged = member.protocols == request.protocols;
        member.update(request, now);
        match self.phase {
            Phase::Completing { .. } if unchanged => self.answer_join(&member_id, ticket),
            Phase::Stable if unchanged && !is_leader => self.answer_join(&member_id, ticket),
            Phase::Completing { .. } | Phase::Stable => {
                self.wait_for_join(&member_id, ticket);
                self.prepare_rebalance(now);
            }
            Phase::Preparing { .. } | Phase::Empty | Phase::Dead => {
                self.wait_for_join(&member_id, ticket)
            }
        }
        Ok(())
    }

    fn add(&mut self, member_id: StrBytes, ticket: Ticket, request: JoinRequest, now: Duration) {
        if self.members.is_empty() {
            self.protocol_type = Some(request.protocol_type.clone());
        }
        if let Some(instance) = &request.instance_id {
            self.static_members
                .insert(instance.clone(), member_id.clone());
        }
        self.members
            .insert(member_id.clone(), Member::new(request, now));
        self.wait_for_join(&member_id, ticket);
        self.grew = true;
        if !matches!(self.phase, Phase::Preparing { .. }) {
            self.prepare_rebalance(now);
        }
    }

    /// A static member that comes back under a new id takes its old place (KIP-345).
    fn replace_static(
        &mut self,
        old_id: &StrBytes,
        member_id: StrBytes,
        ticket: Ticket,
        request: JoinRequest,
        now: Duration,
    ) {
        let Some(mut member) = self.members.remove(old_id) else {
            self.add(member_id, ticket, request, now);
            return;
        };
        self.refuse_waiting(&member, ResponseError::FencedInstanceId);
        (member.joining, member.syncing) = (None, None);
        if let Some(instance) = &request.instance_id {
            self.static_members
                .insert(instance.clone(), member_id.clone());
        }
        let skip = request.may_skip_assignment;
        let (client_id, client_host) = (request.client_id.clone(), request.client_host.clone());
        member.update(request, now);
        (member.client_id, member.client_host) = (client_id, client_host);
        self.members.insert(member_id.clone(), member);
        let was_leader = self.leader.as_ref() == Some(old_id);
        if was_leader {
            self.leader = Some(member_id.clone());
        }
        match self.phase {
            Phase::Stable if self.protocol.as_ref() == self.vote().as_ref() => {
                self.answer_static(&member_id, old_id, was_leader, skip, ticket);
            }
            Phase::Stable | Phase::Completing { .. } => {
                self.wait_for_join(&member_id, ticket);
                self.prepare_rebalance(now);
            }
            Phase::Preparing { .. } | Phase::Empty | Phase::Dead => {
                self.wait_for_join(&member_id, ticket)
            }
        }
    }

    /// Tells a returning static member that its assignment still holds. A leader must not assign again: newer clients
    /// are told so, older ones are told that the leader is somebody else.
    fn answer_static(
        &mut self,
        id: &StrBytes,
        old_id: &StrBytes,
        was_leader: bool,
        skip: bool,
        ticket: Ticket,
    ) {
        self.answer_join(id, ticket);
        if let Some(Ok(joined)) = self.joins.get_mut(&ticket)
            && was_leader
        {
            joined.skip_assignment = skip;
            if !skip {
                joined.leader = old_id.clone();
                joined.members.clear();
            }
        }
    }

    /// Lets a request wait for the end of the rebalance; an older one of the same member is given up.
    fn wait_for_join(&mut self, member_id: &StrBytes, ticket: Ticket) {
        let Some(member) = self.members.get_mut(member_id) else {
            return;
        };
        if let Some(older) = member.joining.replace(ticket) {
            self.joins
                .insert(older, Err(ResponseError::RebalanceInProgress.into()));
        }
    }

    /// Starts to collect members for the next generation.
    pub(super) fn prepare_rebalance(&mut self, now: Duration) {
        for member in self.members.values_mut() {
            if let Some(ticket) = member.syncing.take() {
                member.heard(now);
                self.syncs
                    .insert(ticket, Err(ResponseError::RebalanceInProgress));
            }
        }
        let longest = self.longest_rebalance();
        let first = self.phase == Phase::Empty;
        let delay = self.initial_delay.min(longest);
        self.grew = false;
        self.phase = match first {
            true => Phase::Preparing {
                deadline: now + delay,
                extension: Some(longest - delay),
            },
            false => Phase::Preparing {
                deadline: now + longest,
                extension: None,
            },
        };
    }

    /// The initial delay is over: wait on if members came meanwhile and there is time left.
    pub(super) fn end_initial_delay(&mut self, now: Duration, left: Duration) {
        let more = self.initial_delay.min(left);
        if self.grew && !more.is_zero() {
            self.grew = false;
            self.phase = Phase::Preparing {
                deadline: now + more,
                extension: Some(left - more),
            };
        } else {
            self.complete_join(now);
        }
    }

    /// Starts the next generation with those who joined; static members keep their place a little longer.
    pub(super) fn complete_join(&mut self, now: Duration) {
        let gone = |member: &Member| member.joining.is_none() && member.instance_id.is_none();
        let ids: Vec<_> = self
            .members
            .iter()
            .filter(|(_, member)| gone(member))
            .map(|(id, _)| id.clone())
            .collect();
        ids.iter().for_each(|id| self.remove(id, now));
        if self.members.is_empty() {
            self.generation += 1;
            (self.phase, self.protocol, self.leader) = (Phase::Empty, None, None);
            return;
        }
        let deadline = now + self.longest_rebalance();
        let Some(leader) = self.elect() else {
            self.phase = Phase::Preparing {
                deadline,
                extension: None,
            };
            return;
        };
        self.leader = Some(leader);
        self.generation += 1;
        self.protocol = self.vote();
        self.phase = Phase::Completing { deadline };
        let waiting: Vec<_> = self
            .members
            .iter()
            .filter_map(|(id, member)| Some((id.clone(), member.joining?)))
            .collect();
        for (id, ticket) in waiting {
            if let Some(member) = self.members.get_mut(&id) {
                member.joining = None;
                member.heard(now);
            }
            self.answer_join(&id, ticket);
        }
    }

    /// The leader if it is here, or who joined first.
    fn elect(&self) -> Option<StrBytes> {
        let is_here = |id: &&StrBytes| {
            self.members
                .get(*id)
                .is_some_and(|member| member.joining.is_some())
        };
        let first = || {
            let here = self
                .members
                .iter()
                .filter_map(|(id, member)| Some((member.joining?, id)));
            here.min().map(|(_, id)| id)
        };
        self.leader.as_ref().filter(is_here).or_else(first).cloned()
    }

    /// The protocol that all support and most prefer.
    fn vote(&self) -> Option<StrBytes> {
        let common = |name: &StrBytes| self.members.values().all(|member| member.supports(name));
        let mut votes = BTreeMap::<StrBytes, usize>::new();
        for member in self.members.values() {
            if let Some((name, _)) = member.protocols.iter().find(|(name, _)| common(name)) {
                *votes.entry(name.clone()).or_default() += 1;
            }
        }
        votes
            .into_iter()
            .max_by_key(|(_, count)| *count)
            .map(|(name, _)| name)
    }

    fn longest_rebalance(&self) -> Duration {
        self.members
            .values()
            .map(|member| member.rebalance_timeout)
            .max()
            .unwrap_or_default()
    }

    /// Answers a join with the current generation.
    fn answer_join(&mut self, member_id: &StrBytes, ticket: Ticket) {
        let protocol = self.protocol.clone().unwrap_or_default();
        let leader = self.leader.clone().unwrap_or_default();
        let describe = |(id, member): (&StrBytes, &Member)| {
            (
                id.clone(),
                member.instance_id.clone(),
                member.metadata(&protocol),
            )
        };
        let members = match leader == *member_id {
            true => self.members.iter().map(describe).collect(),
            false => Vec::new(),
        };
        let joined = Joined {
            generation: self.generation,
            protocol_type: self.protocol_type.clone(),
            leader,
            member_id: member_id.clone(),
            skip_assignment: false,
            members,
            protocol,
        };
        self.joins.insert(ticket, Ok(joined));
    }
}
