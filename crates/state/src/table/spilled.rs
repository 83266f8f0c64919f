//! The part of a table that is on disk alone.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::Ordering;

use foldhash::fast::RandomState;

use super::Group;
use crate::disk::Change;
use crate::place::{behind_group, behind_table, of_group, parse, place};
use crate::space::Shared;
use crate::{Corrupt, StateError, Value};

type Keys = HashSet<Box<[u8]>, RandomState>;
type First = (Group, Box<[u8]>);
type Deleted = BTreeMap<Group, Keys>;

/// So many deletions are written at once where nothing has to wait for a checkpoint.
const DELETIONS: usize = 4096;

/// What a table knows of its values on disk.
pub(super) struct Spilled {
    table: u32,
    /// The first value on disk that is not deleted. Nothing that is on disk alone stands before it.
    first: Option<First>,
    /// No value on disk alone is in a group behind this one.
    last: Group,
    /// Values on disk that are gone, and the disk is still to be told.
    pub(super) deleted: Deleted,
    count: usize,
    /// Those it was told of with the checkpoint of this number, which may not be written yet.
    leaving: Deleted,
    pub(super) saved: u64,
    place: Vec<u8>,
}

impl Spilled {
    pub(super) fn open(shared: &Shared, table: u32) -> Result<Self, StateError> {
        let mut spilled = Self {
            table,
            first: None,
            last: (i64::MAX, i64::MAX),
            deleted: Deleted::new(),
            count: 0,
            leaving: Deleted::new(),
            saved: 0,
            place: Vec::new(),
        };
        if shared.durable {
            spilled.seek(shared, of_group(table, (i64::MIN, i64::MIN)))?;
        }
        if spilled.first.is_none() {
            spilled.last = (i64::MIN, i64::MIN);
        }
        Ok(spilled)
    }

    /// The first group that has values on disk.
    pub(super) fn first_group(&self) -> Option<Group> {
        self.first.as_ref().map(|(group, _)| *group)
    }

    /// Whether it is certain, without a look at the disk, that no value of a group is on disk alone.
    pub(super) fn has_none_of(&self, group: Group) -> bool {
        self.first_group()
            .is_none_or(|first| group < first || group > self.last)
    }

    /// The value of a key that is not in memory.
    pub(super) fn load<V: Value>(
        &mut self,
        shared: &Shared,
        group: Group,
        key: &[u8],
        complete: bool,
    ) -> Result<Option<V>, StateError> {
        if complete || self.has_none_of(group) || self.is_gone(shared, group, key) {
            return Ok(None);
        }
        let Some(disk) = shared.disk() else {
            return Ok(None);
        };
        place(self.table, group, key, &mut self.place);
        let Some(bytes) = disk.get(&self.place)? else {
            return Ok(None);
        };
        Ok(Some(V::decode(&bytes)?))
    }

    /// Whether a new value takes the place of a deleted one, whose deletion is then no matter any more.
    pub(super) fn replaces(&mut self, group: Group, key: &[u8]) -> bool {
        let Some(keys) = self.deleted.get_mut(&group) else {
            return false;
        };
        let replaced = keys.remove(key);
        if keys.is_empty() {
            self.deleted.remove(&group);
        }
        self.count -= usize::from(replaced);
        replaced
    }

    /// Notes that a value left the memory and is on disk.
    pub(super) fn evicted(&mut self, group: Group, key: &[u8]) {
        let before = |(first, name): &First| (*first, &**name) <= (group, key);
        if !self.first.as_ref().is_some_and(before) {
            self.first = Some((group, key.into()));
        }
        self.last = self.last.max(group);
    }

    /// Notes that a value on disk is gone.
    pub(super) fn delete(
        &mut self,
        shared: &Shared,
        group: Group,
        key: Box<[u8]>,
    ) -> Result<(), StateError> {
        let is_first = self.is_first(group, &key);
        self.mark(shared, group, key)?;
        if is_first {
            self.advance(shared)
        } else {
            Ok(())
        }
    }

    /// The same for one of many; [`Spilled::advance`] is to be called behind them.
    pub(super) fn mark(
        &mut self,
        shared: &Shared,
        group: Group,
        key: Box<[u8]>,
    ) -> Result<(), StateError> {
        self.deleted.entry(group).or_default().insert(key);
        self.count += 1;
        if !shared.durable && self.count >= DELETIONS {
            let changes = self.changes();
            shared.make_disk()?.write(changes, [])?;
            self.deleted.clear();
        }
        Ok(())
    }

    /// Looks for the first value on disk behind those that were deleted.
    pub(super) fn advance(&mut self, shared: &Shared) -> Result<(), StateError> {
        let Some((group, key)) = self.first.take() else {
            return Ok(());
        };
        let mut from = Vec::new();
        place(self.table, group, &key, &mut from);
        self.seek(shared, from)
    }

    /// What the disk is to be told of what is gone.
    pub(super) fn changes(&mut self) -> Vec<Change> {
        let mut changes = Vec::with_capacity(self.count);
        for (group, keys) in &self.deleted {
            for key in keys {
                place(self.table, *group, key, &mut self.place);
                changes.push(Change {
                    place: self.place.as_slice().into(),
                    value: None,
                });
            }
        }
        self.count = 0;
        changes
    }

    /// Notes that it was told, with the checkpoint of this number.
    pub(super) fn told(&mut self, shared: &Shared, checkpoint: u64) {
        self.settle(shared);
        for (group, keys) in std::mem::take(&mut self.deleted) {
            self.leaving.entry(group).or_default().extend(keys);
        }
        self.saved = checkpoint;
    }

    /// The first group on disk behind this one.
    pub(super) fn next_group(
        &mut self,
        shared: &Shared,
        group: Group,
    ) -> Result<Option<Group>, StateError> {
        if self.first.is_none() || group >= self.last {
            return Ok(None);
        }
        let from = behind_group(self.table, group);
        Ok(self.look(shared, from)?.map(|(group, _)| group))
    }

    fn is_first(&self, group: Group, key: &[u8]) -> bool {
        let mut first = self.first.iter();
        first.any(|(first, name)| *first == group && **name == *key)
    }

    /// Whether what the disk has for a key is not true any more.
    pub(super) fn is_gone(&mut self, shared: &Shared, group: Group, key: &[u8]) -> bool {
        self.settle(shared);
        let has = |all: &Deleted| all.get(&group).is_some_and(|keys| keys.contains(key));
        has(&self.deleted) || has(&self.leaving)
    }

    fn settle(&mut self, shared: &Shared) {
        if !self.leaving.is_empty() && shared.written.load(Ordering::Acquire) >= self.saved {
            self.leaving.clear();
        }
    }

    /// Finds the first value; what is behind the last group is in memory as well, and is not looked for.
    fn seek(&mut self, shared: &Shared, from: Vec<u8>) -> Result<(), StateError> {
        let found = self.look(shared, from)?;
        self.first = found.filter(|(group, _)| *group <= self.last);
        Ok(())
    }

    fn look(&mut self, shared: &Shared, from: Vec<u8>) -> Result<Option<First>, StateError> {
        let Some(disk) = shared.disk() else {
            return Ok(None);
        };
        for found in disk.scan(from, behind_table(self.table)) {
            let (place, _) = found?;
            let (_, group, key) = parse(&place).ok_or(Corrupt("a place"))?;
            if !self.is_gone(shared, group, key) {
                return Ok(Some((group, key.into())));
            }
        }
        Ok(None)
    }
}
