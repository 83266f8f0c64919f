//! The directory of a group: locks, and a file that is replaced as a whole.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind as Io, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use ssectl_adapter::{Error, ErrorKind, Result};

use super::state::{State, VERSION};

/// The checkpoints.
const FILE: &str = "checkpoints.json";
/// Their successor while it is written.
const NEW: &str = "checkpoints.json.new";
/// Held while anything here changes.
const LOCK: &str = "lock";
/// A file for each reader.
const READERS: &str = "readers";

/// A directory that may not be there yet.
#[derive(Clone)]
pub(super) struct Folder {
    path: PathBuf,
    incarnation: Option<u64>,
}

impl Folder {
    pub(super) fn new(root: &Path, names: [&str; 3], incarnation: Option<u64>) -> Self {
        let mut path = root.to_owned();
        path.extend(names.map(file_name));
        Self { path, incarnation }
    }

    /// The file with the checkpoints.
    pub(super) fn file(&self) -> PathBuf {
        self.path.join(FILE)
    }

    /// What is stored.
    pub(super) fn read(&self) -> Result<State> {
        let file = self.file();
        let text = match std::fs::read(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == Io::NotFound => return Ok(State::new(self.incarnation)),
            Err(error) => return Err(failed("read", &file, error)),
        };
        let state: State = serde_json::from_slice(&text).map_err(|error| damaged(&file, &error))?;
        if state.version != VERSION {
            let version = state.version;
            return Err(damaged(
                &file,
                &format!("it has version {version}, known is {VERSION}"),
            ));
        }
        if self.incarnation.is_some() && state.incarnation != self.incarnation {
            log::warn!(
                "the hub was made anew: the checkpoints in {} are those of its predecessor and no longer count",
                file.display()
            );
            return Ok(State::new(self.incarnation));
        }
        Ok(state)
    }

    /// Changes what is stored; when it answers Ok the change survives a crash.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut State) -> Result<T>) -> Result<T> {
        self.locked(|| {
            let before = self.read()?;
            let mut after = before.clone();
            let answer = change(&mut after)?;
            if after != before {
                self.replace(&after)?;
            }
            Ok(answer)
        })
    }

    /// Does something while nobody else does.
    pub(super) fn locked<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let readers = self.path.join(READERS);
        std::fs::create_dir_all(&readers).map_err(|error| failed("make", &readers, error))?;
        let path = self.path.join(LOCK);
        let lock = open(&path)?;
        lock.lock().map_err(|error| failed("lock", &path, error))?;
        work()
    }

    fn replace(&self, state: &State) -> Result<()> {
        let (new, file) = (self.path.join(NEW), self.file());
        let text = serde_json::to_vec_pretty(state).expect("names and numbers are always JSON");
        let written = File::create(&new).and_then(|mut open| {
            open.write_all(&text)?;
            open.sync_all()
        });
        written.map_err(|error| failed("write", &new, error))?;
        // The new name is safe when the directory is.
        let renamed =
            std::fs::rename(&new, &file).and_then(|()| File::open(&self.path)?.sync_all());
        renamed.map_err(|error| failed("replace", &file, error))
    }

    /// Makes a reader: its name, and the lock that says that it lives.
    pub(super) fn register(&self) -> Result<(String, File)> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let now = std::time::SystemTime::now().duration_since(std::time::SystemTime::UNIX_EPOCH);
        let count = MADE.fetch_add(1, Ordering::Relaxed);
        let nanos = now.unwrap_or_default().as_nanos();
        let name = format!("{nanos:x}-{}-{count}", std::process::id());
        self.locked(|| {
            let path = self.path.join(READERS).join(&name);
            let lock = open(&path)?;
            lock.lock().map_err(|error| failed("lock", &path, error))?;
            Ok((name.clone(), lock))
        })
    }

    pub(super) fn unregister(&self, name: &str) -> Result<()> {
        let path = self.path.join(READERS).join(name);
        std::fs::remove_file(&path).map_err(|error| failed("remove", &path, error))
    }

    /// The names of all readers that live, `me` among them; the files of others are removed. Only
    /// while the folder is locked.
    pub(super) fn living(&self, me: Option<&str>) -> Result<Vec<String>> {
        let readers = self.path.join(READERS);
        let entries =
            std::fs::read_dir(&readers).map_err(|error| failed("list", &readers, error))?;
        let mut living = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| failed("list", &readers, error))?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            if me == Some(&name) || lives(&entry.path())? {
                living.push(name);
            }
        }
        Ok(living)
    }
}

/// Whether a reader holds its file; one that nobody holds is removed.
fn lives(path: &Path) -> Result<bool> {
    match open(path)?.try_lock() {
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(failed("lock", path, error)),
        Ok(()) => {
            std::fs::remove_file(path).map_err(|error| failed("remove", path, error))?;
            Ok(false)
        }
    }
}

fn open(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    options
        .open(path)
        .map_err(|error| failed("open", path, error))
}

/// A name as a part of a path: letters, digits, `-`, `_` and inner dots stay, the rest is percent-encoded.
/// Capital letters are encoded too, because some file systems do not tell them from small ones.
fn file_name(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for byte in name.bytes() {
        let plain = byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
        if plain || (byte == b'.' && !text.is_empty()) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

fn failed(doing: &str, path: &Path, error: std::io::Error) -> Error {
    Error::from_io(format!("cannot {doing} `{}`", path.display()), error)
}

fn damaged(file: &Path, why: &dyn std::fmt::Display) -> Error {
    Error::new(
        ErrorKind::Data,
        format!(
            "the checkpoints in `{}` cannot be read: {why}",
            file.display()
        ),
    )
    .hint("remove the file to begin anew: the group then reads from the oldest event")
}
