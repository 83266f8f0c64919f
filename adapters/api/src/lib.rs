//! The contract between ssectl and the places events live in.
//!
//! An [`Adapter`] knows one kind of place (Kafka, a file, stdin ...). Given its options it
//! yields a [`Target`], and a target opens [`Source`]s, [`Sink`]s and an [`Admin`]. Bytes go in
//! and bytes come out: null, empty and missing stay different, header order and duplicates
//! survive, and nothing here parses a payload.
//!
//! Adapters classify errors and never retry or sleep; the engine backs off.
#![deny(missing_docs)]

mod address;
mod admin;
mod batch;
mod capabilities;
mod error;
mod lines;
mod memory;
mod options;
mod range;
mod record;
mod registry;
mod sink;
mod source;
mod span;
mod target;
mod timestamp;
mod uri;

pub use address::{AddressOptions, http_endpoint, is_loopback, is_loopback_url};
pub use admin::{Admin, Backlog, Lag, PartitionInfo, StreamInfo, StreamSpec};
pub use batch::{Batch, Commit, Fault, Fetched, Limit, Receipt};
pub use capabilities::{Capabilities, EndOfStream, Order};
pub use error::{Error, ErrorKind, Result};
pub use lines::Lines;
pub use memory::MemoryAdapter;
pub use options::{Options, decode};
pub use range::{Bound, Range, RangeError};
pub use record::{Headers, Origin, Partition, Position, Record};
pub use registry::{Registry, closest};
pub use sink::{ID_HEADER, Rejected, Sink, SinkSpec, Written};
pub use source::{Source, SourceSpec};
pub use span::Span;
pub use target::{Adapter, Joint, Location, Target, Transactional};
pub use timestamp::Timestamp;
pub use uri::StreamUri;
