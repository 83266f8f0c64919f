//! How many events are due by when: the arithmetic of pacing, without a clock.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::error::SpecError;

/// A number of events per unit of time, such as `200/s` or `5/min`.
///
/// Event k, counted from 0, is due k / rate after the start, so that the first one is due at once
/// and no rounding adds up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rate {
    /// Thousandths of an event.
    milli_events: u64,
    per: Unit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Second,
    Minute,
    Hour,
}

impl Unit {
    fn nanos(self) -> u128 {
        1_000_000_000
            * match self {
                Unit::Second => 1,
                Unit::Minute => 60,
                Unit::Hour => 3_600,
            }
    }
}

impl Rate {
    /// When event `k` is due, after the start. Saturates after 584 years.
    pub fn due_at(self, k: u64) -> Duration {
        let nanos =
            (u128::from(k) * 1_000 * self.per.nanos()).div_ceil(u128::from(self.milli_events));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// How many events are due when `elapsed` has passed since the start; at 0 it is one.
    pub fn due(self, elapsed: Duration) -> u64 {
        self.whole(elapsed.as_nanos()).saturating_add(1)
    }

    /// How many events are due in the time from the start up to but not including `duration`.
    pub fn within(self, duration: Duration) -> u64 {
        duration
            .as_nanos()
            .checked_sub(1)
            .map_or(0, |last| self.whole(last).saturating_add(1))
    }

    fn whole(self, nanos: u128) -> u64 {
        let events =
            nanos.saturating_mul(u128::from(self.milli_events)) / (1_000 * self.per.nanos());
        u64::try_from(events).unwrap_or(u64::MAX)
    }
}

impl FromStr for Rate {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Self, SpecError> {
        let wrong = |why: &str| {
            SpecError::new(
                "rate",
                format!(
                    "`{text}` {why}; write a number per unit, such as `200/s`, `5/min`, `0.5/s`, `1000/h`"
                ),
            )
        };
        let (number, unit) = text.split_once('/').ok_or_else(|| wrong("has no unit"))?;
        let per = match unit.trim() {
            "s" | "sec" | "second" => Unit::Second,
            "m" | "min" | "minute" => Unit::Minute,
            "h" | "hour" => Unit::Hour,
            other => return Err(wrong(&format!("has the unknown unit `{other}`"))),
        };
        let events: f64 = number
            .trim()
            .parse()
            .map_err(|_| wrong("does not start with a number"))?;
        if !(0.001..=1e12).contains(&events) {
            return Err(wrong("is out of range, 0.001 to 1,000,000,000,000"));
        }
        Ok(Self {
            milli_events: (events * 1_000.0).round() as u64,
            per,
        })
    }
}

impl TryFrom<String> for Rate {
    type Error = SpecError;

    fn try_from(text: String) -> Result<Self, SpecError> {
        text.parse()
    }
}

impl From<Rate> for String {
    fn from(rate: Rate) -> Self {
        rate.to_string()
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.per {
            Unit::Second => "s",
            Unit::Minute => "min",
            Unit::Hour => "h",
        };
        write!(f, "{}/{unit}", self.milli_events as f64 / 1_000.0)
    }
}

impl JsonSchema for Rate {
    fn schema_name() -> Cow<'static, str> {
        "Rate".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "a number of events per unit of time: s, min or h",
            "pattern": r"^\s*[0-9]*\.?[0-9]+\s*/\s*(s|sec|second|m|min|minute|h|hour)\s*$",
            "examples": ["200/s", "5/min", "0.5/s"],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(text: &str) -> Rate {
        text.parse().unwrap()
    }

    #[test]
    fn due_and_due_at_agree() {
        for text in ["200/s", "5/min", "0.5/s", "3/s", "7/h", "1000000/s"] {
            let rate = rate(text);
            for k in [0, 1, 2, 3, 10, 999, 123_456] {
                let at = rate.due_at(k);
                assert_eq!(rate.due(at), k + 1, "{text}: event {k} is due at {at:?}");
                if let Some(before) = at.checked_sub(Duration::from_nanos(1)) {
                    assert_eq!(
                        rate.due(before),
                        k,
                        "{text}: event {k} is not due before {at:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_duration_holds_rate_times_duration_events() {
        assert_eq!(rate("200/s").within(Duration::from_secs(10)), 2_000);
        assert_eq!(rate("3/s").within(Duration::from_secs(1)), 3);
        assert_eq!(rate("5/min").within(Duration::from_secs(30)), 3);
        assert_eq!(rate("5/min").within(Duration::ZERO), 0);
    }

    #[test]
    fn extremes_saturate() {
        assert_eq!(
            rate("0.001/h").due_at(u64::MAX),
            Duration::from_nanos(u64::MAX)
        );
        assert_eq!(rate("1000000000000/s").due(Duration::MAX), u64::MAX);
    }

    #[test]
    fn prints_what_it_reads() {
        for text in ["200/s", "5/min", "0.5/s", "1000/h"] {
            assert_eq!(rate(text).to_string(), text);
        }
        assert_eq!(rate(" 5 / minute").to_string(), "5/min");
    }

    #[test]
    fn faults_are_named() {
        for (text, why) in [
            ("200", "has no unit"),
            ("200/day", "has the unknown unit `day`"),
            ("many/s", "does not start with a number"),
            ("0/s", "is out of range"),
            ("-3/s", "is out of range"),
            ("NaN/s", "is out of range"),
        ] {
            let error = text.parse::<Rate>().unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("`rate`: `{text}` {why}")),
                "{error}"
            );
        }
    }
}
