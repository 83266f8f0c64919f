//! Members of gzip and frames of zstd, one after the other: each is whole by itself.
//!
//! RFC 1952 section 2.2 and RFC 8878 section 3 let a file be any number of them.

use std::io::{self, BufRead, BufReader, Read, Seek, Write};

use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use zstd::stream::{read::Decoder as ZstdDecoder, write::Encoder as ZstdEncoder};

use super::Compression;

/// Begins a member when something is written and completes it when flushed.
pub(super) struct Members<W: Write> {
    compression: Compression,
    state: State<W>,
    /// Nothing at all is not a compressed stream, so one without data gets an empty member.
    empty: bool,
}

enum State<W: Write> {
    Between(W),
    Gzip(GzEncoder<W>),
    Zstd(ZstdEncoder<'static, W>),
    /// An error took the writer away.
    Broken,
}

impl<W: Write> Members<W> {
    pub(super) fn new(compression: Compression, output: W) -> Self {
        Self {
            compression,
            state: State::Between(output),
            empty: true,
        }
    }

    /// The encoder of the member under way, or of a new one.
    fn member(&mut self) -> io::Result<&mut dyn Write> {
        self.empty = false;
        self.state = match std::mem::replace(&mut self.state, State::Broken) {
            State::Between(output) if self.compression == Compression::Gzip => {
                State::Gzip(GzEncoder::new(output, flate2::Compression::default()))
            }
            State::Between(output) => {
                State::Zstd(ZstdEncoder::new(output, zstd::DEFAULT_COMPRESSION_LEVEL)?)
            }
            open => open,
        };
        match &mut self.state {
            State::Gzip(encoder) => Ok(encoder),
            State::Zstd(encoder) => Ok(encoder),
            State::Between(_) | State::Broken => Err(broken()),
        }
    }
}

impl<W: Write> Write for Members<W> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.member()?.write(buf)
    }

    /// Completes the member under way.
    fn flush(&mut self) -> io::Result<()> {
        let mut output = match std::mem::replace(&mut self.state, State::Broken) {
            State::Between(output) => output,
            State::Gzip(encoder) => encoder.finish()?,
            State::Zstd(encoder) => encoder.finish()?,
            State::Broken => return Err(broken()),
        };
        output.flush()?;
        self.state = State::Between(output);
        Ok(())
    }
}

impl<W: Write + Send> super::Output for Members<W> {
    fn finish(mut self: Box<Self>) -> io::Result<()> {
        if self.empty {
            self.member()?;
        }
        self.flush()
    }
}

fn broken() -> io::Error {
    io::Error::other("an earlier write failed")
}

/// What of a compressed file is whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Whole {
    /// Bytes of the file up to the end of its last whole member.
    pub bytes: u64,
    /// The last byte of what these members hold.
    pub last: Option<u8>,
    /// Whether the file begins as such a file does, as far as it goes.
    pub begun: bool,
}

/// Reads a compressed file from its start to the end of its last whole member.
///
/// # Errors
/// Those of reading the file. Damage is no error: what comes before it is whole.
pub fn whole(compression: Compression, file: impl Read + Seek) -> io::Result<Whole> {
    let mut input = BufReader::with_capacity(1 << 16, file);
    let start = input.fill_buf()?;
    let mut whole = Whole {
        bytes: 0,
        last: None,
        begun: start.iter().zip(compression.magic()).all(|(a, b)| a == b),
    };
    while !input.fill_buf()?.is_empty() {
        let Some(last) = member(compression, &mut input)? else {
            break;
        };
        whole.last = last.or(whole.last);
        whole.bytes = input.stream_position()?;
    }
    Ok(whole)
}

/// Reads one member and gives its last byte; `None` when it is damaged or cut.
fn member(compression: Compression, input: &mut impl BufRead) -> io::Result<Option<Option<u8>>> {
    let mut decoder: Box<dyn Read + '_> = match compression {
        Compression::None => return Ok(None),
        Compression::Gzip => Box::new(GzDecoder::new(input)),
        Compression::Zstd => Box::new(ZstdDecoder::with_buffer(input)?.single_frame()),
    };
    let mut buffer = [0; 1 << 14];
    let mut last = None;
    loop {
        match decoder.read(&mut buffer) {
            Ok(0) => return Ok(Some(last)),
            Ok(read) => last = buffer[..read].last().copied(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // The decoders know these two kinds only; others are those of the file.
            Err(error) if is_damage(&error) => return Ok(None),
            Err(error) => return Err(error),
        }
    }
}

fn is_damage(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, InvalidInput, Other, UnexpectedEof};
    matches!(
        error.kind(),
        InvalidData | InvalidInput | Other | UnexpectedEof
    )
}

#[cfg(test)]
mod tests {
    use super::super::Output;
    use super::*;

    const BOTH: [Compression; 2] = [Compression::Gzip, Compression::Zstd];

    /// Three flushed lines and their boundaries, then one that was not flushed.
    fn torn(compression: Compression) -> (Vec<u8>, Vec<u64>) {
        let mut output = Members::new(compression, Vec::new());
        let mut ends = vec![0];
        for line in ["one\n", "two\n", "three\n"] {
            output.write_all(line.as_bytes()).unwrap();
            output.flush().unwrap();
            let State::Between(bytes) = &output.state else {
                panic!("flushed")
            };
            ends.push(bytes.len() as u64);
        }
        let State::Between(bytes) = output.state else {
            panic!("flushed")
        };
        (bytes, ends)
    }

    #[test]
    fn a_file_cut_anywhere_is_whole_up_to_the_last_flush() {
        for compression in BOTH {
            let (bytes, ends) = torn(compression);
            for cut in 0..=bytes.len() {
                let found = whole(compression, io::Cursor::new(&bytes[..cut])).unwrap();
                let expected = ends.iter().rev().find(|end| **end <= cut as u64).unwrap();
                assert_eq!(found.bytes, *expected, "{compression:?} cut at {cut}");
                assert_eq!(found.last, (*expected > 0).then_some(b'\n'));
            }
        }
    }

    #[test]
    fn nothing_written_is_still_a_compressed_stream() {
        for compression in BOTH {
            let path = tempfile::NamedTempFile::new().unwrap();
            let output: Box<dyn Output> =
                Box::new(Members::new(compression, path.reopen().unwrap()));
            output.finish().unwrap();
            let found = whole(compression, path.reopen().unwrap()).unwrap();
            assert!(found.bytes > 0 && found.last.is_none(), "{found:?}");
        }
    }
}
