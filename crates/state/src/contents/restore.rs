//! A savepoint becomes the state of a pipeline.

use std::path::{Path, PathBuf};

use super::{Contents, Stored};
use crate::StateError;
use crate::disk::{Change, Disk};
use crate::place::place;
use crate::store::{Checkpoint, Folder, StoreSpec, meta};

const MEMORY: usize = 64 << 20;
/// So many values are written at once.
const CHUNK: usize = 8192;

/// Makes the state of a pipeline under `root` from this one, which may come from another target, or have been written by any
/// number of threads. Without `positions` the pipeline begins where its source says, with what it remembers.
/// Returns the directory and how many values are in it.
///
/// # Errors
/// There is state already, the contents cannot be read, or the disk fails; the directory is then no state.
pub fn restore(
    contents: Contents,
    root: &Path,
    positions: bool,
) -> Result<(PathBuf, u64), StateError> {
    let summary = contents.summary;
    let spec = StoreSpec {
        pipeline: summary.pipeline,
        fingerprint: summary.fingerprint,
        memory: MEMORY,
    };
    let mut folder = Folder::empty(root, &spec)?;
    let disk = Disk::open(&folder.database(), spec.memory, true)?;
    let mut chunk = Vec::with_capacity(CHUNK);
    let (mut count, mut at) = (0, Vec::new());
    for entry in contents.entries {
        let Stored {
            table,
            group,
            key,
            value,
        } = entry?;
        let table = u32::try_from(table).map_err(|error| StateError::Store(error.to_string()))?;
        place(table, group, &key, &mut at);
        chunk.push(Change {
            place: at.as_slice().into(),
            value: Some(value.into()),
        });
        count += 1;
        if chunk.len() == CHUNK {
            disk.write(chunk.drain(..), [])?;
        }
    }
    let mut checkpoint = summary.checkpoint.unwrap_or_else(Checkpoint::none);
    if !positions {
        checkpoint.marks.positions.clear();
        checkpoint.marks.target.clear();
    }
    let tables: Vec<_> = (0..).zip(summary.tables).collect();
    disk.write(chunk, meta(&checkpoint, &tables)?)?;
    drop(disk);
    folder.note(checkpoint.number)?;
    folder.claim(&spec)?;
    Ok((folder.path().to_owned(), count))
}
