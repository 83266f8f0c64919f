//! The state of one pipeline: its tables, and checkpoints of them.

pub(crate) mod control;
mod folder;
mod prepared;
mod rebuild;
mod seal;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

pub(crate) use folder::{FORMAT, Folder, Header, read_header};
pub use rebuild::Rebuild;
pub(crate) use seal::meta;
pub use seal::{Checkpoint, Marks, Sealed};

use prepared::Prepared;
use seal::Marker;

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
    /// A checkpoint behind that one, of which it is not known whether it counts.
    prepared: Option<Prepared>,
    fingerprint: String,
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
            prepared: None,
            fingerprint: String::new(),
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
        let number = restored.as_ref().map_or(0, |found| found.number);
        folder.check(number)?;
        let prepared = folder.prepared(number)?;
        let tables = tables(&disk)?;
        let control = Control::start(folder.path(), Header::of(spec), disk.clone())?;
        let shared = Shared::new(spec.memory, Some(disk));
        shared.know(tables);
        shared.sealed.store(number, Ordering::Release);
        shared.written.store(number, Ordering::Release);
        Ok(Self {
            shared,
            folder: Some(Arc::new(folder)),
            restored,
            prepared,
            fingerprint: spec.fingerprint.clone(),
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

    /// What tells this state from all others, restored copies of it among them; empty if it is temporary.
    pub fn id(&self) -> &str {
        self.folder.as_ref().map_or("", |folder| folder.id())
    }

    /// The number of a checkpoint that was prepared when the process before ended, behind the one that the state is in.
    pub fn prepared(&self) -> Option<u64> {
        let prepared = self.prepared.as_ref();
        prepared.map(|prepared| prepared.checkpoint.number)
    }

    /// Says of a checkpoint that was prepared whether it counts. To be called before a table is opened.
    ///
    /// # Errors
    /// The disk fails.
    pub fn settle(&mut self, counts: bool) -> Result<(), StateError> {
        let (Some(found), Some(folder)) = (self.prepared.take(), &self.folder) else {
            return Ok(());
        };
        if let Some(disk) = self.shared.disk().filter(|_| counts) {
            let number = found.checkpoint.number;
            disk.write(found.changes, meta(&found.checkpoint, &found.tables)?)?;
            folder.note(number)?;
            self.shared.know(tables(disk)?);
            self.shared.sealed.store(number, Ordering::Release);
            self.shared.written.store(number, Ordering::Release);
            self.restored = Some(found.checkpoint);
        }
        prepared::remove(folder.path())
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

    /// Every place with its value, as the last checkpoint left them.
    pub fn values(&self) -> impl Iterator<Item = Result<(Vec<u8>, Vec<u8>), StateError>> + use<> {
        let view = self.shared.disk().map(Disk::view);
        let all = view.map(|view| view.scan(Vec::new(), vec![u8::MAX; 5]));
        all.into_iter().flatten().map(|found| {
            let (place, value) = found?;
            Ok((place.to_vec(), value.to_vec()))
        })
    }

    /// The value at a place, as the last checkpoint left it.
    ///
    /// # Errors
    /// The disk fails.
    pub fn value(&self, place: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        let Some(disk) = self.shared.disk() else {
            return Ok(None);
        };
        Ok(disk.get(place)?.map(|value| value.to_vec()))
    }

    /// What a log of changes is to say of the checkpoint that the state was in when it was opened.
    ///
    /// # Errors
    /// It cannot be written down.
    pub fn marker(&self) -> Result<Option<Vec<u8>>, StateError> {
        let Some(checkpoint) = self.restored.clone() else {
            return Ok(None);
        };
        let marker = Marker {
            checkpoint,
            tables: self.shared.known(),
            fingerprint: self.fingerprint.clone(),
        };
        marker.json().map(Some)
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
            prepared: false,
            fingerprint: self.fingerprint.clone(),
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
