//! One event and where it came from.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// Headers in the order they were sent; a name may stand there twice, and a null value is not
/// an empty one.
pub type Headers = Vec<(String, Option<Bytes>)>;

/// One event: bytes in, bytes out. `None` (null) and `Some(empty)` are different things.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Record {
    /// What routes the record to a partition and names its entity.
    pub key: Option<Bytes>,
    /// The payload; `None` is a tombstone where the broker knows such a thing.
    pub value: Option<Bytes>,
    /// Attributes beside the payload.
    pub headers: Headers,
    /// When it happened as far as the broker was told; not the event time inside the payload.
    pub timestamp: Option<Timestamp>,
    /// Where it was read; empty for a record that was made here.
    pub origin: Origin,
}

impl Record {
    /// A record with a payload and nothing else.
    pub fn from_value(value: impl Into<Bytes>) -> Self {
        Self {
            value: Some(value.into()),
            ..Self::default()
        }
    }

    /// Bytes of key, value and headers together: what counts against size limits.
    pub fn size(&self) -> usize {
        let headers: usize = self
            .headers
            .iter()
            .map(|(k, v)| k.len() + v.as_ref().map_or(0, Bytes::len))
            .sum();
        self.key.as_ref().map_or(0, Bytes::len)
            + self.value.as_ref().map_or(0, Bytes::len)
            + headers
    }
}

/// Stream, partition and position a record was read from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origin {
    /// Name of the stream (topic, queue, file).
    pub stream: Arc<str>,
    /// Its partition (shard); empty where the stream has none.
    pub partition: Partition,
    /// The position of this very record.
    pub position: Position,
}

/// A partition or shard by the name its broker gives it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Partition(Arc<str>);

impl Partition {
    /// The name as the broker prints it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Partition {
    fn default() -> Self {
        Self(Arc::from(""))
    }
}

impl<S: Into<Arc<str>>> From<S> for Partition {
    fn from(name: S) -> Self {
        Self(name.into())
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A place in a partition, opaque to the engine; offsets stay numbers so that they cost nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum Position {
    /// Not known, or the stream has no positions.
    #[default]
    None,
    /// A counted offset (Kafka), a byte offset or a line (files).
    Offset(i64),
    /// Anything else: a sequence number, a message id.
    Token(Arc<str>),
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => Ok(()),
            Self::Offset(offset) => write!(f, "{offset}"),
            Self::Token(token) => f.write_str(token),
        }
    }
}
