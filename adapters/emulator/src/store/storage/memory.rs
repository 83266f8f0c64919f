//! A segment in memory.

use std::sync::Arc;

use bytes::Bytes;

use crate::store::{Budget, StoreError};

/// Bytes of one allocation.
const CHUNK: usize = 256 * 1024;

/// Bytes in memory, in chunks so that growing never moves what is there.
#[derive(Debug)]
pub(crate) struct Memory {
    chunks: Vec<Vec<u8>>,
    len: u64,
    budget: Arc<Budget>,
}

impl Memory {
    /// Nothing yet.
    pub(crate) fn new(budget: Arc<Budget>) -> Self {
        Self {
            chunks: Vec::new(),
            len: 0,
            budget,
        }
    }

    /// Bytes stored.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Adds `bytes`, unless the budget does not allow them and they are not `forced`.
    pub(super) fn append(&mut self, mut bytes: &[u8], forced: bool) -> Result<(), StoreError> {
        self.budget.reserve(bytes.len() as u64, forced)?;
        self.len += bytes.len() as u64;
        while !bytes.is_empty() {
            if self.chunks.last().is_none_or(|chunk| chunk.len() == CHUNK) {
                self.chunks.push(Vec::with_capacity(CHUNK));
            }
            if let Some(chunk) = self.chunks.last_mut() {
                let (now, later) = bytes.split_at(bytes.len().min(CHUNK - chunk.len()));
                chunk.extend_from_slice(now);
                bytes = later;
            }
        }
        Ok(())
    }

    /// A copy of at most `len` bytes from `position` on.
    pub(super) fn copy(&self, position: u64, len: usize) -> Bytes {
        let available = self.len.saturating_sub(position);
        let mut left = len.min(usize::try_from(available).unwrap_or(usize::MAX));
        let mut copy = Vec::with_capacity(left);
        let mut at = usize::try_from(position).unwrap_or(usize::MAX);
        while left > 0 {
            let part = &self.chunks[at / CHUNK][at % CHUNK..];
            let part = &part[..part.len().min(left)];
            copy.extend_from_slice(part);
            at += part.len();
            left -= part.len();
        }
        Bytes::from(copy)
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.budget.release(self.len);
    }
}
