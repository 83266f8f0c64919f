//! The values of one group that are in memory.

use hashbrown::HashTable;

use crate::Value;

/// What an entry takes beside its key and its value: its place in a hash map that is half full, and what an allocator adds.
const OVERHEAD: usize = 96;

/// The values of one group that are in memory.
pub(super) struct Keys<V> {
    pub(super) entries: HashTable<Entry<V>>,
    /// Whether some of them changed since they were saved.
    pub(super) dirty: bool,
    /// Whether nothing of the group is on disk alone.
    pub(super) complete: bool,
}

impl<V> Default for Keys<V> {
    fn default() -> Self {
        Self {
            entries: HashTable::new(),
            dirty: false,
            complete: false,
        }
    }
}

/// A value in memory.
pub(super) struct Entry<V> {
    pub(super) key: Box<[u8]>,
    pub(super) value: V,
    /// Bytes of memory, as they were counted.
    pub(super) size: usize,
    /// Whether it may differ from what was saved.
    pub(super) dirty: bool,
    /// Whether something was saved for the key.
    pub(super) stored: bool,
    /// Whether it was asked for since the last time that room was made.
    pub(super) used: bool,
}

impl<V: Value> Entry<V> {
    /// A value that is about to change.
    pub(super) fn new(key: &[u8], value: V, stored: bool) -> Self {
        let mut entry = Self {
            key: key.into(),
            value,
            size: 0,
            dirty: true,
            stored,
            used: true,
        };
        entry.size = entry.measure();
        entry
    }

    /// Bytes of memory that it takes now.
    pub(super) fn measure(&self) -> usize {
        self.value.size() + self.key.len() + OVERHEAD
    }
}
