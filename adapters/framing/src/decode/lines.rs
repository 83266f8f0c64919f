//! One record per line.

use bytes::{Bytes, BytesMut};
use ssectl_adapter::{Batch, Lines, Record};

use super::{Decode, Place, too_long};

/// The longest part of a line that is put before the next chunk, so that all lines of a chunk are in one piece.
const JOINED: usize = 256 << 10;

/// Lines are parts of the chunks, put together as [`Lines`] or, beside a fault, as a record each.
pub(crate) struct LineDecoder {
    place: Place,
    max: usize,
    skip_blank: bool,
    line: i64,
    partial: BytesMut,
    /// Bytes of an overlong line are thrown away until its end.
    overlong: bool,
}

impl LineDecoder {
    pub(crate) fn new(stream: &str, max: usize, skip_blank: bool) -> Self {
        Self {
            place: Place::new(stream),
            max,
            skip_blank,
            line: 1,
            partial: BytesMut::new(),
            overlong: false,
        }
    }

    /// The lines that end in the chunk, if none of them is too long; what comes behind them is kept.
    fn lines(&mut self, chunk: &[u8]) -> Option<Lines> {
        let (whole, rest) = chunk.split_at(memchr::memrchr(b'\n', chunk)? + 1);
        if self.overlong || self.partial.len() > JOINED || rest.len() > self.max {
            return None;
        }
        let mut bytes = Vec::with_capacity(self.partial.len() + whole.len());
        bytes.extend_from_slice(&self.partial);
        bytes.extend_from_slice(whole);
        let bytes = Bytes::from(bytes);
        let mut lines = self.place.lines(bytes.clone());
        let (mut start, mut number) = (0, self.line);
        for end in memchr::memchr_iter(b'\n', &bytes) {
            let line = &bytes[start..end];
            if line.len() > self.max {
                return None;
            }
            if !self.is_skipped(line) {
                lines.push(start, end, number);
            }
            start = end + 1;
            number += 1;
        }
        self.line = number;
        self.partial.clear();
        self.partial.extend_from_slice(rest);
        Some(lines)
    }

    fn is_skipped(&self, line: &[u8]) -> bool {
        self.skip_blank && line.iter().all(u8::is_ascii_whitespace)
    }

    fn end_line(&mut self, line: Bytes, out: &mut Batch) {
        if self.overlong {
            // Its fault was told when it grew too long.
            self.overlong = false;
        } else if line.len() > self.max {
            self.place.fault(self.line, &line, too_long(self.max), out);
        } else if !self.is_skipped(&line) {
            out.records.push(Record {
                value: Some(line),
                origin: self.place.at(self.line),
                ..Record::default()
            });
        }
        self.line += 1;
    }

    fn keep(&mut self, rest: &[u8], out: &mut Batch) {
        if self.overlong {
            return;
        }
        self.partial.extend_from_slice(rest);
        if self.partial.len() > self.max {
            // Told at once: the line may have no end.
            self.overlong = true;
            self.place
                .fault(self.line, &self.partial, too_long(self.max), out);
            self.partial = BytesMut::new();
        }
    }
}

