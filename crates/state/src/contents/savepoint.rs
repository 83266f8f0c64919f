//! A state as a file, or as a stream of bytes.
//!
//! `SSECTL-STATE` and a line feed; the format (4 bytes, big-endian); the length of the summary (4) and the summary, JSON;
//! then per value the lengths of place and value (4 each), the place (table 4, end 8, start 8, key) and the value. At the end
//! a length of 2^32 - 1, the number of values (8), and the CRC-32 of everything before it (4).

use std::fs::File;
use std::io::{BufReader, BufWriter, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use super::{Contents, Stored, Summary};
use crate::place::{parse, place};
use crate::store::FORMAT;
use crate::{Corrupt, StateError};

const MAGIC: &[u8; 13] = b"SSECTL-STATE\n";
const END: u32 = u32::MAX;

pub(super) fn open(path: &Path) -> Result<Contents, StateError> {
    let file = File::open(path).map_err(StateError::io("open", path))?;
    read(file, path)
}

pub(super) fn save(contents: Contents, to: &Path) -> Result<u64, StateError> {
    let folder = match to.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let file = tempfile::NamedTempFile::new_in(folder).map_err(StateError::io("write", to))?;
    let count = write(contents, BufWriter::new(file.as_file()), to)?;
    let finish = || {
        file.as_file().sync_all()?;
        file.persist_noclobber(to).map_err(|error| error.error)?;
        File::open(folder)?.sync_all()
    };
    finish().map_err(StateError::io("write", to))?;
    Ok(count)
}

/// Writes a state; `to` is for messages. Returns how many values it has.
pub(crate) fn write(contents: Contents, out: impl Write, to: &Path) -> Result<u64, StateError> {
    let mut out = Summed::new(out);
    let failed = |error| StateError::io("write", to)(error);
    let summary = serde_json::to_vec(&contents.summary);
    let summary = summary.map_err(|error| StateError::Store(error.to_string()))?;
    let mut head = MAGIC.to_vec();
    head.extend_from_slice(&(FORMAT as u32).to_be_bytes());
    head.extend_from_slice(&length(summary.len())?.to_be_bytes());
    head.extend_from_slice(&summary);
    out.write_all(&head).map_err(failed)?;
    let (mut count, mut at) = (0_u64, Vec::new());
    for entry in contents.entries {
        let entry = entry?;
        place(length(entry.table)?, entry.group, &entry.key, &mut at);
        let lengths = [length(at.len())?, length(entry.value.len())?];
        for bytes in lengths.map(u32::to_be_bytes) {
            out.write_all(&bytes).map_err(failed)?;
        }
        out.write_all(&at).map_err(failed)?;
        out.write_all(&entry.value).map_err(failed)?;
        count += 1;
    }
    let mut end = || {
        out.write_all(&END.to_be_bytes())?;
        out.write_all(&count.to_be_bytes())?;
        let sum = out.sum.clone().finalize();
        out.write_all(&sum.to_be_bytes())?;
        out.flush()
    };
    end().map_err(failed)?;
    Ok(count)
}

/// Reads a state; `from` is for messages. What is cut off or was changed is an error where it is met.
pub(super) fn read(from: impl Read + Send + 'static, path: &Path) -> Result<Contents, StateError> {
    let mut reader = Reader {
        from: Summed::new(BufReader::new(from)),
        path: path.to_owned(),
        count: 0,
        tables: 0,
        done: false,
    };
    let magic: [u8; MAGIC.len()] = reader.array()?;
    if magic != *MAGIC {
        return Err(reader.damaged("it is no savepoint"));
    }
    let found = u64::from(reader.number()?);
    if found != FORMAT {
        return Err(StateError::Format {
            dir: path.to_owned(),
            found,
            known: FORMAT,
        });
    }
    let length = reader.number()?;
    let summary = reader.bytes(length)?;
    let summary: Summary = serde_json::from_slice(&summary)
        .map_err(|error| reader.damaged(&format!("its summary cannot be read: {error}")))?;
    reader.tables = summary.tables.len();
    Ok(Contents {
        summary,
        entries: Box::new(reader),
    })
}

struct Reader<R> {
    from: Summed<R>,
    path: PathBuf,
    count: u64,
    tables: usize,
    done: bool,
}

impl<R: Read> Iterator for Reader<R> {
    type Item = Result<Stored, StateError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let entry = self.entry().transpose();
        self.done = !matches!(entry, Some(Ok(_)));
        entry
    }
}

impl<R: Read> Reader<R> {
    fn entry(&mut self) -> Result<Option<Stored>, StateError> {
        let length = self.number()?;
        if length == END {
            return self.end().map(|()| None);
        }
        let value = self.number()?;
        let place = self.bytes(length)?;
        let value = self.bytes(value)?;
        let (table, group, key) = parse(&place).ok_or(Corrupt("a place"))?;
        let table = table as usize;
        if table >= self.tables {
            return Err(self.damaged("a value belongs to no table"));
        }
        self.count += 1;
        Ok(Some(Stored {
            table,
            group,
            key: key.to_vec(),
            value,
        }))
    }

    fn end(&mut self) -> Result<(), StateError> {
        let count = u64::from_be_bytes(self.array()?);
        let sum = self.from.sum.clone().finalize();
        if count != self.count || self.number()? != sum {
            return Err(self.damaged("its check sum is wrong"));
        }
        Ok(())
    }

    fn number(&mut self) -> Result<u32, StateError> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], StateError> {
        let mut bytes = [0; N];
        match self.from.read_exact(&mut bytes) {
            Ok(()) => Ok(bytes),
            Err(error) => Err(self.failed(error)),
        }
    }

    /// Grows with what is there, not with what a length says.
    fn bytes(&mut self, length: u32) -> Result<Vec<u8>, StateError> {
        let mut bytes = Vec::new();
        let wanted = u64::from(length);
        match (&mut self.from).take(wanted).read_to_end(&mut bytes) {
            Ok(read) if read as u64 == wanted => Ok(bytes),
            Ok(_) => Err(self.failed(ErrorKind::UnexpectedEof.into())),
            Err(error) => Err(self.failed(error)),
        }
    }

    fn failed(&self, error: std::io::Error) -> StateError {
        match error.kind() {
            ErrorKind::UnexpectedEof => self.damaged("its end is missing"),
            _ => StateError::io("read", &self.path)(error),
        }
    }

    fn damaged(&self, what: &str) -> StateError {
        StateError::Unreadable {
            path: self.path.clone(),
            what: what.to_owned(),
        }
    }
}

/// A number of bytes, which four bytes must hold.
fn length(bytes: usize) -> Result<u32, StateError> {
    match u32::try_from(bytes) {
        Ok(length) if length < END => Ok(length),
        _ => Err(StateError::Store(format!(
            "{bytes} bytes are too many for one value"
        ))),
    }
}

/// Bytes with their check sum.
struct Summed<T> {
    inner: T,
    sum: crc32fast::Hasher,
}

impl<T> Summed<T> {
    fn new(inner: T) -> Self {
        Self {
            inner,
            sum: crc32fast::Hasher::new(),
        }
    }
}

impl<W: Write> Write for Summed<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.sum.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.flush()
    }
}

impl<R: Read> Read for Summed<R> {
    fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(bytes)?;
        self.sum.update(&bytes[..read]);
        Ok(read)
    }
}
