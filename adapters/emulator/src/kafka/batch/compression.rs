//! Decompressing the records of a batch, in pure Rust.

use std::io::{self, Read};

/// How the blocks of the snappy framing of the Java library begin, which all Kafka clients use.
const XERIAL: &[u8] = b"\x82SNAPPY\0";

/// Bytes before the first block of that framing: the magic and two version numbers.
const XERIAL_HEADER: usize = 16;

/// The largest block of snappy that is decompressed, so that a few bytes cannot claim gigabytes.
const MAX_SNAPPY: usize = 256 << 20;

/// A reader of compressed records.
pub(super) fn reader(codec: i16, bytes: &[u8]) -> io::Result<Box<dyn Read + '_>> {
    Ok(match codec {
        1 => Box::new(flate2::read::MultiGzDecoder::new(bytes)),
        2 => Box::new(Snappy::new(bytes)),
        3 => Box::new(lz4_flex::frame::FrameDecoder::new(bytes)),
        4 => Box::new(ruzstd::decoding::StreamingDecoder::new(bytes).map_err(io::Error::other)?),
        other => {
            return Err(io::Error::other(format!(
                "unknown compression codec {other}"
            )));
        }
    })
}

/// Snappy blocks, framed or a single bare one.
struct Snappy<'a> {
    rest: &'a [u8],
    framed: bool,
    block: io::Cursor<Vec<u8>>,
}

impl<'a> Snappy<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        let framed = bytes.starts_with(XERIAL) && bytes.len() >= XERIAL_HEADER;
        let rest = if framed {
            &bytes[XERIAL_HEADER..]
        } else {
            bytes
        };
        Self {
            rest,
            framed,
            block: io::Cursor::default(),
        }
    }

    /// The next compressed block.
    fn next_block(&mut self) -> io::Result<&'a [u8]> {
        if !self.framed {
            return Ok(std::mem::take(&mut self.rest));
        }
        let cut = || io::Error::from(io::ErrorKind::UnexpectedEof);
        let (length, rest) = self.rest.split_first_chunk::<4>().ok_or_else(cut)?;
        let length = u32::from_be_bytes(*length) as usize;
        let (block, rest) = rest.split_at_checked(length).ok_or_else(cut)?;
        self.rest = rest;
        Ok(block)
    }
}

impl Read for Snappy<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.block.read(buffer)?;
            if read > 0 || self.rest.is_empty() || buffer.is_empty() {
                return Ok(read);
            }
            let block = self.next_block()?;
            let length = snap::raw::decompress_len(block).map_err(io::Error::other)?;
            if length > MAX_SNAPPY {
                return Err(io::Error::other("a snappy block is too large"));
            }
            let bytes = snap::raw::Decoder::new()
                .decompress_vec(block)
                .map_err(io::Error::other)?;
            self.block = io::Cursor::new(bytes);
        }
    }
}