impl Decode for LineDecoder {
    fn feed(&mut self, chunk: &[u8], out: &mut Batch) {
        if out.count() == 0
            && let Some(lines) = self.lines(chunk)
        {
            out.lines = Some(lines).filter(|lines| !lines.is_empty());
            return;
        }
        out.make_records();
        let chunk = Bytes::copy_from_slice(chunk);
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', &chunk) {
            let line = if self.partial.is_empty() && !self.overlong {
                chunk.slice(start..end)
            } else {
                self.keep(&chunk[start..end], out);
                if self.overlong {
                    Bytes::new()
                } else {
                    self.partial.split().freeze()
                }
            };
            self.end_line(line, out);
            start = end + 1;
        }
        self.keep(&chunk[start..], out);
    }

    fn finish(&mut self, out: &mut Batch) {
        out.make_records();
        if self.overlong || !self.partial.is_empty() {
            let line = if self.overlong {
                Bytes::new()
            } else {
                self.partial.split().freeze()
            };
            self.end_line(line, out);
        }
    }

    fn line(&self) -> i64 {
        self.line
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ssectl_adapter::{ErrorKind, Position};

    use super::*;

    fn decode(chunks: &[&[u8]], max: usize, skip_blank: bool) -> Batch {
        let mut decoder = LineDecoder::new("-", max, skip_blank);
        let mut out = Batch::default();
        for chunk in chunks {
            decoder.feed(chunk, &mut out);
        }
        decoder.finish(&mut out);
        out
    }

    fn values(batch: &Batch) -> Vec<&[u8]> {
        batch
            .records
            .iter()
            .map(|r| r.value.as_deref().unwrap_or_default())
            .collect()
    }

    #[test]
    fn a_last_line_needs_no_newline() {
        assert_eq!(values(&decode(&[b"a\nb"], 10, false)), [b"a", b"b"]);
        assert_eq!(values(&decode(&[b"a\nb\n"], 10, false)), [b"a", b"b"]);
        assert!(values(&decode(&[b""], 10, false)).is_empty());
    }

    #[test]
    fn blank_lines_are_records_of_text_but_not_of_json() {
        assert_eq!(decode(&[b"\n \na\n"], 10, false).records.len(), 3);
        let batch = decode(&[b"\n \na\n"], 10, true);
        assert_eq!(batch.records[0].origin.position, Position::Offset(3));
    }

    #[test]
    fn an_overlong_line_is_told_before_its_end() {
        let mut decoder = LineDecoder::new("-", 5, true);
        let mut out = Batch::default();
        decoder.feed(b"1234567", &mut out);
        assert_eq!(out.faults.len(), 1);
        decoder.feed(b"89", &mut out);
        decoder.finish(&mut out);
        assert_eq!((out.faults.len(), out.records.len()), (1, 0));
    }

    #[test]
    fn an_overlong_line_is_a_fault_and_the_next_line_a_record() {
        for chunks in [
            vec![&b"ok\n123456\nnext\n"[..]],
            vec![b"ok\n12345", b"6", b"78\nnext\n"],
        ] {
            let batch = decode(&chunks, 5, true);
            assert_eq!(values(&batch), [&b"ok"[..], b"next"]);
            assert_eq!(batch.faults.len(), 1);
            assert_eq!(batch.faults[0].index, 1);
            assert_eq!(batch.faults[0].error.kind(), ErrorKind::TooLarge);
            assert_eq!(batch.faults[0].origin.position, Position::Offset(2));
        }
        assert_eq!(decode(&[b"123456"], 5, true).faults.len(), 1);
    }

    #[test]
    fn whole_lines_stay_in_one_piece() {
        let mut decoder = LineDecoder::new("-", 5, true);
        let values = |out: &Batch| {
            let lines = out.lines.as_ref().expect("no fault");
            let spans = lines.spans();
            spans
                .map(|(start, end)| lines.bytes()[start..end].to_vec())
                .collect::<Vec<_>>()
        };
        let (mut first, mut second) = (Batch::default(), Batch::default());
        decoder.feed(b"a\n\nbc", &mut first);
        assert_eq!(values(&first), [b"a"]);
        decoder.feed(b"d\ne\nf", &mut second);
        assert_eq!(values(&second), [&b"bcd"[..], b"e"]);
        second.make_records();
        let position = |at: usize| second.records[at].origin.position.clone();
        assert_eq!([position(0), position(1)], [3, 4].map(Position::Offset));
        let mut third = Batch::default();
        decoder.feed(b"ghijklm\n", &mut third);
        assert_eq!((third.faults.len(), third.count()), (1, 1));
    }

    proptest! {
        #[test]
        fn chunk_borders_change_nothing(text in "[ab\n]{0,60}", cuts in proptest::collection::vec(0usize..60, 0..6)) {
            let bytes = text.as_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c.min(bytes.len())).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let chunks: Vec<&[u8]> = cuts.windows(2).map(|w| &bytes[w[0]..w[1]]).collect();
            let (whole, cut) = (decode(&[bytes], 7, false), decode(&chunks, 7, false));
            prop_assert_eq!(values(&whole), values(&cut));
            prop_assert_eq!(whole.faults.len(), cut.faults.len());
        }
    }
}
