//! A table of one step: values by group and key.

mod group;
mod save;
mod spilled;
#[cfg(test)]
mod tests;
mod visit;

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use foldhash::fast::RandomState;
use hashbrown::hash_table::Entry as Slot;

use crate::place::LONGEST_KEY;
use crate::space::{Registered, Shared, Space};
use crate::{StateError, Value};
use group::{Entry, Keys};
use spilled::Spilled;
pub use visit::Keep;

/// What orders a table: all keys of a group come and go together, such as those of one window (its end, its start).
pub type Group = (i64, i64);

/// Values by group and key; groups in order, keys within a group in the order of their bytes when they are taken.
///
/// Values that are on disk and were not used for a while leave the memory when the bound of the store is reached, and come
/// back when they are asked for.
pub struct Table<V> {
    shared: Arc<Shared>,
    registered: Arc<Registered>,
    /// Where in `keys` each group with values in memory is.
    groups: BTreeMap<Group, usize>,
    keys: Vec<Keys<V>>,
    vacant: Vec<usize>,
    /// The group that was used last.
    last: Option<(Group, usize)>,
    spilled: Spilled,
    hasher: RandomState,
    /// Whether something should leave the memory before more comes.
    crowded: bool,
}

impl<V: Value> Table<V> {
    /// An empty table, or what was restored under `name` in the space.
    ///
    /// # Errors
    /// What was restored cannot be read.
    pub fn open(space: &Space, name: &'static str) -> Result<Self, StateError> {
        let registered = space.register(name, V::KIND)?;
        let shared = Arc::clone(&space.shared);
        let spilled = Spilled::open(&shared, registered.id)?;
        Ok(Self {
            shared,
            registered,
            groups: BTreeMap::new(),
            keys: Vec::new(),
            vacant: Vec::new(),
            last: None,
            spilled,
            hasher: RandomState::default(),
            crowded: false,
        })
    }

    /// The value of a key, made if it is not there.
    ///
    /// # Errors
    /// The disk fails, or holds what makes no sense.
    pub fn get_or_insert_with(
        &mut self,
        group: Group,
        key: &[u8],
        make: impl FnOnce() -> V,
    ) -> Result<&mut V, StateError> {
        if self.crowded {
            self.relieve()?;
        }
        let hash = hash(&self.hasher, key);
        let at = self.enter(group);
        let keys = &mut self.keys[at];
        if !keys.dirty {
            keys.dirty = true;
            self.registered.unsaved.store(true, Ordering::Release);
        }
        let hasher = &self.hasher;
        let rehash = |entry: &Entry<V>| hash_of(hasher, entry);
        match keys.entries.entry(hash, |entry| *entry.key == *key, rehash) {
            Slot::Occupied(found) => {
                let entry = found.into_mut();
                entry.dirty = true;
                entry.used = true;
                Ok(&mut entry.value)
            }
            Slot::Vacant(slot) => {
                if key.len() > LONGEST_KEY {
                    return Err(StateError::Key(key.len()));
                }
                let spilled = &mut self.spilled;
                let entry = match spilled.load(&self.shared, group, key, keys.complete)? {
                    Some(value) => Entry::new(key, value, true),
                    None => Entry::new(key, make(), spilled.replaces(group, key)),
                };
                self.shared.count(entry.size, 0);
                self.crowded = self.shared.is_crowded();
                Ok(&mut slot.insert(entry).into_mut().value)
            }
        }
    }

    /// The value of a key, to be changed.
    ///
    /// # Errors
    /// As [`Table::get_or_insert_with`].
    pub fn get_mut(&mut self, group: Group, key: &[u8]) -> Result<Option<&mut V>, StateError> {
        let Some(at) = self.bring(group, key)? else {
            return Ok(None);
        };
        let hash = hash(&self.hasher, key);
        let keys = &mut self.keys[at];
        let found = keys.entries.find_mut(hash, |entry| *entry.key == *key);
        Ok(found.map(|entry| {
            entry.dirty = true;
            entry.used = true;
            if !keys.dirty {
                keys.dirty = true;
                self.registered.unsaved.store(true, Ordering::Release);
            }
            &mut entry.value
        }))
    }

    /// The value of a key.
    ///
    /// # Errors
    /// As [`Table::get_or_insert_with`].
    pub fn get(&mut self, group: Group, key: &[u8]) -> Result<Option<&V>, StateError> {
        let Some(at) = self.bring(group, key)? else {
            return Ok(None);
        };
        let hash = hash(&self.hasher, key);
        let entries = &mut self.keys[at].entries;
        let found = entries.find_mut(hash, |entry| *entry.key == *key);
        Ok(found.map(|entry| {
            entry.used = true;
            &entry.value
        }))
    }

