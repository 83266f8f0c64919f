//! Moving a subscription in time.

use super::Subscription;
use crate::interchange::offsets::Acked;
use crate::pubsub::frames;
use crate::store::{LockExt, StoreError};

impl Subscription {
    /// What is acknowledged now.
    pub(in crate::pubsub) fn acked(&self) -> Acked {
        let mut inside = self.state.locked();
        inside.advance(self.now_ms());
        inside.acked.clone()
    }

    /// Makes exactly these messages acknowledged; all leases end.
    ///
    /// # Errors
    /// That cannot be written down.
    pub(in crate::pubsub) fn seek_to(&self, acked: Acked) -> Result<(), StoreError> {
        let mut inside = self.state.locked();
        frames::append_state(&self.log, &acked, self.now_ms())?;
        inside.restart(acked);
        drop(inside);
        self.wake();
        Ok(())
    }

    /// Acknowledges what was published before `time_ms`, and nothing of what was published from then on and is
    /// retained.
    ///
    /// # Errors
    /// The topic cannot be read, or the change not be written down.
    pub(in crate::pubsub) fn seek_to_time(&self, time_ms: i64) -> Result<(), StoreError> {
        let (start, end) = self.topic.bounds();
        let target = self.topic.offset_at(time_ms)?.unwrap_or(end);
        let mut acked = self.acked();
        let retained_from = match self.terms().retains_acked {
            true => Some(self.retained_from()?),
            false => self.topic.retained_from(self.now_ms())?,
        };
        if let Some(retained) = retained_from {
            acked.forget_from(target.max(retained).max(start));
        }
        acked.insert(0, target);
        self.seek_to(acked)
    }

    /// The first message that is young enough to be kept.
    pub(super) fn retained_from(&self) -> Result<i64, StoreError> {
        let oldest = self.now_ms() - self.terms().retention_ms;
        let end = self.topic.bounds().1;
        Ok(self.topic.offset_at(oldest)?.unwrap_or(end))
    }
}
