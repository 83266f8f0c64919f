//! Rows under a header, as JSON objects.
//!
//! A field that is a JSON number as it stands stays that very number; every other field is a
//! string. Quoting follows RFC 4180.

use bytes::{BufMut, Bytes, BytesMut};
use csv_core::ReadRecordResult;
use serde_json::value::RawValue;
use ssectl_adapter::{Batch, Error, ErrorKind, Record};

use super::{Decode, Place, too_long};

const BOM: &[u8] = b"\xef\xbb\xbf";

pub(crate) struct CsvDecoder {
    place: Place,
    max: usize,
    reader: csv_core::Reader,
    fields: Vec<u8>,
    ends: Vec<usize>,
    filled: usize,
    ended: usize,
    /// Column names as JSON strings with their colon, once the header is read.
    header: Option<Vec<String>>,
    /// The line the current row began on.
    line: i64,
    overlong: bool,
    started: bool,
}

impl CsvDecoder {
    pub(crate) fn new(stream: &str, max: usize) -> Self {
        Self {
            place: Place::new(stream),
            max,
            reader: csv_core::Reader::new(),
            fields: vec![0; 4096],
            ends: vec![0; 64],
            filled: 0,
            ended: 0,
            header: None,
            line: 1,
            overlong: false,
            started: false,
        }
    }

    /// Feeds bytes to the parser; empty input tells it that the stream ended.
    fn parse(&mut self, mut input: &[u8], out: &mut Batch) {
        loop {
            let (result, read, wrote, ended) = self.reader.read_record(
                input,
                &mut self.fields[self.filled..],
                &mut self.ends[self.ended..],
            );
            let last = input.is_empty();
            input = &input[read..];
            self.filled += wrote;
            self.ended += ended;
            match result {
                ReadRecordResult::InputEmpty => return,
                ReadRecordResult::End => return,
                ReadRecordResult::OutputFull => self.grow(),
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::Record => self.end_row(out),
            }
            if input.is_empty() && !last {
                return;
            }
        }
    }

    /// More room for a long row; past the limit its bytes are overwritten until it ends.
    fn grow(&mut self) {
        if self.fields.len() > self.max {
            self.overlong = true;
            self.filled = 0;
        } else {
            self.fields.resize(self.fields.len() * 2, 0);
        }
    }

    fn end_row(&mut self, out: &mut Batch) {
        let line = self.line;
        self.line = i64::try_from(self.reader.line()).unwrap_or(i64::MAX);
        let (filled, ended) = (self.filled, self.ended);
        (self.filled, self.ended) = (0, 0);
        if std::mem::take(&mut self.overlong) || filled > self.max {
            self.place
                .fault(line, &self.fields[..filled], too_long(self.max), out);
            return;
        }
        let Some(header) = &self.header else {
            match header_of(&self.fields[..filled], &self.ends[..ended]) {
                Ok(header) => self.header = Some(header),
                Err(error) => {
                    // Rows cannot be read without a header: each will be a fault of its own.
                    self.header = Some(Vec::new());
                    self.place.fault(line, &self.fields[..filled], error, out);
                }
            }
            return;
        };
        if ended != header.len() {
            let error = Error::new(
                ErrorKind::Data,
                format!("row has {ended} fields, the header has {}", header.len()),
            );
            self.place.fault(line, &self.fields[..filled], error, out);
            return;
        }
        match object(header, &self.fields[..filled], &self.ends[..ended]) {
            Ok(value) => out.records.push(Record {
                value: Some(value),
                origin: self.place.at(line),
                ..Record::default()
            }),
            Err(error) => self.place.fault(line, &self.fields[..filled], error, out),
        }
    }
}

impl Decode for CsvDecoder {
    fn feed(&mut self, chunk: &[u8], out: &mut Batch) {
        let input = match chunk.strip_prefix(BOM) {
            Some(rest) if !self.started => rest,
            _ => chunk,
        };
        self.started |= !chunk.is_empty();
        if !input.is_empty() {
            self.parse(input, out);
        }
    }

    fn finish(&mut self, out: &mut Batch) {
        self.parse(&[], out);
    }

    fn line(&self) -> i64 {
        self.line
    }
}

fn fields<'a>(bytes: &'a [u8], ends: &'a [usize]) -> impl Iterator<Item = &'a [u8]> {
    let starts = std::iter::once(0).chain(ends.iter().copied());
    starts.zip(ends).map(|(start, end)| &bytes[start..*end])
}

fn text(field: &[u8]) -> Result<&str, Error> {
    std::str::from_utf8(field)
        .map_err(|error| Error::new(ErrorKind::Data, "field is not UTF-8").caused_by(error))
}

