//! A sparse index of a segment: where to start looking for an offset or a time.

/// At most one entry for so many bytes of a segment.
const INTERVAL: u64 = 4096;

#[derive(Clone, Copy, Debug)]
struct Entry {
    base_offset: i64,
    position: u64,
    /// The latest time of all frames *before* this one.
    earlier_max: i64,
}

/// Positions of some of the frames of one segment, in order.
#[derive(Debug, Default)]
pub(crate) struct Index {
    entries: Vec<Entry>,
}

impl Index {
    /// Notes the frame at `position`, unless the last noted one is near enough.
    pub(crate) fn note(&mut self, base_offset: i64, position: u64, earlier_max: i64) {
        let due = self
            .entries
            .last()
            .is_none_or(|last| position - last.position >= INTERVAL);
        if due {
            self.entries.push(Entry {
                base_offset,
                position,
                earlier_max,
            });
        }
    }

    /// A position at or before the frame that covers `offset`.
    pub(crate) fn before_offset(&self, offset: i64) -> u64 {
        let after = self
            .entries
            .partition_point(|entry| entry.base_offset <= offset);
        self.position_before(after)
    }

    /// A position at or before the first frame that has a time of `timestamp` or later.
    pub(crate) fn before_time(&self, timestamp: i64) -> u64 {
        let after = self
            .entries
            .partition_point(|entry| entry.earlier_max < timestamp);
        self.position_before(after)
    }

    fn position_before(&self, after: usize) -> u64 {
        after
            .checked_sub(1)
            .map_or(0, |last| self.entries[last].position)
    }
}
