//! A subscription: leases over the log of its topic.
//!
//! Messages are not copied. A subscription remembers which offsets of the topic are acknowledged, in a log of its own,
//! and has an index of those that were looked at and are not acknowledged yet; messages further on are looked at when
//! a subscriber asks for more, so a long backlog costs nothing. Leases do not outlive the process.

mod ack_id;
mod backlog;
mod seek;
mod settle;
mod take;
mod terms;
#[cfg(test)]
mod tests;
mod upkeep;
mod window;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, RwLock};

use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use uuid::Uuid;

pub(super) use ack_id::AckId;
pub(super) use settle::Outcome;
pub(super) use take::Wanted;
pub(super) use terms::{RETENTION_MS, Terms, millis};
pub(super) use upkeep::Exhausted;
pub(super) use window::Window;

use super::frames;
use super::names::DELETED_TOPIC;
use super::proto::pubsub as pb;
use super::topic::Topic;
use crate::interchange::offsets::Acked;
use crate::store::{LockExt, Partition, RwLockExt, Store, StoreError, Stream};
use backlog::Backlog;

/// Bytes read at a time.
const BULK: usize = 256 << 10;

/// One subscription, shared between threads.
#[derive(Debug)]
pub(super) struct Subscription {
    name: String,
    topic: Arc<Topic>,
    store: Arc<Store>,
    stream: Arc<Stream>,
    log: Arc<Partition>,
    about: RwLock<pb::Subscription>,
    state: Mutex<Backlog>,
    /// A number that this process drew, for ack ids.
    epoch: u32,
    changed: Notify,
    is_deleted: AtomicBool,
    is_pushed: AtomicBool,
}

impl Subscription {
    /// Opens the subscription that `stream` is; `start` is where it began.
    ///
    /// # Errors
    /// Its log cannot be read.
    pub(super) fn open(
        store: Arc<Store>,
        stream: Arc<Stream>,
        topic: Arc<Topic>,
        about: pb::Subscription,
        start: i64,
    ) -> Result<Self, StoreError> {
        let log = stream.partition(0).ok_or(StoreError::Deleted)?;
        let mut acked = Acked::starting(start);
        let (mut from, end) = log.bounds();
        while from < end {
            let read = log.read(from, end, BULK)?;
            let Some(last) = read.last() else { break };
            from = last.header.next_offset();
            read.into_iter()
                .for_each(|frame| frames::replay(frame, &mut acked));
        }
        Ok(Self {
            name: about.name.clone(),
            state: Mutex::new(Backlog::new(Terms::of(&about), acked)),
            topic,
            store,
            stream,
            log,
            about: RwLock::new(about),
            epoch: Uuid::new_v4().as_u128() as u32,
            changed: Notify::new(),
            is_deleted: AtomicBool::new(false),
            is_pushed: AtomicBool::new(false),
        })
    }

    /// Its name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Its topic, which may be deleted.
    pub(super) fn topic(&self) -> &Arc<Topic> {
        &self.topic
    }

    /// The stream it is kept in.
    pub(super) fn stream(&self) -> &Stream {
        &self.stream
    }

    /// As it is shown.
    pub(super) fn about(&self) -> pb::Subscription {
        let mut about = self.about.reading().clone();
        if self.topic.is_deleted() {
            about.topic = DELETED_TOPIC.to_owned();
        } else {
            about.topic_message_retention_duration = self.topic.about().message_retention_duration;
        }
        about.state = pb::subscription::State::Active.into();
        about
    }

    /// What holds for its messages.
    pub(super) fn terms(&self) -> Terms {
        self.state.locked().terms.clone()
    }

    /// Changes what is shown and what holds; the caller remembers it.
    pub(super) fn configure(&self, about: pb::Subscription) {
        self.state.locked().terms = Terms::of(&about);
        *self.about.writing() = about;
        self.wake();
    }

    /// Takes note that it is gone; those who wait learn it.
    pub(super) fn mark_deleted(&self) {
        self.is_deleted.store(true, Ordering::Release);
        self.wake();
    }

    /// Whether it is gone.
    pub(super) fn is_deleted(&self) -> bool {
        self.is_deleted.load(Ordering::Acquire)
    }

    /// Whether it gets no messages any more, by `DetachSubscription`.
    pub(super) fn is_detached(&self) -> bool {
        self.about.reading().detached
    }

    /// Where its messages are pushed to.
    pub(super) fn push_config(&self) -> Option<pb::PushConfig> {
        self.about.reading().push_config.clone()
    }

    /// Whether the caller is the one who pushes from now on.
    pub(super) fn begin_to_push(&self) -> bool {
        !self.is_pushed.swap(true, Ordering::AcqRel)
    }

    /// Says that nobody pushes any more.
    pub(super) fn stop_to_push(&self) {
        self.is_pushed.store(false, Ordering::Release);
    }

    /// Completes when there may be something new, other than by time. Call it before looking.
    pub(super) fn changed(&self) -> (Notified<'_>, Notified<'_>) {
        (self.changed.notified(), self.topic.published())
    }

    /// When the next lease or back-off ends, Unix milliseconds.
    pub(super) fn next_due(&self) -> Option<i64> {
        self.state.locked().index.next_due()
    }

    /// Wakes all who wait.
    pub(super) fn wake(&self) {
        self.changed.notify_waiters();
    }

    /// Unix milliseconds.
    pub(super) fn now_ms(&self) -> i64 {
        self.store.clock().now_ms()
    }
}
