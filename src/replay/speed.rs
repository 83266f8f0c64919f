//! How fast to play: a multiple of the original speed, or as fast as possible.

use std::fmt;
use std::str::FromStr;

/// The speed of a replay, such as `10x`, `0.5x` or `max`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speed {
    /// Thousandths of the original speed: 1000 is as recorded.
    Thousandths(u64),
    /// Without any waiting.
    Max,
}

/// A text that is not a speed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a speed: {why}")]
pub struct SpeedError {
    text: String,
    why: &'static str,
}

impl From<crate::scenario::Speed> for Speed {
    fn from(speed: crate::scenario::Speed) -> Self {
        match speed {
            crate::scenario::Speed::Max => Self::Max,
            crate::scenario::Speed::Times(times) => {
                Self::Thousandths((times * 1_000.0).round().max(1.0) as u64)
            }
        }
    }
}

impl Speed {
    /// As recorded.
    pub const ORIGINAL: Self = Self::Thousandths(1_000);

    /// How long a stretch of event time takes; nothing at `max`.
    pub(super) fn wall_ns(self, event_ns: i128) -> i128 {
        match self {
            Self::Thousandths(speed) => event_ns.saturating_mul(1_000) / i128::from(speed),
            Self::Max => 0,
        }
    }

    /// How much event time passes within a stretch of wall-clock time; without limit at `max`.
    pub(super) fn event_ns(self, wall_ns: i128) -> i128 {
        match self {
            Self::Thousandths(speed) => wall_ns.saturating_mul(i128::from(speed)) / 1_000,
            Self::Max => i128::MAX,
        }
    }
}

impl FromStr for Speed {
    type Err = SpeedError;

    fn from_str(text: &str) -> Result<Self, SpeedError> {
        let wrong = |why| SpeedError {
            text: text.to_owned(),
            why,
        };
        let trimmed = text.trim();
        if trimmed == "max" {
            return Ok(Self::Max);
        }
        let number = trimmed.strip_suffix(['x', 'X']).unwrap_or(trimmed);
        let factor: f64 = number.parse().map_err(|_| {
            wrong("write a factor such as `10x`, `1x` or `0.5x`, or `max` for no waiting")
        })?;
        if factor <= 0.0 {
            return Err(wrong(
                "the factor must be more than 0; `0.5x` is half as fast as recorded",
            ));
        }
        if factor < 0.001 {
            return Err(wrong("the slowest is `0.001x`"));
        }
        // Also refuses what is not a number.
        if factor.is_nan() || factor > 1e6 {
            return Err(wrong(
                "the fastest is `1000000x`; write `max` for no waiting",
            ));
        }
        Ok(Self::Thousandths((factor * 1_000.0).round() as u64))
    }
}

impl fmt::Display for Speed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Thousandths(speed) => write!(f, "{}x", *speed as f64 / 1_000.0),
            Self::Max => f.write_str("max"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_factors_and_max() {
        for (text, speed) in [
            ("1x", Speed::ORIGINAL),
            ("10x", Speed::Thousandths(10_000)),
            ("10", Speed::Thousandths(10_000)),
            ("0.5X", Speed::Thousandths(500)),
            (".25x", Speed::Thousandths(250)),
            ("max", Speed::Max),
        ] {
            assert_eq!(text.parse::<Speed>().unwrap(), speed, "{text}");
        }
        for text in ["1x", "10x", "0.5x", "max"] {
            assert_eq!(text.parse::<Speed>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn faults_are_named() {
        for (text, why) in [
            ("fast", "write a factor such as"),
            ("", "write a factor such as"),
            ("x", "write a factor such as"),
            ("10 km/h", "write a factor such as"),
            ("0x", "the factor must be more than 0"),
            ("-2x", "the factor must be more than 0"),
            ("0.0001x", "the slowest is `0.001x`"),
            ("infx", "the fastest is `1000000x`"),
            ("NaN", "the fastest is `1000000x`"),
            ("2e6x", "the fastest is `1000000x`"),
        ] {
            let error = text.parse::<Speed>().unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("`{text}` is not a speed: {why}")),
                "{error}"
            );
        }
    }
}
