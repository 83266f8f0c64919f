//! Forgetting old records: by age, by size, or up to an offset.

use std::fs;
use std::ops::Range;

use super::log::Log;
use super::segment::Segment;
use super::storage::Storage;
use super::{LockExt, LogSettings, Partition, StoreError};

impl Partition {
    /// Drops the segments that the settings no longer keep; returns the offsets that went.
    ///
    /// # Errors
    /// A file cannot be removed or a new segment not be started.
    pub fn enforce_retention(&self, now_ms: i64) -> Result<Option<Range<i64>>, StoreError> {
        let mut log = self.log.locked();
        let before = log.start_offset();
        while log.oldest_is_due(now_ms) {
            if log.segments.len() == 1 {
                log.roll(now_ms)?;
            }
            log.drop_oldest()?;
        }
        let after = log.start_offset();
        Ok((after > before).then_some(before..after))
    }

    /// Drops the records before `offset`, which must not be past the end; returns the new first offset.
    ///
    /// # Errors
    /// The offset is past the end, or a file cannot be removed.
    pub(crate) fn truncate_front(&self, offset: i64) -> Result<i64, StoreError> {
        let mut log = self.log.locked();
        let (start, end) = (log.start_offset(), log.next_offset());
        if offset > end {
            return Err(StoreError::OutOfRange {
                asked: offset,
                start,
                end,
            });
        }
        log.start_offset = start.max(offset);
        while log.segments.len() > 1 && log.segments[0].next_offset <= log.start_offset {
            log.drop_oldest()?;
        }
        Ok(log.start_offset())
    }
}

impl Log {
    fn oldest_is_due(&self, now_ms: i64) -> bool {
        let Some(oldest) = self.segments.front().filter(|oldest| oldest.len() > 0) else {
            return false;
        };
        let LogSettings {
            retention_ms,
            retention_bytes,
            ..
        } = self.settings;
        let latest = if oldest.max_timestamp >= 0 {
            oldest.max_timestamp
        } else {
            oldest.modified_ms
        };
        let too_old = retention_ms.is_some_and(|limit| now_ms.saturating_sub(latest) > limit);
        let too_much = retention_bytes.is_some_and(|limit| self.len() - oldest.len() >= limit);
        too_old || too_much && self.segments.len() > 1
    }

    fn drop_oldest(&mut self) -> Result<(), StoreError> {
        if let (Some(ledger), Some(oldest)) = (self.ledger(), self.segments.front()) {
            ledger.strike(oldest.base_offset)?;
        }
        if let Some(Segment {
            storage,
            next_offset,
            ..
        }) = self.segments.pop_front()
        {
            let first_left = self
                .segments
                .front()
                .map_or(next_offset, |segment| segment.base_offset);
            self.start_offset = self.start_offset.max(first_left);
            if let Storage::File(file) = storage {
                fs::remove_file(file.path()).map_err(StoreError::io("remove", file.path()))?;
            }
        }
        Ok(())
    }
}
