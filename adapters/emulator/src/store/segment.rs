//! One segment of a partition: frames one after the other, and an index into them.

use super::frame::{HEADER_LEN, Header};
use super::index::Index;
use super::storage::Storage;
use super::{Frame, StoreError};

/// Bytes read ahead of the wanted frame and of its header, at most one index interval and some.
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
    /// When the first frame was appended, Unix milliseconds.
    pub(crate) created_ms: i64,
    storage: Storage,
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

impl Segment {
    /// An empty segment.
    pub(crate) fn new(base_offset: i64, now_ms: i64, storage: Storage) -> Self {
        let index = Index::default();
        Self {
            base_offset,
            next_offset: base_offset,
            max_timestamp: -1,
            created_ms: now_ms,
            storage,
            index,
        }
    }

    /// Bytes stored.
    pub(crate) fn len(&self) -> u64 {
        self.storage.len()
    }

    /// Adds a sealed frame, whole or not at all.
    pub(crate) fn append(&mut self, header: &Header, frame: &[u8]) -> Result<(), StoreError> {
        let position = self.storage.len();
        self.storage.append(frame)?;
        self.index
            .note(header.base_offset, position, self.max_timestamp);
        self.next_offset = header.next_offset();
        self.max_timestamp = self.max_timestamp.max(header.max_timestamp);
        Ok(())
    }

    /// The wanted frames of this segment.
    pub(crate) fn read(&self, wanted: Wanted) -> Vec<Frame> {
        let mut position = self.index.before_offset(wanted.from);
        let mut frames = Vec::new();
        let mut room = wanted.max_bytes;
        let mut chunk = self.read_at(position, wanted.max_bytes.saturating_add(SLACK));
        while let Some(header) = Header::decode(&chunk) {
            let length = header.length as usize;
            if header.base_offset >= wanted.before || (length > room && !frames.is_empty()) {
                break;
            }
            let skip = header.next_offset() <= wanted.from;
            if chunk.len() < HEADER_LEN + length {
                if !frames.is_empty() {
                    break;
                }
                chunk = self.read_at(position, HEADER_LEN + length);
            }
            let mut frame = chunk.split_to(HEADER_LEN + length);
            position += header.frame_len();
            if !skip {
                room = room.saturating_sub(length);
                frames.push(Frame {
                    header,
                    payload: frame.split_off(HEADER_LEN),
                });
            }
            if chunk.len() < HEADER_LEN && frames.is_empty() {
                chunk = self.read_at(position, wanted.max_bytes.saturating_add(SLACK));
            }
        }
        frames
    }

    /// The first frame that has a record time of `timestamp` or later and covers `from` or a later offset.
    pub(crate) fn find_time(&self, timestamp: i64, from: i64) -> Option<Frame> {
        if self.max_timestamp < timestamp {
            return None;
        }
        let mut position = self.index.before_time(timestamp);
        loop {
            let header = Header::decode(&self.read_at(position, HEADER_LEN))?;
            if header.max_timestamp >= timestamp && header.next_offset() > from {
                let payload = self.read_at(position + HEADER_LEN as u64, header.length as usize);
                return Some(Frame { header, payload });
            }
            position += header.frame_len();
        }
    }

    fn read_at(&self, position: u64, len: usize) -> bytes::Bytes {
        match &self.storage {
            Storage::Memory(memory) => memory.read(position, len),
        }
    }
}
