//! What can go wrong in a store.

use std::io;
use std::path::{Path, PathBuf};

/// A store's refusal or failure.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The file system refused.
    #[error("cannot {action} `{}`: {source}", path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// On which file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A read asked for an offset that the partition does not have.
    #[error("offset {asked} is outside {start}..{end}")]
    OutOfRange {
        /// The offset asked for.
        asked: i64,
        /// The first offset there is.
        start: i64,
        /// One past the last offset there is.
        end: i64,
    },
    /// Records would not fit into the memory that the store may use.
    #[error(
        "the memory limit of {limit} bytes is reached, {used} are in use; raise it, delete topics, or use a data directory"
    )]
    OutOfMemory {
        /// The limit in bytes.
        limit: u64,
        /// Bytes in use.
        used: u64,
    },
    /// A frame's payload has to be shorter than 4 GiB.
    #[error("a frame of 4 GiB or more cannot be stored")]
    TooLarge,
    /// The stream was deleted while the caller still held it.
    #[error("the stream was deleted")]
    Deleted,
    /// An earlier write failed and could not be undone.
    #[error("an earlier write error could not be undone, restart to recover")]
    Broken,
    /// A file holds something that no crash can have left behind.
    #[error("`{}` is damaged at byte {position}: {reason}; restore the file, or remove the data directory to start anew", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where in it.
        position: u64,
        /// What does not hold.
        reason: &'static str,
    },
    /// A file that was there is gone.
    #[error("`{}` is missing; restore the file, or remove the data directory to start anew", .0.display())]
    Missing(PathBuf),
    /// Another process uses the data directory.
    #[error("the data directory `{}` is in use by another process", .0.display())]
    Locked(PathBuf),
    /// A remembered fact cannot be read.
    #[error(
        "the fact `{key}` of table {table} cannot be read: {reason}; was it written by a newer version?"
    )]
    Fact {
        /// The table.
        table: u8,
        /// The fact's key.
        key: String,
        /// What does not hold.
        reason: String,
    },
    /// The data directory was written by something else.
    #[error("`{}` is not a data directory of this version: {reason}", path.display())]
    Foreign {
        /// The file that tells.
        path: PathBuf,
        /// What does not hold.
        reason: String,
    },
}

impl StoreError {
    /// An I/O error together with what was tried on which path.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }

    /// Something in a file that cannot be what was written.
    pub(crate) fn damaged(path: &Path, position: u64, reason: &'static str) -> Self {
        Self::Damaged {
            path: path.to_path_buf(),
            position,
            reason,
        }
    }
}
