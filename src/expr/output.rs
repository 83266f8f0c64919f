//! The results of a program: one buffer of compact JSON and where each result lies in it.

use std::borrow::Cow;
use std::ops::Range;

use bytes::Bytes;

use super::json;
use super::meter;
use super::value::Value;

/// Results of one or more runs. Keep one and [`clear`](Self::clear) it, to reuse its memory.
#[derive(Debug, Default)]
pub struct Outputs {
    bytes: Vec<u8>,
    spans: Vec<Range<usize>>,
}

/// A state of [`Outputs`] to go back to.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    bytes: usize,
    results: usize,
}

impl Mark {
    /// Bytes of all results until here.
    pub(super) fn bytes(self) -> usize {
        self.bytes
    }

    /// Number of results until here.
    pub(super) fn results(self) -> usize {
        self.results
    }
}

impl Outputs {
    /// Forgets the results and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.spans.clear();
    }

    /// Number of results.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether there is no result.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// The results in the order the program gave them.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Output<'_>> {
        self.spans.iter().map(|span| Output {
            json: &self.bytes[span.clone()],
        })
    }

    /// Takes the JSON of the results out, as slices of one buffer that they share.
    pub fn drain(&mut self) -> impl ExactSizeIterator<Item = Bytes> {
        let bytes = Bytes::from(std::mem::take(&mut self.bytes));
        self.spans.drain(..).map(move |span| bytes.slice(span))
    }

    pub(super) fn mark(&self) -> Mark {
        Mark {
            bytes: self.bytes.len(),
            results: self.spans.len(),
        }
    }

    /// Forgets the results since `mark`.
    pub(super) fn reset(&mut self, mark: Mark) {
        self.bytes.truncate(mark.bytes);
        self.spans.truncate(mark.results);
    }

    pub(super) fn push(&mut self, value: &Value) {
        meter::admit_bytes(value.extent().bytes);
        let start = self.bytes.len();
        json::write(value, &mut self.bytes);
        self.spans.push(start..self.bytes.len());
    }

    /// Appends a result that is there as compact JSON already.
    pub(crate) fn push_json(&mut self, json: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(json);
        self.spans.push(start..self.bytes.len());
    }

    /// The result at `index`, counted from 0.
    pub fn get(&self, index: usize) -> Option<Output<'_>> {
        let json = &self.bytes[self.spans.get(index)?.clone()];
        Some(Output { json })
    }
}

/// One result.
#[derive(Clone, Copy, Debug)]
pub struct Output<'a> {
    json: &'a [u8],
}

impl<'a> Output<'a> {
    /// A result that was kept as its JSON.
    pub fn of(json: &'a [u8]) -> Self {
        Self { json }
    }

    /// Compact JSON, as `jq -c` prints it, without a line end.
    pub fn json(&self) -> &'a [u8] {
        self.json
    }

    /// A string without its quotes and escapes, any other value as JSON, as `jq -r` prints it.
    pub fn raw(&self) -> Cow<'a, [u8]> {
        match self.json {
            [b'"', text @ .., b'"'] if !text.contains(&b'\\') => Cow::Borrowed(text),
            [b'"', text @ .., b'"'] => Cow::Owned(unescape(text)),
            other => Cow::Borrowed(other),
        }
    }

    /// Whether the result is a string.
    pub fn is_string(&self) -> bool {
        self.json.first() == Some(&b'"')
    }

    /// Whether the result is `null`.
    pub fn is_null(&self) -> bool {
        self.json == b"null"
    }

    /// Whether jq takes the result for true: everything but `false` and `null`.
    pub fn is_truthy(&self) -> bool {
        !self.is_null() && self.json != b"false"
    }
}

/// Undoes the escapes that the serialiser writes; it never writes surrogate pairs.
fn unescape(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        out.extend_from_slice(&rest[..at]);
        let escape = &rest[at + 1..];
        let (byte, used) = match escape[0] {
            b'b' => (8, 1),
            b'f' => (12, 1),
            b'n' => (b'\n', 1),
            b'r' => (b'\r', 1),
            b't' => (b'\t', 1),
            b'u' => (hex(escape[3]) << 4 | hex(escape[4]), 5),
            other => (other, 1),
        };
        out.push(byte);
        rest = &escape[used..];
    }
    out.extend_from_slice(rest);
    out
}

fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    }
}
