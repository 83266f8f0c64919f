//! A checkpoint that is on the disk, and counts only if something elsewhere was committed with its number.
//!
//! The file `prepared` holds what the store will be told: `SSECTL-PREPARED` and a line feed; the format (4 bytes,
//! big-endian); the length of the head (4) and the head, JSON; then per change the length of its place (4), that of its
//! value (4; 2^32 - 1 where the value is gone), place and value. At the end the CRC-32 of everything before it (4). It is
//! there as a whole or not at all.

use std::fs::{self, File};
use std::io::{BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::seal::Checkpoint;
use crate::contents::TableName;
use crate::disk::Change;
use crate::{Corrupt, StateError};

const MAGIC: &[u8; 16] = b"SSECTL-PREPARED\n";
const FORMAT: u32 = 1;
/// The length of a value that is gone.
const GONE: u32 = u32::MAX;
const BROKEN: Corrupt = Corrupt("a prepared checkpoint");

/// What the store is told if it counts.
pub(crate) struct Prepared {
    pub(crate) checkpoint: Checkpoint,
    pub(crate) tables: Vec<(u32, TableName)>,
    pub(crate) changes: Vec<Change>,
}

#[derive(Serialize, Deserialize)]
struct Head {
    checkpoint: Checkpoint,
    tables: Vec<(u32, TableName)>,
    changes: usize,
}

fn file(dir: &Path) -> PathBuf {
    dir.join("prepared")
}

/// Writes one; when this returns it is on the disk.
pub(super) fn write(
    dir: &Path,
    checkpoint: &Checkpoint,
    tables: &[(u32, TableName)],
    changes: &[Change],
) -> Result<(), StateError> {
    let head = Head {
        checkpoint: checkpoint.clone(),
        tables: tables.to_vec(),
        changes: changes.len(),
    };
    let head = serde_json::to_vec(&head).map_err(|error| StateError::Store(error.to_string()))?;
    let path = file(dir);
    let write = || {
        let temporary = tempfile::NamedTempFile::new_in(dir)?;
        let mut out = Summed {
            out: BufWriter::with_capacity(1 << 16, temporary.as_file()),
            sum: crc32fast::Hasher::new(),
        };
        out.put(MAGIC)?;
        out.put(&FORMAT.to_be_bytes())?;
        out.put(&length(head.len())?.to_be_bytes())?;
        out.put(&head)?;
        for Change { place, value } in changes {
            let bytes = value
                .as_ref()
                .map_or(Ok(GONE), |value| length(value.len()))?;
            out.put(&length(place.len())?.to_be_bytes())?;
            out.put(&bytes.to_be_bytes())?;
            out.put(place)?;
            out.put(value.as_deref().unwrap_or_default())?;
        }
        let sum = out.sum.clone().finalize();
        out.put(&sum.to_be_bytes())?;
        out.out.flush()?;
        drop(out);
        temporary.as_file().sync_all()?;
        temporary.persist(&path).map_err(|error| error.error)?;
        File::open(dir)?.sync_all()
    };
    write().map_err(StateError::io("write", &path))
}

/// The one in a directory.
pub(super) fn read(dir: &Path) -> Result<Option<Prepared>, StateError> {
    let path = file(dir);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(StateError::io("read", path)(error)),
    };
    Ok(Some(parse(&bytes).ok_or(BROKEN)?))
}

/// It counts, and the store has it; or it does not count.
pub(super) fn remove(dir: &Path) -> Result<(), StateError> {
    let path = file(dir);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(StateError::io("remove", path)(error))
        }
        _ => Ok(()),
    }
}

fn parse(bytes: &[u8]) -> Option<Prepared> {
    let (mut left, sum) = bytes.split_last_chunk()?;
    if crc32fast::hash(left) != u32::from_be_bytes(*sum) {
        return None;
    }
    let left = &mut left;
    let known = take(left, MAGIC.len())? == MAGIC && number(left)? == FORMAT;
    let head = number(left).filter(|_| known)?;
    let head: Head = serde_json::from_slice(take(left, head as usize)?).ok()?;
    let mut changes = Vec::new();
    for _ in 0..head.changes {
        let (place, value) = (number(left)?, number(left)?);
        let place = take(left, place as usize)?.into();
        let value = match value {
            GONE => None,
            length => Some(take(left, length as usize)?.into()),
        };
        changes.push(Change { place, value });
    }
    Some(Prepared {
        checkpoint: head.checkpoint,
        tables: head.tables,
        changes,
    })
    .filter(|_| left.is_empty())
}

fn take<'a>(left: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, rest) = left.split_at_checked(count)?;
    *left = rest;
    Some(taken)
}

fn number(left: &mut &[u8]) -> Option<u32> {
    let (number, rest) = left.split_first_chunk()?;
    *left = rest;
    Some(u32::from_be_bytes(*number))
}

fn length(bytes: usize) -> std::io::Result<u32> {
    let length = u32::try_from(bytes).ok().filter(|length| *length != GONE);
    length.ok_or_else(|| ErrorKind::FileTooLarge.into())
}

/// Bytes with their check sum.
struct Summed<W> {
    out: W,
    sum: crc32fast::Hasher,
}

impl<W: Write> Summed<W> {
    fn put(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.sum.update(bytes);
        self.out.write_all(bytes)
    }
}
