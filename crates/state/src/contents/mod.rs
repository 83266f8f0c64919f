//! What a state holds, to be read by people and to be kept elsewhere: from a directory, whether a process works with it or
//! not, or from a savepoint.

mod folder;
mod restore;
mod savepoint;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use restore::restore;

use crate::store::{Checkpoint, Header};
use crate::{Group, StateError};

/// The state of one pipeline as its last checkpoint left it.
pub struct Contents {
    /// What it says of itself.
    pub summary: Summary,
    /// The values, by table, group and key.
    pub entries: Entries,
}

/// Values one after the other.
pub type Entries = Box<dyn Iterator<Item = Result<Stored, StateError>> + Send>;

/// What a state says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// The format of the state.
    pub format: u64,
    /// The pipeline it belongs to.
    pub pipeline: String,
    /// What tells the pipeline's steps from others.
    pub fingerprint: String,
    /// The checkpoint; none if there was none yet.
    pub checkpoint: Option<Checkpoint>,
    /// The tables, by step and name.
    pub tables: Vec<TableName>,
}

/// A table of a step.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TableName {
    /// The step.
    pub step: String,
    /// The table.
    pub table: String,
    /// The kind of its values.
    pub kind: String,
}

/// A value as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Which of the tables of the summary.
    pub table: usize,
    /// The group: for a window its end and its start.
    pub group: Group,
    /// The key.
    pub key: Vec<u8>,
    /// The value, encoded.
    pub value: Vec<u8>,
}

impl Contents {
    /// The state of one pipeline: the file of a savepoint, or the directory of a pipeline. A process that works with the
    /// directory goes on doing so, and answers with its last checkpoint.
    ///
    /// # Errors
    /// There is no state, or it cannot be read.
    pub fn open(path: &Path) -> Result<Self, StateError> {
        match path.is_dir() {
            true => folder::open(path),
            false => savepoint::open(path),
        }
    }

    /// Writes it all to a file, which is there as a whole or not at all. Returns how many values it holds.
    ///
    /// # Errors
    /// It cannot be read, or the file not be written; a file that is there is not replaced.
    pub fn save(self, to: &Path) -> Result<u64, StateError> {
        savepoint::save(self, to)
    }
}

impl Summary {
    pub(crate) fn new(
        header: Header,
        checkpoint: Option<Checkpoint>,
        tables: Vec<TableName>,
    ) -> Self {
        Self {
            format: header.format,
            pipeline: header.pipeline,
            fingerprint: header.fingerprint,
            checkpoint,
            tables,
        }
    }
}

/// The directories of pipelines at a path: itself, or those in it, by name.
///
/// # Errors
/// There is no state.
pub fn pipelines(path: &Path) -> Result<Vec<PathBuf>, StateError> {
    let has_state = |path: &Path| path.join("state.json").is_file();
    if path.is_file() || has_state(path) {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path).map_err(StateError::io("read", path))? {
        let entry = entry.map_err(StateError::io("read", path))?.path();
        if has_state(&entry) {
            found.push(entry);
        }
    }
    found.sort_unstable();
    match found.is_empty() {
        true => Err(StateError::None(path.to_owned())),
        false => Ok(found),
    }
}

/// Writes what another process asks for to a stream of bytes.
pub(crate) use folder::of_disk;
pub(crate) use savepoint::write;
