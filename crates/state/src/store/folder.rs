//! The directory of one pipeline's state: whose it is, who has it open, and how far it got.
//!
//! `state.json` says the format, the pipeline and the fingerprint of its steps; `lock` is locked by the process that works
//! with it; `checkpoint` is the number of the last checkpoint, which the store in `db` must know.

use std::fmt::Write as _;
use std::fs::{self, File, TryLockError};
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::StoreSpec;
use super::prepared::{self, Prepared};
use crate::StateError;

/// The format that this version reads and writes.
pub(crate) const FORMAT: u64 = 1;

/// Whose state it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Header {
    pub(crate) format: u64,
    pub(crate) pipeline: String,
    pub(crate) fingerprint: String,
    /// What tells the state from others of the same pipeline. Older ones have none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) id: String,
}

impl Header {
    pub(crate) fn of(spec: &StoreSpec) -> Self {
        Self {
            format: FORMAT,
            pipeline: spec.pipeline.clone(),
            fingerprint: spec.fingerprint.clone(),
            id: String::new(),
        }
    }

    /// The same with an id that nobody else has.
    fn named(self) -> Self {
        // Two hashers are seeded apart, by the system's random numbers.
        let draw = || RandomState::new().build_hasher().finish();
        let id = format!("{:016x}{:016x}", draw(), draw());
        Self { id, ..self }
    }
}

/// The open directory of a pipeline.
pub(crate) struct Folder {
    path: PathBuf,
    id: String,
    _lock: File,
}

impl Folder {
    /// Locks the directory of a pipeline; it is made if it is not there.
    pub(crate) fn open(root: &Path, spec: &StoreSpec) -> Result<Self, StateError> {
        let mut folder = Self::make(root, spec)?;
        let header = Header::of(spec);
        match read_header(&folder.path)? {
            Some(found) => {
                folder.compare(&found, &header)?;
                folder.id = found.id;
            }
            None if folder.database().exists() => {
                return Err(folder.damage("`state.json` is missing"));
            }
            None => {}
        }
        if folder.id.is_empty() {
            folder.claim(spec)?;
        }
        Ok(folder)
    }

    /// Locks the directory of a pipeline that has no state yet; [`Folder::claim`] makes it one.
    pub(crate) fn empty(root: &Path, spec: &StoreSpec) -> Result<Self, StateError> {
        let folder = Self::make(root, spec)?;
        if folder.database().exists() || folder.path.join("state.json").exists() {
            return Err(StateError::Exists(folder.path));
        }
        Ok(folder)
    }

    /// Locks a directory that is there.
    pub(crate) fn again(dir: &Path) -> Result<Self, StateError> {
        Ok(Self {
            path: dir.to_owned(),
            id: String::new(),
            _lock: lock(dir)?,
        })
    }

    /// Says whose state it is.
    pub(crate) fn claim(&mut self, spec: &StoreSpec) -> Result<(), StateError> {
        let header = Header::of(spec).named();
        replace(&self.path.join("state.json"), &json(&header)?)?;
        self.id = header.id;
        Ok(())
    }

    /// The directory of a pipeline.
    pub(crate) fn place(root: &Path, spec: &StoreSpec) -> PathBuf {
        root.join(file_name(&spec.pipeline))
    }

    /// Locks the directory of a pipeline, whatever is in it.
    pub(crate) fn make(root: &Path, spec: &StoreSpec) -> Result<Self, StateError> {
        let path = Self::place(root, spec);
        fs::create_dir_all(&path).map_err(StateError::io("create", &path))?;
        Ok(Self {
            _lock: lock(&path)?,
            path,
            id: String::new(),
        })
    }

    /// The directory.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What tells it from all others.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// The checkpoint that was prepared behind the one of this number. One that the store has by now is removed.
    pub(crate) fn prepared(&self, number: u64) -> Result<Option<Prepared>, StateError> {
        let Some(found) = prepared::read(&self.path)? else {
            return Ok(None);
        };
        match found.checkpoint.number {
            next if next == number + 1 => Ok(Some(found)),
            old if old <= number => prepared::remove(&self.path).map(|()| None),
            other => Err(self.damage(&format!(
                "checkpoint {other} was prepared, and checkpoint {number} is the last one that can be read"
            ))),
        }
    }