fn header_of(bytes: &[u8], ends: &[usize]) -> Result<Vec<String>, Error> {
    let mut names: Vec<String> = Vec::with_capacity(ends.len());
    for field in fields(bytes, ends) {
        let name = format!("{}:", serde_json::Value::from(text(field)?));
        if names.contains(&name) {
            return Err(Error::new(
                ErrorKind::Data,
                format!(
                    "column {} stands in the header twice",
                    name.trim_end_matches(':')
                ),
            ));
        }
        names.push(name);
    }
    Ok(names)
}

fn object(header: &[String], bytes: &[u8], ends: &[usize]) -> Result<Bytes, Error> {
    let mut out = BytesMut::with_capacity(
        bytes.len() + header.iter().map(|name| name.len() + 3).sum::<usize>(),
    );
    out.put_u8(b'{');
    for (index, (name, field)) in header.iter().zip(fields(bytes, ends)).enumerate() {
        if index > 0 {
            out.put_u8(b',');
        }
        out.put_slice(name.as_bytes());
        let field = text(field)?;
        if is_number(field) {
            out.put_slice(field.as_bytes());
        } else {
            let mut writer = (&mut out).writer();
            serde_json::to_writer(&mut writer, field).map_err(|error| {
                Error::new(ErrorKind::Other, "cannot write a field").caused_by(error)
            })?;
        }
    }
    out.put_u8(b'}');
    Ok(out.freeze())
}

/// Whether the text is a JSON number as RFC 8259 writes it (so `007` and `1.` are not).
fn is_number(text: &str) -> bool {
    text.starts_with(|c: char| c == '-' || c.is_ascii_digit())
        && text.ends_with(|c: char| c.is_ascii_digit())
        && serde_json::from_str::<&RawValue>(text).is_ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decode(chunks: &[&[u8]], max: usize) -> Batch {
        let mut decoder = CsvDecoder::new("-", max);
        let mut out = Batch::default();
        for chunk in chunks {
            decoder.feed(chunk, &mut out);
        }
        decoder.finish(&mut out);
        out
    }

    fn values(batch: &Batch) -> Vec<String> {
        let text = |r: &Record| {
            String::from_utf8(r.value.clone().unwrap_or_default().to_vec()).expect("JSON is UTF-8")
        };
        batch.records.iter().map(text).collect()
    }

    #[test]
    fn numbers_stay_as_written_and_the_rest_is_text() {
        let batch = decode(
            &[b"\xef\xbb\xbfid,n,zip\r\n1,1.10,007\r\n\"a\"\"b\",9007199254740993,\"x\ny\"\r\n"],
            100,
        );
        assert_eq!(
            values(&batch),
            [
                r#"{"id":1,"n":1.10,"zip":"007"}"#,
                r#"{"id":"a\"b","n":9007199254740993,"zip":"x\ny"}"#
            ]
        );
    }

    #[test]
    fn a_row_of_the_wrong_width_is_a_fault_with_its_line() {
        let batch = decode(&[b"a,b\n1,2\n3\n4,5\n"], 100);
        assert_eq!(values(&batch).len(), 2);
        assert_eq!(batch.faults[0].origin.position.to_string(), "3");
        assert_eq!(
            batch.faults[0].error.to_string(),
            "row has 1 fields, the header has 2"
        );
    }

    #[test]
    fn a_column_twice_is_a_fault() {
        let batch = decode(&[b"a,a\n1,2\n"], 100);
        assert_eq!(
            batch.faults[0].error.to_string(),
            "column \"a\" stands in the header twice"
        );
    }

    #[test]
    fn a_field_without_end_cannot_fill_the_memory() {
        let endless = b"x".repeat(100_000);
        let mut decoder = CsvDecoder::new("-", 5_000);
        let mut out = Batch::default();
        decoder.feed(b"a,b\n1,\"", &mut out);
        for _ in 0..20 {
            decoder.feed(&endless, &mut out);
        }
        decoder.finish(&mut out);
        assert!(decoder.fields.len() <= 16_384);
        assert_eq!(out.faults.len(), 1);
    }

    #[test]
    fn an_empty_stream_and_a_lone_header_have_no_records() {
        assert!(decode(&[b""], 10).records.is_empty());
        let batch = decode(&[b"a,b"], 10);
        assert!(batch.records.is_empty() && batch.faults.is_empty());
    }

    proptest! {
        #[test]
        fn chunk_borders_change_nothing(text in "[a1,\"\r\n]{0,60}", cut in 0usize..60) {
            let bytes = text.as_bytes();
            let cut = cut.min(bytes.len());
            let (whole, parts) = (decode(&[bytes], 100), decode(&[&bytes[..cut], &bytes[cut..]], 100));
            prop_assert_eq!(values(&whole), values(&parts));
            prop_assert_eq!(whole.faults.len(), parts.faults.len());
        }
    }
}
