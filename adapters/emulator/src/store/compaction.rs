//! Rewriting closed segments, for dialects that know which records have become obsolete.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::frame::{HEADER_LEN, Header};
use super::log::{Log, Place, segment_path};
use super::segment::Segment;
use super::storage::{Dirty, Memory, SegmentFile, Storage, sync_directory};
use super::{Frame, LockExt, Partition, StoreError};

/// What is to become of a frame.
#[derive(Debug)]
pub enum Verdict {
    /// It stays.
    Keep,
    /// It stays, over the same offsets, with another payload.
    Replace(Vec<u8>),
    /// It goes; its offsets become a gap.
    Drop,
}

/// A closed segment, to decide by whether it is worth rewriting.
#[derive(Clone, Copy, Debug)]
pub struct ClosedSegment {
    /// Its first offset.
    pub base_offset: i64,
    /// One past its last offset.
    pub next_offset: i64,
    /// Its bytes.
    pub bytes: u64,
    /// When it last grew, Unix milliseconds.
    pub modified_ms: i64,
}

/// Bytes read at a time.
const BULK: usize = 1 << 20;

impl Partition {
    /// The segments that do not grow any more, in order.
    pub fn closed_segments(&self) -> Vec<ClosedSegment> {
        let log = self.log.locked();
        let closed = log.segments.len().saturating_sub(1);
        let describe = |segment: &Segment| ClosedSegment {
            base_offset: segment.base_offset,
            next_offset: segment.next_offset,
            bytes: segment.len(),
            modified_ms: segment.modified_ms,
        };
        log.segments.iter().take(closed).map(describe).collect()
    }

    /// Rewrites a closed segment as `judge` says; readers see either the old or the new one.
    ///
    /// # Errors
    /// The old segment cannot be read or the new one not be written; the old one stays then.
    pub fn rewrite(
        &self,
        closed: ClosedSegment,
        mut judge: impl FnMut(&Frame) -> Verdict,
    ) -> Result<(), StoreError> {
        let place = self.log.locked().place.clone();
        let mut new = Segment::new(
            closed.base_offset,
            closed.modified_ms,
            rewriting_storage(&place, closed)?,
        );
        let mut changed = false;
        let mut from = closed.base_offset.max(self.bounds().0);
        while from < closed.next_offset {
            let frames = self.read(from, closed.next_offset, BULK)?;
            let Some(last) = frames.last() else { break };
            from = last.header.next_offset();
            for frame in frames {
                let verdict = judge(&frame);
                changed |= !matches!(verdict, Verdict::Keep);
                match verdict {
                    Verdict::Keep => append(&mut new, &frame.header, &frame.payload)?,
                    Verdict::Replace(payload) => append(&mut new, &frame.header, &payload)?,
                    Verdict::Drop => {}
                }
            }
        }
        match changed {
            true => self.log.locked().replace(closed, new),
            false => discard(new),
        }
    }
}

impl Log {
    /// Puts a rewritten segment in the place of the old one, if that is still there.
    fn replace(&mut self, closed: ClosedSegment, mut new: Segment) -> Result<(), StoreError> {
        let place = self
            .segments
            .iter()
            .position(|segment| segment.base_offset == closed.base_offset);
        let Some(at) = place.filter(|at| at + 1 < self.segments.len() && !self.is_deleted()) else {
            return discard(new);
        };
        // The first segment says where the log begins, so it stays even without frames.
        let vanishes = new.len() == 0 && at > 0;
        if let (
            Storage::File(file),
            Place::Directory {
                path: directory,
                ledger,
                ..
            },
        ) = (&mut new.storage, &self.place)
        {
            let path = segment_path(directory, closed.base_offset);
            match vanishes {
                true => {
                    ledger.strike(closed.base_offset)?;
                    remove(&path).and_then(|()| remove(file.path()))?;
                }
                false => publish(file, &path, directory)?,
            }
        }
        new.next_offset = closed.next_offset;
        match vanishes {
            true => drop(self.segments.remove(at)),
            false => self.segments[at] = new,
        }
        Ok(())
    }
}

/// Moves a written file to its final name.
fn publish(file: &mut SegmentFile, path: &Path, directory: &Path) -> Result<(), StoreError> {
    file.take_dirty().as_ref().map_or(Ok(()), Dirty::sync)?;
    file.rename(path)?;
    file.close();
    sync_directory(directory)
}

fn rewriting_storage(place: &Place, closed: ClosedSegment) -> Result<Storage, StoreError> {
    Ok(match place {
        Place::Memory(budget) => Storage::Memory(Memory::new(Arc::clone(budget))),
        Place::Directory { path, .. } => {
            let temporary = segment_path(path, closed.base_offset).with_added_extension("tmp");
            Storage::File(SegmentFile::create(temporary)?)
        }
    })
}

fn append(segment: &mut Segment, header: &Header, payload: &[u8]) -> Result<(), StoreError> {
    let length = u32::try_from(payload.len()).map_err(|_| StoreError::TooLarge)?;
    let header = Header { length, ..*header };
    let mut frame = vec![0; HEADER_LEN];
    frame.extend_from_slice(payload);
    header.seal(&mut frame);
    segment.append(&header, &frame, segment.modified_ms, true)
}

fn discard(segment: Segment) -> Result<(), StoreError> {
    match segment.storage {
        Storage::File(file) => remove(file.path()),
        Storage::Memory(_) => Ok(()),
    }
}

fn remove(path: &Path) -> Result<(), StoreError> {
    fs::remove_file(path).map_err(StoreError::io("remove", path))
}
