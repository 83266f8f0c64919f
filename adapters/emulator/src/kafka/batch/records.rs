//! Walking over the records of a batch.

use std::io::{self, BufReader, Read};

use super::{BatchHeader, HEADER_LEN, compression};

/// The largest record that is looked at.
const MAX_RECORD: u64 = 256 << 20;

/// The records of one batch, one at a time; decompressed as they are read.
pub(crate) struct Records<'a> {
    input: BufReader<Box<dyn Read + 'a>>,
    header: BatchHeader,
    left: i32,
    body: Vec<u8>,
}

/// One record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Record<'a> {
    /// Its place in the batch.
    pub(crate) offset_delta: i32,
    /// Its time, Unix milliseconds.
    pub(crate) timestamp: i64,
    pub(crate) key: Option<&'a [u8]>,
    pub(crate) value: Option<&'a [u8]>,
    /// All of it but the length in front.
    pub(crate) body: &'a [u8],
}

impl<'a> Records<'a> {
    /// The records of `batch`, which is a whole batch with its header.
    pub(crate) fn of(batch: &'a [u8]) -> io::Result<Self> {
        let header = BatchHeader::read(batch).ok_or(io::ErrorKind::UnexpectedEof)?;
        let input = compression::reader(header.compression(), &batch[HEADER_LEN..])?;
        Ok(Self {
            input: BufReader::new(input),
            header,
            left: header.records,
            body: Vec::new(),
        })
    }

    /// The next record, or `None` after the last.
    pub(crate) fn next(&mut self) -> io::Result<Option<Record<'_>>> {
        if self.left <= 0 {
            // What follows the last record is none, and reading it has checksums of the codec looked at.
            return match self.input.read(&mut [0])? {
                0 => Ok(None),
                _ => Err(invalid("there is more than the records")),
            };
        }
        self.left -= 1;
        let length = u64::try_from(read_varint(&mut self.input)?).map_err(invalid)?;
        if length > MAX_RECORD {
            return Err(invalid("a record is too long"));
        }
        self.body.clear();
        let read = self
            .input
            .by_ref()
            .take(length)
            .read_to_end(&mut self.body)?;
        if (read as u64) < length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        parse(&self.body, &self.header).map(Some)
    }
}

fn parse<'a>(body: &'a [u8], header: &BatchHeader) -> io::Result<Record<'a>> {
    let mut rest = body.get(1..).ok_or(io::ErrorKind::UnexpectedEof)?;
    let timestamp_delta = read_varint(&mut rest)?;
    let offset_delta = i32::try_from(read_varint(&mut rest)?).map_err(invalid)?;
    let key = read_field(&mut rest)?;
    let value = read_field(&mut rest)?;
    let timestamp = match header.has_log_append_time() {
        true => header.max_timestamp,
        false => header.base_timestamp.wrapping_add(timestamp_delta),
    };
    Ok(Record {
        offset_delta,
        timestamp,
        key,
        value,
        body,
    })
}

/// Bytes with their length in front, -1 for none.
fn read_field<'a>(rest: &mut &'a [u8]) -> io::Result<Option<&'a [u8]>> {
    let length = read_varint(rest)?;
    if length == -1 {
        return Ok(None);
    }
    let length = usize::try_from(length).map_err(invalid)?;
    let (field, after) = rest
        .split_at_checked(length)
        .ok_or(io::ErrorKind::UnexpectedEof)?;
    *rest = after;
    Ok(Some(field))
}

/// A zigzag-coded integer of at most ten bytes.
fn read_varint(input: &mut impl Read) -> io::Result<i64> {
    let mut value = 0_u64;
    for shift in (0..70).step_by(7) {
        let mut byte = [0];
        input.read_exact(&mut byte)?;
        value |= u64::from(byte[0] & 0x7F).wrapping_shl(shift);
        if byte[0] < 0x80 {
            return Ok((value >> 1) as i64 ^ -((value & 1) as i64));
        }
    }
    Err(invalid("a varint is longer than ten bytes"))
}

/// Appends a zigzag-coded integer.
pub(super) fn write_varint(output: &mut Vec<u8>, value: i64) {
    let mut rest = ((value << 1) ^ (value >> 63)) as u64;
    while rest >= 0x80 {
        output.push((rest as u8 & 0x7F) | 0x80);
        rest >>= 7;
    }
    output.push(rest as u8);
}

fn invalid(reason: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}
