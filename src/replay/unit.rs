//! Event times as recordings write them.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

/// How an event time is written: as a number of units since 1970-01-01T00:00:00Z, or as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeUnit {
    /// Seconds.
    Seconds,
    /// Milliseconds.
    Millis,
    /// Microseconds.
    Micros,
    /// Nanoseconds.
    Nanos,
    /// Text such as `2026-01-01T00:00:00.5Z` or `2026-01-01T01:00:00+01:00` (RFC 3339).
    Rfc3339,
}

/// A text that is not the name of a unit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a unit of event time; units are s, ms, us, ns and rfc3339")]
pub struct TimeUnitError {
    text: String,
}

/// A value that is not an event time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{value}` is not an event time: {why}")]
pub struct TimeError {
    value: String,
    why: String,
}

impl TimeUnit {
    const ALL: [(&'static str, Self); 5] = [
        ("s", Self::Seconds),
        ("ms", Self::Millis),
        ("us", Self::Micros),
        ("ns", Self::Nanos),
        ("rfc3339", Self::Rfc3339),
    ];

    /// Nanoseconds since 1970 from the text of a JSON number or string, such as `1715254403.5075` or `"2026-01-01T00:00:00Z"`.
    ///
    /// No floating point is involved: nanoseconds come out as they are written. Digits below a nanosecond are cut off. A number
    /// may be in quotes, as some recordings have them.
    ///
    /// # Errors
    ///
    /// If the value is neither, or not between the years -9999 and 9999.
    pub fn parse(self, value: &str) -> Result<i128, TimeError> {
        let trimmed = value.trim();
        let text = trimmed
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'))
            .unwrap_or(trimmed);
        let wrong = |why: String| TimeError {
            value: shortened(value),
            why,
        };
        let Some(digits) = self.digits() else {
            let time: Result<Timestamp, _> = text.parse();
            return time
                .map(Timestamp::as_nanosecond)
                .map_err(|_| wrong("it must be text such as \"2026-01-01T00:00:00Z\"; for numbers give the unit s, ms, us or ns".into()));
        };
        let ns = decimal(text, digits)
            .ok_or_else(|| wrong(format!("it must be a number in the unit {self}")))?;
        let range = Timestamp::MIN.as_nanosecond()..=Timestamp::MAX.as_nanosecond();
        if range.contains(&ns) {
            Ok(ns)
        } else {
            Err(wrong(format!(
                "in the unit {self} it is beyond the year 9999; is the unit right?"
            )))
        }
    }

    /// A unit is 10 to this power nanoseconds.
    fn digits(self) -> Option<i32> {
        match self {
            Self::Seconds => Some(9),
            Self::Millis => Some(6),
            Self::Micros => Some(3),
            Self::Nanos => Some(0),
            Self::Rfc3339 => None,
        }
    }
}

/// What fits in a message.
fn shortened(value: &str) -> String {
    let mut chars = value.chars();
    let start: String = chars.by_ref().take(60).collect();
    if chars.next().is_some() {
        format!("{start}...")
    } else {
        start
    }
}

/// A JSON number times 10^shift, without what is behind the decimal point then; saturates.
fn decimal(text: &str, shift: i32) -> Option<i128> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (negative, magnitude) = mantissa
        .strip_prefix('-')
        .map_or((false, mantissa), |rest| (true, rest));
    let (whole, fraction) = magnitude.split_once('.').unwrap_or((magnitude, "0"));
    let all_digits =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    // The point moves this many digits to the right from the start of the whole part.
    let point = (whole.len() as i64) + i64::from(exponent) + i64::from(shift);
    let digits = whole
        .bytes()
        .chain(fraction.bytes())
        .map(|byte| i128::from(byte - b'0'));
    let significant = whole.len() + fraction.len();
    let taken = usize::try_from(point).unwrap_or(0);
    let number = digits.take(taken).fold(0i128, |number, digit| {
        number.saturating_mul(10).saturating_add(digit)
    });
    let zeros = u32::try_from(taken.saturating_sub(significant)).unwrap_or(u32::MAX);
    let scaled = if number == 0 {
        0
    } else {
        number.saturating_mul(10i128.checked_pow(zeros).unwrap_or(i128::MAX))
    };
    Some(if negative { -scaled } else { scaled })
}

