//! The directory that a durable store lives in.
//!
//! ```text
//! DIR/lock                                      held by the process that uses the directory
//! DIR/facts.journal                             streams, and whatever else the dialects remember
//! DIR/streams/NAME-ID/PARTITION/BASE.log        segments, named by their first offset
//! ```

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::StoreError;

/// When written bytes are forced to disk. A killed process loses nothing either way, only a loss of power can.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fsync {
    /// In the background, so often, and when the store closes.
    Every(Duration),
    /// Before an append is acknowledged.
    EveryAppend,
}

impl Default for Fsync {
    /// Once per second.
    fn default() -> Self {
        Self::Every(Duration::from_secs(1))
    }
}

/// An open data directory, locked against other processes.
#[derive(Debug)]
pub(crate) struct DataDir {
    root: PathBuf,
    _lock: File,
}

impl DataDir {
    /// Creates the directory if need be and locks it.
    pub(crate) fn open(root: &Path) -> Result<Self, StoreError> {
        let streams = root.join("streams");
        fs::create_dir_all(&streams).map_err(StoreError::io("create", &streams))?;
        let path = root.join("lock");
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path);
        let lock = lock.map_err(StoreError::io("open", &path))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                root: root.to_owned(),
                _lock: lock,
            }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Locked(root.to_owned())),
            Err(TryLockError::Error(error)) => Err(StoreError::io("lock", &path)(error)),
        }
    }

    /// The file that the facts are in.
    pub(crate) fn journal(&self) -> PathBuf {
        self.root.join("facts.journal")
    }

    /// The directory of a stream.
    pub(crate) fn stream(&self, name: &str, id: u128) -> PathBuf {
        let safe = |letter: char| match letter {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '_' | '-' => letter,
            _ => '_',
        };
        let readable: String = name.chars().take(100).map(safe).collect();
        self.root
            .join("streams")
            .join(format!("{readable}-{id:032x}"))
    }

    /// Removes a stream's directory, if there is one.
    pub(crate) fn remove_stream(&self, directory: &Path) -> Result<(), StoreError> {
        match fs::remove_dir_all(directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other.map_err(StoreError::io("remove", directory)),
        }
    }

    /// Names the directories that belong to none of the streams.
    pub(crate) fn strangers(&self, known: &[PathBuf]) -> Result<Vec<String>, StoreError> {
        let streams = self.root.join("streams");
        let mut strangers = Vec::new();
        for entry in fs::read_dir(&streams).map_err(StoreError::io("list", &streams))? {
            let path = entry.map_err(StoreError::io("list", &streams))?.path();
            if !known.contains(&path) {
                strangers.push(format!(
                    "`{}` belongs to no stream, it was left alone",
                    path.display()
                ));
            }
        }
        Ok(strangers)
    }
}
