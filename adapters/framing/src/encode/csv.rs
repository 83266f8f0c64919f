//! JSON objects as rows.
//!
//! The first object names the columns. A later one may lack some (the field stays empty) but
//! not bring new ones. Numbers are written as they stand, nested values as JSON text, null as
//! an empty field.

use std::borrow::Cow;

use serde_json::value::RawValue;
use ssectl_adapter::{Error, ErrorKind, Record, Result};

use super::Encode;

/// Writes CSV (RFC 4180, `\n` as the end of a row).
pub struct CsvEncoder {
    columns: Vec<String>,
    headed: bool,
}

impl CsvEncoder {
    /// `columns` may be empty: then the first record names them. `headed`: the header stands
    /// there already.
    pub fn new(columns: Vec<String>, headed: bool) -> Self {
        Self { columns, headed }
    }

    fn write_header(&mut self, out: &mut Vec<u8>) {
        if !self.headed {
            write_row(
                self.columns.iter().map(|name| Cow::Borrowed(name.as_str())),
                out,
            );
            self.headed = true;
        }
    }
}

impl Encode for CsvEncoder {
    fn encode(&mut self, record: &Record, out: &mut Vec<u8>) -> Result<()> {
        let value = record.value.as_deref().unwrap_or(b"null");
        let object = Object::parse(value)?;
        if self.columns.is_empty() {
            self.columns = object.0.iter().map(|(name, _)| name.to_string()).collect();
        }
        if let Some((name, _)) = object
            .0
            .iter()
            .find(|(name, _)| !self.columns.iter().any(|c| c == name))
        {
            return Err(Error::new(
                ErrorKind::Data,
                format!("field `{name}` is no column of the CSV"),
            )
            .hint(format!(
                "project to the same fields in every record, or name all columns; they are `{}`",
                self.columns.join("`, `")
            )));
        }
        self.write_header(out);
        let columns = self.columns.iter();
        write_row(columns.map(|column| object.get(column)), out);
        Ok(())
    }
}

/// Fields in the order they stand, with the raw text of each value.
struct Object<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Object<'a> {
    fn parse(value: &'a [u8]) -> Result<Self> {
        let mut deserializer = serde_json::Deserializer::from_slice(value);
        let fields = serde::de::Deserializer::deserialize_map(&mut deserializer, Fields);
        fields.map(Self).map_err(|error| {
            Error::new(ErrorKind::Data, "only a JSON object can be a CSV row")
                .caused_by(error)
                .hint("build one in a `map` step")
        })
    }

    /// The last of equal names wins, as everywhere in JSON.
    fn get(&self, column: &str) -> Cow<'a, str> {
        let found = self.0.iter().rev().find(|(name, _)| name == column);
        found.map_or(Cow::Borrowed(""), |(_, value)| field(value))
    }
}

struct Fields;

impl<'de> serde::de::Visitor<'de> for Fields {
    type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(
        self,
        mut map: A,
    ) -> std::result::Result<Self::Value, A::Error> {
        let mut fields = Vec::new();
        while let Some((Name(name), value)) = map.next_entry()? {
            fields.push((name, value));
        }
        Ok(fields)
    }
}

#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

fn field(value: &RawValue) -> Cow<'_, str> {
    let text = value.get();
    match text.as_bytes().first() {
        Some(b'"') => serde_json::from_str::<String>(text).map_or(Cow::Borrowed(text), Cow::Owned),
        _ if text == "null" => Cow::Borrowed(""),
        _ => Cow::Borrowed(text),
    }
}

fn write_row<'a>(fields: impl Iterator<Item = Cow<'a, str>>, out: &mut Vec<u8>) {
    let start = out.len();
    let mut count = 0;
    for field in fields {
        if count > 0 {
            out.push(b',');
        }
        count += 1;
        if memchr::memchr3(b',', b'"', b'\n', field.as_bytes()).is_some() || field.contains('\r') {
            out.push(b'"');
            out.extend_from_slice(field.replace('"', "\"\"").as_bytes());
            out.push(b'"');
        } else {
            out.extend_from_slice(field.as_bytes());
        }
    }
    // A row of one empty field would read as a blank line.
    if count == 1 && out.len() == start {
        out.extend_from_slice(b"\"\"");
    }
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encode(values: &[&str]) -> (String, Vec<String>) {
        let mut encoder = CsvEncoder::new(Vec::new(), false);
        let (mut out, mut errors) = (Vec::new(), Vec::new());
        for value in values {
            if let Err(error) = encoder.encode(&Record::from_value(value.to_string()), &mut out) {
                errors.push(error.to_string());
            }
        }
        (String::from_utf8(out).expect("UTF-8"), errors)
    }

    #[test]
    fn the_first_object_names_the_columns() {
        let (text, errors) = encode(&[
            r#"{"a":1.10,"b,c":"x\"y\nz","d":{"e":[1]}}"#,
            r#"{"d":null,"a":9007199254740993}"#,
        ]);
        assert_eq!(
            text,
            "a,\"b,c\",d\n1.10,\"x\"\"y\nz\",\"{\"\"e\"\":[1]}\"\n9007199254740993,,\n"
        );
        assert!(errors.is_empty());
    }

    #[test]
    fn a_new_field_or_no_object_is_refused() {
        let (text, errors) = encode(&[r#"{"a":1}"#, r#"{"a":1,"b":2}"#, "[1]", r#"{"a":""}"#]);
        assert_eq!(text, "a\n1\n\"\"\n");
        assert_eq!(
            errors,
            [
                "field `b` is no column of the CSV",
                "only a JSON object can be a CSV row"
            ]
        );
    }
}
