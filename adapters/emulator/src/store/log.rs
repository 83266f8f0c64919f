//! The segments of one partition.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::frame::{HEADER_LEN, Header};
use super::ledger::Ledger;
use super::segment::{Prepared, Segment, Wanted};
use super::storage::{Dirty, Memory, SegmentFile, Storage};
use super::{Budget, Frame, StoreError};

/// Frames up to this size leave their buffer for the next one.
const KEPT_SCRATCH: usize = 1 << 20;

/// When a log starts a new segment and what it may forget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogSettings {
    /// A segment is closed before it grows beyond so many bytes.
    pub segment_bytes: u64,
    /// A segment is closed when it was started so many milliseconds ago.
    pub segment_ms: i64,
    /// Segments whose latest record is older may be dropped, in milliseconds.
    pub retention_ms: Option<i64>,
    /// The oldest segments may be dropped while the others have at least so many bytes.
    pub retention_bytes: Option<u64>,
}

impl Default for LogSettings {
    /// Segments of 1 GiB or 7 days, kept for ever.
    fn default() -> Self {
        let week_ms = 7 * 24 * 3600 * 1000;
        Self {
            segment_bytes: 1 << 30,
            segment_ms: week_ms,
            retention_ms: None,
            retention_bytes: None,
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
    /// Whether it is stored even beyond the memory limit; for small frames that others depend on.
    pub forced: bool,
}

/// Where a log keeps its segments.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// In memory.
    Memory(Arc<Budget>),
    /// In files of this directory, which is made with the first of them.
    Directory {
        path: PathBuf,
        sync_appends: bool,
        ledger: Ledger,
    },
}

/// One partition's segments, the last of which grows.
#[derive(Debug)]
pub(crate) struct Log {
    pub(super) segments: VecDeque<Segment>,
    pub(super) start_offset: i64,
    pub(super) settings: LogSettings,
    pub(super) place: Place,
    scratch: Vec<u8>,
    deleted: bool,
}

impl Log {
    /// A log of these segments, which are in order; what lies before `start_offset` counts as dropped.
    pub(crate) fn new(
        segments: VecDeque<Segment>,
        start_offset: i64,
        settings: LogSettings,
        place: Place,
    ) -> Self {
        let (first, next) = match (segments.front(), segments.back()) {
            (Some(first), Some(last)) => (first.base_offset, last.next_offset),
            _ => (start_offset, start_offset),
        };
        Self {
            segments,
            start_offset: start_offset.clamp(first, next),
            settings,
            place,
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

    /// Bytes in all segments.
    pub(crate) fn len(&self) -> u64 {
        self.segments.iter().map(Segment::len).sum()
    }

    /// Adds a frame and returns its base offset. `patch` may change the payload once its base offset is known.
    pub(crate) fn append(
        &mut self,
        new: NewFrame<'_>,
        now_ms: i64,
        patch: impl FnOnce(&mut [u8], i64),
    ) -> Result<i64, StoreError> {
        let appended = self.try_append(new, now_ms, patch);
        if let (Err(error), Some(ledger)) = (&appended, self.ledger()) {
            ledger.trouble().note(error);
        }
        appended
    }

    fn try_append(
        &mut self,
        new: NewFrame<'_>,
        now_ms: i64,
        patch: impl FnOnce(&mut [u8], i64),
    ) -> Result<i64, StoreError> {
        if self.deleted {
            return Err(StoreError::Deleted);
        }
        let header = Header {
            length: u32::try_from(new.payload.len()).map_err(|_| StoreError::TooLarge)?,
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
        self.roll_if_due(header.frame_len(), now_ms)?;
        if let Some(active) = self.segments.back_mut() {
            active.append(&header, &self.scratch, now_ms, new.forced)?;
        }
        if self.scratch.capacity() > KEPT_SCRATCH {
            self.scratch = Vec::new();
        }
        if let Place::Directory {
            sync_appends: true, ..
        } = self.place
        {
            self.sync()?;
        }
        Ok(header.base_offset)
    }

    /// Prepares to read the wanted frames of the first segment at or after `wanted.from` that may have some; tells
    /// also where the next segment begins.
    pub(crate) fn prepare(
        &self,
        wanted: Wanted,
    ) -> Result<Option<(Prepared, Option<i64>)>, StoreError> {
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
        let Some(segment) = self
            .segments
            .get(first)
            .filter(|segment| segment.base_offset < wanted.before)
        else {
            return Ok(None);
        };
        let next = self
            .segments
            .get(first + 1)
            .map(|segment| segment.base_offset);
        Ok(Some((segment.prepare(wanted)?, next)))
    }

    /// The first frame that has a record time of `timestamp` or later and covers `from` or a later offset.
    pub(crate) fn find_time(&self, timestamp: i64, from: i64) -> Result<Option<Frame>, StoreError> {
        let from = from.max(self.start_offset);
        for segment in self
            .segments
            .iter()
            .filter(|segment| segment.next_offset > from)
        {
            if let Some(frame) = segment.find_time(timestamp, from)? {
                return Ok(Some(frame));
            }
        }
        Ok(None)
    }

    /// The latest record time, or -1.
    pub(crate) fn max_timestamp(&self) -> i64 {
        self.segments
            .iter()
            .map(|segment| segment.max_timestamp)
            .max()
            .unwrap_or(-1)
    }

    /// Refuses all further appends.
    pub(crate) fn mark_deleted(&mut self) {
        self.deleted = true;
    }

    /// Whether [`Self::mark_deleted`] was called.
    pub(crate) fn is_deleted(&self) -> bool {
        self.deleted
    }

    /// What may not have reached the disk yet; it counts as synced from now on.
    pub(crate) fn take_dirty(&mut self) -> Unsynced {
        let mut unsynced = Unsynced {
            files: Vec::new(),
            fresh: Vec::new(),
            ledger: self.ledger().cloned(),
        };
        for segment in &mut self.segments {
            let Storage::File(file) = &mut segment.storage else {
                continue;
            };
            let Some(dirty) = file.take_dirty() else {
                continue;
            };
            if dirty.is_fresh() {
                unsynced.fresh.push(segment.base_offset);
            }
            unsynced.files.push(dirty);
        }
        unsynced
    }

    /// The notes about the segments, unless they are in memory.
    pub(super) fn ledger(&self) -> Option<&Ledger> {
        match &self.place {
            Place::Memory(_) => None,
            Place::Directory { ledger, .. } => Some(ledger),
        }
    }

    /// Refuses all further appends until the next start, because what was written may be lost.
    pub(crate) fn mark_broken(&mut self) {
        if let Some(Segment {
            storage: Storage::File(file),
            ..
        }) = self.segments.back_mut()
        {
            file.mark_broken();
        }
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        let synced = self.take_dirty().sync();
        synced.inspect_err(|_| self.mark_broken())
    }

    fn roll_if_due(&mut self, frame_len: u64, now_ms: i64) -> Result<(), StoreError> {
        let due = self.segments.back().is_none_or(|active| {
            let full = active.len() + frame_len > self.settings.segment_bytes;
            let old = now_ms - active.created_ms >= self.settings.segment_ms;
            active.len() > 0 && (full || old)
        });
        if due { self.roll(now_ms) } else { Ok(()) }
    }

    /// Closes the last segment and starts a new one. A closed one is on disk, so that damage in it is never a crash's.
    pub(super) fn roll(&mut self, now_ms: i64) -> Result<(), StoreError> {
        let base_offset = self.next_offset();
        let storage = match &self.place {
            Place::Memory(budget) => Storage::Memory(Memory::new(Arc::clone(budget))),
            Place::Directory { path, ledger, .. } => {
                let file = SegmentFile::create(segment_path(path, base_offset))?;
                ledger.note(base_offset)?;
                Storage::File(file)
            }
        };
        self.sync()?;
        if let Some(Segment {
            storage: Storage::File(active),
            ..
        }) = self.segments.back_mut()
        {
            active.close();
        }
        self.segments
            .push_back(Segment::new(base_offset, now_ms, storage));
        Ok(())
    }
}

/// Files with bytes that may not have reached the disk, and the segments that are new among them.
#[derive(Debug)]
pub(crate) struct Unsynced {
    files: Vec<Dirty>,
    fresh: Vec<i64>,
    ledger: Option<Ledger>,
}

impl Unsynced {
    /// Waits until all of it is on disk.
    pub(crate) fn sync(&self) -> Result<(), StoreError> {
        self.files.iter().try_for_each(Dirty::sync)?;
        match &self.ledger {
            Some(ledger) => ledger.settle(&self.fresh),
            None => Ok(()),
        }
    }
}

/// The file of the segment that begins with `base_offset`.
pub(super) fn segment_path(directory: &Path, base_offset: i64) -> PathBuf {
    directory.join(format!("{base_offset:020}.log"))
}
