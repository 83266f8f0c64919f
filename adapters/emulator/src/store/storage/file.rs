//! A segment in a file.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;

use crate::store::StoreError;

/// A file that grows by whole frames.
///
/// Only a segment that is written to, or not yet on disk for sure, keeps its file open, so that a store with many
/// segments does not run out of file descriptors.
#[derive(Debug)]
pub(crate) struct SegmentFile {
    path: PathBuf,
    len: u64,
    handle: Option<Arc<File>>,
    /// Whether bytes were written since the last sync.
    dirty: bool,
    /// Whether its directory may not list it yet if the power fails.
    fresh: bool,
    /// Whether it may still grow.
    active: bool,
    /// An append failed and could not be undone.
    broken: bool,
}

impl SegmentFile {
    /// Creates an empty file, together with its directory.
    pub(crate) fn create(path: PathBuf) -> Result<Self, StoreError> {
        if let Some(directory) = path.parent() {
            std::fs::create_dir_all(directory).map_err(StoreError::io("create", directory))?;
        }
        let mut options = OpenOptions::new();
        let file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(&path);
        let handle = Some(Arc::new(file.map_err(StoreError::io("create", &path))?));
        Ok(Self {
            path,
            len: 0,
            handle,
            dirty: true,
            fresh: true,
            active: true,
            broken: false,
        })
    }

    /// A file that has `len` sound bytes.
    pub(crate) fn existing(path: PathBuf, len: u64) -> Self {
        Self {
            path,
            len,
            handle: None,
            dirty: false,
            fresh: false,
            active: false,
            broken: false,
        }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes stored.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Adds `bytes` with one write; takes back what was written of them if it fails.
    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        if self.broken {
            return Err(StoreError::Broken);
        }
        let file = self.handle()?;
        if let Err(error) = write_at(&file, bytes, self.len) {
            self.broken = file.set_len(self.len).is_err();
            return Err(StoreError::io("append to", &self.path)(error));
        }
        self.len += bytes.len() as u64;
        (self.dirty, self.active) = (true, true);
        self.handle = Some(file);
        Ok(())
    }

    /// The open file; it stays valid when the segment is replaced or removed.
    pub(crate) fn handle(&self) -> Result<Arc<File>, StoreError> {
        if let Some(handle) = &self.handle {
            return Ok(Arc::clone(handle));
        }
        let opened = OpenOptions::new().read(true).write(true).open(&self.path);
        opened
            .map(Arc::new)
            .map_err(StoreError::io("open", &self.path))
    }

    /// Declares that it will not grow any more.
    pub(crate) fn close(&mut self) {
        self.active = false;
        if !self.dirty {
            self.handle = None;
        }
    }

    /// What has to be synced, if anything; it counts as synced from now on.
    pub(crate) fn take_dirty(&mut self) -> Option<Dirty> {
        if !std::mem::take(&mut self.dirty) {
            return None;
        }
        let file = if self.active {
            self.handle.clone()
        } else {
            self.handle.take()
        };
        let fresh = std::mem::take(&mut self.fresh);
        file.map(|file| Dirty {
            file,
            path: self.path.clone(),
            fresh,
        })
    }

    /// Gives the file another name, in the place of any that has it.
    pub(crate) fn rename(&mut self, path: &Path) -> Result<(), StoreError> {
        std::fs::rename(&self.path, path).map_err(StoreError::io("replace", path))?;
        self.path = path.to_owned();
        Ok(())
    }

    /// Refuses all further appends.
    pub(crate) fn mark_broken(&mut self) {
        self.broken = true;
    }
}

/// A file with bytes that may not have reached the disk.
#[derive(Debug)]
pub(crate) struct Dirty {
    file: Arc<File>,
    path: PathBuf,
    fresh: bool,
}

impl Dirty {
    /// Whether the file was new, and its name is not on disk for sure.
    pub(crate) fn is_fresh(&self) -> bool {
        self.fresh
    }

    /// Waits until the bytes, and for a new file its name too, are on disk.
    pub(crate) fn sync(&self) -> Result<(), StoreError> {
        self.file
            .sync_data()
            .map_err(StoreError::io("sync", &self.path))?;
        // A new file may have come with new directories: partition, stream, and the list of streams.
        let directories = self
            .path
            .ancestors()
            .skip(1)
            .take(if self.fresh { 3 } else { 0 });
        directories
            .map(Path::to_path_buf)
            .try_for_each(|directory| sync_directory(&directory))
    }
}

/// Waits until the names in a directory are on disk.
pub(crate) fn sync_directory(path: &Path) -> Result<(), StoreError> {
    // Windows has no such call; there, names are on disk with the files.
    if cfg!(windows) {
        return Ok(());
    }
    File::open(path)
        .and_then(|directory| directory.sync_all())
        .map_err(StoreError::io("sync", path))
}

#[cfg(unix)]
fn write_at(file: &File, bytes: &[u8], position: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, position)
}

#[cfg(windows)]
fn write_at(file: &File, mut bytes: &[u8], mut position: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match std::os::windows::fs::FileExt::seek_write(file, bytes, position)? {
            0 => return Err(io::ErrorKind::WriteZero.into()),
            written => {
                bytes = &bytes[written..];
                position += written as u64;
            }
        }
    }
    Ok(())
}

/// At most `len` bytes from `position` on; fewer at the end of the file.
pub(super) fn read_at(file: &File, position: u64, len: usize) -> io::Result<Bytes> {
    let available = file.metadata()?.len().saturating_sub(position);
    let mut bytes = vec![0; len.min(usize::try_from(available).unwrap_or(usize::MAX))];
    let mut filled = 0;
    while filled < bytes.len() {
        match read_some(file, &mut bytes[filled..], position + filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(filled);
    Ok(Bytes::from(bytes))
}

#[cfg(unix)]
fn read_some(file: &File, bytes: &mut [u8], position: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, bytes, position)
}

#[cfg(windows)]
fn read_some(file: &File, bytes: &mut [u8], position: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, bytes, position)
}
