//! From records to bytes.

pub(crate) mod csv;
pub(crate) mod envelope;
pub(crate) mod lines;

use ssectl_adapter::{Record, Result};

/// Writes records one after the other in one format.
pub trait Encode: Send {
    /// Appends the record with its end mark. On an error nothing is appended, and the next
    /// record can still be written.
    fn encode(&mut self, record: &Record, out: &mut Vec<u8>) -> Result<()>;
}
