//! Walking over the frames of a segment.

use std::path::Path;

use bytes::Bytes;

use super::frame::{HEADER_LEN, Header, is_intact};
use super::storage::ReadAt;
use super::{Frame, StoreError};

/// A cursor over frames that lie one after the other, reading ahead in larger pieces.
pub(crate) struct Walk<'a> {
    source: &'a dyn ReadAt,
    /// For messages; `None` for a source in memory, which needs no checks either.
    path: Option<&'a Path>,
    position: u64,
    end: u64,
    ahead: usize,
    chunk: Bytes,
}

impl<'a> Walk<'a> {
    /// From `position`, where a frame starts, to `end`; reads at least `ahead` bytes at a time.
    pub(crate) fn new(
        source: &'a dyn ReadAt,
        path: Option<&'a Path>,
        position: u64,
        end: u64,
        ahead: usize,
    ) -> Self {
        Self {
            source,
            path,
            position,
            end,
            ahead,
            chunk: Bytes::new(),
        }
    }

    /// The header of the frame at the cursor, or `None` at the end.
    pub(crate) fn peek(&mut self) -> Result<Option<Header>, StoreError> {
        if self.position == self.end {
            return Ok(None);
        }
        self.ensure(HEADER_LEN)?;
        match Header::decode(&self.chunk) {
            Some(header) => Ok(Some(header)),
            None => Err(self.damaged("there is no frame")),
        }
    }

    /// The frame at the cursor, whose header was peeked at; moves behind it.
    pub(crate) fn take(&mut self, header: Header) -> Result<Frame, StoreError> {
        let length = HEADER_LEN + header.length as usize;
        self.ensure(length)?;
        let mut frame = self.chunk.split_to(length);
        if self.path.is_some() && !is_intact(&frame) {
            return Err(self.damaged("the checksum does not match"));
        }
        self.position += header.frame_len();
        Ok(Frame {
            header,
            payload: frame.split_off(HEADER_LEN),
        })
    }

    /// Moves behind the frame at the cursor, whose header was peeked at.
    pub(crate) fn skip(&mut self, header: Header) {
        let length = HEADER_LEN + header.length as usize;
        self.chunk = if length < self.chunk.len() {
            self.chunk.split_off(length)
        } else {
            Bytes::new()
        };
        self.position += header.frame_len();
    }

    /// Has at least `len` bytes from the cursor on at hand.
    fn ensure(&mut self, len: usize) -> Result<(), StoreError> {
        if self.chunk.len() >= len {
            return Ok(());
        }
        let left = usize::try_from(self.end - self.position).unwrap_or(usize::MAX);
        let read = self
            .source
            .read_at(self.position, len.max(self.ahead).min(left));
        self.chunk = read.map_err(StoreError::io(
            "read",
            self.path.unwrap_or(Path::new("memory")),
        ))?;
        match self.chunk.len() >= len {
            true => Ok(()),
            false => Err(self.damaged("it ends in the middle of a frame")),
        }
    }

    fn damaged(&self, reason: &'static str) -> StoreError {
        StoreError::damaged(
            self.path.unwrap_or(Path::new("memory")),
            self.position,
            reason,
        )
    }
}
