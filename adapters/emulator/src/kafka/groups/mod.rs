//! Consumer groups: the classic protocol (JoinGroup, SyncGroup, Heartbeat, LeaveGroup) and committed offsets.
//!
//! [`Group`] is the state machine, without threads and with the time passed in. [`Groups`] finds groups by id, puts a
//! lock around each, and lets the threads of JoinGroup and SyncGroup wait for their answers.

mod admin;
mod commit;
mod group;
mod join;
mod member;
mod sync;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use kafka_protocol::ResponseError;
use kafka_protocol::protocol::StrBytes;

pub(crate) use admin::{DescribedMember, Listed};
pub(crate) use commit::{Committed, Committer, Visible};
use group::{Group, Phase};
pub(crate) use join::{JoinRequest, Joined, Refused};
pub(crate) use sync::{SyncRequest, Synced};

use super::tables::OFFSETS;
use crate::store::{Clock, Facts, LockExt, Store, StoreError};

/// The session time-outs that are accepted, as Kafka's `group.min.session.timeout.ms` and its `max`.
const SESSION_TIMEOUTS: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(6)..=Duration::from_secs(1800);

/// The longest a waiting thread sleeps before it looks at the clock again.
const NAP: Duration = Duration::from_secs(1);

/// A topic's name and the number of a partition.
pub(crate) type TopicPartition = (String, i32);

/// Committed offsets by topic and partition.
pub(crate) type Offsets = BTreeMap<TopicPartition, Committed>;

/// All groups.
#[derive(Debug)]
pub(crate) struct Groups {
    store: Arc<Store>,
    initial_delay: Duration,
    by_id: Mutex<BTreeMap<String, Arc<Shared>>>,
    stopping: AtomicBool,
}

/// One group, and the threads that wait for it to change.
#[derive(Debug)]
struct Shared {
    group: Mutex<Group>,
    changed: Condvar,
}

impl Groups {
    /// The groups that have offsets in the store. A new one waits `initial_delay` for further members before its first
    /// assignment.
    pub(crate) fn open(store: Arc<Store>, initial_delay: Duration) -> Result<Self, StoreError> {
        let groups = Self {
            store,
            initial_delay,
            by_id: Mutex::default(),
            stopping: AtomicBool::new(false),
        };
        for (key, committed) in groups.facts().table::<Committed>(OFFSETS)? {
            if let Some((group_id, partition)) = commit::parse_key(&key) {
                groups
                    .get_or_create(group_id)
                    .group
                    .locked()
                    .offsets
                    .insert(partition, committed);
            }
        }
        Ok(groups)
    }

    fn clock(&self) -> &dyn Clock {
        self.store.clock()
    }

    fn facts(&self) -> &Facts {
        self.store.facts()
    }

