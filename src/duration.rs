//! Lengths of time as people write them: `250ms`, `5s`, `1h 30m`, `7d`.
//!
//! The grammar is that of jiff's "friendly" durations, limited to units of fixed length: a day is
//! 24 hours, a week 7 days.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::SpanRelativeTo;
use jiff::fmt::friendly::{SpanParser, SpanPrinter};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A length of time that reads from and prints to text such as `250ms` or `1h 30m`.
///
/// It is never negative, and its smallest step is a nanosecond.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(try_from = "String", into = "String")]
pub struct HumanDuration(pub Duration);

/// A text that is not a duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not a duration; write numbers with units, such as `250ms`, `5s`, `1h 30m`, `7d`"
)]
pub struct DurationError {
    text: String,
}

impl HumanDuration {
    /// The duration in whole nanoseconds; saturates after 584 years.
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
        let span = SpanParser::new().parse_span(text.trim()).ok();
        span.and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()).ok())
            .and_then(|duration| Duration::try_from(duration).ok())
            .map(Self)
            .ok_or_else(|| DurationError {
                text: text.to_owned(),
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
            "description": "a length of time: numbers with units, such as `250ms`, `5s`, `1h 30m`, `7d`",
            "examples": ["250ms", "5s", "1h 30m", "7d"],
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
            ("7d", 604_800_000_000_000),
            ("1 week 12h", 648_000_000_000_000),
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
        assert_eq!("7d".parse::<HumanDuration>().unwrap().to_string(), "168h");
    }

    #[test]
    fn refuses_the_rest_with_a_way_out() {
        for text in [
            "",
            "5",
            "5 parsecs",
            "-5s",
            "5s ago",
            "1 month",
            "1y",
            "s",
            "P1D x",
        ] {
            let error = text.parse::<HumanDuration>().unwrap_err().to_string();
            let start = format!("`{text}` is not a duration; write numbers with units");
            assert!(error.starts_with(&start), "{error}");
        }
    }
}
