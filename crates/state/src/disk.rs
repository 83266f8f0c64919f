//! The store on disk: an LSM tree with the values of all tables, and one with what is known of them.

use std::path::Path;

use fjall::config::PinningPolicy;
use fjall::{
    Database, Keyspace, KeyspaceCreateOptions, PersistMode, Readable as _, Slice, Snapshot,
};

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
        // Filters are as large as the tables they are of: to read one again for each key would cost more than the key.
        let options = || {
            KeyspaceCreateOptions::default()
                .max_memtable_size(buffer)
                .filter_block_pinning_policy(PinningPolicy::all(true))
                .index_block_pinning_policy(PinningPolicy::all(true))
        };
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
    pub(crate) fn scan(&self, from: Vec<u8>, to: Vec<u8>) -> Scan {
        Scan(self.data.range(from..to))
    }

    /// All as it is now, whatever is written later.
    pub(crate) fn view(&self) -> View {
        View {
            snapshot: self.db.snapshot(),
            disk: self.clone(),
        }
    }
}

/// Values in order.
pub(crate) struct Scan(fjall::Iter);

impl Iterator for Scan {
    type Item = Result<(Slice, Slice), StateError>;

    fn next(&mut self) -> Option<Self::Item> {
        let guard = self.0.next()?;
        Some(guard.into_inner().map_err(StateError::from))
    }
}

/// What is known of the tables.
pub(crate) trait Look {
    /// What is known by a name.
    fn meta(&self, name: &str) -> Result<Option<Slice>, StateError>;

    /// All that is known by names that begin so.
    fn metas(&self, prefix: &str) -> Result<Vec<(String, Slice)>, StateError>;
}

impl Look for Disk {
    fn meta(&self, name: &str) -> Result<Option<Slice>, StateError> {
        self.view().meta(name)
    }

    fn metas(&self, prefix: &str) -> Result<Vec<(String, Slice)>, StateError> {
        self.view().metas(prefix)
    }
}

/// A store as it was at one moment.
pub(crate) struct View {
    snapshot: Snapshot,
    disk: Disk,
}

impl View {
    /// What stands between two places, in order.
    pub(crate) fn scan(&self, from: Vec<u8>, to: Vec<u8>) -> Scan {
        Scan(self.snapshot.range(&self.disk.data, from..to))
    }
}

impl Look for View {
    fn meta(&self, name: &str) -> Result<Option<Slice>, StateError> {
        Ok(self.snapshot.get(&self.disk.meta, name)?)
    }

    fn metas(&self, prefix: &str) -> Result<Vec<(String, Slice)>, StateError> {
        let found = self.snapshot.prefix(&self.disk.meta, prefix).map(|guard| {
            let (name, value) = guard.into_inner()?;
            Ok((String::from_utf8_lossy(&name).into_owned(), value))
        });
        found.collect()
    }
}
