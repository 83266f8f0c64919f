//! From chunks of bytes to records.

mod csv;
mod envelope;
mod lines;

use std::sync::Arc;

use bytes::Bytes;
use ssectl_adapter::{Batch, Error, ErrorKind, Fault, Lines, Origin, Partition, Position};

pub(crate) use csv::CsvDecoder;
pub(crate) use envelope::EnvelopeDecoder;
pub(crate) use lines::LineDecoder;

/// Splits a byte stream into records, chunk by chunk.
pub trait Decode: Send {
    /// Adds the records that are whole now, or lines where they are all there is in `out`; keeps what is not.
    fn feed(&mut self, chunk: &[u8], out: &mut Batch);

    /// The stream ended: adds the last record, if its end mark was missing.
    fn finish(&mut self, out: &mut Batch);

    /// The line being read, counted from 1, for messages about the stream itself.
    fn line(&self) -> i64;
}

/// How much of a faulty record is kept to show and to put aside.
const KEPT: usize = 1024;

/// Where a record stands: the stream's name and a line number.
#[derive(Clone)]
struct Place {
    stream: Arc<str>,
    partition: Partition,
}

impl Place {
    fn new(stream: &str) -> Self {
        Self {
            stream: Arc::from(stream),
            partition: Partition::default(),
        }
    }

    fn lines(&self, bytes: Bytes) -> Lines {
        Lines::new(bytes, self.stream.clone(), self.partition.clone())
    }

    fn at(&self, line: i64) -> Origin {
        Origin {
            stream: self.stream.clone(),
            partition: self.partition.clone(),
            position: Position::Offset(line),
        }
    }

    fn fault(&self, line: i64, raw: &[u8], error: Error, out: &mut Batch) {
        out.faults.push(Fault {
            origin: self.at(line),
            index: out.records.len(),
            raw: Some(Bytes::copy_from_slice(&raw[..raw.len().min(KEPT)])),
            cut_from: (raw.len() > KEPT).then_some(raw.len() as u64),
            error,
        });
    }
}

fn too_long(max: usize) -> Error {
    Error::new(
        ErrorKind::TooLarge,
        format!("record is longer than {max} bytes"),
    )
    .hint("raise the limit with `--max-record BYTES`, or `max-record` of a target")
}
