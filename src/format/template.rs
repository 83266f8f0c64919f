//! kcat's format strings.

use std::io::Write as _;
use std::str::FromStr;

use ssectl_adapter::{Record, Result};
use ssectl_framing::Encode;

/// A parsed format string; nothing is added, so write `\n` where lines shall end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    source: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(Vec<u8>),
    Stream,
    Partition,
    Offset,
    Key,
    Value,
    KeyLength,
    ValueLength,
    Timestamp,
    Time,
    Headers,
}

/// Why a text is no format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// Neither a name nor a template.
    #[error(
        "unknown format `{0}`: use json, ndjson, text, csv, envelope, raw, pretty or a template such as '%p %o %k %s\\n'"
    )]
    Unknown(String),
    /// A field letter that means nothing.
    #[error(
        "unknown field `%{0}` in the format: use %t stream, %p partition, %o offset, %k key, %s or %v value, %K and %S their lengths, %T time in ms, %d time as RFC 3339, %h headers, %% percent"
    )]
    Field(char),
    /// A backslash that stands for nothing.
    #[error("unknown escape `\\{0}` in the format: use \\n \\t \\r \\0 \\\\ or \\xHH")]
    Escape(String),
}

impl Template {
    /// As it was written.
    pub fn source(&self) -> &str {
        &self.source
    }
}

impl FromStr for Template {
    type Err = TemplateError;

    fn from_str(source: &str) -> std::result::Result<Self, TemplateError> {
        if !source.contains('%') {
            return Err(TemplateError::Unknown(source.to_owned()));
        }
        let mut parts = Vec::new();
        let mut literal = Vec::new();
        let mut chars = source.chars();
        while let Some(c) = chars.next() {
            match c {
                '%' => match field(chars.next().unwrap_or(' '))? {
                    Part::Literal(text) => literal.extend(text),
                    part => {
                        if !literal.is_empty() {
                            parts.push(Part::Literal(std::mem::take(&mut literal)));
                        }
                        parts.push(part);
                    }
                },
                '\\' => literal.push(escape(&mut chars)?),
                c => literal.extend(c.encode_utf8(&mut [0; 4]).bytes()),
            }
        }
        if !literal.is_empty() {
            parts.push(Part::Literal(literal));
        }
        Ok(Self {
            source: source.to_owned(),
            parts,
        })
    }
}

fn field(letter: char) -> std::result::Result<Part, TemplateError> {
    Ok(match letter {
        't' => Part::Stream,
        'p' => Part::Partition,
        'o' => Part::Offset,
        'k' => Part::Key,
        's' | 'v' => Part::Value,
        'K' => Part::KeyLength,
        'S' => Part::ValueLength,
        'T' => Part::Timestamp,
        'd' => Part::Time,
        'h' => Part::Headers,
        '%' => Part::Literal(b"%".to_vec()),
        other => return Err(TemplateError::Field(other)),
    })
}

fn escape(chars: &mut std::str::Chars<'_>) -> std::result::Result<u8, TemplateError> {
    Ok(match chars.next() {
        Some('n') => b'\n',
        Some('t') => b'\t',
        Some('r') => b'\r',
        Some('0') => 0,
        Some('\\') => b'\\',
        Some('x') => {
            let digits: String = chars.take(2).collect();
            let byte = u8::from_str_radix(&digits, 16)
                .ok()
                .filter(|_| digits.len() == 2);
            byte.ok_or_else(|| TemplateError::Escape(format!("x{digits}")))?
        }
        other => {
            return Err(TemplateError::Escape(
                other.map(String::from).unwrap_or_default(),
            ));
        }
    })
}

impl Encode for Template {
    fn encode(&mut self, record: &Record, out: &mut Vec<u8>) -> Result<()> {
        for part in &self.parts {
            write_part(part, record, out);
        }
        Ok(())
    }
}

fn write_part(part: &Part, record: &Record, out: &mut Vec<u8>) {
    let origin = &record.origin;
    // Writing to a Vec cannot fail.
    let _ = match part {
        Part::Literal(bytes) => out.write_all(bytes),
        Part::Stream => out.write_all(origin.stream.as_bytes()),
        Part::Partition => out.write_all(origin.partition.as_str().as_bytes()),
        Part::Offset => write!(out, "{}", origin.position),
        Part::Key => out.write_all(record.key.as_deref().unwrap_or_default()),
        Part::Value => out.write_all(record.value.as_deref().unwrap_or_default()),
        Part::KeyLength => write_length(record.key.as_deref(), out),
        Part::ValueLength => write_length(record.value.as_deref(), out),
        Part::Timestamp => write!(
            out,
            "{}",
            record.timestamp.map_or(-1, |time| time.as_millis())
        ),
        Part::Time => record
            .timestamp
            .map_or(Ok(()), |time| write!(out, "{time}")),
        Part::Headers => write_headers(record, out),
    };
}

/// -1 for null, as kcat has it.
fn write_length(bytes: Option<&[u8]>, out: &mut Vec<u8>) -> std::io::Result<()> {
    match bytes {
        Some(bytes) => write!(out, "{}", bytes.len()),
        None => out.write_all(b"-1"),
    }
}

fn write_headers(record: &Record, out: &mut Vec<u8>) -> std::io::Result<()> {
    for (index, (name, value)) in record.headers.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write!(out, "{name}=")?;
        out.extend_from_slice(value.as_deref().unwrap_or(b"NULL"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use ssectl_adapter::{Origin, Position, Timestamp};

    use super::*;

    #[test]
    fn prints_every_field() {
        let mut template: Template = r"%t[%p]@%o %k=%s (%K,%S) %T %d %h %% \x41\t\n"
            .parse()
            .expect("a template");
        let record = Record {
            key: Some(Bytes::from_static(b"k")),
            value: None,
            headers: vec![("a".into(), Some("1".into())), ("b".into(), None)],
            timestamp: Some(Timestamp::from_millis(0)),
            origin: Origin {
                stream: "t".into(),
                partition: "3".into(),
                position: Position::Offset(7),
            },
        };
        let mut out = Vec::new();
        template.encode(&record, &mut out).expect("written");
        assert_eq!(
            String::from_utf8(out).expect("text"),
            "t[3]@7 k= (1,-1) 0 1970-01-01T00:00:00Z a=1,b=NULL % A\t\n"
        );
    }

    #[test]
    fn says_what_it_knows() {
        for bad in ["jsn", "%q", r"%s\q", "%", r"%s\x4"] {
            let error = bad.parse::<Template>().expect_err(bad).to_string();
            assert!(error.contains("use "), "{error}");
        }
    }
}
