//! The segments of one partition.

use std::collections::VecDeque;
use std::sync::Arc;

use super::frame::{HEADER_LEN, Header};
use super::segment::{Segment, Wanted};
use super::storage::{Memory, Storage};
use super::{Budget, Frame, StoreError};

/// When a log starts a new segment and what it may forget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogSettings {
    /// A segment is closed before it grows beyond so many bytes.
    pub segment_bytes: u64,
    /// A segment is closed when its first frame is so old, in milliseconds.
    pub segment_ms: i64,
}

impl Default for LogSettings {
    /// Segments of 1 GiB or 7 days.
    fn default() -> Self {
        Self {
            segment_bytes: 1 << 30,
            segment_ms: 7 * 24 * 3600 * 1000,
        }
    }
}

/// What an append adds.
#[derive(Clone, Copy, Debug)]
pub struct NewFrame<'a> {
    /// What the payload is; opaque here.
    pub format: u8,
    /// How many offsets the payload covers, at least 1.
    pub offsets: u32,
    /// The latest record time in it, Unix milliseconds, or -1.
    pub max_timestamp: i64,
    /// The bytes to keep.
    pub payload: &'a [u8],
}

/// One partition's segments, the last of which grows.
#[derive(Debug)]
pub(crate) struct Log {
    segments: VecDeque<Segment>,
    start_offset: i64,
    settings: LogSettings,
    budget: Arc<Budget>,
    scratch: Vec<u8>,
    deleted: bool,
}

impl Log {
    /// An empty log in memory.
    pub(crate) fn new(settings: LogSettings, budget: Arc<Budget>) -> Self {
        Self {
            segments: VecDeque::new(),
            start_offset: 0,
            settings,
            budget,
            scratch: Vec::new(),
            deleted: false,
        }
    }

    /// The first offset that can be read.
    pub(crate) fn start_offset(&self) -> i64 {
        self.start_offset
    }

    /// The offset that the next record gets.
    pub(crate) fn next_offset(&self) -> i64 {
        self.segments
            .back()
            .map_or(self.start_offset, |active| active.next_offset)
    }

    /// Adds a frame and returns its base offset. `patch` may change the payload once its base offset is known.
    pub(crate) fn append(
        &mut self,
        new: NewFrame<'_>,
        now_ms: i64,
        patch: impl FnOnce(&mut [u8], i64),
    ) -> Result<i64, StoreError> {
        if self.deleted {
            return Err(StoreError::Deleted);
        }
        let header = Header {
            length: new.payload.len() as u32,
            format: new.format,
            offsets: new.offsets,
            base_offset: self.next_offset(),
            max_timestamp: new.max_timestamp,
        };
        self.scratch.clear();
        self.scratch.resize(HEADER_LEN, 0);
        self.scratch.extend_from_slice(new.payload);
        patch(&mut self.scratch[HEADER_LEN..], header.base_offset);
        header.seal(&mut self.scratch);
        self.roll_if_due(header.frame_len(), now_ms);
        if let Some(active) = self.segments.back_mut() {
            active.append(&header, &self.scratch)?;
        }
        Ok(header.base_offset)
    }

    /// The wanted frames, from one segment.
    pub(crate) fn read(&self, wanted: Wanted) -> Result<Vec<Frame>, StoreError> {
        let (start, end) = (self.start_offset, self.next_offset());
        if wanted.from < start || wanted.from > end {
            return Err(StoreError::OutOfRange {
                asked: wanted.from,
                start,
                end,
            });
        }
        let first = self
            .segments
            .partition_point(|segment| segment.next_offset <= wanted.from);
        let mut segments = self.segments.range(first..);
        let frames = segments
            .find_map(|segment| Some(segment.read(wanted)).filter(|frames| !frames.is_empty()));
        Ok(frames.unwrap_or_default())
    }

    /// The first frame that has a record time of `timestamp` or later.
    pub(crate) fn find_time(&self, timestamp: i64) -> Option<Frame> {
        self.segments
            .iter()
            .find_map(|segment| segment.find_time(timestamp, self.start_offset))
    }

    /// The latest record time, or -1.
    pub(crate) fn max_timestamp(&self) -> i64 {
        self.segments
            .iter()
            .map(|segment| segment.max_timestamp)
            .max()
            .unwrap_or(-1)
    }

    fn roll_if_due(&mut self, frame_len: u64, now_ms: i64) {
        let due = self.segments.back().is_none_or(|active| {
            let full = active.len() + frame_len > self.settings.segment_bytes;
            let old = now_ms - active.created_ms >= self.settings.segment_ms;
            active.len() > 0 && (full || old)
        });
        if due {
            let storage = Storage::Memory(Memory::new(Arc::clone(&self.budget)));
            self.segments
                .push_back(Segment::new(self.next_offset(), now_ms, storage));
        }
    }
}
