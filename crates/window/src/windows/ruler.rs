//! Where windows are laid out: along nanoseconds, or along the days of a calendar.
//!
//! A day of a time zone has 23, 24 or 25 hours; windows of days begin at local midnight, as in Flink SQL with
//! `TIMESTAMP_LTZ` and a session time zone. Where a midnight is skipped by a change of the clocks, the day begins at the
//! first moment after it (RFC 5545, section 3.3.5, `jiff`'s "compatible").

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::Time;

/// Seconds of a day of 24 hours.
const DAY: i64 = 24 * 3600;
const NANOS: i64 = 1_000_000_000;

/// Turns times into positions and back.
pub(crate) enum Ruler {
    /// Positions are nanoseconds after the offset.
    Nanoseconds { offset: i64 },
    /// Positions are days of the zone; each begins so long after midnight by its clocks.
    Days {
        zone: TimeZone,
        offset: SignedDuration,
    },
}

impl Ruler {
    pub(crate) fn new(offset: i64, zone: Option<&TimeZone>) -> Self {
        match zone {
            None => Self::Nanoseconds { offset },
            Some(zone) => Self::Days {
                zone: zone.clone(),
                offset: SignedDuration::from_nanos(offset),
            },
        }
    }

    /// A length in positions; whole days where positions are days.
    pub(crate) fn length(&self, nanoseconds: i64) -> i64 {
        match self {
            Self::Nanoseconds { .. } => nanoseconds,
            Self::Days { .. } => nanoseconds / (DAY * NANOS),
        }
    }

    /// The position that a time belongs to.
    pub(crate) fn position(&self, time: Time) -> Option<i64> {
        match self {
            Self::Nanoseconds { offset } => time.checked_sub(*offset),
            Self::Days { zone, offset } => {
                let local = zone.to_datetime(Timestamp::from_nanosecond(time.into()).ok()?);
                let local = local.checked_sub(*offset).ok()?;
                let day = TimeZone::UTC
                    .to_timestamp(local)
                    .ok()?
                    .as_second()
                    .div_euclid(DAY);
                // Clocks that were put back show the same hour twice, on both sides of a start.
                Some(match (self.moment(day)?, self.moment(day + 1)?) {
                    (start, _) if time < start => day - 1,
                    (_, end) if time >= end => day + 1,
                    _ => day,
                })
            }
        }
    }

    /// The first moment of a position.
    pub(crate) fn moment(&self, position: i64) -> Option<Time> {
        match self {
            Self::Nanoseconds { offset } => position.checked_add(*offset),
            Self::Days { zone, offset } => {
                let midnight = Timestamp::from_second(position.checked_mul(DAY)?).ok()?;
                let local = TimeZone::UTC
                    .to_datetime(midnight)
                    .checked_add(*offset)
                    .ok()?;
                zone.to_timestamp(local)
                    .ok()?
                    .as_nanosecond()
                    .try_into()
                    .ok()
            }
        }
    }
}