impl FromStr for TimeUnit {
    type Err = TimeUnitError;

    fn from_str(text: &str) -> Result<Self, TimeUnitError> {
        let found = Self::ALL
            .iter()
            .find(|(name, _)| *name == text)
            .map(|(_, unit)| *unit);
        found.ok_or_else(|| TimeUnitError {
            text: text.to_owned(),
        })
    }
}

impl fmt::Display for TimeUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Self::ALL
            .iter()
            .find(|(_, unit)| unit == self)
            .map_or(Ok(()), |(name, _)| f.write_str(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn not_a_nanosecond_is_lost() {
        for (unit, value, ns) in [
            ("ns", "1715254403007507001", 1_715_254_403_007_507_001),
            ("ns", "1.715254403007507001e18", 1_715_254_403_007_507_001),
            ("us", "1715254403007507.001", 1_715_254_403_007_507_001),
            ("ms", "1715254403007.507001", 1_715_254_403_007_507_001),
            ("s", "1715254403.007507001", 1_715_254_403_007_507_001),
            ("s", "1715254403.0075070019999", 1_715_254_403_007_507_001),
            ("s", "\"1715254403\"", 1_715_254_403_000_000_000),
            ("s", "17152544.03e2", 1_715_254_403_000_000_000),
            ("s", "1715254403000e-3", 1_715_254_403_000_000_000),
            ("s", " 0 ", 0),
            ("s", "0e99999", 0),
            ("s", "1e-99999", 0),
            ("s", "-1.5", -1_500_000_000),
            ("ms", "0.5", 500_000),
            (
                "rfc3339",
                "\"2026-01-01T00:00:00.000000001Z\"",
                1_767_225_600_000_000_001,
            ),
            (
                "rfc3339",
                "2026-01-01T01:00:00+01:00",
                1_767_225_600_000_000_000,
            ),
        ] {
            assert_eq!(
                unit.parse::<TimeUnit>().unwrap().parse(value),
                Ok(ns),
                "{unit} {value}"
            );
        }
    }

    #[test]
    fn faults_are_named() {
        for (unit, value, why) in [
            ("s", "soon", "it must be a number in the unit s"),
            ("ms", "", "it must be a number in the unit ms"),
            ("ms", "null", "it must be a number in the unit ms"),
            ("ns", "1.", "it must be a number in the unit ns"),
            ("ns", ".5", "it must be a number in the unit ns"),
            ("ns", "--5", "it must be a number in the unit ns"),
            ("ns", "1e", "it must be a number in the unit ns"),
            (
                "s",
                "1715254403007507001",
                "in the unit s it is beyond the year 9999; is the unit right?",
            ),
            (
                "s",
                "1e2147483647",
                "in the unit s it is beyond the year 9999; is the unit right?",
            ),
            ("rfc3339", "1715254403", "it must be text such as"),
            ("rfc3339", "\"2026-01-01\"", "it must be text such as"),
        ] {
            let error = unit
                .parse::<TimeUnit>()
                .unwrap()
                .parse(value)
                .unwrap_err()
                .to_string();
            assert!(
                error.starts_with(&format!("`{value}` is not an event time: {why}")),
                "{error}"
            );
        }
        let long = TimeUnit::Seconds
            .parse(&"x".repeat(1_000))
            .unwrap_err()
            .to_string();
        assert!(long.len() < 140, "{long}");
        let unknown = "minutes".parse::<TimeUnit>().unwrap_err().to_string();
        assert_eq!(
            unknown,
            "`minutes` is not a unit of event time; units are s, ms, us, ns and rfc3339"
        );
    }
}
