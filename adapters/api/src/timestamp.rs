//! A point in time that loses nothing on the way between brokers and files.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Whole seconds since the Unix epoch plus nanoseconds, UTC.
///
/// Wide enough for every millisecond timestamp a broker can hold (also absurd ones) and exact to
/// the nanosecond for recorded sensors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Timestamp {
    secs: i64,
    nanos: u32,
}

const NANOS_PER_SEC: i128 = 1_000_000_000;

impl Timestamp {
    /// From milliseconds since the epoch, the unit of Kafka, SQS and Kinesis.
    pub fn from_millis(millis: i64) -> Self {
        let nanos = u32::try_from(millis.rem_euclid(1000)).unwrap_or(0) * 1_000_000;
        Self {
            secs: millis.div_euclid(1000),
            nanos,
        }
    }

    /// From nanoseconds since the epoch; beyond the range of the type it is clamped.
    pub fn from_nanos(nanos: i128) -> Self {
        let secs = nanos.div_euclid(NANOS_PER_SEC);
        let rest = u32::try_from(nanos.rem_euclid(NANOS_PER_SEC)).unwrap_or(0);
        match i64::try_from(secs) {
            Ok(secs) => Self { secs, nanos: rest },
            Err(_) if secs < 0 => Self {
                secs: i64::MIN,
                nanos: 0,
            },
            Err(_) => Self {
                secs: i64::MAX,
                nanos: 999_999_999,
            },
        }
    }

    /// Milliseconds since the epoch, rounded down; clamped to the range of `i64`.
    pub fn as_millis(self) -> i64 {
        let millis = i128::from(self.secs) * 1000 + i128::from(self.nanos / 1_000_000);
        i64::try_from(millis).unwrap_or(if millis < 0 { i64::MIN } else { i64::MAX })
    }

    /// Whether it lies between two milliseconds.
    pub fn has_parts_of_millis(self) -> bool {
        !self.nanos.is_multiple_of(1_000_000)
    }

    /// Nanoseconds since the epoch.
    pub fn as_nanos(self) -> i128 {
        i128::from(self.secs) * NANOS_PER_SEC + i128::from(self.nanos)
    }
}

/// RFC 3339 in UTC; a time no calendar can show is printed as milliseconds.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = i32::try_from(self.nanos).unwrap_or(0);
        match jiff::Timestamp::new(self.secs, nanos) {
            Ok(time) => write!(f, "{time}"),
            Err(_) => write!(f, "{}ms", self.as_millis()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_survive_at_the_edges_of_their_range() {
        for millis in [
            i64::MIN,
            -1001,
            -1000,
            -1,
            0,
            1,
            1_715_254_403_007,
            i64::MAX,
        ] {
            assert_eq!(Timestamp::from_millis(millis).as_millis(), millis);
        }
    }

    #[test]
    fn nanoseconds_survive_and_sort_in_order() {
        let times = [
            -1_i128,
            0,
            1,
            1_715_254_403_007_507_000,
            1_715_254_403_007_507_001,
        ];
        let all: Vec<_> = times.iter().map(|n| Timestamp::from_nanos(*n)).collect();
        assert!(all.is_sorted());
        assert_eq!(all.iter().map(|t| t.as_nanos()).collect::<Vec<_>>(), times);
    }

    #[test]
    fn prints_rfc_3339_or_milliseconds() {
        assert_eq!(
            Timestamp::from_nanos(1_715_254_403_007_507_000).to_string(),
            "2024-05-09T11:33:23.007507Z"
        );
        assert_eq!(
            Timestamp::from_millis(i64::MAX).to_string(),
            "9223372036854775807ms"
        );
    }
}
