//! How much memory the records of a store without a data directory may take.

use std::sync::atomic::{AtomicU64, Ordering};

use super::StoreError;

/// A bound on bytes in memory, shared by all partitions of a store.
///
/// A store that is full refuses appends; it never drops records to make room.
#[derive(Debug)]
pub struct Budget {
    limit: u64,
    used: AtomicU64,
}

impl Budget {
    /// A bound of `limit` bytes.
    pub fn new(limit: u64) -> Self {
        Self {
            limit,
            used: AtomicU64::new(0),
        }
    }

    /// Bytes in use.
    pub fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// Takes `bytes` of the budget, or none if they do not fit; with `forced` even beyond the limit.
    pub(crate) fn reserve(&self, bytes: u64, forced: bool) -> Result<(), StoreError> {
        let fits = |used: u64| {
            used.checked_add(bytes)
                .filter(|total| forced || *total <= self.limit)
        };
        match self
            .used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits)
        {
            Ok(_) => Ok(()),
            Err(used) => Err(StoreError::OutOfMemory {
                limit: self.limit,
                used,
            }),
        }
    }

    /// Gives `bytes` back.
    pub(crate) fn release(&self, bytes: u64) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }
}
