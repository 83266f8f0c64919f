//! What happens to a subscription by itself.

use super::Subscription;
use super::backlog::Body;
use crate::pubsub::frames;
use crate::store::{LockExt, StoreError};

/// Bytes of the log that are not worth writing the state anew.
const SLACK: u64 = 1 << 20;

impl Subscription {
    /// Ends what is due, drops messages beyond the retention time, and keeps the log short; to be called now and then.
    ///
    /// # Errors
    /// A log cannot be read or written.
    pub(in crate::pubsub) fn clean_up(&self) -> Result<(), StoreError> {
        let now_ms = self.now_ms();
        let retained = self.retained_from()?;
        let mut inside = self.state.locked();
        inside.advance(now_ms);
        inside.drop_before(retained);
        if self.log.size() <= SLACK + 64 * inside.acked.range_count() {
            return Ok(());
        }
        let state = frames::append_state(&self.log, &inside.acked, now_ms)?;
        drop(inside);
        self.store.truncate_front(&self.stream, 0, state).map(drop)
    }

    /// The first message that it needs, of its topic.
    ///
    /// # Errors
    /// The topic cannot be read.
    pub(in crate::pubsub) fn needs_from(&self) -> Result<i64, StoreError> {
        let inside = self.state.locked();
        let (floor, retains) = (inside.acked.floor(), inside.terms.retains_acked);
        drop(inside);
        match retains {
            true => Ok(floor.min(self.retained_from()?)),
            false => Ok(floor),
        }
    }

    /// Whether it needs none of the messages `from..to`.
    pub(in crate::pubsub) fn has_acked(&self, from: i64, to: i64) -> bool {
        let inside = self.state.locked();
        !inside.terms.retains_acked && inside.acked.contains_all(from, to)
    }

    /// The messages that were delivered too often since the last call, with their stored bytes and times, and how often
    /// each was delivered.
    ///
    /// # Errors
    /// They cannot be read.
    pub(in crate::pubsub) fn take_exhausted(&self) -> Result<Vec<Exhausted>, StoreError> {
        let mut inside = self.state.locked();
        inside.advance(self.now_ms());
        if inside.exhausted.is_empty() {
            return Ok(Vec::new());
        }
        let offsets = std::mem::take(&mut inside.exhausted);
        let attempts = |offset| inside.index.get(offset).map(|entry| entry.receives);
        let left = offsets.into_iter();
        let left: Vec<_> = left
            .filter_map(|offset| Some((offset, attempts(offset)?)))
            .collect();
        drop(inside);
        let mut read = self.read(left.iter().map(|(offset, _)| *offset).collect())?;
        let known = left.into_iter().filter_map(|(offset, attempts)| {
            let Body { stored, publish_ms } = read.remove(&offset)?;
            Some(Exhausted {
                offset,
                attempts,
                stored,
                publish_ms,
            })
        });
        Ok(known.collect())
    }

    /// Acknowledges a message that was taken elsewhere.
    ///
    /// # Errors
    /// That cannot be written down.
    pub(in crate::pubsub) fn bury(&self, offset: i64) -> Result<(), StoreError> {
        let mut inside = self.state.locked();
        let settled = inside.settle(offset, 0);
        frames::append_acked(&self.log, &settled, self.now_ms())?;
        drop(inside);
        self.wake();
        Ok(())
    }

    /// Lets a message that could not be taken elsewhere be delivered again.
    pub(in crate::pubsub) fn spare(&self, offset: i64) {
        let mut inside = self.state.locked();
        inside.index.change(offset, crate::queue::State::Ready);
        drop(inside);
        self.wake();
    }
}

/// A message that was delivered too often.
#[derive(Debug)]
pub(in crate::pubsub) struct Exhausted {
    /// Its place in the topic.
    pub(in crate::pubsub) offset: i64,
    /// How often it was delivered.
    pub(in crate::pubsub) attempts: u32,
    /// The message, see [`frames`].
    pub(in crate::pubsub) stored: bytes::Bytes,
    /// Unix milliseconds.
    pub(in crate::pubsub) publish_ms: i64,
}
