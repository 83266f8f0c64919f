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
    /// The stream was deleted while the caller still held it.
    #[error("the stream was deleted")]
    Deleted,
    /// An earlier write failed and could not be undone.
    #[error("an earlier write error could not be undone, restart to recover")]
    Broken,
    /// A frame's checksum does not match its content.
    #[error("`{}` is damaged at byte {position}: {reason}", path.display())]
    Damaged {
        /// The segment.
        path: PathBuf,
        /// Where in it.
        position: u64,
        /// What does not hold.
        reason: &'static str,
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
}
