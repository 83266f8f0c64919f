//! Leases in a file, for the readers of one machine.
//!
//! The file is replaced as a whole, so that a crash leaves the old or the new one. A lock makes changes wait for each other,
//! also those of other processes. Each reader holds a lock of its own for as long as it lives; the system gives that back
//! when a process dies, so nobody waits for the dead.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind as Io, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use ssectl_adapter::{Error, ErrorKind, Result};

use super::{Change, Lease, Leases, Store};
use crate::client::{Service, Stream};
use crate::topology::ShardId;

/// The format of the file.
const VERSION: u32 = 1;

/// Leases of one group at one stream.
pub(super) struct FileStore {
    files: Files,
    /// When the stream was made: what was kept for an earlier one of its name is void.
    created: i64,
    /// Locked for as long as the reader lives.
    _alive: Option<Alive>,
}

#[derive(Clone)]
struct Files {
    folder: PathBuf,
    group: String,
}

/// The lock that shows that a reader lives.
struct Alive {
    path: PathBuf,
    _file: File,
}

impl Drop for Alive {
    fn drop(&mut self) {
        // It says the same when it is left there: nobody holds its lock.
        fs::remove_file(&self.path).ok();
    }
}

#[derive(Serialize, Deserialize)]
struct Content {
    version: u32,
    stream: String,
    created: i64,
    leases: BTreeMap<ShardId, Kept>,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    owner: Option<Arc<str>>,
    counter: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    place: Option<String>,
}

impl FileStore {
    pub(super) fn open(
        service: &Service,
        stream: &Stream,
        group: &str,
        reader: Option<&Arc<str>>,
    ) -> Result<Self> {
        let top = match &service.config.checkpoint_dir {
            Some(folder) => folder.clone(),
            None => usual_folder()?,
        };
        let folder = top
            .join(file_name(&service.place()))
            .join(file_name(&stream.name));
        fs::create_dir_all(&folder)
            .map_err(|error| fault("making the folder of checkpoints", &folder, error))?;
        let files = Files {
            folder,
            group: file_name(group),
        };
        let alive = reader.map(|reader| files.live(reader)).transpose()?;
        Ok(Self {
            files,
            created: stream.created,
            _alive: alive,
        })
    }
}

/// Where programs keep what they must not lose (XDG base directories).
fn usual_folder() -> Result<PathBuf> {
    let of = |name| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let state = of("XDG_STATE_HOME").filter(|path| path.is_absolute());
    let state = state.or_else(|| Some(of("HOME")?.join(".local/state")));
    state
        .map(|state| state.join("ssectl/kinesis"))
        .ok_or_else(|| {
            Error::new(ErrorKind::Config, "there is no folder for checkpoints")
                .hint("set `HOME`, `XDG_STATE_HOME` or the option `checkpoint-dir`")
        })
}

/// A name as one of a file: everything but letters, digits, `-`, `_` and inner dots is escaped as in URIs.
fn file_name(name: &str) -> String {
    let plain = |(at, byte): (usize, u8)| {
        byte.is_ascii_alphanumeric() || b"-_".contains(&byte) || (byte == b'.' && at > 0)
    };
    let escaped = name
        .bytes()
        .enumerate()
        .map(|(at, byte)| match plain((at, byte)) {
            true => char::from(byte).to_string(),
            false => format!("%{byte:02X}"),
        });
    escaped.collect()
}

impl Files {
    fn content(&self) -> PathBuf {
        self.folder.join(format!("{}.json", self.group))
    }

    fn reader(&self, reader: &str) -> PathBuf {
        self.folder
            .join(format!("{}.{}.alive", self.group, file_name(reader)))
    }

    fn live(&self, reader: &str) -> Result<Alive> {
        let path = self.reader(reader);
        let told = |error| fault("locking", &path, error);
        let file = File::create(&path).map_err(told)?;
        file.lock().map_err(told)?;
        Ok(Alive {
            path: path.clone(),
            _file: file,
        })
    }

    fn is_alive(&self, reader: &str) -> bool {
        let path = self.reader(reader);
        match File::open(&path) {
            Ok(file) => match file.try_lock_shared() {
                Ok(()) => {
                    fs::remove_file(&path).ok();
                    false
                }
                Err(_) => true,
            },
            Err(error) => error.kind() != Io::NotFound,
        }
    }

