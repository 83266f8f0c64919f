//! How much memory the records of a store without a data directory may take.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use super::StoreError;

/// A bound on bytes in memory, shared by all partitions of a store.
///
/// A store that is full refuses appends; it never drops records to make room.
#[derive(Debug)]
pub struct Budget {
    limit: u64,
    used: AtomicU64,
    /// [`ROOM`], [`REFUSED`] or [`TOLD`].
    state: AtomicU8,
}

/// Nothing was refused since bytes were given back.
const ROOM: u8 = 0;

/// Something was.
const REFUSED: u8 = 1;

/// Something was, and somebody asked.
const TOLD: u8 = 2;

impl Budget {
    /// A bound of `limit` bytes.
    pub fn new(limit: u64) -> Self {
        Self {
            limit,
            used: AtomicU64::new(0),
            state: AtomicU8::new(ROOM),
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
            Err(used) => {
                self.change(ROOM, REFUSED);
                Err(StoreError::OutOfMemory {
                    limit: self.limit,
                    used,
                })
            }
        }
    }

    /// Gives `bytes` back.
    pub(crate) fn release(&self, bytes: u64) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
        self.state.store(ROOM, Ordering::Relaxed);
    }

    /// Whether something was refused since bytes were given back; true once.
    pub(crate) fn take_refusal(&self) -> bool {
        self.change(REFUSED, TOLD)
    }

    fn change(&self, from: u8, to: u8) -> bool {
        let changed = self
            .state
            .compare_exchange(from, to, Ordering::Relaxed, Ordering::Relaxed);
        changed.is_ok()
    }
}
