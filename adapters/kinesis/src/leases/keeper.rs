//! A reader's leases: taken, renewed, written with each commit, given back.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ssectl_adapter::{Error, ErrorKind, Result};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::balance::take;
use super::{Change, Lease, Leases, Store, View, store};
use crate::client::{Service, Stream};
use crate::position::Place;
use crate::topology::ShardId;

/// A member of a group. A task renews its leases until it is closed or dropped.
pub(crate) struct Keeper {
    member: Arc<Member>,
    task: JoinHandle<()>,
}

struct Member {
    me: Arc<str>,
    store: Arc<dyn Store>,
    duration: Duration,
    state: Mutex<State>,
    /// One change of the store at a time.
    turn: tokio::sync::Mutex<()>,
    /// What is offered changed: leases may be taken at once.
    offered: Notify,
    changed: Notify,
}

#[derive(Default)]
struct State {
    leases: Leases,
    mine: BTreeSet<ShardId>,
    offered: BTreeSet<ShardId>,
    /// Shards that were read to the end, and what of them was handed over last.
    finished: BTreeMap<ShardId, Option<Place>>,
    /// The counters of leases of others, and since when they are as they are.
    silent: BTreeMap<ShardId, (u64, Instant)>,
    /// Shards whose owners were seen to live, or to be dead.
    lives: BTreeMap<ShardId, bool>,
    view: Arc<View>,
    failed: Option<Error>,
}

/// The longest time between two looks at the leases.
const LOOK: Duration = Duration::from_millis(1000);

impl Keeper {
    /// Joins the group of a stream.
    pub(crate) async fn join(service: &Service, stream: &Stream, group: &str) -> Result<Self> {
        let number = RandomState::new().hash_one(std::process::id());
        let me: Arc<str> = format!("ssectl-{}-{number:016x}", std::process::id()).into();
        let member = Arc::new(Member {
            store: store(service, stream, group, Some(&me)).await?,
            me,
            duration: service.config.lease_duration.as_duration(),
            state: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
            offered: Notify::new(),
            changed: Notify::new(),
        });
        member.look().await?;
        let task = tokio::spawn(member.clone().keep());
        Ok(Self { member, task })
    }

    /// What is known of the group.
    pub(crate) fn view(&self) -> Arc<View> {
        self.member.state().view.clone()
    }

    /// Waits until it changes, or something fails.
    pub(crate) async fn changed(&self) {
        self.member.changed.notified().await;
    }

    /// What went wrong behind our back.
    pub(crate) fn failed(&self) -> Option<Error> {
        self.member.state().failed.take()
    }

    /// Says which shards could be read now.
    pub(crate) fn offer(&self, shards: BTreeSet<ShardId>) {
        let mut state = self.member.state();
        if state.offered != shards {
            state.offered = shards;
            self.member.offered.notify_one();
        }
    }

    /// Says that a shard has no more records than those that were handed over.
    pub(crate) fn finish(&self, shard: &ShardId, handed_over: Option<Place>) {
        self.member
            .state()
            .finished
            .insert(shard.clone(), handed_over);
        self.member.offered.notify_one();
    }

    /// Writes where to read on.
    pub(crate) async fn commit(&self, places: BTreeMap<ShardId, Place>) -> Result<()> {
        self.member.commit(places).await
    }

