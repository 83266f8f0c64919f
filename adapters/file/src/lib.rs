//! Recorded files as streams: `file:path`.
//!
//! NDJSON, text lines, CSV or envelopes; plain, gzip or zstd. A plain file can be followed while
//! it grows.
#![deny(missing_docs)]

mod config;
mod read;
mod write;

use std::sync::Arc;

use async_trait::async_trait;
use ssectl_adapter::{
    Adapter, Admin, Capabilities, EndOfStream, Error, ErrorKind, Location, Options, Order, Result,
    Sink, SinkSpec, Source, SourceSpec, StreamUri, Target, decode,
};

use config::FileOptions;

/// The adapter of `file:`.
pub struct FileAdapter;

impl Adapter for FileAdapter {
    fn name(&self) -> &'static str {
        "file"
    }

    fn summary(&self) -> &'static str {
        "files of NDJSON, text, CSV or envelopes; plain, gzip or zstd"
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
            fan_out: true,
            leases: false,
            end: EndOfStream::Closes,
            lag: false,
            max_record_bytes: None,
        }
    }

    fn options_schema(&self) -> schemars::Schema {
        schemars::schema_for!(FileOptions)
    }

    fn locate(&self, uri: &StreamUri) -> Result<Location> {
        if uri.path.is_empty() {
            return Err(Error::new(ErrorKind::Config, "`file:` needs a path")
                .hint("write `file:data.ndjson`"));
        }
        Ok(Location {
            options: Options::new(),
            stream: uri.path.clone(),
        })
    }

    fn target(&self, options: &Options) -> Result<Arc<dyn Target>> {
        Ok(Arc::new(Files {
            options: decode(self.name(), options)?,
        }))
    }
}

struct Files {
    options: FileOptions,
}

#[async_trait]
impl Target for Files {
    async fn source(&self, spec: &SourceSpec) -> Result<Box<dyn Source>> {
        read::open(&self.options, spec)
    }

    async fn sink(&self, spec: &SinkSpec) -> Result<Box<dyn Sink>> {
        write::open(&self.options, &spec.stream)
    }

    fn admin(&self) -> Result<Box<dyn Admin>> {
        Err(
            Error::new(ErrorKind::Unsupported, "files are not managed as streams")
                .hint("use `ls`, `mkdir` and `rm`"),
        )
    }

    fn describe(&self) -> String {
        "files".to_owned()
    }

    async fn probe(&self) -> Result<String> {
        let dir = std::env::current_dir()
            .map_err(|error| Error::from_io("no current directory", error))?;
        Ok(format!("files under {}", dir.display()))
    }
}
