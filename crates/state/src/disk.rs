//! The store on disk: an LSM tree with the values of all tables, and one with what is known of them.

use std::path::Path;

use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode, Slice};

use crate::StateError;

/// A value that changed, or went.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) place: Slice,
    pub(crate) value: Option<Slice>,
}

/// An open store. Clones are the same store.
#[derive(Clone)]
pub(crate) struct Disk {
    db: Database,
    data: Keyspace,
    meta: Keyspace,
    durable: bool,
}

impl Disk {
    /// Opens what is in a directory, or makes it. `memory` is how many bytes it may keep in memory, roughly.
    /// A durable one is on the disk when a write returns; another one is gone with the machine.
    pub(crate) fn open(path: &Path, memory: usize, durable: bool) -> Result<Self, StateError> {
        let memory = u64::try_from(memory).unwrap_or(u64::MAX);
        let buffer = (memory / 4).clamp(1 << 20, 64 << 20);
        let db = Database::builder(path)
            .cache_size((memory / 4).clamp(1 << 20, 1 << 30))
            .max_journaling_size((buffer * 2).max(64 << 20))
            .worker_threads(1)
            .manual_journal_persist(!durable)
            .open()?;
        let options = || KeyspaceCreateOptions::default().max_memtable_size(buffer);
        Ok(Self {
            data: db.keyspace("data", options)?,
            meta: db.keyspace("meta", options)?,
            db,
            durable,
        })
    }

    /// Writes all of it or nothing.
    pub(crate) fn write(
        &self,
        changes: impl IntoIterator<Item = Change>,
        meta: impl IntoIterator<Item = (String, Vec<u8>)>,
    ) -> Result<(), StateError> {
        let mode = self.durable.then_some(PersistMode::SyncAll);
        let mut batch = self.db.batch().durability(mode);
        for Change { place, value } in changes {
            match value {
                Some(value) => batch.insert(&self.data, place, value),
                None => batch.remove(&self.data, place),
            }
        }
        for (name, value) in meta {
            batch.insert(&self.meta, name, value);
        }
        Ok(batch.commit()?)
    }

    /// What stands at a place.
    pub(crate) fn get(&self, place: &[u8]) -> Result<Option<Slice>, StateError> {
        Ok(self.data.get(place)?)
    }

    /// What stands between two places, in order, as it is now.
    pub(crate) fn scan(
        &self,
        from: Vec<u8>,
        to: Vec<u8>,
    ) -> impl Iterator<Item = Result<(Slice, Slice), StateError>> + use<> {
        let found = self.data.range(from..to);
        found.map(|guard| Ok(guard.into_inner()?))
    }

    /// What is known by a name.
    pub(crate) fn meta(&self, name: &str) -> Result<Option<Slice>, StateError> {
        Ok(self.meta.get(name)?)
    }

    /// All that is known by names that begin so.
    pub(crate) fn metas(&self, prefix: &str) -> Result<Vec<(String, Slice)>, StateError> {
        let found = self.meta.prefix(prefix).map(|guard| {
            let (name, value) = guard.into_inner()?;
            Ok((String::from_utf8_lossy(&name).into_owned(), value))
        });
        found.collect()
    }
}
