//! An append-only file of entries with checksums, replaced by a shorter one now and then.
//!
//! The file begins with [`MAGIC`]; an entry is a CRC-32C of what follows, a length, and so many bytes; integers are
//! big-endian.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::StoreError;
use super::storage::sync_directory;

/// How the file begins; the last digit is the layout's version.
const MAGIC: &[u8; 8] = b"ssefact1";

/// Bytes before the content of an entry.
const ENTRY_HEADER: usize = 8;

/// An open journal.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    file: File,
    len: u64,
    broken: bool,
}

impl Journal {
    /// Opens or creates the file and calls `replay` with every entry. Returns a note if an unfinished write was cut.
    pub(crate) fn open(
        path: PathBuf,
        mut replay: impl FnMut(&[u8]) -> Result<(), String>,
    ) -> Result<(Self, Option<String>), StoreError> {
        let bytes = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let new = Self::create(path, [])?;
                new.sync_name()?;
                return Ok((new, None));
            }
            other => other.map_err(StoreError::io("read", &path))?,
        };
        let foreign = |reason: &str| StoreError::Foreign {
            path: path.clone(),
            reason: reason.to_owned(),
        };
        let mut rest = bytes
            .strip_prefix(MAGIC)
            .ok_or_else(|| foreign("it begins with something else"))?;
        while let Some(entry) = first_entry(rest) {
            replay(entry).map_err(|reason| foreign(&reason))?;
            rest = &rest[ENTRY_HEADER + entry.len()..];
        }
        let position = bytes.len() - rest.len();
        if (1..rest.len()).any(|at| first_entry(&rest[at..]).is_some_and(|entry| !entry.is_empty()))
        {
            return Err(StoreError::damaged(
                &path,
                position as u64,
                "there is no intact entry, but further on there is",
            ));
        }
        let file = OpenOptions::new()
            .write(true)
            .open(&path)
            .map_err(StoreError::io("open", &path))?;
        let mut note = None;
        if !rest.is_empty() {
            let cut = file.set_len(position as u64).and_then(|()| file.sync_all());
            cut.map_err(StoreError::io("truncate", &path))?;
            note = Some(format!(
                "`{}`: cut {} bytes of an unfinished write",
                path.display(),
                rest.len()
            ));
        }
        Ok((
            Self {
                path,
                file,
                len: position as u64,
                broken: false,
            },
            note,
        ))
    }

    /// Bytes in the file.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// Adds an entry with one write; takes back what was written of it if that fails.
    pub(crate) fn append(&mut self, content: &[u8]) -> Result<(), StoreError> {
        if self.broken {
            return Err(StoreError::Broken);
        }
        let entry = encode_entry(content);
        if let Err(error) = write_at(&mut self.file, self.len, &entry) {
            self.broken = self.file.set_len(self.len).is_err();
            return Err(StoreError::io("append to", &self.path)(error));
        }
        self.len += entry.len() as u64;
        Ok(())
    }

    /// Puts a journal of these entries in the place of this one, all or nothing.
    pub(crate) fn replace<'a>(
        &mut self,
        entries: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<(), StoreError> {
        *self = Self::create(self.path.clone(), entries)?;
        self.sync_name()
    }

    /// Waits until everything is on disk.
    pub(crate) fn sync(&self) -> Result<(), StoreError> {
        self.file
            .sync_data()
            .map_err(StoreError::io("sync", &self.path))
    }

    /// Waits until the file's name is on disk.
    fn sync_name(&self) -> Result<(), StoreError> {
        sync_directory(self.path.parent().unwrap_or(Path::new(".")))
    }

    /// Writes a new file and puts it at `path`.
    fn create<'a>(
        path: PathBuf,
        entries: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Self, StoreError> {
        let mut bytes = MAGIC.to_vec();
        entries
            .into_iter()
            .for_each(|entry| bytes.extend_from_slice(&encode_entry(entry)));
        let temporary = path.with_added_extension("tmp");
        let written = File::create(&temporary).and_then(|mut file| {
            file.write_all(&bytes)?;
            file.sync_all()?;
            Ok(file)
        });
        let file = written.map_err(StoreError::io("write", &temporary))?;
        fs::rename(&temporary, &path).map_err(StoreError::io("replace", &path))?;
        Ok(Self {
            path,
            file,
            len: bytes.len() as u64,
            broken: false,
        })
    }
}

fn write_at(file: &mut File, position: u64, bytes: &[u8]) -> io::Result<()> {
    use std::io::{Seek, SeekFrom};
    file.seek(SeekFrom::Start(position))?;
    file.write_all(bytes)
}

fn encode_entry(content: &[u8]) -> Vec<u8> {
    let length = (content.len() as u32).to_be_bytes();
    let checksum = crc32c::crc32c_append(crc32c::crc32c(&length), content).to_be_bytes();
    [&checksum, &length, content].concat()
}

/// The content of the entry that `bytes` begin with, if it is intact.
fn first_entry(bytes: &[u8]) -> Option<&[u8]> {
    let (checksum, rest) = bytes.split_first_chunk::<4>()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let content = rest.get(..u32::from_be_bytes(*length) as usize)?;
    let actual = crc32c::crc32c_append(crc32c::crc32c(length), content);
    (u32::from_be_bytes(*checksum) == actual).then_some(content)
}
