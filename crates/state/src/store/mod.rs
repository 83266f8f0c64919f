//! The state of one pipeline: its tables, and checkpoints of them.

pub(crate) mod control;
mod folder;
mod seal;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

pub(crate) use folder::{FORMAT, Folder, Header, read_header};
pub(crate) use seal::meta;
pub use seal::{Checkpoint, Marks, Sealed};

use crate::contents::TableName;
use crate::disk::{Disk, Look};
use crate::space::{Shared, Space, locked};
use crate::{Corrupt, StateError};
use control::Control;

/// Where the last checkpoint stands among what is known of the tables.
const CHECKPOINT: &str = "checkpoint";
/// What the names of tables begin with there.
const TABLE: &str = "table/";

/// Whose state it is, and how much of it may be in memory.
#[derive(Debug, Clone)]
pub struct StoreSpec {
    /// The pipeline.
    pub pipeline: String,
    /// What tells its steps from others as far as their state goes. State of another fingerprint is refused.
    pub fingerprint: String,
    /// Bytes of memory that state may take, roughly.
    pub memory: usize,
}

/// The state of one pipeline.
pub struct Store {
    shared: Arc<Shared>,
    folder: Option<Arc<Folder>>,
    restored: Option<Checkpoint>,
    /// Gone before the lock of the directory is.
    _control: Option<Control>,
}

impl Store {
    /// State that does not outlive the process: in memory, and beyond that many bytes in a temporary directory.
    pub fn temporary(memory: usize) -> Self {
        Self {
            shared: Shared::new(memory, None),
            folder: None,
            restored: None,
            _control: None,
        }
    }

    /// The state of a pipeline in a directory, which may hold that of others as well. It is as the last checkpoint
    /// left it, or new. No other process can open it meanwhile.
    ///
    /// # Errors
    /// It is open elsewhere, damaged, of another format, or belongs to other steps.
    pub fn open(root: &Path, spec: &StoreSpec) -> Result<Self, StateError> {
        let folder = Folder::open(root, spec)?;
        let disk = Disk::open(&folder.database(), spec.memory / 4, true)
            .map_err(|error| folder.damaged(error))?;
        let restored = checkpoint(&disk)?;
        folder.check(restored.as_ref().map_or(0, |found| found.number))?;
        let tables = tables(&disk)?;
        let control = Control::start(folder.path(), Header::of(spec), disk.clone())?;
        let shared = Shared::new(spec.memory, Some(disk));
        shared.know(tables);
        let number = restored.as_ref().map_or(0, |found| found.number);
        shared.sealed.store(number, Ordering::Release);
        shared.written.store(number, Ordering::Release);
        Ok(Self {
            shared,
            folder: Some(Arc::new(folder)),
            restored,
            _control: Some(control),
        })
    }

    /// Where a step has its tables.
    pub fn space(&self, step: &str) -> Space {
        self.shared.space(step)
    }

    /// The checkpoint that the state was in when it was opened; none if there was none.
    pub fn restored(&self) -> Option<&Checkpoint> {
        self.restored.as_ref()
    }

    /// The directory of the pipeline; none if the state is temporary.
    pub fn dir(&self) -> Option<PathBuf> {
        self.folder.as_ref().map(|folder| folder.path().to_owned())
    }

    /// Whether a checkpoint would make room in memory, and is due before more is read.
    pub fn is_crowded(&self) -> bool {
        self.shared.durable && self.shared.is_crowded()
    }

    /// Bytes of memory that values take now.
    pub fn memory(&self) -> usize {
        self.shared.used()
    }

    /// Takes what the tables handed over, and the positions, for a checkpoint. All tables must have been saved; they may
    /// be used again at once, while the checkpoint is written.
    ///
    /// # Errors
    /// A table was not saved.
    pub fn seal(&self, marks: Marks) -> Result<Sealed, StateError> {
        if self.shared.durable
            && let Some(TableName { step, table, .. }) = self.shared.unsaved()
        {
            return Err(StateError::Unsaved { step, table });
        }
        let number = self.shared.sealed.fetch_add(1, Ordering::AcqRel) + 1;
        Ok(Sealed {
            checkpoint: Checkpoint { number, marks },
            changes: std::mem::take(&mut *locked(&self.shared.pending)),
            tables: self.shared.fresh(),
            shared: Arc::clone(&self.shared),
            folder: self.folder.clone(),
        })
    }

    /// Seals and writes a checkpoint at once.
    ///
    /// # Errors
    /// A table was not saved, or the disk fails.
    pub fn checkpoint(&self, marks: Marks) -> Result<Checkpoint, StateError> {
        self.seal(marks)?.write()
    }
}

/// The last checkpoint in a store.
pub(crate) fn checkpoint(disk: &impl Look) -> Result<Option<Checkpoint>, StateError> {
    let Some(found) = disk.meta(CHECKPOINT)? else {
        return Ok(None);
    };
    let read = serde_json::from_slice(&found);
    Ok(Some(read.map_err(|_| Corrupt("a checkpoint"))?))
}

/// The tables in a store.
pub(crate) fn tables(disk: &impl Look) -> Result<Vec<(u32, TableName)>, StateError> {
    let found = disk.metas(TABLE)?.into_iter().map(|(name, value)| {
        let id = name.strip_prefix(TABLE).and_then(|id| id.parse().ok());
        let table = serde_json::from_slice(&value).ok();
        Ok(id.zip(table).ok_or(Corrupt("a table's name"))?)
    });
    found.collect()
}
