//! What changed goes to the disk, and what is there leaves the memory.

use std::sync::atomic::Ordering;

use super::Table;
use crate::disk::Change;
use crate::place::place;
use crate::space::locked;
use crate::{StateError, Value};

/// So many changes are written at once where nothing has to wait for a checkpoint.
const CHUNK: usize = 8192;

impl<V: Value> Table<V> {
    /// Hands over what changed since the last time, to the checkpoint that is sealed next. Without a directory for
    /// checkpoints there is nothing to do.
    ///
    /// # Errors
    /// As [`Table::get_or_insert_with`].
    pub fn save(&mut self) -> Result<(), StateError> {
        if !self.shared.durable {
            return Ok(());
        }
        if self.shared.is_crowded() {
            self.relieve()?;
        }
        let mut changes = self.spilled.changes();
        self.changes(|change| {
            changes.push(change);
            Ok(())
        })?;
        let checkpoint = self.shared.sealed.load(Ordering::Acquire) + 1;
        self.spilled.told(&self.shared, checkpoint);
        locked(&self.shared.pending).append(&mut changes);
        self.registered.unsaved.store(false, Ordering::Release);
        self.crowded = self.shared.is_crowded();
        Ok(())
    }

    /// Makes room: what is on disk as it is in memory leaves the memory, those first that were not used for long.
    pub(super) fn relieve(&mut self) -> Result<(), StateError> {
        self.crowded = false;
        if !self.shared.durable {
            self.spill()?;
        } else if self.shared.written.load(Ordering::Acquire) < self.spilled.saved {
            // What was saved last may not be on disk yet.
            return Ok(());
        }
        let target = self.shared.bound / 4;
        self.evict(false);
        if self.shared.used() > target {
            self.evict(true);
        }
        Ok(())
    }

    /// Writes what changed to the temporary directory, a part at a time: nobody restores it, so it need not be one step.
    fn spill(&mut self) -> Result<(), StateError> {
        let shared = std::sync::Arc::clone(&self.shared);
        let disk = shared.make_disk()?;
        let gone = self.spilled.changes();
        disk.write(gone, [])?;
        self.spilled.deleted.clear();
        let mut chunk = Vec::with_capacity(CHUNK);
        self.changes(|change| {
            chunk.push(change);
            if chunk.len() == CHUNK {
                disk.write(chunk.drain(..), [])?;
            }
            Ok(())
        })?;
        disk.write(chunk, [])
    }

    /// Every value that changed, which then counts as saved.
    fn changes(
        &mut self,
        mut take: impl FnMut(Change) -> Result<(), StateError>,
    ) -> Result<(), StateError> {
        let table = self.registered.id;
        let (mut at, mut bytes) = (Vec::new(), Vec::new());
        let (mut more, mut less) = (0, 0);
        for (group, keys) in &self.groups {
            let keys = &mut self.keys[*keys];
            if !std::mem::take(&mut keys.dirty) {
                continue;
            }
            for entry in keys.entries.iter_mut().filter(|entry| entry.dirty) {
                place(table, *group, &entry.key, &mut at);
                bytes.clear();
                entry.value.encode(&mut bytes);
                take(Change {
                    place: at.as_slice().into(),
                    value: Some(bytes.as_slice().into()),
                })?;
                (entry.dirty, entry.stored) = (false, true);
                less += entry.size;
                entry.size = entry.measure();
                more += entry.size;
            }
        }
        self.shared.count(more, less);
        Ok(())
    }

    /// Lets go of values that are on disk: those not used since the last time, or all.
    fn evict(&mut self, all: bool) {
        let mut empty = Vec::new();
        let mut freed = 0;
        for (group, at) in &self.groups {
            let keys = &mut self.keys[*at];
            let (spilled, mut complete) = (&mut self.spilled, keys.complete);
            keys.entries.retain(|entry| {
                let used = std::mem::take(&mut entry.used);
                if entry.dirty || (used && !all) {
                    return true;
                }
                freed += entry.size;
                spilled.evicted(*group, &entry.key);
                complete = false;
                false
            });
            keys.complete = complete;
            if keys.entries.is_empty() {
                empty.push(*group);
            }
        }
        self.shared.count(0, freed);
        for group in empty {
            self.leave(group);
        }
        self.last = None;
    }
}
