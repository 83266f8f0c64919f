//! Where the bytes of a segment are: in memory or in a file.

mod file;
mod memory;

use std::fs::File;
use std::io;
use std::sync::Arc;

use bytes::Bytes;

pub(crate) use file::{Dirty, SegmentFile, sync_directory};
pub(crate) use memory::Memory;

use super::StoreError;

/// The bytes of one segment, which only grow.
#[derive(Debug)]
pub(crate) enum Storage {
    /// In memory, counted against the store's budget.
    Memory(Memory),
    /// In a file of the data directory.
    File(SegmentFile),
}

impl Storage {
    /// Bytes stored.
    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::Memory(memory) => memory.len(),
            Self::File(file) => file.len(),
        }
    }

    /// Adds `bytes` at the end, all or none; with `forced` even beyond the memory limit.
    pub(crate) fn append(&mut self, bytes: &[u8], forced: bool) -> Result<(), StoreError> {
        match self {
            Self::Memory(memory) => memory.append(bytes, forced),
            Self::File(file) => file.append(bytes),
        }
    }
}

/// Something that bytes can be read from at a position.
pub(crate) trait ReadAt {
    /// At most `len` bytes from `position` on; fewer at the end.
    fn read_at(&self, position: u64, len: usize) -> io::Result<Bytes>;
}

impl ReadAt for Memory {
    fn read_at(&self, position: u64, len: usize) -> io::Result<Bytes> {
        Ok(self.copy(position, len))
    }
}

impl ReadAt for Arc<File> {
    fn read_at(&self, position: u64, len: usize) -> io::Result<Bytes> {
        file::read_at(self, position, len)
    }
}
