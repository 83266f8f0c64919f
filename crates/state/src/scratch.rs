//! Directories that end with the process.
//!
//! A process that is killed leaves its directory behind. Each holds a lock as long as its process lives, so the next one
//! that needs a directory removes those whose lock is free.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use tempfile::TempDir;

/// What the names of the directories begin with.
const PREFIX: &str = "ssectl-state-";
/// The store has a file `lock` of its own.
const LOCK: &str = "in-use";

/// A directory of this process; gone when it is dropped.
pub(crate) struct Scratch {
    // Fields are dropped in order: the directory goes while it is still locked.
    dir: TempDir,
    _lock: File,
}

impl Scratch {
    /// Makes one in `within`, and removes those of processes that were killed.
    pub(crate) fn make(within: &Path) -> io::Result<Self> {
        sweep(within);
        let dir = tempfile::Builder::new().prefix(PREFIX).tempdir_in(within)?;
        // Nobody sees the lock before it is locked.
        let early = dir.path().join("in-use.next");
        let lock = File::create_new(&early)?;
        lock.lock()?;
        fs::rename(early, dir.path().join(LOCK))?;
        Ok(Self { dir, _lock: lock })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }
}

/// Removes what nobody uses. What cannot be removed belongs to somebody else, or is of no use to anybody.
fn sweep(within: &Path) {
    let Ok(entries) = fs::read_dir(within) else {
        return;
    };
    for entry in entries.flatten() {
        let ours = entry.file_name().to_string_lossy().starts_with(PREFIX);
        let lock = entry.path().join(LOCK);
        if ours
            && let Ok(file) = File::options().write(true).open(&lock)
            && file.try_lock().is_ok()
            && let Err(error) = fs::remove_dir_all(entry.path())
        {
            log::debug!("cannot remove `{}`: {error}", entry.path().display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_process_left_is_removed_and_what_is_in_use_is_not() {
        let within = tempfile::tempdir().unwrap();
        let used = Scratch::make(within.path()).unwrap();
        let left = within.path().join("ssectl-state-left");
        let (strange, young) = (
            within.path().join("other-left"),
            within.path().join("ssectl-state-young"),
        );
        for dir in [&left, &strange, &young] {
            fs::create_dir(dir).unwrap();
            fs::write(dir.join("journal"), "x").unwrap();
        }
        for dir in [&left, &strange] {
            fs::write(dir.join(LOCK), "").unwrap();
        }
        let next = Scratch::make(within.path()).unwrap();
        assert!(!left.exists());
        assert!(strange.exists() && young.exists());
        assert!(used.path().exists() && next.path() != used.path());
        let path = used.path().to_owned();
        drop(used);
        assert!(!path.exists());
    }
}
