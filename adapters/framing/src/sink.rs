//! Writing a byte stream.

use async_trait::async_trait;
use ssectl_adapter::{Error, Record, Rejected, Result, Sink, Written};

use crate::compression::Output;
use crate::encode::Encode;

/// Bytes collected before they are handed to the system.
const BUFFER: usize = 256 << 10;

/// What makes written bytes last (fsync of a file); nothing for a pipe.
type Sync = Box<dyn FnMut() -> std::io::Result<()> + Send>;

/// Writes records to a byte stream. Each `write` ends with the bytes handed to the system, so a
/// reader at the other end of a pipe is not kept waiting.
///
/// Needs a multi-threaded runtime: a full pipe blocks.
pub struct FramedSink {
    name: String,
    encoder: Box<dyn Encode>,
    output: Box<dyn Output>,
    sync: Sync,
    buffer: Vec<u8>,
}

impl FramedSink {
    /// `name` is for messages; `sync` is called by `flush` after the bytes are written.
    pub fn new(
        name: impl Into<String>,
        encoder: Box<dyn Encode>,
        output: Box<dyn Output>,
        sync: Sync,
    ) -> Self {
        Self {
            name: name.into(),
            encoder,
            output,
            sync,
            buffer: Vec::with_capacity(BUFFER + (BUFFER >> 2)),
        }
    }

    fn put(&mut self, records: &[Record]) -> Result<Written> {
        let mut rejected = Vec::new();
        for (index, record) in records.iter().enumerate() {
            if let Err(error) = self.encoder.encode(record, &mut self.buffer) {
                rejected.push(Rejected { index, error });
            }
            if self.buffer.len() >= BUFFER {
                self.drain()?;
            }
        }
        self.drain()?;
        Ok(Written { rejected })
    }

    fn drain(&mut self) -> Result<()> {
        let written = self.output.write_all(&self.buffer);
        self.buffer.clear();
        self.check(written)
    }

    fn check(&self, result: std::io::Result<()>) -> Result<()> {
        result.map_err(|error| Error::from_io("cannot write", error).with("stream", &self.name))
    }
}

#[async_trait]
impl Sink for FramedSink {
    async fn write(&mut self, records: &[Record]) -> Result<Written> {
        tokio::task::block_in_place(|| self.put(records))
    }

    async fn flush(&mut self) -> Result<()> {
        tokio::task::block_in_place(|| {
            let result = self.output.flush().and_then(|()| (self.sync)());
            self.check(result)
        })
    }

    async fn close(self: Box<Self>) -> Result<()> {
        let Self {
            name,
            output,
            mut sync,
            ..
        } = *self;
        tokio::task::block_in_place(|| output.finish().and_then(|()| sync()))
            .map_err(|error| Error::from_io("cannot complete", error).with("stream", name))
    }
}
