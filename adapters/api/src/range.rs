//! Where a read starts and ends: the offset grammar of kcat and rpk.

use std::fmt;

use crate::{Position, Timestamp};

/// A place in every partition of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bound {
    /// The oldest record.
    Start,
    /// Behind the newest record.
    End,
    /// Where the group committed; the oldest record where it has not.
    Stored,
    /// This position.
    At(Position),
    /// The first record not older than this.
    Time(Timestamp),
    /// So many records behind the oldest.
    AfterStart(u64),
    /// So many records before the end.
    BeforeEnd(u64),
}

/// A part of a stream: `from` is the first record, `to` the first one that is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// Where to begin.
    pub from: Bound,
    /// Where to stop; `None` follows for ever.
    pub to: Option<Bound>,
}

impl Default for Range {
    fn default() -> Self {
        Self {
            from: Bound::Start,
            to: None,
        }
    }
}

/// Why a text is no range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is no offset: use `start`, `end`, `stored`, `N`, `+N` (after the start), `-N` (before the end), `@TIME`, or `FROM:TO` of two of them, in this order; TIME is milliseconds or seconds since 1970, a date, RFC 3339, or `-1h`"
)]
pub struct RangeError {
    text: String,
}

impl Range {
    /// Everything the stream holds when the read starts.
    pub fn all() -> Self {
        Self {
            from: Bound::Start,
            to: Some(Bound::End),
        }
    }

    /// Parses `BOUND`, `FROM:TO`, `FROM:` or `:TO`; `now` is what `@-1h` counts from.
    pub fn parse(text: &str, now: Timestamp) -> Result<Self, RangeError> {
        if let Some(from) = bound(text, now) {
            return Ok(Self { from, to: None });
        }
        // A time may hold colons itself, so every colon is tried as the one that divides.
        text.match_indices(':')
            .find_map(|(at, _)| {
                let (from, to) = (&text[..at], &text[at + 1..]);
                Some(Self {
                    from: if from.is_empty() {
                        Bound::Start
                    } else {
                        bound(from, now)?
                    },
                    to: if to.is_empty() {
                        None
                    } else {
                        Some(bound(to, now)?)
                    },
                })
            })
            .filter(|range| !range.runs_backwards())
            .ok_or_else(|| RangeError {
                text: text.to_owned(),
            })
    }

    /// Whether the end is before the start, as far as that can be told without the stream.
    fn runs_backwards(&self) -> bool {
        match (&self.from, &self.to) {
            (Bound::At(Position::Offset(from)), Some(Bound::At(Position::Offset(to)))) => to < from,
            (Bound::Time(from), Some(Bound::Time(to))) => to < from,
            (Bound::AfterStart(from), Some(Bound::AfterStart(to))) => to < from,
            (Bound::BeforeEnd(from), Some(Bound::BeforeEnd(to))) => to > from,
            _ => false,
        }
    }
}

fn bound(text: &str, now: Timestamp) -> Option<Bound> {
    match text {
        "start" | "beginning" | "earliest" | "oldest" => return Some(Bound::Start),
        "end" | "latest" | "newest" => return Some(Bound::End),
        "stored" => return Some(Bound::Stored),
        _ => {}
    }
    if let Some(time) = text.strip_prefix('@') {
        return instant(time, now).map(Bound::Time);
    }
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit()) && !text.is_empty();
    match text.split_at_checked(1)? {
        ("+", n) if digits(n) => Some(Bound::AfterStart(n.parse().ok()?)),
        ("-", n) if digits(n) => Some(Bound::BeforeEnd(n.parse().ok()?)),
        _ if digits(text) => Some(Bound::At(match text.parse() {
            Ok(offset) => Position::Offset(offset),
            // A sequence number of Kinesis, which no integer holds.
            Err(_) => Position::Token(text.into()),
        })),
        _ => None,
    }
}

fn instant(text: &str, now: Timestamp) -> Option<Timestamp> {
    if let Ok(number) = text.parse::<i64>()
        && !text.starts_with(['-', '+'])
    {
        // rpk's rule: up to 10 digits are seconds, more are milliseconds.
        let millis = if text.len() <= 10 {
            number.checked_mul(1000)?
        } else {
            number
        };
        return Some(Timestamp::from_millis(millis));
    }
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Some(Timestamp::from_nanos(time.as_nanosecond()));
    }
    if let Ok(date) = text.parse::<jiff::civil::Date>() {
        let time = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
        return Some(Timestamp::from_nanos(time.as_nanosecond()));
    }
    let duration = text.parse::<jiff::SignedDuration>().ok()?;
    Some(Timestamp::from_nanos(now.as_nanos() + duration.as_nanos()))
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start => f.write_str("start"),
            Self::End => f.write_str("end"),
            Self::Stored => f.write_str("stored"),
            Self::At(position) => write!(f, "{position}"),
            Self::Time(time) => write!(f, "@{time}"),
            Self::AfterStart(n) => write!(f, "+{n}"),
            Self::BeforeEnd(n) => write!(f, "-{n}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000_000;

    fn parse(text: &str) -> (Bound, Option<Bound>) {
        let range = Range::parse(text, Timestamp::from_millis(NOW)).expect(text);
        (range.from, range.to)
    }

    fn time(millis: i64) -> Bound {
        Bound::Time(Timestamp::from_millis(millis))
    }

    #[test]
    fn single_bounds_follow() {
        assert_eq!(parse("start"), (Bound::Start, None));
        assert_eq!(parse("latest"), (Bound::End, None));
        assert_eq!(parse("stored"), (Bound::Stored, None));
        assert_eq!(parse("17"), (Bound::At(Position::Offset(17)), None));
        let sequence = "49590338271490256608559692538361571095921575989136588898";
        let token = Bound::At(Position::Token(sequence.into()));
        assert_eq!(parse(sequence), (token, None));
        assert_eq!(parse("+5"), (Bound::AfterStart(5), None));
        assert_eq!(parse("-5"), (Bound::BeforeEnd(5), None));
    }

    #[test]
    fn ranges_exclude_their_end() {
        assert_eq!(parse("3:9").1, Some(Bound::At(Position::Offset(9))));
        assert_eq!(parse(":end"), (Bound::Start, Some(Bound::End)));
        assert_eq!(parse("-10:end"), (Bound::BeforeEnd(10), Some(Bound::End)));
        assert_eq!(parse("5:"), (Bound::At(Position::Offset(5)), None));
    }

    #[test]
    fn times_may_hold_colons() {
        let ten = 1_767_261_600_000;
        assert_eq!(parse("@2026-01-01T10:00:00Z").0, time(ten));
        assert_eq!(
            parse("@2026-01-01T10:00:00Z:@2026-01-01T11:00:00Z"),
            (time(ten), Some(time(ten + 3_600_000)))
        );
        assert_eq!(parse("@1767261600").0, time(ten));
        assert_eq!(parse("@1767261600000:end"), (time(ten), Some(Bound::End)));
        assert_eq!(parse("@2026-01-01").0, time(1_767_225_600_000));
        assert_eq!(parse("@-1h").0, time(NOW - 3_600_000));
        assert_eq!(parse("@-1h:end").1, Some(Bound::End));
    }

    #[test]
    fn anything_else_is_an_error_that_shows_the_grammar() {
        for text in ["", "sart", "--5", "+", "@", "@yesterday", "1:2:3", "5-9"] {
            let error = Range::parse(text, Timestamp::from_millis(NOW)).expect_err(text);
            assert!(error.to_string().contains("FROM:TO"), "{text}");
        }
    }
}