    /// Waits until nobody else changes the file.
    fn lock(&self) -> Result<File> {
        let path = self.folder.join(format!("{}.lock", self.group));
        let told = |error| fault("locking", &path, error);
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(told)?;
        file.lock().map_err(told)?;
        Ok(file)
    }

    fn read(&self, created: i64) -> Result<Leases> {
        let path = self.content();
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == Io::NotFound => return Ok(Leases::new()),
            Err(error) => return Err(fault("reading checkpoints", &path, error)),
        };
        let damaged = |what: String| {
            Error::new(ErrorKind::Data, what)
                .with("file", path.display())
                .hint("delete the file to let the group begin at the oldest record")
        };
        let content: Content = serde_json::from_slice(&bytes)
            .map_err(|error| damaged(format!("the checkpoints cannot be read: {error}")))?;
        if content.version != VERSION {
            return Err(damaged(format!(
                "the checkpoints are of version {}, this program reads {VERSION}",
                content.version
            )));
        }
        if content.created != created {
            return Ok(Leases::new());
        }
        let lease = |kept: Kept| {
            let place = kept.place.map(|place| place.parse()).transpose()?;
            Ok::<_, Error>(Lease {
                owner: kept.owner,
                counter: kept.counter,
                place,
            })
        };
        let leases = content
            .leases
            .into_iter()
            .map(|(shard, kept)| Ok((shard, lease(kept)?)));
        leases
            .collect::<Result<_>>()
            .map_err(|error| damaged(error.to_string()))
    }

    /// Replaces the file: the new one is on disk before it takes the name of the old one.
    fn write(&self, content: &Content) -> Result<()> {
        let (path, next) = (
            self.content(),
            self.folder.join(format!("{}.next", self.group)),
        );
        let bytes =
            serde_json::to_vec_pretty(content).expect("strings and numbers are always JSON");
        let replace = || {
            let mut file = File::create(&next)?;
            file.write_all(&bytes)?;
            file.sync_all()?;
            fs::rename(&next, &path)?;
            File::open(&self.folder)?.sync_all()
        };
        replace().map_err(|error| fault("writing checkpoints", &path, error))
    }

    fn swap(&self, created: i64, changes: Vec<Change>) -> Result<Vec<bool>> {
        let _lock = self.lock()?;
        let mut leases = self.read(created)?;
        let written = changes.into_iter().map(|Change { shard, seen, lease }| {
            let fresh = leases.get(&shard).map(|lease| lease.counter) == seen;
            if fresh {
                leases.insert(shard, lease);
            }
            fresh
        });
        let written: Vec<bool> = written.collect();
        self.write(&content(&self.folder, created, &leases))?;
        Ok(written)
    }
}

fn content(folder: &Path, created: i64, leases: &Leases) -> Content {
    let kept = |lease: &Lease| Kept {
        owner: lease.owner.clone(),
        counter: lease.counter,
        place: lease.place.as_ref().map(ToString::to_string),
    };
    Content {
        version: VERSION,
        stream: folder
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default(),
        created,
        leases: leases
            .iter()
            .map(|(shard, lease)| (shard.clone(), kept(lease)))
            .collect(),
    }
}

fn fault(doing: &str, path: &Path, error: std::io::Error) -> Error {
    Error::from_io(format!("{doing} failed"), error).with("file", path.display())
}

#[async_trait]
impl Store for FileStore {
    async fn list(&self) -> Result<Leases> {
        let (files, created) = (self.files.clone(), self.created);
        blocking(move || files.read(created)).await
    }

    async fn swap(&self, changes: Vec<Change>) -> Result<Vec<bool>> {
        let (files, created) = (self.files.clone(), self.created);
        blocking(move || files.swap(created, changes)).await
    }

    fn needs_signs_of_life(&self) -> bool {
        false
    }

    async fn is_alive(&self, owner: &str) -> Option<bool> {
        Some(self.files.is_alive(owner))
    }
}

/// Files may be slow, and a lock may be waited for.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| {
        Err(Error::new(ErrorKind::Other, "the checkpoints were not written").caused_by(error))
    })
}