    /// Gives all leases back.
    pub(crate) async fn close(self) -> Result<()> {
        // Not in the middle of a change, of which nobody would know whether it was made.
        let _turn = self.member.turn.lock().await;
        self.task.abort();
        self.member.release().await
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Member {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn keep(self: Arc<Self>) {
        let every = (self.duration / 3).min(LOOK);
        loop {
            tokio::select! {
                () = tokio::time::sleep(every) => {}
                () = self.offered.notified() => {}
            }
            if let Err(error) = self.look().await {
                self.state().failed = Some(error);
                self.changed.notify_one();
            }
        }
    }

    /// Reads the leases, renews ours, and takes what is our share.
    async fn look(&self) -> Result<()> {
        let _turn = self.turn.lock().await;
        let leases = self.store.list().await?;
        self.watch(&leases).await;
        let changes = self.plan(leases);
        self.apply(changes).await?;
        self.show();
        Ok(())
    }

    /// Notes who gives signs of life.
    async fn watch(&self, leases: &Leases) {
        let others = leases
            .iter()
            .filter(|(_, lease)| lease.owner.as_ref().is_some_and(|owner| *owner != self.me));
        let mut lives = BTreeMap::new();
        for (shard, lease) in others {
            let told = self
                .store
                .is_alive(lease.owner.as_deref().unwrap_or_default())
                .await;
            lives.insert(
                shard.clone(),
                told.or_else(|| self.sign_of_life(shard, lease)),
            );
        }
        self.state().lives = lives
            .into_iter()
            .filter_map(|(shard, lives)| Some((shard, lives?)))
            .collect();
    }

    /// Whether a counter moves, or has not for too long; `None` while that is open.
    fn sign_of_life(&self, shard: &ShardId, lease: &Lease) -> Option<bool> {
        let mut state = self.state();
        let before = state.lives.get(shard).copied();
        let silent = state
            .silent
            .entry(shard.clone())
            .or_insert_with(|| (lease.counter, Instant::now()));
        if silent.0 != lease.counter {
            *silent = (lease.counter, Instant::now());
            return Some(true);
        }
        if silent.1.elapsed() > self.duration {
            return Some(false);
        }
        before.filter(|lives| *lives)
    }

    /// Changes that renew our leases, end those of shards that are done with, and take what is free.
    fn plan(&self, leases: Leases) -> Vec<Change> {
        let mut state = self.state();
        let mine = leases
            .iter()
            .filter(|(_, lease)| lease.owner.as_ref() == Some(&self.me));
        state.mine = mine.map(|(shard, _)| shard.clone()).collect();
        state.leases = leases;
        let (state, me) = (&*state, &self.me);
        let offered = state.offered.iter().filter(|shard| {
            state
                .leases
                .get(*shard)
                .is_none_or(|lease| lease.place != Some(Place::End))
        });
        // What nobody is known to be dead of counts as read.
        let lives = |shard: &ShardId| state.lives.get(shard) != Some(&false);
        let taken = take(me, &state.leases, &offered.cloned().collect(), lives);
        let changes = taken.iter().map(|shard| {
            let seen = state.leases.get(shard);
            Change::of(
                shard,
                seen,
                Some(me),
                seen.and_then(|lease| lease.place.clone()),
            )
        });
        let kept = state.mine.iter().filter_map(|shard| {
            let lease = state.leases.get(shard)?;
            let place = lease.place.clone();
            match state.finished.get(shard) {
                // Nothing was handed over that is not committed.
                Some(handed_over) if handed_over.is_none() || *handed_over == place => {
                    Some(Change::of(shard, Some(lease), None, Some(Place::End)))
                }
                _ if self.store.needs_signs_of_life() => {
                    Some(Change::of(shard, Some(lease), Some(me), place))
                }
                _ => None,
            }
        });
        changes.chain(kept).collect()
    }

    /// Writes changes; what was changed by others meanwhile is theirs. Answers the shards that are.
    async fn apply(&self, changes: Vec<Change>) -> Result<Vec<ShardId>> {
        if changes.is_empty() {
            return Ok(Vec::new());
        }
        let written = self.store.swap(changes.clone()).await?;
        let mut state = self.state();
        let mut lost = Vec::new();
        for (Change { shard, lease, .. }, written) in changes.into_iter().zip(written) {
            match written && lease.owner.is_some() {
                true => state.mine.insert(shard.clone()),
                false => state.mine.remove(&shard),
            };
            match written {
                true => drop(state.leases.insert(shard, lease)),
                false => lost.push(shard),
            }
        }
        Ok(lost)
    }

    /// Publishes what is known.
    fn show(&self) {
        let mut state = self.state();
        let place = |shard: &ShardId| {
            state
                .leases
                .get(shard)
                .and_then(|lease| lease.place.clone())
        };
        let ended = |lease: &Lease| lease.place == Some(Place::End);
        let view = View {
            held: state
                .mine
                .iter()
                .map(|shard| (shard.clone(), place(shard).unwrap_or(Place::Horizon)))
                .collect(),
            ended: state
                .leases
                .iter()
                .filter(|(_, lease)| ended(lease))
                .map(|(shard, _)| shard.clone())
                .collect(),
            others: state
                .lives
                .iter()
                .filter(|(shard, lives)| **lives && !state.mine.contains(*shard))
                .map(|(shard, _)| shard.clone())
                .collect(),
        };
        if *state.view != view {
            state.view = Arc::new(view);
            self.changed.notify_one();
        }
    }

    async fn commit(&self, places: BTreeMap<ShardId, Place>) -> Result<()> {
        let _turn = self.turn.lock().await;
        let changes = {
            let state = self.state();
            let ours = places
                .into_iter()
                .filter(|(shard, _)| state.mine.contains(shard));
            let changes = ours.map(|(shard, place)| {
                let done = state
                    .finished
                    .get(&shard)
                    .is_some_and(|last| last.as_ref() == Some(&place));
                let place = if done { Place::End } else { place };
                let owner = (!done).then_some(&self.me);
                Change::of(&shard, state.leases.get(&shard), owner, Some(place))
            });
            changes.collect::<Vec<_>>()
        };
        let lost = self.apply(changes).await?;
        self.show();
        match lost.first() {
            None => Ok(()),
            Some(shard) => {
                let message = "another reader of the group has taken the shard, and reads again what was not committed";
                Err(Error::new(ErrorKind::Unavailable, message)
                    .with("shard", shard)
                    .temporary())
            }
        }
    }

    /// Gives back what it has; its turn is the caller's.
    async fn release(&self) -> Result<()> {
        let changes = {
            let state = self.state();
            let mine = state.mine.iter().filter_map(|shard| {
                let lease = state.leases.get(shard)?;
                Some(Change::of(shard, Some(lease), None, lease.place.clone()))
            });
            mine.collect::<Vec<_>>()
        };
        self.apply(changes).await.map(drop)
    }
}
