//! Where tables have their place, and what all tables of a store share.

use std::collections::HashSet;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use crate::StateError;
use crate::contents::TableName;
use crate::disk::{Change, Disk};
use crate::scratch::Scratch;

/// Where the tables of one step have their place in the state of a pipeline.
///
/// The default one is on its own: it never leaves the memory, however much is in it.
#[derive(Clone)]
pub struct Space {
    pub(crate) shared: Arc<Shared>,
    step: Arc<str>,
}

impl Default for Space {
    fn default() -> Self {
        Shared::new(usize::MAX, None).space("")
    }
}

impl fmt::Debug for Space {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Space")
            .field("step", &self.step)
            .finish_non_exhaustive()
    }
}

impl Space {
    /// The step whose tables these are.
    pub fn step(&self) -> &str {
        &self.step
    }

    /// A place for a table; what the store knows by its name is there already.
    pub(crate) fn register(&self, name: &str, kind: &str) -> Result<Arc<Registered>, StateError> {
        let known = TableName {
            step: self.step.to_string(),
            table: name.to_owned(),
            kind: kind.to_owned(),
        };
        self.shared.register(known)
    }
}

/// A table that is open.
pub(crate) struct Registered {
    pub(crate) id: u32,
    pub(crate) name: TableName,
    /// Whether it holds changes that it has not handed over.
    pub(crate) unsaved: AtomicBool,
}

/// What the tables of one store share.
pub(crate) struct Shared {
    /// Bytes that values may take in memory.
    pub(crate) bound: usize,
    /// Bytes that they take.
    used: AtomicUsize,
    /// The store, or one in a temporary directory as soon as something has to leave the memory.
    disk: OnceLock<Disk>,
    /// Whether the disk holds checkpoints.
    pub(crate) durable: bool,
    temporary: Mutex<Option<Scratch>>,
    pub(crate) pending: Mutex<Vec<Change>>,
    /// The number of the last checkpoint that was sealed, and of the last one that is on disk.
    pub(crate) sealed: AtomicU64,
    pub(crate) written: AtomicU64,
    tables: Mutex<Tables>,
}

#[derive(Default)]
struct Tables {
    known: Vec<(u32, TableName)>,
    open: Vec<Weak<Registered>>,
    fresh: HashSet<u32>,
}

impl Shared {
    pub(crate) fn new(bound: usize, disk: Option<Disk>) -> Arc<Self> {
        Arc::new(Self {
            bound,
            used: AtomicUsize::new(0),
            durable: disk.is_some(),
            disk: disk.map_or_else(OnceLock::new, OnceLock::from),
            temporary: Mutex::default(),
            pending: Mutex::default(),
            sealed: AtomicU64::new(0),
            written: AtomicU64::new(0),
            tables: Mutex::default(),
        })
    }

    pub(crate) fn space(self: &Arc<Self>, step: &str) -> Space {
        Space {
            shared: Arc::clone(self),
            step: step.into(),
        }
    }

    /// Counts bytes that came to or left the memory.
    pub(crate) fn count(&self, more: usize, less: usize) {
        // One at a time may be below nothing for a moment; together they never are.
        self.used.fetch_add(more, Ordering::Relaxed);
        self.used.fetch_sub(less, Ordering::Relaxed);
    }

    pub(crate) fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// Whether values should leave the memory. A half of the bound is for them; changes on their way to the disk, its
    /// buffers and its cache take the rest.
    pub(crate) fn is_crowded(&self) -> bool {
        self.used() > self.bound / 2
    }

    /// The store, if anything is in it or may be.
    pub(crate) fn disk(&self) -> Option<&Disk> {
        self.disk.get()
    }

    /// The store, made in a temporary directory if there is none.
    pub(crate) fn make_disk(&self) -> Result<&Disk, StateError> {
        let mut temporary = locked(&self.temporary);
        if let Some(disk) = self.disk.get() {
            return Ok(disk);
        }
        let within = std::env::temp_dir();
        let made = Scratch::make(&within);
        let folder = made.map_err(StateError::io("make a directory for state in", within))?;
        let disk = Disk::open(folder.path(), self.bound / 4, false)?;
        *temporary = Some(folder);
        Ok(self.disk.get_or_init(|| disk))
    }

    /// Takes tables that a store knows.
    pub(crate) fn know(&self, known: Vec<(u32, TableName)>) {
        locked(&self.tables).known = known;
    }

    fn register(&self, name: TableName) -> Result<Arc<Registered>, StateError> {
        let mut tables = locked(&self.tables);
        let same = |other: &TableName| other.step == name.step && other.table == name.table;
        // A space on its own takes any number of tables of one name: nothing of them meets on a disk without an id.
        tables.open.retain(|open| open.strong_count() > 0);
        let mut open = tables.open.iter().filter_map(Weak::upgrade);
        if self.durable && open.any(|open| same(&open.name)) {
            let TableName { step, table, .. } = name;
            return Err(StateError::Twice { step, table });
        }
        let found = tables.known.iter().find(|(_, known)| same(known)).cloned();
        let found = found.filter(|_| self.durable);
        let id = match found {
            Some((_, known)) if known.kind != name.kind => {
                return Err(StateError::Store(format!(
                    "the table `{}` of the step `{}` holds `{}` and not `{}`",
                    name.table, name.step, known.kind, name.kind
                )));
            }
            Some((id, _)) => id,
            None => {
                let id = tables.known.iter().map(|(id, _)| id + 1).max().unwrap_or(0);
                tables.known.push((id, name.clone()));
                tables.fresh.insert(id);
                id
            }
        };
        let registered = Arc::new(Registered {
            id,
            name,
            unsaved: AtomicBool::new(false),
        });
        tables.open.push(Arc::downgrade(&registered));
        Ok(registered)
    }

    /// All tables that there are or were.
    pub(crate) fn known(&self) -> Vec<(u32, TableName)> {
        locked(&self.tables).known.clone()
    }

    /// Tables that the store does not know yet.
    pub(crate) fn fresh(&self) -> Vec<(u32, TableName)> {
        let mut tables = locked(&self.tables);
        let fresh = std::mem::take(&mut tables.fresh);
        let known = tables.known.iter();
        known
            .filter(|(id, _)| fresh.contains(id))
            .cloned()
            .collect()
    }

    /// A table that holds what it has not handed over.
    pub(crate) fn unsaved(&self) -> Option<TableName> {
        let tables = locked(&self.tables);
        let mut open = tables.open.iter().filter_map(Weak::upgrade);
        let unsaved = open.find(|table| table.unsaved.load(Ordering::Acquire));
        unsaved.map(|table| table.name.clone())
    }
}

/// What a mutex guards. A thread that died with it left nothing half done: it guards whole steps only.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
