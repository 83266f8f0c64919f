//! A table of one step: values by group and key.

use std::collections::{BTreeMap, HashMap};

/// What orders a table: all keys of a group come and go together, such as those of one window (its end, its start).
pub type Group = (i64, i64);

/// Bytes that are no value of a table.
#[derive(Debug, thiserror::Error)]
#[error("the state holds {0} that cannot be read")]
pub struct Corrupt(pub &'static str);

/// Why state cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The bytes of a value make no sense.
    #[error(transparent)]
    Corrupt(#[from] Corrupt),
    /// The disk, or the store on it.
    #[error("the state cannot be kept: {0}")]
    Store(String),
}

/// What a table holds by group and key.
pub trait Value: Send + Sized + 'static {
    /// Appends the bytes that [`Value::decode`] reads.
    fn encode(&self, out: &mut Vec<u8>);

    /// The value of these bytes.
    ///
    /// # Errors
    /// They were not written by [`Value::encode`].
    fn decode(bytes: &[u8]) -> Result<Self, Corrupt>;

    /// Bytes of memory it takes, roughly.
    fn size(&self) -> usize;
}

/// Where the tables of one step have their place in the state of a pipeline.
#[derive(Clone, Debug, Default)]
pub struct Space;

/// Values by group and key; groups in order, keys within a group in the order of their bytes when they are taken.
pub struct Table<V> {
    groups: BTreeMap<Group, HashMap<Box<[u8]>, V>>,
}

impl<V: Value> Table<V> {
    /// An empty table, or what was restored under `name` in the space.
    ///
    /// # Errors
    /// What was restored cannot be read.
    pub fn open(space: &Space, name: &'static str) -> Result<Self, StateError> {
        let _ = (space, name);
        Ok(Self {
            groups: BTreeMap::new(),
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
        let keys = self.groups.entry(group).or_default();
        Ok(keys.entry(key.into()).or_insert_with(make))
    }

    /// The value of a key, to be changed.
    ///
    /// # Errors
    /// As [`Table::get_or_insert_with`].
    pub fn get_mut(&mut self, group: Group, key: &[u8]) -> Result<Option<&mut V>, StateError> {
        let keys = self.groups.get_mut(&group);
        Ok(keys.and_then(|keys| keys.get_mut(key)))
    }

    /// Takes a value out.
    ///
    /// # Errors
    /// As [`Table::get_or_insert_with`].
    pub fn remove(&mut self, group: Group, key: &[u8]) -> Result<Option<V>, StateError> {
        let keys = self.groups.get_mut(&group);
        Ok(keys.and_then(|keys| keys.remove(key)))
    }

    /// The first group that is not empty.
    pub fn first_group(&self) -> Option<Group> {
        self.groups.keys().next().copied()
    }

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
        let Some(keys) = self.groups.get_mut(&group) else {
            return Ok(());
        };
        let mut names: Vec<Box<[u8]>> = keys.keys().cloned().collect();
        names.sort_unstable();
        for name in names {
            if let Some(value) = keys.get_mut(&name)
                && visit(&name, value)? == Keep::No
            {
                keys.remove(&name);
            }
        }
        if keys.is_empty() {
            self.groups.remove(&group);
        }
        Ok(())
    }
}

/// Whether a visited value stays in its table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// It stays, as it was left.
    Yes,
    /// It goes.
    No,
}
