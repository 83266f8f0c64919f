//! Bytes to records and back, for every place that holds plain bytes: files, stdin, stdout.
//!
//! A [`Framing`] says how records lie in a byte stream. [`FramedSource`] reads any `Read` on a
//! thread of its own and yields batches that point into the chunks it read; [`FramedSink`] writes
//! records to any [`Output`]. gzip and zstd are recognised by their first bytes when reading and
//! by the name's ending when writing.
#![deny(missing_docs)]

mod claim;
mod compression;
mod decode;
mod encode;
mod envelope;
mod options;
mod sink;
mod source;

pub use claim::Claim;
pub use compression::{Compression, Output, Whole, decompress, whole};
pub use decode::Decode;
pub use encode::{Encode, csv::CsvEncoder, envelope::EnvelopeEncoder, lines::LineEncoder};
pub use options::{Framing, FramingOptions};
pub use sink::FramedSink;
pub use source::{FramedSource, Input};
