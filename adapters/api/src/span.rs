//! Lengths of time in options.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// Milliseconds, or a text with a unit: `500ms`, `10s`, `2m`. At most a day.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Span(u32);

const LONGEST: u64 = 24 * 60 * 60 * 1000;

impl Span {
    /// So many milliseconds.
    pub const fn from_millis(millis: u32) -> Self {
        Self(millis)
    }

    /// In whole milliseconds.
    pub fn as_millis(self) -> u32 {
        self.0
    }

    /// As the standard library has it.
    pub fn as_duration(self) -> Duration {
        Duration::from_millis(self.0.into())
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.as_duration(), f)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(SpanVisitor)
    }
}

struct SpanVisitor;

impl Visitor<'_> for SpanVisitor {
    type Value = Span;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a time such as `500ms`, `10s` or `2m`, or a number of milliseconds")
    }

    fn visit_u64<E: Error>(self, millis: u64) -> Result<Span, E> {
        match u32::try_from(millis) {
            Ok(short) if millis <= LONGEST => Ok(Span(short)),
            _ => Err(E::custom(format!("`{millis}` ms is longer than a day"))),
        }
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Span, E> {
        if let Ok(millis) = text.parse() {
            return self.visit_u64(millis);
        }
        let span: jiff::SignedDuration = text
            .parse()
            .map_err(|_| E::custom(format!("`{text}` is no time; write `500ms`, `10s` or `2m`")))?;
        match u64::try_from(span.as_millis()) {
            Ok(millis) => self.visit_u64(millis),
            Err(_) => Err(E::custom(format!("`{text}` is before it began"))),
        }
    }
}

impl JsonSchema for Span {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Span".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "integer"], "minimum": 0, "maximum": LONGEST })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(json: serde_json::Value) -> Result<u32, String> {
        serde_json::from_value::<Span>(json)
            .map(Span::as_millis)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn reads_numbers_and_units() {
        assert_eq!(span(1500.into()), Ok(1500));
        assert_eq!(span("1500".into()), Ok(1500));
        assert_eq!(span("250ms".into()), Ok(250));
        assert_eq!(span("2m".into()), Ok(120_000));
        assert_eq!(span("1m 30s".into()), Ok(90_000));
    }

    #[test]
    fn says_how_to_write_a_time() {
        for wrong in ["soon", "", "10 parsecs"] {
            assert!(
                span(wrong.into()).is_err_and(|text| text.contains("`10s`")),
                "{wrong}"
            );
        }
        assert!(span("-1s".into()).is_err_and(|text| text.contains("`-1s`")));
        assert!(span("25h".into()).is_err_and(|text| text.contains("longer than a day")));
        assert!(span((-5).into()).is_err());
    }
}
