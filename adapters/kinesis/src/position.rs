//! Places in a shard, as text that survives files and command lines.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use ssectl_adapter::{Error, ErrorKind, Position, Result};

/// A record: its sequence number, and its place in an aggregated record.
#[derive(Debug, Clone)]
pub(crate) struct Point {
    pub(crate) sequence: Arc<str>,
    /// None for the whole of what Kinesis counts as one record, which begins where its first does.
    pub(crate) sub: Option<u64>,
}

/// Where to read on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// The oldest record there is.
    Horizon,
    /// This record.
    At(Point),
    /// Behind this record.
    After(Point),
    /// Nowhere: the shard is closed and read to its end.
    End,
}

/// Numbers that no integer holds, compared by their digits.
fn numeric(a: &str, b: &str) -> Ordering {
    let (a, b) = (a.trim_start_matches('0'), b.trim_start_matches('0'));
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

impl PartialEq for Point {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Point {}

impl PartialOrd for Point {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Point {
    fn cmp(&self, other: &Self) -> Ordering {
        let sub = |point: &Self| point.sub.unwrap_or(0);
        numeric(&self.sequence, &other.sequence).then_with(|| sub(self).cmp(&sub(other)))
    }
}

impl Point {
    /// The whole record of that sequence number.
    pub(crate) fn whole(sequence: impl Into<Arc<str>>) -> Self {
        Self {
            sequence: sequence.into(),
            sub: None,
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let (sequence, sub) = match text.split_once(':') {
            Some((sequence, sub)) => (sequence, Some(sub.parse().ok()?)),
            None => (text, None),
        };
        let digits = !sequence.is_empty() && sequence.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| Self {
            sequence: sequence.into(),
            sub,
        })
    }

    /// As the position of a record.
    pub(crate) fn position(&self) -> Position {
        Position::Token(self.to_string().into())
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.sub {
            Some(sub) => write!(f, "{}:{sub}", self.sequence),
            None => f.write_str(&self.sequence),
        }
    }
}

impl Place {
    /// As the next position of a shard.
    pub(crate) fn position(&self) -> Position {
        Position::Token(self.to_string().into())
    }

    /// From a position: that of a record, or one that was committed.
    pub(crate) fn of(position: &Position) -> Result<Self> {
        position.to_string().parse()
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Horizon => f.write_str("start"),
            Self::At(point) => point.fmt(f),
            Self::After(point) => write!(f, "after:{point}"),
            Self::End => f.write_str("end"),
        }
    }
}

impl FromStr for Place {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let place = match (text, text.strip_prefix("after:")) {
            ("start", _) => Some(Self::Horizon),
            ("end", _) => Some(Self::End),
            (_, Some(point)) => Point::parse(point).map(Self::After),
            (_, None) => Point::parse(text).map(Self::At),
        };
        place.ok_or_else(|| {
            Error::new(
                ErrorKind::OutOfRange,
                format!("`{text}` is no position in a shard"),
            )
            .hint("a position is a sequence number, or `after:` and one")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_survive_as_text() {
        for text in [
            "start",
            "end",
            "49590338271490256608559692538361571095921575989136588898",
            "7:3",
            "after:7",
            "after:7:0",
        ] {
            let place: Place = text.parse().expect(text);
            assert_eq!(place.to_string(), text);
            assert_eq!(Place::of(&place.position()).expect(text), place);
        }
        for text in ["", "latest", "after:", "7:", "7:x", "-7"] {
            assert_eq!(
                text.parse::<Place>().expect_err(text).kind(),
                ErrorKind::OutOfRange
            );
        }
    }

    #[test]
    fn sequence_numbers_are_compared_as_numbers() {
        let point = |text| Point::parse(text).expect(text);
        let sorted = [
            "0",
            "9",
            "10",
            "10:1",
            "10:12",
            "00011",
            "49590338271490256608559692538361571095921575989136588898",
        ];
        assert!(sorted.map(point).is_sorted());
        assert_eq!(point("10").cmp(&point("10:0")), Ordering::Equal);
    }
}