    /// Ends all waiting.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
        for shared in self.by_id.locked().values() {
            drop(shared.group.locked());
            shared.changed.notify_all();
        }
    }

    /// Joins a group; waits until the rebalance is over.
    pub(crate) fn join(&self, group_id: &str, request: JoinRequest) -> Result<Joined, Refused> {
        if group_id.is_empty() {
            return Err(ResponseError::InvalidGroupId.into());
        }
        if !SESSION_TIMEOUTS.contains(&request.session_timeout) {
            return Err(ResponseError::InvalidSessionTimeout.into());
        }
        let shared = match request.member_id.is_empty() {
            true => self.get_or_create(group_id),
            false => self.get(group_id).ok_or(ResponseError::UnknownMemberId)?,
        };
        let ticket = {
            let mut group = shared.group.locked();
            group.join(request, self.clock().monotonic())
        };
        shared.changed.notify_all();
        self.wait(&shared, |group| group.take_join(ticket))
            .unwrap_or_else(|| Err(ResponseError::CoordinatorNotAvailable.into()))
    }

    /// Hands in or asks for the assignment; waits until the leader has handed it in.
    pub(crate) fn sync(
        &self,
        group_id: &str,
        request: SyncRequest,
    ) -> Result<Synced, ResponseError> {
        let shared = self.get(group_id).ok_or(ResponseError::UnknownMemberId)?;
        let ticket = {
            let mut group = shared.group.locked();
            group.sync(request, self.clock().monotonic())
        };
        shared.changed.notify_all();
        self.wait(&shared, |group| group.take_sync(ticket))
            .unwrap_or(Err(ResponseError::CoordinatorNotAvailable))
    }

    /// Keeps a member alive and tells it whether a rebalance is under way.
    pub(crate) fn heartbeat(
        &self,
        group_id: &str,
        member_id: &StrBytes,
        instance_id: Option<&StrBytes>,
        generation: i32,
    ) -> Result<(), ResponseError> {
        let shared = self.get(group_id).ok_or(ResponseError::UnknownMemberId)?;
        let result = {
            let mut group = shared.group.locked();
            group.heartbeat(member_id, instance_id, generation, self.clock().monotonic())
        };
        shared.changed.notify_all();
        result
    }

    /// Deletes all groups; their members are told that they are unknown.
    ///
    /// # Errors
    /// The store does not forget the offsets of a group, which stays then.
    pub(crate) fn clear(&self) -> Result<(), StoreError> {
        let mut by_id = self.by_id.locked();
        while let Some((id, shared)) = by_id.pop_first() {
            let mut group = shared.group.locked();
            let all: Vec<_> = group.offsets.keys().cloned().collect();
            if let Err(error) = self.forget(&mut group, &id, &all) {
                drop(group);
                by_id.insert(id, shared);
                return Err(error);
            }
            let members: Vec<_> = group.members.keys().cloned().collect();
            let now = self.clock().monotonic();
            members.iter().for_each(|member| group.remove(member, now));
            group.phase = Phase::Dead;
            drop(group);
            shared.changed.notify_all();
        }
        Ok(())
    }

    /// Removes a member as if its session had timed out; the group rebalances.
    pub(crate) fn evict(&self, group_id: &str, member_id: &StrBytes) {
        let Some(shared) = self.get(group_id) else {
            return;
        };
        let now = self.clock().monotonic();
        {
            let mut group = shared.group.locked();
            group.remove(member_id, now);
            group.advance(now);
        }
        shared.changed.notify_all();
    }

    /// Removes members, each given by its id or by its instance id; one result per member.
    pub(crate) fn leave(
        &self,
        group_id: &str,
        members: &[(&StrBytes, Option<&StrBytes>)],
    ) -> Result<Vec<Result<(), ResponseError>>, ResponseError> {
        let shared = self.get(group_id).ok_or(ResponseError::UnknownMemberId)?;
        let now = self.clock().monotonic();
        let results = {
            let mut group = shared.group.locked();
            members
                .iter()
                .map(|(member, instance)| group.leave(member, *instance, now))
                .collect()
        };
        shared.changed.notify_all();
        Ok(results)
    }

    /// The group that a committer means: one without a generation may be the first to name it.
    fn group_of(
        &self,
        group_id: &str,
        committer: &Committer,
    ) -> Result<Arc<Shared>, ResponseError> {
        if group_id.is_empty() {
            return Err(ResponseError::InvalidGroupId);
        }
        match committer.generation < 0 {
            true => Ok(self.get_or_create(group_id)),
            false => self.get(group_id).ok_or(ResponseError::IllegalGeneration),
        }
    }

    fn all(&self) -> Vec<(String, Arc<Shared>)> {
        self.by_id
            .locked()
            .iter()
            .map(|(id, shared)| (id.clone(), Arc::clone(shared)))
            .collect()
    }

    fn get(&self, group_id: &str) -> Option<Arc<Shared>> {
        self.by_id.locked().get(group_id).cloned()
    }

    fn get_or_create(&self, group_id: &str) -> Arc<Shared> {
        let new = || {
            Arc::new(Shared {
                group: Mutex::new(Group::new(self.initial_delay, self.clock().now_ms())),
                changed: Condvar::new(),
            })
        };
        Arc::clone(
            self.by_id
                .locked()
                .entry(group_id.to_owned())
                .or_insert_with(new),
        )
    }

    /// Waits until `take` finds its answer; `None` if the broker stops.
    fn wait<T>(&self, shared: &Shared, mut take: impl FnMut(&mut Group) -> Option<T>) -> Option<T> {
        let mut group = shared.group.locked();
        loop {
            let now = self.clock().monotonic();
            if group.advance(now) {
                shared.changed.notify_all();
            }
            if let Some(answer) = take(&mut group) {
                return Some(answer);
            }
            if self.stopping.load(Ordering::Acquire) {
                return None;
            }
            let nap = group.next_deadline().map_or(NAP, |at| {
                at.saturating_sub(now).clamp(Duration::from_millis(1), NAP)
            });
            group = shared
                .changed
                .wait_timeout(group, nap)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }
}
