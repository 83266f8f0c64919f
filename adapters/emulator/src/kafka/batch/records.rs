//! Walking over the records of a batch.

use std::io::{self, BufReader, Read};

use super::{BatchHeader, HEADER_LEN, UNCOMPRESSED, compression};

/// The largest record that is looked at.
const MAX_RECORD: u64 = 256 << 20;

/// The records of one batch, one at a time; decompressed as they are read.
pub(crate) struct Records<'a> {
    input: Input<'a>,
    header: BatchHeader,
    left: i32,
    /// The last record that was decompressed.
    body: Vec<u8>,
}

/// Where records are read from.
enum Input<'a> {
    Plain(&'a [u8]),
    Compressed(BufReader<Box<dyn Read + 'a>>),
}

/// A header's name and value.
pub(crate) type Header<'a> = (&'a [u8], Option<&'a [u8]>);

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

impl<'a> Record<'a> {
    /// Its headers: names and values.
    pub(crate) fn headers(&self) -> io::Result<Vec<Header<'a>>> {
        // Behind attributes, two numbers, key and value.
        let mut rest = self.body.get(1..).unwrap_or_default();
        read_varint(&mut rest)?;
        read_varint(&mut rest)?;
        read_field(&mut rest)?;
        read_field(&mut rest)?;
        let mut headers = Vec::new();
        for _ in 0..read_varint(&mut rest)? {
            let name = read_field(&mut rest)?.unwrap_or_default();
            headers.push((name, read_field(&mut rest)?));
        }
        Ok(headers)
    }
}

impl<'a> Records<'a> {
    /// The records of `batch`, which is a whole batch with its header.
    pub(crate) fn of(batch: &'a [u8]) -> io::Result<Self> {
        let header = BatchHeader::read(batch).ok_or(io::ErrorKind::UnexpectedEof)?;
        let bytes = &batch[HEADER_LEN..];
        let input = match header.compression() {
            UNCOMPRESSED => Input::Plain(bytes),
            codec => Input::Compressed(BufReader::new(compression::reader(codec, bytes)?)),
        };
        let (left, body) = (header.records, Vec::new());
        Ok(Self {
            input,
            header,
            left,
            body,
        })
    }

    /// The next record, or `None` after the last.
    pub(crate) fn next(&mut self) -> io::Result<Option<Record<'_>>> {
        if self.left <= 0 {
            return self.end().map(|()| None);
        }
        self.left -= 1;
        let body = match &mut self.input {
            Input::Plain(rest) => {
                let length = usize::try_from(read_varint(rest)?).map_err(invalid)?;
                take(rest, length)?
            }
            Input::Compressed(input) => {
                read_body(input, &mut self.body)?;
                &self.body
            }
        };
        parse(body, &self.header).map(Some)
    }

    /// Checks that nothing follows the last record; reading on also has checksums of the codec looked at.
    fn end(&mut self) -> io::Result<()> {
        let more = match &mut self.input {
            Input::Plain(rest) => rest.len(),
            Input::Compressed(input) => input.read(&mut [0])?,
        };
        match more {
            0 => Ok(()),
            _ => Err(invalid("there is more than the records")),
        }
    }
}

/// Reads the next record into `body`.
fn read_body(input: &mut impl Read, body: &mut Vec<u8>) -> io::Result<()> {
    let length = u64::try_from(read_varint(input)?).map_err(invalid)?;
    if length > MAX_RECORD {
        return Err(invalid("a record is too long"));
    }
    body.clear();
    let read = input.take(length).read_to_end(body)?;
    match (read as u64) < length {
        true => Err(io::ErrorKind::UnexpectedEof.into()),
        false => Ok(()),
    }
}

fn parse<'a>(body: &'a [u8], header: &BatchHeader) -> io::Result<Record<'a>> {
    let mut rest = body.get(1..).ok_or(io::ErrorKind::UnexpectedEof)?;
    let timestamp_delta = read_varint(&mut rest)?;
    let offset_delta = i32::try_from(read_varint(&mut rest)?).map_err(invalid)?;
    let key = read_field(&mut rest)?;
    let value = read_field(&mut rest)?;
    let headers = read_varint(&mut rest)?;
    if headers < 0 {
        return Err(invalid("the number of headers is negative"));
    }
    for _ in 0..headers {
        read_field(&mut rest)?.ok_or_else(|| invalid("a header has no key"))?;
        read_field(&mut rest)?;
    }
    if !rest.is_empty() {
        return Err(invalid("a record is longer than what is in it"));
    }
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
    take(rest, length).map(Some)
}

