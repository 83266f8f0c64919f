//! State that is made again from a log of its changes, on a machine that has none or an older one.

use std::fs;
use std::path::{Path, PathBuf};

use super::folder::Folder;
use super::seal::{Checkpoint, Marker, meta};
use super::{StoreSpec, prepared};
use crate::StateError;
use crate::disk::{Change, Disk};

/// So many changes are written at once.
const CHUNK: usize = 8192;

/// State that is being made; it is none until it is finished.
pub struct Rebuild {
    folder: Folder,
    disk: Disk,
    spec: StoreSpec,
    chunk: Vec<Change>,
}

impl Rebuild {
    /// Begins in the directory of a pipeline, in the place of what is there.
    ///
    /// # Errors
    /// Another process works with it, or the disk fails.
    pub fn begin(root: &Path, spec: &StoreSpec) -> Result<Self, StateError> {
        let folder = Folder::make(root, spec)?;
        let unfinished = sign(folder.path());
        fs::write(&unfinished, "").map_err(StateError::io("write", &unfinished))?;
        for file in ["state.json", "checkpoint"] {
            let path = folder.path().join(file);
            gone(fs::remove_file(&path)).map_err(StateError::io("remove", path))?;
        }
        prepared::remove(folder.path())?;
        let database = folder.database();
        gone(fs::remove_dir_all(&database)).map_err(StateError::io("remove", &database))?;
        Ok(Self {
            disk: Disk::open(&database, spec.memory / 4, true)?,
            folder,
            spec: spec.clone(),
            chunk: Vec::with_capacity(CHUNK),
        })
    }

    /// Whether a process ended before it had finished.
    pub fn is_unfinished(root: &Path, spec: &StoreSpec) -> bool {
        sign(&Folder::place(root, spec)).exists()
    }

    /// Takes a change, as [`Sealed::changes`](super::Sealed::changes) gave it; the last one of a place counts.
    ///
    /// # Errors
    /// The disk fails.
    pub fn put(&mut self, place: &[u8], value: Option<&[u8]>) -> Result<(), StateError> {
        self.chunk.push(Change {
            place: place.into(),
            value: value.map(Into::into),
        });
        match self.chunk.len() {
            CHUNK => self.disk.write(self.chunk.drain(..), []),
            _ => Ok(()),
        }
    }

    /// All changes of the checkpoint with this marker were taken: it is what the state is in.
    ///
    /// # Errors
    /// The marker makes no sense, or belongs to other steps; or the disk fails.
    pub fn finish(self, marker: &[u8]) -> Result<(), StateError> {
        let Self {
            mut folder,
            disk,
            spec,
            chunk,
        } = self;
        let Marker {
            checkpoint: Checkpoint { number, marks },
            tables,
            fingerprint,
        } = Marker::parse(marker)?;
        if fingerprint != spec.fingerprint {
            return Err(StateError::Fingerprint {
                dir: folder.path().to_owned(),
                found: fingerprint,
                wanted: spec.fingerprint,
            });
        }
        disk.write(chunk, meta(&Checkpoint { number, marks }, &tables)?)?;
        drop(disk);
        folder.note(number)?;
        folder.claim(&spec)?;
        let unfinished = sign(folder.path());
        fs::remove_file(&unfinished).map_err(StateError::io("remove", unfinished))
    }
}

fn sign(dir: &Path) -> PathBuf {
    dir.join("unfinished")
}

fn gone(removed: std::io::Result<()>) -> std::io::Result<()> {
    match removed {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
