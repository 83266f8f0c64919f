//! gzip and zstd around byte streams.

mod members;

use std::io::{self, BufReader, Read, Write};

use flate2::read::MultiGzDecoder;

use members::Members;
pub use members::{Whole, whole};

/// How a byte stream is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
}

impl Compression {
    /// What a file's name says.
    pub fn of_path(path: &str) -> Self {
        match path.rsplit_once('.').map(|(_, ending)| ending) {
            Some("gz") => Self::Gzip,
            Some("zst") => Self::Zstd,
            _ => Self::None,
        }
    }

    fn of_bytes(start: &[u8]) -> Self {
        let begins = |compression: &Self| start.starts_with(compression.magic());
        let found = [Self::Gzip, Self::Zstd].into_iter().find(begins);
        found.unwrap_or(Self::None)
    }

    /// What every such stream begins with.
    fn magic(self) -> &'static [u8] {
        match self {
            Self::None => &[],
            Self::Gzip => &[0x1f, 0x8b],
            Self::Zstd => &[0x28, 0xb5, 0x2f, 0xfd],
        }
    }
}

/// Reads through gzip or zstd if the first bytes say so. Several members after each other are
/// one stream, as `cat a.gz b.gz` makes them.
pub fn decompress(mut input: impl Read + Send + 'static) -> io::Result<Box<dyn Read + Send>> {
    let mut start = [0_u8; 4];
    let mut have = 0;
    // One byte is enough to rule compression out, so a slow pipe is not held up by this.
    while have < start.len() && matches!(start[..have], [] | [0x1f, ..] | [0x28, ..]) {
        match input.read(&mut start[have..])? {
            0 => break,
            n => have += n,
        }
    }
    let compression = Compression::of_bytes(&start[..have]);
    let whole = io::Cursor::new(start).take(have as u64).chain(input);
    Ok(match compression {
        Compression::None => Box::new(whole),
        Compression::Gzip => Box::new(MultiGzDecoder::new(BufReader::with_capacity(
            1 << 16,
            whole,
        ))),
        Compression::Zstd => Box::new(zstd::stream::read::Decoder::new(whole)?),
    })
}

/// A byte stream that may need a trailer. After a `flush` all that was written is whole by itself:
/// a process that dies later takes nothing of it away.
pub trait Output: Write + Send {
    /// Writes what completes the stream.
    fn finish(self: Box<Self>) -> io::Result<()>;
}

struct Plain<W>(W);

impl<W: Write> Write for Plain<W> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl<W: Write + Send> Output for Plain<W> {
    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.0.flush()
    }
}

impl Compression {
    /// Wraps a writer.
    pub fn compress(self, output: impl Write + Send + 'static) -> io::Result<Box<dyn Output>> {
        Ok(match self {
            Self::None => Box::new(Plain(output)),
            Self::Gzip | Self::Zstd => Box::new(Members::new(self, output)),
        })
    }
}

#[cfg(test)]
mod tests {
    use flate2::write::GzEncoder;

    use super::*;

    fn packed(compression: Compression, data: &[u8]) -> Vec<u8> {
        match compression {
            Compression::None => data.to_vec(),
            Compression::Gzip => {
                let mut gz = GzEncoder::new(Vec::new(), flate2::Compression::fast());
                gz.write_all(data).expect("memory");
                gz.finish().expect("memory")
            }
            Compression::Zstd => zstd::encode_all(data, 1).expect("memory"),
        }
    }

    #[test]
    fn recognises_each_by_its_first_bytes() {
        for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
            for data in [&b""[..], b"a", b"(", b"(\xb5", b"some longer text\n"] {
                let mut back = Vec::new();
                let input = io::Cursor::new(packed(compression, data));
                decompress(input)
                    .expect("a start")
                    .read_to_end(&mut back)
                    .expect("whole");
                assert_eq!(back, data, "{compression:?}");
            }
        }
    }

    #[test]
    fn concatenated_members_are_one_stream() {
        for compression in [Compression::Gzip, Compression::Zstd] {
            let mut both = packed(compression, b"one\n");
            both.extend(packed(compression, b"two\n"));
            let mut back = String::new();
            decompress(io::Cursor::new(both))
                .expect("a start")
                .read_to_string(&mut back)
                .expect("whole");
            assert_eq!(back, "one\ntwo\n");
        }
    }

    #[test]
    fn a_cut_stream_is_an_error() {
        for compression in [Compression::Gzip, Compression::Zstd] {
            let mut data = packed(compression, &b"line\n".repeat(1000));
            data.truncate(data.len() / 2);
            let mut back = Vec::new();
            let error = decompress(io::Cursor::new(data))
                .expect("a start")
                .read_to_end(&mut back);
            assert!(error.is_err(), "{compression:?}");
        }
    }
}
