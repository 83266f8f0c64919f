//! stdin and stdout as a stream: `-`.
#![deny(missing_docs)]

use std::io::{Read, Write, stdin, stdout};
use std::sync::Arc;

use async_trait::async_trait;
use serde::Deserialize;
use ssectl_adapter::{
    Adapter, Admin, Capabilities, EndOfStream, Error, ErrorKind, Location, Options, Order, Range,
    Result, Sink, SinkSpec, Source, SourceSpec, StreamUri, Target, decode,
};
use ssectl_framing::{
    Claim, Compression, FramedSink, FramedSource, Framing, FramingOptions, Input, decompress,
};

/// The two byte streams behind `-`.
pub trait Streams: Send + Sync + 'static {
    /// What is read.
    fn input(&self) -> Box<dyn Read + Send>;

    /// What is written.
    fn output(&self) -> Box<dyn Write + Send>;
}

/// stdin and stdout of this process.
struct Process;

impl Streams for Process {
    fn input(&self) -> Box<dyn Read + Send> {
        Box::new(Unlocked {
            _claim: Claim::of_stdin(),
        })
    }

    fn output(&self) -> Box<dyn Write + Send> {
        Box::new(stdout())
    }
}

/// The adapter of `-`.
pub struct StdioAdapter {
    streams: Arc<dyn Streams>,
}

impl Default for StdioAdapter {
    fn default() -> Self {
        Self::over(Process)
    }
}

impl StdioAdapter {
    /// Over other streams than those of the process.
    pub fn over(streams: impl Streams) -> Self {
        Self {
            streams: Arc::new(streams),
        }
    }
}

/// Options of `-`.
#[derive(Debug, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct StdioOptions {
    /// `json` (default), `text`, `csv` or `envelope`.
    format: Option<Framing>,
    /// Columns of a CSV that is written; by default the fields of the first record.
    #[serde(default)]
    columns: Vec<String>,
    /// Longest record in bytes; a longer one is a fault. Default 64 MiB.
    max_record: Option<usize>,
}

impl Adapter for StdioAdapter {
    fn name(&self) -> &'static str {
        "stdio"
    }

    fn summary(&self) -> &'static str {
        "stdin and stdout, written as `-`"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            read: true,
            write: true,
            admin: false,
            partitions: false,
            keys: false,
            headers: false,
            tombstones: false,
            timestamps: false,
            binary: false,
            order: Order::Total,
            seek: false,
            seek_time: false,
            resume: false,
            fan_out: false,
            leases: false,
            end: EndOfStream::Closes,
            lag: false,
            max_record_bytes: None,
        }
    }

    fn options_schema(&self) -> schemars::Schema {
        schemars::schema_for!(StdioOptions)
    }

    fn locate(&self, uri: &StreamUri) -> Result<Location> {
        Ok(Location {
            options: Options::new(),
            stream: uri.path.clone(),
        })
    }

    fn target(&self, options: &Options) -> Result<Arc<dyn Target>> {
        let StdioOptions {
            format,
            columns,
            max_record,
        } = decode(self.name(), options)?;
        Ok(Arc::new(Stdio {
            streams: self.streams.clone(),
            framing: FramingOptions {
                format,
                columns,
                max_record,
            },
        }))
    }
}

struct Stdio {
    streams: Arc<dyn Streams>,
    framing: FramingOptions,
}

#[async_trait]
impl Target for Stdio {
    async fn source(&self, spec: &SourceSpec) -> Result<Box<dyn Source>> {
        if !spec.partitions.is_empty() {
            return Err(Error::new(ErrorKind::Config, "stdin has no partitions"));
        }
        if !matches!(
            spec.range,
            Range {
                from: ssectl_adapter::Bound::Start,
                ..
            }
        ) {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "stdin can only be read from its start",
            ));
        }
        if spec.stream != "-" {
            return Err(Error::new(
                ErrorKind::NotFound,
                format!("stdio has no stream `{}`, only `-`", spec.stream),
            ));
        }
        let input = self.streams.input();
        let source = FramedSource::open(Input {
            name: "-".to_owned(),
            open: Box::new(|| {
                decompress(input).map_err(|error| Error::from_io("cannot read stdin", error))
            }),
            decoder: self.framing.decoder("-"),
        })?;
        Ok(Box::new(source))
    }

    async fn sink(&self, _spec: &SinkSpec) -> Result<Box<dyn Sink>> {
        Claim::check_stdout()?;
        let output = Compression::None
            .compress(self.streams.output())
            .map_err(|error| Error::from_io("cannot open stdout", error))?;
        let encoder = self.framing.encoder("-", false)?;
        Ok(Box::new(FramedSink::new(
            "-",
            encoder,
            output,
            Box::new(|| Ok(())),
        )))
    }

    fn admin(&self) -> Result<Box<dyn Admin>> {
        Err(Error::new(
            ErrorKind::Unsupported,
            "stdin and stdout have no streams to manage",
        ))
    }

    fn describe(&self) -> String {
        "-".to_owned()
    }

    async fn probe(&self) -> Result<String> {
        Ok("stdin and stdout".to_owned())
    }
}

/// Takes the lock of stdin per read, since a lock guard cannot move to the reading thread.
struct Unlocked {
    _claim: Option<Claim>,
}

impl Read for Unlocked {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        stdin().lock().read(buf)
    }
}
