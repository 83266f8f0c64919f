//! The whole record as one JSON object.

use ssectl_adapter::{Error, ErrorKind, Record, Result};

use super::Encode;
use crate::envelope;

/// Writes envelopes; see [`crate::Framing::Envelope`].
pub struct EnvelopeEncoder;

impl Encode for EnvelopeEncoder {
    fn encode(&mut self, record: &Record, out: &mut Vec<u8>) -> Result<()> {
        envelope::write(record, out).map_err(|error| {
            Error::new(ErrorKind::Other, "cannot write an envelope").caused_by(error)
        })?;
        out.push(b'\n');
        Ok(())
    }
}
