//! For people: a line with place, time and key, and the value as indented, coloured JSON.

use std::io::Write as _;

use serde_json::value::RawValue;
use ssectl_adapter::{Record, Result};
use ssectl_framing::Encode;

/// Prints records for a terminal. Numbers and strings stand exactly as they were sent.
pub struct PrettyEncoder {
    colour: bool,
}

impl PrettyEncoder {
    /// With or without ANSI colours.
    pub fn new(colour: bool) -> Self {
        Self { colour }
    }

    fn paint(&self, style: &str, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
        if self.colour {
            out.extend_from_slice(style.as_bytes());
        }
        write(out);
        if self.colour {
            out.extend_from_slice(b"\x1b[0m");
        }
    }
}

const DIM: &str = "\x1b[2m";
const NAME: &str = "\x1b[34;1m";
const STRING: &str = "\x1b[32m";
const OTHER: &str = "\x1b[33m";

impl Encode for PrettyEncoder {
    fn encode(&mut self, record: &Record, out: &mut Vec<u8>) -> Result<()> {
        let head = head(record);
        if !head.is_empty() {
            self.paint(DIM, out, |out| out.extend_from_slice(head.as_bytes()));
            out.push(b'\n');
        }
        match &record.value {
            None => self.paint(DIM, out, |out| out.extend_from_slice(b"(null)")),
            Some(value) => match serde_json::from_slice::<&RawValue>(value) {
                Ok(json) => Printer { pretty: self, out }.print(json.get()),
                Err(_) => printable(value, out),
            },
        }
        out.push(b'\n');
        Ok(())
    }
}

/// `words[0]@17 2026-01-01T00:00:00Z key=a header=x`
fn head(record: &Record) -> String {
    let origin = &record.origin;
    let mut parts = Vec::new();
    if !origin.stream.is_empty() {
        let partition = origin.partition.as_str();
        parts.push(if partition.is_empty() {
            format!("{}:{}", origin.stream, origin.position)
        } else {
            format!("{}[{partition}]@{}", origin.stream, origin.position)
        });
    }
    parts.extend(record.timestamp.map(|time| time.to_string()));
    let show = |bytes: &[u8]| {
        let mut out = Vec::new();
        printable(bytes, &mut out);
        String::from_utf8_lossy(&out).into_owned()
    };
    parts.extend(
        record
            .key
            .as_deref()
            .map(|key| format!("key={}", show(key))),
    );
    for (name, value) in &record.headers {
        let value = value.as_deref().map_or("(null)".to_owned(), show);
        parts.push(format!("{}={value}", show(name.as_bytes())));
    }
    parts.join(" ")
}

/// Text with control characters escaped, so that no record can steer the terminal.
fn printable(bytes: &[u8], out: &mut Vec<u8>) {
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c.is_control() && c != '\n' && c != '\t' {
                let _ = write!(out, "{}", c.escape_default());
            } else {
                out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
}

/// Walks over JSON that is known to be valid.
struct Printer<'a> {
    pretty: &'a PrettyEncoder,
    out: &'a mut Vec<u8>,
}

impl Printer<'_> {
    fn print(&mut self, json: &str) {
        let mut depth = 0;
        let mut rest = json;
        let mut previous = ' ';
        while let Some(c) = rest.chars().next() {
            let length = token(rest);
            let (text, after) = rest.split_at(length);
            rest = after.trim_start();
            match c {
                '{' | '[' => {
                    self.out.push(c as u8);
                    depth += 1;
                    if !rest.starts_with(['}', ']']) {
                        self.line(depth);
                    }
                }
                '}' | ']' => {
                    depth -= 1;
                    if !matches!(previous, '{' | '[') {
                        self.line(depth);
                    }
                    self.out.push(c as u8);
                }
                ',' => {
                    self.out.push(b',');
                    self.line(depth);
                }
                ':' => self.out.extend_from_slice(b": "),
                '"' if rest.starts_with(':') => self.value(NAME, text),
                '"' => self.value(STRING, text),
                _ => self.value(OTHER, text),
            }
            previous = c;
        }
    }

    fn value(&mut self, style: &str, text: &str) {
        self.pretty
            .paint(style, self.out, |out| printable(text.as_bytes(), out));
    }

    fn line(&mut self, depth: usize) {
        self.out.push(b'\n');
        self.out.extend(std::iter::repeat_n(b' ', depth * 2));
    }
}

/// Length of the token at the start of valid JSON without leading space.
fn token(json: &str) -> usize {
    let bytes = json.as_bytes();
    match bytes[0] {
        b'"' => {
            let mut at = 1;
            while bytes[at] != b'"' {
                at += if bytes[at] == b'\\' { 2 } else { 1 };
            }
            at + 1
        }
        b'{' | b'}' | b'[' | b']' | b',' | b':' => 1,
        _ => json
            .find(|c: char| matches!(c, ',' | ']' | '}') || c.is_ascii_whitespace())
            .unwrap_or(json.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pretty(value: &str) -> String {
        let mut out = Vec::new();
        let record = Record::from_value(value.to_owned());
        PrettyEncoder::new(false)
            .encode(&record, &mut out)
            .expect("written");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn indents_and_changes_no_number() {
        assert_eq!(
            pretty(r#"{"a":[1.10,9007199254740993,{}],"b\"c":[], "d" : "x,}" }"#),
            "{\n  \"a\": [\n    1.10,\n    9007199254740993,\n    {}\n  ],\n  \"b\\\"c\": [],\n  \"d\": \"x,}\"\n}\n"
        );
    }

    #[test]
    fn what_is_no_json_is_shown_without_control_characters() {
        assert_eq!(pretty("a\x1b[2Jb"), "a\\u{1b}[2Jb\n");
        assert_eq!(pretty(""), "\n");
    }
}
