//! All values of a group, in the order of their keys, from memory and disk.

use std::iter::Peekable;
use std::sync::atomic::Ordering;

use fjall::Slice;

use super::group::Entry;
use super::{Group, Table, hash_of};
use crate::disk::Change;
use crate::place::{behind_group, of_group, parse};
use crate::{Corrupt, StateError, Value};

/// So many values on disk are visited in one scan.
const PIECE: usize = 8192;

/// Whether a visited value stays in its table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// It stays, as it was left.
    Yes,
    /// It goes.
    No,
}

/// What a visit takes from and leaves behind.
struct Walk<V> {
    group: Group,
    /// Values in memory that are still to be visited, in order.
    ahead: Peekable<std::vec::IntoIter<Entry<V>>>,
    /// Values that stay in memory.
    kept: Vec<Entry<V>>,
    /// Values that changed and go back to the disk.
    changed: Vec<Change>,
}

impl<V: Value> Table<V> {
    /// Hands over every key of a group with its value, in the order of the keys' bytes, one after the other.
    /// `visit` says whether the value stays.
    ///
    /// # Errors
    /// As [`Table::get_or_insert_with`], and what `visit` returns.
    pub fn visit<E: From<StateError>>(
        &mut self,
        group: Group,
        mut visit: impl FnMut(&[u8], &mut V) -> Result<Keep, E>,
    ) -> Result<(), E> {
        if self.crowded {
            self.relieve()?;
        }
        let found = self.find(group);
        let complete = found.is_some_and(|at| self.keys[at].complete);
        let mut ahead: Vec<Entry<V>> = match found {
            Some(at) => self.keys[at].entries.drain().collect(),
            None => Vec::new(),
        };
        ahead.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        let mut walk = Walk {
            group,
            ahead: ahead.into_iter().peekable(),
            kept: Vec::new(),
            changed: Vec::new(),
        };
        let on_disk = !complete && !self.spilled.has_none_of(group);
        let mut result = match on_disk {
            true => self.visit_disk(&mut walk, &mut visit),
            false => Ok(()),
        };
        while result.is_ok() && self.visit_next(&mut walk, &mut visit, &mut result) {}
        self.put_back(walk)?;
        if self.spilled.first_group() == Some(group) {
            self.spilled.advance(&self.shared)?;
        }
        result
    }

    /// Visits all that is on disk and, in between, what is in memory before it.
    fn visit_disk<E: From<StateError>>(
        &mut self,
        walk: &mut Walk<V>,
        visit: &mut impl FnMut(&[u8], &mut V) -> Result<Keep, E>,
    ) -> Result<(), E> {
        let mut from = Some(of_group(self.registered.id, walk.group));
        while let Some(place) = from {
            from = self.visit_piece(walk, place, visit)?;
        }
        Ok(())
    }

    /// Visits what is on disk from a place on, but not all at once: as long as a scan is open the store keeps all that is
    /// written meanwhile in memory. Returns where to go on.
    fn visit_piece<E: From<StateError>>(
        &mut self,
        walk: &mut Walk<V>,
        from: Vec<u8>,
        visit: &mut impl FnMut(&[u8], &mut V) -> Result<Keep, E>,
    ) -> Result<Option<Vec<u8>>, E> {
        let shared = std::sync::Arc::clone(&self.shared);
        let Some(disk) = shared.disk() else {
            return Ok(None);
        };
        let behind = behind_group(self.registered.id, walk.group);
        let mut next = None;
        for (seen, found) in disk.scan(from, behind).enumerate() {
            let (place, bytes) = found?;
            if seen == PIECE {
                next = Some(place.to_vec());
                break;
            }
            let (_, _, key) = parse(&place).ok_or(StateError::Corrupt(Corrupt("a place")))?;
            let mut result = Ok(());
            while walk.ahead.peek().is_some_and(|entry| *entry.key < *key) {
                self.visit_next(walk, visit, &mut result);
                std::mem::replace(&mut result, Ok(()))?;
            }
            let in_memory = walk.ahead.peek().is_some_and(|entry| *entry.key == *key);
            if !in_memory && !self.spilled.is_gone(&shared, walk.group, key) {
                self.visit_spilled(walk, (&place, key, &bytes), visit)?;
            } else if in_memory {
                self.visit_next(walk, visit, &mut result);
                result?;
            }
        }
        disk.write(walk.changed.drain(..), [])?;
        Ok(next)
    }

    /// Visits the next value in memory, if there is one.
    fn visit_next<E>(
        &mut self,
        walk: &mut Walk<V>,
        visit: &mut impl FnMut(&[u8], &mut V) -> Result<Keep, E>,
        result: &mut Result<(), E>,
    ) -> bool
    where
        E: From<StateError>,
    {
        let Some(mut entry) = walk.ahead.next() else {
            return false;
        };
        let keep = visit(&entry.key, &mut entry.value);
        entry.dirty = true;
        if let Ok(Keep::No) = keep {
            self.shared.count(0, entry.size);
            if entry.stored {
                self.registered.unsaved.store(true, Ordering::Release);
                let marked = self.spilled.mark(&self.shared, walk.group, entry.key);
                *result = marked.map_err(E::from);
            }
            return true;
        }
        walk.kept.push(entry);
        *result = keep.map(|_| ());
        true
    }

    /// Visits a value that is on disk alone.
    fn visit_spilled<E: From<StateError>>(
        &mut self,
        walk: &mut Walk<V>,
        (place, key, bytes): (&Slice, &[u8], &Slice),
        visit: &mut impl FnMut(&[u8], &mut V) -> Result<Keep, E>,
    ) -> Result<(), E> {
        let mut value = V::decode(bytes).map_err(StateError::Corrupt)?;
        if visit(key, &mut value)? == Keep::No {
            self.registered.unsaved.store(true, Ordering::Release);
            return Ok(self.spilled.mark(&self.shared, walk.group, key.into())?);
        }
        let mut after = Vec::with_capacity(bytes.len());
        value.encode(&mut after);
        if after == **bytes {
            return Ok(());
        }
        if self.shared.durable {
            let entry = Entry::new(key, value, true);
            self.shared.count(entry.size, 0);
            walk.kept.push(entry);
        } else {
            walk.changed.push(Change {
                place: place.clone(),
                value: Some(after.into()),
            });
        }
        Ok(())
    }

    /// What stays goes back into its group.
    fn put_back(&mut self, walk: Walk<V>) -> Result<(), StateError> {
        let Walk {
            group,
            ahead,
            kept,
            changed,
        } = walk;
        if let Some(disk) = self.shared.disk() {
            disk.write(changed, [])?;
        }
        let mut left = kept.into_iter().chain(ahead).peekable();
        if left.peek().is_none() {
            self.leave(group);
            return Ok(());
        }
        let at = self.enter(group);
        let (keys, hasher) = (&mut self.keys[at], &self.hasher);
        for entry in left {
            keys.dirty |= entry.dirty;
            let rehash = |entry: &Entry<V>| hash_of(hasher, entry);
            keys.entries
                .insert_unique(hash_of(hasher, &entry), entry, rehash);
        }
        if keys.dirty {
            self.registered.unsaved.store(true, Ordering::Release);
        }
        self.crowded = self.shared.is_crowded();
        Ok(())
    }
}
