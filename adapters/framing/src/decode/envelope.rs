//! One envelope per line.

use ssectl_adapter::{Batch, Error, ErrorKind, Position};

use super::{Decode, LineDecoder, Place};
use crate::envelope;

pub(crate) struct EnvelopeDecoder {
    place: Place,
    lines: LineDecoder,
}

impl EnvelopeDecoder {
    pub(crate) fn new(stream: &str, max: usize) -> Self {
        Self {
            place: Place::new(stream),
            lines: LineDecoder::new(stream, max, true),
        }
    }

    /// Opens the envelopes of `found`; what is none becomes a fault at its place in the order.
    fn open(&self, found: Batch, out: &mut Batch) {
        let mut faults = found.faults.into_iter().peekable();
        for (index, line) in found.records.into_iter().enumerate() {
            while let Some(mut fault) = faults.next_if(|fault| fault.index <= index) {
                fault.index = out.records.len();
                out.faults.push(fault);
            }
            let raw = line.value.unwrap_or_default();
            match envelope::read(&raw) {
                Ok(record) => out.records.push(record),
                Err(error) => {
                    let Position::Offset(number) = line.origin.position else {
                        continue;
                    };
                    let error = Error::new(ErrorKind::Data, "line is no envelope").caused_by(error);
                    self.place.fault(number, &raw, error, out);
                }
            }
        }
        for mut fault in faults {
            fault.index = out.records.len();
            out.faults.push(fault);
        }
    }
}

impl Decode for EnvelopeDecoder {
    fn feed(&mut self, chunk: &[u8], out: &mut Batch) {
        let mut found = Batch::default();
        self.lines.feed(chunk, &mut found);
        found.make_records();
        self.open(found, out);
    }

    fn finish(&mut self, out: &mut Batch) {
        let mut found = Batch::default();
        self.lines.finish(&mut found);
        self.open(found, out);
    }

    fn line(&self) -> i64 {
        self.lines.line()
    }
}
