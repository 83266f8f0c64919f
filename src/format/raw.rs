//! Values as they are.

use ssectl_adapter::{Record, Result};
use ssectl_framing::Encode;

/// The value's bytes and a newline; null prints as an empty line.
pub struct RawEncoder;

impl Encode for RawEncoder {
    fn encode(&mut self, record: &Record, out: &mut Vec<u8>) -> Result<()> {
        out.extend_from_slice(record.value.as_deref().unwrap_or_default());
        out.push(b'\n');
        Ok(())
    }
}
