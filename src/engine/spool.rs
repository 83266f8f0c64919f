//! Results that are too many for the memory, on their way to the sink: when a window with millions of keys closes, it gives
//! them all at once. They wait in a file without a name, which is gone with the process.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};

use bytes::Bytes;
use ssectl_adapter::{Origin, Record, Timestamp};

/// Bytes of results that may wait in memory; more go to the file.
pub(super) const MOST: usize = 16 << 20;
/// What a record takes beside its bytes.
const OVERHEAD: usize = size_of::<Record>() + 64;
/// So many records are read back at once.
const CHUNK: usize = 8192;
/// The length of what is null.
const NULL: u32 = u32::MAX;
/// The time of a record that has none.
const NEVER: i128 = i128::MIN;

/// Bytes of memory that a record takes, roughly.
pub(super) fn weight(record: &Record) -> usize {
    record.size() + OVERHEAD
}

/// Records in a file, in order.
#[derive(Debug)]
pub(super) struct Spool {
    file: BufWriter<File>,
    count: usize,
}

impl Spool {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            file: BufWriter::with_capacity(1 << 16, tempfile::tempfile()?),
            count: 0,
        })
    }

    /// Takes records, which were made here: where they came from is not kept.
    pub(super) fn put(&mut self, records: impl IntoIterator<Item = Record>) -> io::Result<()> {
        for record in records {
            let time = record.timestamp.map_or(NEVER, Timestamp::as_nanos);
            self.file.write_all(&time.to_le_bytes())?;
            self.bytes(record.key.as_deref())?;
            self.bytes(record.value.as_deref())?;
            self.number(record.headers.len())?;
            for (name, value) in &record.headers {
                self.bytes(Some(name.as_bytes()))?;
                self.bytes(value.as_deref())?;
            }
            self.count += 1;
        }
        Ok(())
    }

    fn bytes(&mut self, bytes: Option<&[u8]>) -> io::Result<()> {
        match bytes {
            None => self.file.write_all(&NULL.to_le_bytes()),
            Some(bytes) => {
                self.number(bytes.len())?;
                self.file.write_all(bytes)
            }
        }
    }

    fn number(&mut self, number: usize) -> io::Result<()> {
        let number = u32::try_from(number).ok().filter(|number| *number != NULL);
        let number = number.ok_or(io::ErrorKind::FileTooLarge)?;
        self.file.write_all(&number.to_le_bytes())
    }

    /// The records, from the first one on.
    pub(super) fn read(self) -> io::Result<Spooled> {
        let mut file = self
            .file
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        Ok(Spooled {
            file: BufReader::with_capacity(1 << 16, file),
            left: self.count,
        })
    }
}

/// Reads a spool.
pub(super) struct Spooled {
    file: BufReader<File>,
    left: usize,
}

impl Spooled {
    /// The next records; none at the end.
    pub(super) fn next(&mut self) -> io::Result<Vec<Record>> {
        let count = self.left.min(CHUNK);
        self.left -= count;
        (0..count).map(|_| self.record()).collect()
    }

    fn record(&mut self) -> io::Result<Record> {
        let time = i128::from_le_bytes(self.array()?);
        let (key, value) = (self.bytes()?, self.bytes()?);
        let mut headers = Vec::new();
        for _ in 0..u32::from_le_bytes(self.array()?) {
            let name = self.bytes()?.unwrap_or_default();
            let name = String::from_utf8(name.into()).map_err(io::Error::other)?;
            headers.push((name, self.bytes()?));
        }
        Ok(Record {
            key,
            value,
            headers,
            timestamp: (time != NEVER).then(|| Timestamp::from_nanos(time)),
            origin: Origin::default(),
        })
    }

    fn bytes(&mut self) -> io::Result<Option<Bytes>> {
        let length = u32::from_le_bytes(self.array()?);
        if length == NULL {
            return Ok(None);
        }
        let mut bytes = vec![0; length as usize];
        self.file.read_exact(&mut bytes)?;
        Ok(Some(bytes.into()))
    }

    fn array<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.file.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_back_as_they_were_and_in_order() {
        let all: Vec<Record> = (0..CHUNK + 3)
            .map(|n| Record {
                key: (n % 3 > 0).then(|| n.to_string().into()),
                value: (n % 2 > 0).then(|| vec![b'x'; n % 5].into()),
                headers: (0..n % 3)
                    .map(|h| (format!("h{h}"), (h > 0).then(|| Bytes::from("v"))))
                    .collect(),
                timestamp: (n % 4 > 0).then(|| Timestamp::from_nanos(n as i128 - 2)),
                origin: Origin::default(),
            })
            .collect();
        let mut spool = Spool::new().expect("a file");
        spool.put(all[..7].to_vec()).expect("written");
        spool.put(all[7..].to_vec()).expect("written");
        let mut read = spool.read().expect("a file");
        let (mut found, mut sizes) = (Vec::new(), Vec::new());
        loop {
            let chunk = read.next().expect("read");
            sizes.push(chunk.len());
            if chunk.is_empty() {
                break;
            }
            found.extend(chunk);
        }
        assert_eq!((found, sizes), (all, vec![CHUNK, 3, 0]));
    }
}
