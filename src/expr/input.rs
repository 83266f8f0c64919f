//! What a program sees of one record.

use bytes::Bytes;
use ssectl_adapter::{Position, Record};

use super::error::{EvalErrorKind, position};
use super::json;
use super::meter;
use super::value::{Number, Object, Text, Value};

/// The payload of a record, as the program's input `.`.
#[derive(Clone, Copy, Debug)]
pub enum Payload<'a> {
    /// Exactly one JSON value.
    Json(&'a [u8]),
    /// The bytes as one string, as `jq -R` reads a line.
    Text(&'a [u8]),
    /// A record without a value: `null`.
    Null,
}

/// One record: its payload and what the stream says about it.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// Becomes `.`.
    pub payload: Payload<'a>,
    /// Becomes the variables.
    pub meta: Meta<'a>,
}

/// Where a record comes from. The variables are built only if the program names them. In strings
/// made of bytes, what is no UTF-8 becomes U+FFFD.
#[derive(Clone, Copy, Debug, Default)]
pub struct Meta<'a> {
    /// `$key`: a string, or `null` if there is none.
    pub key: Option<&'a [u8]>,
    /// `$headers`: an object of strings and nulls; of a header that comes twice, the last value.
    pub headers: &'a [(String, Option<Bytes>)],
    /// `$stream`: topic, file or queue.
    pub stream: &'a str,
    /// `$partition`: an integer if it reads as one, else a string.
    pub partition: &'a str,
    /// `$offset`: an integer, a string where the broker has tokens, or `null`.
    pub position: Option<&'a Position>,
    /// `$time` (integer milliseconds since 1970, rounded down) and `$time_ns` (integer
    /// nanoseconds); both `null` if the record has no time.
    pub timestamp_ns: Option<i128>,
}

/// The variables that a program may name.
pub(super) const VARIABLES: [&str; 7] = [
    "$key",
    "$headers",
    "$stream",
    "$partition",
    "$offset",
    "$time",
    "$time_ns",
];

impl Payload<'_> {
    /// The input of the program.
    pub(super) fn value(&self) -> Result<Value, EvalErrorKind> {
        match self {
            Payload::Null => Ok(Value::NULL),
            Payload::Text(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => Ok(Value::Str(copy(text))),
                Err(error) => Err(EvalErrorKind::InvalidText {
                    offset: error.valid_up_to(),
                }),
            },
            Payload::Json(bytes) => {
                let invalid = |offset, what| {
                    let (line, column) = position(bytes, offset);
                    EvalErrorKind::InvalidJson {
                        offset,
                        line,
                        column,
                        what,
                    }
                };
                let text = std::str::from_utf8(bytes)
                    .map_err(|error| invalid(error.valid_up_to(), "invalid UTF-8".to_owned()))?;
                json::read(&copy(text)).map_err(|error| invalid(error.offset, error.what))
            }
        }
    }
}

fn copy(text: &str) -> Text {
    meter::admit_bytes(text.len());
    Text::from(text)
}

impl<'a> Meta<'a> {
    /// What a record says about itself.
    pub fn of(record: &'a Record) -> Self {
        Self {
            key: record.key.as_deref(),
            headers: &record.headers,
            stream: &record.origin.stream,
            partition: record.origin.partition.as_str(),
            position: Some(&record.origin.position),
            timestamp_ns: record.timestamp.map(ssectl_adapter::Timestamp::as_nanos),
        }
    }

    /// The value of one of the [`VARIABLES`].
    pub(super) fn variable(&self, name: &str) -> Value {
        match name {
            "$key" => self.key.map_or(Value::NULL, string),
            "$headers" => {
                let headers = self.headers.iter().map(|(name, value)| {
                    (
                        name.as_str().into(),
                        value.as_deref().map_or(Value::NULL, string),
                    )
                });
                Value::Obj(headers.collect::<Object>())
            }
            "$stream" => Value::str(self.stream),
            "$partition" => integer_or_string(self.partition),
            "$offset" => match self.position {
                Some(Position::Offset(offset)) => Value::Num(Number::big((*offset).into())),
                Some(Position::Token(token)) => Value::str(&**token),
                Some(Position::None) | None => Value::NULL,
            },
            "$time" => self.time(1_000_000),
            _ => self.time(1),
        }
    }

    fn time(&self, divisor: i128) -> Value {
        self.timestamp_ns.map_or(Value::NULL, |ns| {
            Value::Num(Number::big(ns.div_euclid(divisor).into()))
        })
    }
}

fn string(bytes: &[u8]) -> Value {
    Value::from(String::from_utf8_lossy(bytes).into_owned())
}

fn integer_or_string(text: &str) -> Value {
    match text.parse::<i128>() {
        Ok(integer) if !text.starts_with('+') => Value::Num(Number::big(integer.into())),
        _ => Value::str(text),
    }
}
