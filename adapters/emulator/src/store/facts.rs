//! A small table of facts that outlive the process: what is not a record but has to be remembered.
//!
//! A fact is a key and a value in a numbered table; what they mean is up to whoever uses the table. All facts are in
//! memory; with a data directory every change is also an entry of a [journal](super::journal), which is rewritten when
//! most of it is outdated.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use super::journal::Journal;
use super::{LockExt, StoreError, Trouble};

/// The journal is rewritten when it is so many times longer than what is in it ...
const WASTE: u64 = 4;

/// ... and longer than this.
const WORTH_IT: u64 = 1 << 20;

/// One change of one fact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The table.
    #[serde(rename = "t")]
    pub table: u8,
    /// The key.
    #[serde(rename = "k")]
    pub key: String,
    /// The new value, or `None` to forget the fact.
    #[serde(rename = "v", default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

impl Change {
    /// Sets a fact to the JSON form of `value`.
    pub fn put(table: u8, key: impl Into<String>, value: &impl Serialize) -> Self {
        // Facts are plain structs with string keys, which JSON can always express.
        let value = serde_json::to_string(value).expect("a fact can be written as JSON");
        Self {
            table,
            key: key.into(),
            value: Some(value),
        }
    }

    /// Forgets a fact.
    pub fn remove(table: u8, key: impl Into<String>) -> Self {
        Self {
            table,
            key: key.into(),
            value: None,
        }
    }
}

/// All facts of a store.
#[derive(Debug, Default)]
pub struct Facts {
    inner: Mutex<Inner>,
    sync_changes: bool,
    trouble: Trouble,
}

#[derive(Debug, Default)]
struct Inner {
    table: BTreeMap<(u8, String), String>,
    journal: Option<Journal>,
    /// Bytes that the journal would have if it were rewritten now, about.
    live: u64,
    dirty: bool,
}

impl Facts {
    /// Facts that last as long as the process.
    pub(crate) fn in_memory() -> Self {
        Self::default()
    }

    /// The facts of the journal at `path`; with `sync_changes` every change reaches the disk before it counts.
    pub(crate) fn open(
        path: PathBuf,
        sync_changes: bool,
    ) -> Result<(Self, Option<String>), StoreError> {
        let mut inner = Inner::default();
        let (journal, note) = Journal::open(path, |entry| {
            let changes: Vec<Change> =
                serde_json::from_slice(entry).map_err(|error| error.to_string())?;
            changes.into_iter().for_each(|change| inner.note(change));
            Ok(())
        })?;
        inner.journal = Some(journal);
        inner.rewrite_if_wasteful()?;
        Ok((
            Self {
                inner: Mutex::new(inner),
                sync_changes,
                trouble: Trouble::default(),
            },
            note,
        ))
    }

    /// Makes changes, all or none.
    ///
    /// # Errors
    /// The journal cannot be written; nothing changed then.
    pub fn apply(&self, changes: Vec<Change>) -> Result<(), StoreError> {
        self.change(&mut self.inner.locked(), changes)
    }

    /// Whether the disk refuses writes, of these facts as of the streams beside them.
    pub(crate) fn trouble(&self) -> &Trouble {
        &self.trouble
    }

    /// Makes those changes whose facts are still there.
    pub(crate) fn update(&self, mut changes: Vec<Change>) -> Result<(), StoreError> {
        let mut inner = self.inner.locked();
        changes.retain(|change| {
            inner
                .table
                .contains_key(&(change.table, change.key.clone()))
        });
        self.change(&mut inner, changes)
    }

    fn change(&self, inner: &mut Inner, changes: Vec<Change>) -> Result<(), StoreError> {
        if changes.is_empty() {
            return Ok(());
        }
        let written = inner.write(&changes, self.sync_changes);
        written.inspect_err(|error| self.trouble.note(error))?;
        changes.into_iter().for_each(|change| inner.note(change));
        Ok(())
    }

    /// All facts of a table, by key, as far as they can be read as `T`.
    ///
    /// # Errors
    /// A value is not the JSON of a `T`: the table was written by something else.
    pub fn table<T: for<'de> Deserialize<'de>>(
        &self,
        table: u8,
    ) -> Result<Vec<(String, T)>, StoreError> {
        self.rows(table, "")
    }

    /// The facts of a table whose keys begin with `prefix`.
    pub(crate) fn rows<T: for<'de> Deserialize<'de>>(
        &self,
        table: u8,
        prefix: &str,
    ) -> Result<Vec<(String, T)>, StoreError> {
        let inner = self.inner.locked();
        let rows = inner
            .table
            .range((table, prefix.to_owned())..)
            .take_while(|((number, key), _)| *number == table && key.starts_with(prefix));
        rows.map(|((_, key), value)| {
            let parsed = serde_json::from_str(value);
            let parsed = parsed.map_err(|error| StoreError::Fact {
                table,
                key: key.clone(),
                reason: error.to_string(),
            });
            Ok((key.clone(), parsed?))
        })
        .collect()
    }

    /// Waits until all changes are on disk, and shortens the journal if that is worth it.
    pub(crate) fn sync(&self) -> Result<(), StoreError> {
        let mut inner = self.inner.locked();
        inner.rewrite_if_wasteful()?;
        match (&inner.journal, inner.dirty) {
            (Some(journal), true) => journal.sync()?,
            _ => return Ok(()),
        }
        inner.dirty = false;
        Ok(())
    }
}

impl Inner {
    /// Adds changes to the journal, if there is one.
    fn write(&mut self, changes: &[Change], sync: bool) -> Result<(), StoreError> {
        let Some(journal) = &mut self.journal else {
            return Ok(());
        };
        // Three strings and a number: JSON can always express that.
        let entry = serde_json::to_vec(changes).expect("changes can be written as JSON");
        journal.append(&entry)?;
        match sync {
            true => journal.sync()?,
            false => self.dirty = true,
        }
        Ok(())
    }

    fn note(&mut self, change: Change) {
        let key = (change.table, change.key);
        let cost = |key: &(u8, String), value: &str| (key.1.len() + value.len() + 32) as u64;
        if let Some(old) = self.table.get(&key) {
            self.live -= cost(&key, old);
        }
        match change.value {
            Some(value) => {
                self.live += cost(&key, &value);
                self.table.insert(key, value);
            }
            None => {
                self.table.remove(&key);
            }
        }
    }

    fn rewrite_if_wasteful(&mut self) -> Result<(), StoreError> {
        let Some(journal) = &mut self.journal else {
            return Ok(());
        };
        if journal.len() < WORTH_IT.max(self.live * WASTE) {
            return Ok(());
        }
        let entry = |((table, key), value): (&(u8, String), &String)| {
            let change = Change {
                table: *table,
                key: key.clone(),
                value: Some(value.clone()),
            };
            serde_json::to_vec(&[change]).expect("changes can be written as JSON")
        };
        let entries: Vec<_> = self.table.iter().map(entry).collect();
        journal.replace(entries.iter().map(Vec::as_slice))
    }
}
