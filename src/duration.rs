//! Lengths of time as people write them: `250ms`, `5s`, `1h 30m`.
//!
//! The grammar is that of jiff's "friendly" durations, limited to units of fixed length.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::fmt::friendly::{SpanParser, SpanPrinter};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A length of time that reads from and prints to text such as `250ms` or `1h 30m`.
///
/// It is never negative. The smallest step is a nanosecond, the largest unit an hour.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(try_from = "String", into = "String")]
pub struct HumanDuration(pub Duration);

/// Why a text is not a duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not a duration ({why}); write a number and a unit, such as `250ms`, `5s`, `1h 30m`"
)]
pub struct DurationError {
    text: String,
    why: String,
}

impl HumanDuration {
    /// The duration in whole nanoseconds, which fit 64 bits up to 584 years.
    ///
    /// Longer durations saturate.
    pub fn as_nanos(self) -> u64 {
        u64::try_from(self.0.as_nanos()).unwrap_or(u64::MAX)
    }
}

impl From<Duration> for HumanDuration {
    fn from(duration: Duration) -> Self {
        Self(duration)
    }
}

impl FromStr for HumanDuration {
    type Err = DurationError;

    fn from_str(text: &str) -> Result<Self, DurationError> {
        SpanParser::new()
            .parse_unsigned_duration(text.trim())
            .map(Self)
            .map_err(|why| DurationError {
                text: text.to_owned(),
                why: why.to_string(),
            })
    }
}

impl TryFrom<String> for HumanDuration {
    type Error = DurationError;

    fn try_from(text: String) -> Result<Self, DurationError> {
        text.parse()
    }
}

impl From<HumanDuration> for String {
    fn from(duration: HumanDuration) -> Self {
        duration.to_string()
    }
}

impl fmt::Display for HumanDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&SpanPrinter::new().unsigned_duration_to_string(&self.0))
    }
}

impl JsonSchema for HumanDuration {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "a length of time: a number and a unit, such as `250ms`, `5s`, `1h 30m`",
            "examples": ["250ms", "5s", "1h 30m"],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_write() {
        for (text, nanos) in [
            ("250ms", 250_000_000),
            (" 5s ", 5_000_000_000),
            ("1h30m", 5_400_000_000_000),
            ("1h 30m", 5_400_000_000_000),
            ("2 minutes", 120_000_000_000),
            ("1.5s", 1_500_000_000),
            ("10us", 10_000),
            ("10µs", 10_000),
            ("7ns", 7),
            ("0s", 0),
        ] {
            assert_eq!(
                text.parse::<HumanDuration>().unwrap().as_nanos(),
                nanos,
                "{text}"
            );
        }
    }

    #[test]
    fn prints_what_it_reads() {
        for text in ["250ms", "5s", "1h 30m", "62ms 500µs", "0s"] {
            assert_eq!(text.parse::<HumanDuration>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn refuses_the_rest_with_a_way_out() {
        for text in ["", "5", "5 parsecs", "-5s", "5s ago", "1 month", "s"] {
            let error = text.parse::<HumanDuration>().unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("`{text}` is not a duration (")),
                "{error}"
            );
            assert!(
                error.ends_with("such as `250ms`, `5s`, `1h 30m`"),
                "{error}"
            );
        }
    }
}