    /// Takes a value out.
    ///
    /// # Errors
    /// As [`Table::get_or_insert_with`].
    pub fn remove(&mut self, group: Group, key: &[u8]) -> Result<Option<V>, StateError> {
        let Some(at) = self.bring(group, key)? else {
            return Ok(None);
        };
        let hash = hash(&self.hasher, key);
        let entries = &mut self.keys[at].entries;
        let Ok(found) = entries.find_entry(hash, |entry| *entry.key == *key) else {
            return Ok(None);
        };
        let (entry, _) = found.remove();
        let empty = entries.is_empty();
        self.shared.count(0, entry.size);
        if entry.stored {
            self.registered.unsaved.store(true, Ordering::Release);
            self.spilled.delete(&self.shared, group, entry.key)?;
        }
        if empty {
            self.leave(group);
        }
        Ok(Some(entry.value))
    }

    /// The first group that is not empty.
    pub fn first_group(&self) -> Option<Group> {
        let memory = self.groups.keys().next().copied();
        match (memory, self.spilled.first_group()) {
            (Some(memory), Some(disk)) => Some(memory.min(disk)),
            (memory, disk) => memory.or(disk),
        }
    }

    /// The first group behind this one that is not empty.
    ///
    /// # Errors
    /// As [`Table::get_or_insert_with`].
    pub fn next_group(&mut self, group: Group) -> Result<Option<Group>, StateError> {
        use std::ops::Bound::{Excluded, Unbounded};
        let mut behind = self.groups.range((Excluded(group), Unbounded));
        let memory = behind.next().map(|(group, _)| *group);
        let disk = self.spilled.next_group(&self.shared, group)?;
        Ok(match (memory, disk) {
            (Some(memory), Some(disk)) => Some(memory.min(disk)),
            (memory, disk) => memory.or(disk),
        })
    }

    /// Lets go of all groups whose first number, such as the end of a window or the time to live, is at most `until`.
    /// Returns how many values went.
    ///
    /// # Errors
    /// As [`Table::get_or_insert_with`].
    pub fn expire(&mut self, until: i64) -> Result<u64, StateError> {
        let mut gone = 0;
        while let Some(group) = self.first_group()
            && group.0 <= until
        {
            self.visit(group, |_, _| {
                gone += 1;
                Ok::<_, StateError>(Keep::No)
            })?;
        }
        Ok(gone)
    }

    /// Where the values of a group are; it is made if it is not in memory.
    fn enter(&mut self, group: Group) -> usize {
        match self.find(group) {
            Some(at) => at,
            None => self.make(group),
        }
    }

    fn find(&mut self, group: Group) -> Option<usize> {
        match self.last {
            Some((last, at)) if last == group => Some(at),
            _ => {
                let at = *self.groups.get(&group)?;
                self.last = Some((group, at));
                Some(at)
            }
        }
    }

    fn make(&mut self, group: Group) -> usize {
        let at = self.vacant.pop().unwrap_or_else(|| {
            self.keys.push(Keys::default());
            self.keys.len() - 1
        });
        self.keys[at].complete = self.spilled.has_none_of(group);
        self.groups.insert(group, at);
        self.last = Some((group, at));
        at
    }

    /// Forgets a group that has no values in memory.
    fn leave(&mut self, group: Group) {
        self.last = None;
        if let Some(at) = self.groups.remove(&group) {
            self.keys[at] = Keys::default();
            self.vacant.push(at);
        }
    }

    /// Sees to it that a value is in memory, if there is one. Returns where its group is.
    fn bring(&mut self, group: Group, key: &[u8]) -> Result<Option<usize>, StateError> {
        if self.crowded {
            self.relieve()?;
        }
        let found = self.find(group);
        let hash = hash(&self.hasher, key);
        if let Some(at) = found {
            let keys = &self.keys[at];
            let here = keys.entries.find(hash, |entry| *entry.key == *key);
            if here.is_some() || keys.complete {
                return Ok(found);
            }
        }
        let Some(value) = self.spilled.load(&self.shared, group, key, false)? else {
            return Ok(None);
        };
        let at = self.enter(group);
        let entry = Entry::new(key, value, true);
        self.shared.count(entry.size, 0);
        self.crowded = self.shared.is_crowded();
        let hasher = &self.hasher;
        let rehash = |entry: &Entry<V>| hash_of(hasher, entry);
        let entries = &mut self.keys[at].entries;
        entries.insert_unique(
            hash,
            Entry {
                dirty: false,
                ..entry
            },
            rehash,
        );
        Ok(Some(at))
    }
}

impl<V> Drop for Table<V> {
    fn drop(&mut self) {
        let entries = self.keys.iter().flat_map(|keys| keys.entries.iter());
        self.shared.count(0, entries.map(|entry| entry.size).sum());
    }
}

fn hash(hasher: &RandomState, key: &[u8]) -> u64 {
    let mut hasher = hasher.build_hasher();
    hasher.write(key);
    hasher.finish()
}

fn hash_of<V>(hasher: &RandomState, entry: &Entry<V>) -> u64 {
    hash(hasher, &entry.key)
}
