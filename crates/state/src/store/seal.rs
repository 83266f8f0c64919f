//! Checkpoints: what is in one, and how it is written.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde::{Deserialize, Serialize};
use ssectl_adapter::{Partition, Position};

use super::folder::Folder;
use super::{CHECKPOINT, TABLE, prepared};
use crate::contents::TableName;
use crate::disk::Change;
use crate::space::Shared;
use crate::{Corrupt, StateError};

/// Where a pipeline stood when a checkpoint was taken.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marks {
    /// What the positions belong to, such as the address of a target: elsewhere they mean nothing.
    #[serde(default)]
    pub target: String,
    /// By stream and partition, the next record to read.
    #[serde(default)]
    pub positions: BTreeMap<String, BTreeMap<Partition, Position>>,
    /// The watermark, in nanoseconds since 1970.
    #[serde(default)]
    pub watermark: Option<i64>,
    /// Whether the pipeline had come to the end of its input, and gave what it had kept back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ended: bool,
}

/// A checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// How many there were, with this one.
    pub number: u64,
    /// Where the pipeline stood.
    pub marks: Marks,
}

impl Checkpoint {
    /// The one before the first.
    pub(crate) fn none() -> Self {
        Self {
            number: 0,
            marks: Marks::default(),
        }
    }
}

/// A checkpoint that is complete and not yet on disk.
#[must_use = "a checkpoint that is not written is none"]
pub struct Sealed {
    pub(super) checkpoint: Checkpoint,
    pub(super) changes: Vec<Change>,
    pub(super) tables: Vec<(u32, TableName)>,
    pub(super) shared: Arc<Shared>,
    pub(super) folder: Option<Arc<Folder>>,
    /// Whether it is on the disk already, beside the store.
    pub(super) prepared: bool,
    pub(super) fingerprint: String,
}

/// What a log of changes says of a checkpoint whose changes are all in it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Marker {
    pub(super) checkpoint: Checkpoint,
    pub(super) tables: Vec<(u32, TableName)>,
    pub(super) fingerprint: String,
}

impl Marker {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, StateError> {
        Ok(serde_json::from_slice(bytes).map_err(|_| Corrupt("a marker of a checkpoint"))?)
    }

    pub(super) fn json(&self) -> Result<Vec<u8>, StateError> {
        serde_json::to_vec(self).map_err(|error| StateError::Store(error.to_string()))
    }
}

impl Sealed {
    /// The number that its checkpoint will have.
    pub fn number(&self) -> u64 {
        self.checkpoint.number
    }

    /// What changed since the checkpoint before: places, and the values there, none where one is gone. In any order; no
    /// place comes twice.
    pub fn changes(&self) -> impl ExactSizeIterator<Item = (&[u8], Option<&[u8]>)> {
        let changes = self.changes.iter();
        changes.map(|change| (&*change.place, change.value.as_deref()))
    }

    /// What a log of changes is to say behind those of this checkpoint.
    ///
    /// # Errors
    /// It cannot be written down.
    pub fn marker(&self) -> Result<Vec<u8>, StateError> {
        let marker = Marker {
            checkpoint: self.checkpoint.clone(),
            tables: self.shared.known(),
            fingerprint: self.fingerprint.clone(),
        };
        marker.json()
    }

    /// Puts it on the disk without making it count: the checkpoint before is the one that a restart finds, unless
    /// [`Store::settle`](super::Store::settle) says that this one was committed. [`Sealed::write`] makes it count.
    ///
    /// # Errors
    /// The disk fails.
    pub fn prepare(&mut self) -> Result<(), StateError> {
        if let Some(folder) = &self.folder {
            let (checkpoint, dir) = (&self.checkpoint, folder.path());
            prepared::write(dir, checkpoint, &self.tables, &self.changes)?;
            self.prepared = true;
        }
        Ok(())
    }

    /// Writes it. When this returns it will be there whatever happens; until then the one before is. Nothing is written of
    /// temporary state.
    ///
    /// # Errors
    /// The disk fails, or the checkpoint before was not written.
    pub fn write(self) -> Result<Checkpoint, StateError> {
        let number = self.checkpoint.number;
        if self.shared.written.load(Ordering::Acquire) + 1 != number {
            return Err(StateError::Store(
                "the checkpoint before was not written".to_owned(),
            ));
        }
        if let (Some(folder), Some(disk)) = (&self.folder, self.shared.disk()) {
            disk.write(self.changes, meta(&self.checkpoint, &self.tables)?)?;
            folder.note(number)?;
            if self.prepared {
                prepared::remove(folder.path())?;
            }
        }
        self.shared.written.store(number, Ordering::Release);
        Ok(self.checkpoint)
    }
}

/// What is written of a checkpoint beside the values.
pub(crate) fn meta(
    checkpoint: &Checkpoint,
    tables: &[(u32, TableName)],
) -> Result<Vec<(String, Vec<u8>)>, StateError> {
    let json = |error: serde_json::Error| StateError::Store(error.to_string());
    let mut meta = vec![(
        CHECKPOINT.to_owned(),
        serde_json::to_vec(checkpoint).map_err(json)?,
    )];
    for (id, table) in tables {
        let name = format!("{TABLE}{id}");
        meta.push((name, serde_json::to_vec(table).map_err(json)?));
    }
    Ok(meta)
}
