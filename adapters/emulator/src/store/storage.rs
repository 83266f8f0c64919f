//! Where the bytes of a segment are.

use std::sync::Arc;

use bytes::Bytes;

use super::{Budget, StoreError};

/// Bytes of one allocation of a segment in memory.
const CHUNK: usize = 256 * 1024;

/// The bytes of one segment, which only grow.
#[derive(Debug)]
pub(crate) enum Storage {
    /// In memory, counted against the store's budget.
    Memory(Memory),
}

impl Storage {
    /// Bytes stored.
    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::Memory(memory) => memory.len,
        }
    }

    /// Adds `bytes` at the end, all or none.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        match self {
            Self::Memory(memory) => memory.append(bytes),
        }
    }
}

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

    fn append(&mut self, mut bytes: &[u8]) -> Result<(), StoreError> {
        self.budget.reserve(bytes.len() as u64)?;
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
    pub(crate) fn read(&self, position: u64, len: usize) -> Bytes {
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