    /// Where the store is.
    pub(crate) fn database(&self) -> PathBuf {
        self.path.join("db")
    }

    /// Sees to it that the store has the last checkpoint that was completed: a store without its last files opens as if it
    /// were an older one.
    pub(crate) fn check(&self, number: u64) -> Result<(), StateError> {
        let path = self.path.join("checkpoint");
        let noted = match fs::read_to_string(&path) {
            Ok(text) => text.trim().parse::<u64>(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            Err(error) => return Err(StateError::io("read", path)(error)),
        };
        match noted {
            Err(_) => Err(self.damage("the file `checkpoint` is no number")),
            Ok(noted) if noted > number => Err(self.damage(&format!(
                "checkpoint {noted} was completed, and checkpoint {number} is the last one that can be read"
            ))),
            Ok(_) => Ok(()),
        }
    }

    /// Notes the last checkpoint. After a loss of power it may be an earlier one, which does no harm.
    pub(crate) fn note(&self, number: u64) -> Result<(), StateError> {
        let (path, next) = (
            self.path.join("checkpoint"),
            self.path.join("checkpoint.next"),
        );
        fs::write(&next, format!("{number}\n")).map_err(StateError::io("write", &next))?;
        fs::rename(&next, &path).map_err(StateError::io("write", &path))
    }

    /// An error of the store when it is opened.
    pub(crate) fn damaged(&self, error: StateError) -> StateError {
        match error {
            StateError::Store(what) => self.damage(&what),
            error => error,
        }
    }

    fn damage(&self, what: &str) -> StateError {
        StateError::Damaged {
            dir: self.path.clone(),
            what: what.to_owned(),
        }
    }

    fn compare(&self, found: &Header, wanted: &Header) -> Result<(), StateError> {
        if found.format != wanted.format {
            return Err(StateError::Format {
                dir: self.path.clone(),
                found: found.format,
                known: wanted.format,
            });
        }
        if found.fingerprint != wanted.fingerprint {
            return Err(StateError::Fingerprint {
                dir: self.path.clone(),
                found: found.fingerprint.clone(),
                wanted: wanted.fingerprint.clone(),
            });
        }
        Ok(())
    }
}

/// What the directory says of itself.
pub(crate) fn read_header(dir: &Path) -> Result<Option<Header>, StateError> {
    let path = dir.join("state.json");
    let text = match fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(StateError::io("read", path)(error)),
    };
    let header = serde_json::from_slice(&text).map_err(|error| StateError::Damaged {
        dir: dir.to_owned(),
        what: format!("`state.json` cannot be read: {error}"),
    })?;
    Ok(Some(header))
}

/// Locks a directory for this process.
fn lock(dir: &Path) -> Result<File, StateError> {
    let path = dir.join("lock");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(StateError::io("open", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StateError::Locked(dir.to_owned())),
        Err(TryLockError::Error(error)) => Err(StateError::io("lock", path)(error)),
    }
}

/// The name of a pipeline's directory: what is odd in a path is written as its bytes.
fn file_name(pipeline: &str) -> String {
    let mut name = String::new();
    for byte in pipeline.bytes() {
        match byte {
            b'.' if name.is_empty() => name.push_str("%2E"),
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
                name.push(char::from(byte));
            }
            _ => {
                let _ = write!(name, "%{byte:02X}");
            }
        }
    }
    name
}

/// Puts a file in the place of another one; it is there as a whole or not at all.
fn replace(path: &Path, bytes: &[u8]) -> Result<(), StateError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let write = || {
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        io::Write::write_all(&mut file, bytes)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        File::open(folder)?.sync_all()
    };
    write().map_err(StateError::io("write", path))
}

fn json(header: &Header) -> Result<Vec<u8>, StateError> {
    serde_json::to_vec_pretty(header).map_err(|error| StateError::Store(error.to_string()))
}
