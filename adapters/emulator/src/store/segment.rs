//! One segment of a partition: frames one after the other, and an index into them.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use super::frame::Header;
use super::index::Index;
use super::storage::Storage;
use super::walk::Walk;
use super::{Frame, StoreError};

/// Bytes read beyond the wanted ones: an index interval, because a search starts up to that much too early, and some.
const SLACK: usize = 8 * 1024;

/// A run of frames.
#[derive(Debug)]
pub(crate) struct Segment {
    /// The offset that the first frame has or will have.
    pub(crate) base_offset: i64,
    /// One past the last offset.
    pub(crate) next_offset: i64,
    /// The latest record time, or -1.
    pub(crate) max_timestamp: i64,
    /// When it was started, Unix milliseconds.
    pub(crate) created_ms: i64,
    /// When it last grew, Unix milliseconds.
    pub(crate) modified_ms: i64,
    pub(crate) storage: Storage,
    index: Index,
}

/// Which frames a read wants.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    /// Frames that cover this offset or later ones.
    pub(crate) from: i64,
    /// Only frames that start before this offset.
    pub(crate) before: i64,
    /// As many as fit into so many bytes of payload, but at least one.
    pub(crate) max_bytes: usize,
}

/// A read that was prepared under the partition's lock.
#[derive(Debug)]
pub(crate) enum Prepared {
    /// From memory, done already.
    Done(Vec<Frame>),
    /// From a file, to be done without the lock.
    FromFile {
        file: Arc<File>,
        path: PathBuf,
        position: u64,
        end: u64,
        wanted: Wanted,
    },
}

impl Segment {
    /// An empty segment.
    pub(crate) fn new(base_offset: i64, now_ms: i64, storage: Storage) -> Self {
        Self {
            base_offset,
            next_offset: base_offset,
            max_timestamp: -1,
            created_ms: now_ms,
            modified_ms: now_ms,
            storage,
            index: Index::default(),
        }
    }

    /// Bytes stored.
    pub(crate) fn len(&self) -> u64 {
        self.storage.len()
    }

    /// Adds a sealed frame, whole or not at all; with `forced` even beyond the memory limit.
    pub(crate) fn append(
        &mut self,
        header: &Header,
        frame: &[u8],
        now_ms: i64,
        forced: bool,
    ) -> Result<(), StoreError> {
        let position = self.storage.len();
        self.storage.append(frame, forced)?;
        self.note(header, position);
        self.modified_ms = now_ms;
        Ok(())
    }

    /// Takes note of a frame that is stored at `position`.
    pub(crate) fn note(&mut self, header: &Header, position: u64) {
        self.index
            .note(header.base_offset, position, self.max_timestamp);
        self.next_offset = header.next_offset();
        self.max_timestamp = self.max_timestamp.max(header.max_timestamp);
    }

    /// Prepares to read the wanted frames of this segment.
    pub(crate) fn prepare(&self, wanted: Wanted) -> Result<Prepared, StoreError> {
        let position = self.index.before_offset(wanted.from);
        Ok(match &self.storage {
            Storage::Memory(_) => {
                Prepared::Done(self.walk(position, wanted.ahead(), |walk| collect(walk, wanted))?)
            }
            Storage::File(file) => {
                let path = file.path().to_owned();
                Prepared::FromFile {
                    file: file.handle()?,
                    path,
                    position,
                    end: self.len(),
                    wanted,
                }
            }
        })
    }

    /// The first frame that has a record time of `timestamp` or later and covers `from` or a later offset.
    pub(crate) fn find_time(&self, timestamp: i64, from: i64) -> Result<Option<Frame>, StoreError> {
        if self.max_timestamp < timestamp {
            return Ok(None);
        }
        let suits =
            |header: &Header| header.max_timestamp >= timestamp && header.next_offset() > from;
        self.walk(self.index.before_time(timestamp), SLACK, |walk| {
            while let Some(header) = walk.peek()? {
                if suits(&header) {
                    return walk.take(header).map(Some);
                }
                walk.skip(header);
            }
            Ok(None)
        })
    }

    /// Calls `run` with a cursor at `position`.
    fn walk<T>(
        &self,
        position: u64,
        ahead: usize,
        run: impl FnOnce(&mut Walk<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        match &self.storage {
            Storage::Memory(memory) => {
                run(&mut Walk::new(memory, None, position, self.len(), ahead))
            }
            Storage::File(file) => run(&mut Walk::new(
                &file.handle()?,
                Some(file.path()),
                position,
                self.len(),
                ahead,
            )),
        }
    }
}

impl Wanted {
    /// How much to read at a time.
    fn ahead(&self) -> usize {
        self.max_bytes.saturating_add(SLACK)
    }
}

impl Prepared {
    /// Reads.
    pub(crate) fn read(self) -> Result<Vec<Frame>, StoreError> {
        match self {
            Self::Done(frames) => Ok(frames),
            Self::FromFile {
                file,
                path,
                position,
                end,
                wanted,
            } => collect(
                &mut Walk::new(&file, Some(&path), position, end, wanted.ahead()),
                wanted,
            ),
        }
    }
}

fn collect(walk: &mut Walk<'_>, wanted: Wanted) -> Result<Vec<Frame>, StoreError> {
    let mut frames = Vec::new();
    let mut room = wanted.max_bytes;
    while let Some(header) = walk.peek()? {
        let length = header.length as usize;
        if header.base_offset >= wanted.before || (length > room && !frames.is_empty()) {
            break;
        }
        if header.next_offset() <= wanted.from {
            walk.skip(header);
            continue;
        }
        room = room.saturating_sub(length);
        frames.push(walk.take(header)?);
    }
    Ok(frames)
}
