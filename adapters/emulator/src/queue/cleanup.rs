//! What happens to a queue by itself: old messages go, and the log is kept near the size of what is in the queue.

use super::frames::{self, MESSAGE};
use super::lease_queue::{Inside, LeaseQueue};
use super::settings::DEDUP_WINDOW_MS;
use crate::interchange::references::References;
use crate::store::{Frame, LockExt, Partition, StoreError, Verdict};

/// Bytes of settled messages that are not worth a compaction.
const SLACK: u64 = 4 << 20;

/// Time between two compactions.
const PAUSE_MS: i64 = 10_000;

impl LeaseQueue {
    /// Drops messages beyond the retention time and frees what settled ones take in the log; to be called now and then.
    ///
    /// # Errors
    /// The log cannot be written.
    pub fn clean_up(&self) -> Result<(), StoreError> {
        let now_ms = self.now_ms();
        let mut inside = self.state.locked();
        inside.drop_old(&self.log, now_ms)?;
        let end = self.log.bounds().1;
        let first_live = inside.index.first().unwrap_or(end);
        let (live, compacted) = (inside.index.bytes(), inside.compacted);
        let keeps_keys = !inside.dedup.is_empty(now_ms);
        drop(inside);
        self.truncate(first_live, keeps_keys, now_ms)?;
        if self.shared.is_some() {
            // A reference to several records is needed for as long as one of them is left.
            return Ok(());
        }
        let settled = self.log.size().saturating_sub(live + compacted.0);
        if settled > SLACK + live && now_ms >= compacted.1 + PAUSE_MS {
            self.compact(keeps_keys, now_ms)?;
            let left = self.log.size().saturating_sub(live);
            self.state.locked().compacted = (left, now_ms);
        }
        Ok(())
    }

    /// Drops the segments before the first message, but none with deduplication keys that still count: they are read
    /// from the log when the queue is opened again.
    fn truncate(&self, first_live: i64, keeps_keys: bool, now_ms: i64) -> Result<(), StoreError> {
        let mut until = first_live;
        if keeps_keys {
            let start = self.log.bounds().0;
            let recent = self.log.find_time(now_ms - DEDUP_WINDOW_MS, start)?;
            until = recent.map_or(until, |frame| until.min(frame.header.base_offset));
        }
        let closed = self.log.closed_segments();
        if closed
            .first()
            .is_some_and(|oldest| oldest.next_offset <= until)
        {
            self.save_references()?;
            self.store.truncate_front(&self.stream, 0, until)?;
        }
        Ok(())
    }

    /// Rewrites the closed segments without what is settled. The frames that say so go with the messages, which are in
    /// the same or in earlier segments.
    fn compact(&self, keeps_keys: bool, now_ms: i64) -> Result<(), StoreError> {
        for segment in self.log.closed_segments() {
            self.log.rewrite(segment, |frame| {
                let is_recent = frame.header.max_timestamp + DEDUP_WINDOW_MS > now_ms;
                match keeps_keys && is_recent {
                    true => Verdict::Keep,
                    false => self.judge(frame),
                }
            })?;
        }
        Ok(())
    }

    /// Remembers how far a shared stream was looked at, before what says so goes.
    pub(super) fn save_references(&self) -> Result<(), StoreError> {
        self.references().map_or(Ok(()), References::save)
    }

    fn judge(&self, frame: &Frame) -> Verdict {
        let offset = frame.header.base_offset;
        let is_live = || self.state.locked().index.get(offset).is_some();
        match frame.header.format == MESSAGE && is_live() {
            true => Verdict::Keep,
            false => Verdict::Drop,
        }
    }
}

impl Inside {
    /// Settles the messages beyond the retention time.
    pub(super) fn drop_old(&mut self, log: &Partition, now_ms: i64) -> Result<(), StoreError> {
        let old = self.index.sent_before(now_ms - self.settings.retention_ms);
        frames::append_settled(log, &old, now_ms)?;
        for offset in old {
            self.index.remove(offset);
        }
        Ok(())
    }
}