/// The first `length` bytes, which `rest` has no more afterwards.
fn take<'a>(rest: &mut &'a [u8], length: usize) -> io::Result<&'a [u8]> {
    let (taken, after) = rest
        .split_at_checked(length)
        .ok_or(io::ErrorKind::UnexpectedEof)?;
    *rest = after;
    Ok(taken)
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

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::super::build::finish;
    use super::*;

    /// Two records with a key, a value and a header each.
    fn plain_records() -> Vec<u8> {
        let mut bytes = Vec::new();
        for (offset, value) in [(0, "first"), (1, "second, and longer")] {
            let mut body = vec![0];
            write_varint(&mut body, 10 * offset);
            write_varint(&mut body, offset);
            for field in ["key", value] {
                write_varint(&mut body, field.len() as i64);
                body.extend_from_slice(field.as_bytes());
            }
            write_varint(&mut body, 1);
            for field in ["header", "x"] {
                write_varint(&mut body, field.len() as i64);
                body.extend_from_slice(field.as_bytes());
            }
            write_varint(&mut bytes, body.len() as i64);
            bytes.extend_from_slice(&body);
        }
        bytes
    }

    fn batch(codec: u8, records: &[u8]) -> Vec<u8> {
        let mut batch = vec![0; HEADER_LEN];
        batch[16] = 2;
        batch[22] = codec;
        batch[26] = 1;
        batch[27..35].copy_from_slice(&1000_i64.to_be_bytes());
        batch[60] = 2;
        batch.extend_from_slice(records);
        finish(batch)
    }

    fn compressed(codec: u8) -> Vec<u8> {
        let plain = plain_records();
        let packed = match codec {
            0 => plain,
            1 => {
                let mut encoder =
                    flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                encoder.write_all(&plain).unwrap();
                encoder.finish().unwrap()
            }
            2 => {
                let block = snap::raw::Encoder::new().compress_vec(&plain).unwrap();
                let header = [
                    &b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01"[..],
                    &(block.len() as u32).to_be_bytes(),
                ];
                [&header.concat()[..], &block].concat()
            }
            3 => {
                let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
                encoder.write_all(&plain).unwrap();
                encoder.finish().unwrap()
            }
            _ => ruzstd::encoding::compress_to_vec(
                &plain[..],
                ruzstd::encoding::CompressionLevel::Fastest,
            ),
        };
        batch(codec, &packed)
    }

    /// Offset, time and value of every record.
    fn read(batch: &[u8]) -> io::Result<Vec<(i32, i64, String)>> {
        let mut records = Records::of(batch)?;
        let mut all = Vec::new();
        while let Some(record) = records.next()? {
            let value =
                String::from_utf8(record.value.unwrap_or_default().to_vec()).map_err(invalid)?;
            assert_eq!(record.key, Some(&b"key"[..]));
            all.push((record.offset_delta, record.timestamp, value));
        }
        Ok(all)
    }

    #[test]
    fn records_are_read_whatever_they_are_compressed_with() {
        let expected = [
            (0, 1000, "first".to_owned()),
            (1, 1010, "second, and longer".to_owned()),
        ];
        for codec in 0..=4 {
            assert_eq!(read(&compressed(codec)).unwrap(), expected, "codec {codec}");
        }
        let bare = snap::raw::Encoder::new()
            .compress_vec(&plain_records())
            .unwrap();
        assert_eq!(
            read(&batch(2, &bare)).unwrap(),
            expected,
            "a single snappy block without a frame"
        );
        assert!(
            read(&batch(5, &plain_records())).is_err(),
            "an unknown codec"
        );
    }

    #[test]
    fn records_that_are_cut_anywhere_are_an_error() {
        for codec in 0..=4 {
            let whole = compressed(codec);
            // The mark at the end of an lz4 frame says nothing about the records, nobody misses it.
            let end = whole.len() - if codec == 3 { 4 } else { 0 };
            for length in HEADER_LEN..end {
                assert!(
                    read(&whole[..length]).is_err(),
                    "codec {codec} cut at {length}"
                );
            }
        }
    }

    #[test]
    fn records_with_something_behind_them_are_an_error() {
        assert!(read(&batch(0, &[&plain_records()[..], b"x"].concat())).is_err());
    }

    #[test]
    fn a_varint_comes_back_as_it_was_written() {
        for value in [
            0,
            -1,
            1,
            63,
            64,
            -64,
            -65,
            i64::from(i32::MAX),
            i64::MAX,
            i64::MIN,
        ] {
            let mut bytes = Vec::new();
            write_varint(&mut bytes, value);
            assert_eq!(read_varint(&mut &bytes[..]).unwrap(), value);
        }
        assert!(read_varint(&mut &[0xFF; 11][..]).is_err());
    }
}
