//! Leaving out what comes again.
//!
//! An event goes on if none of its key went on within the horizon before it or after it, in event time: as Beam's
//! `Deduplicate` with a duration and Spark's `dropDuplicatesWithinWatermark` have it, but by event time alone. The horizon
//! counts from the event that went on, so a key that comes all the time goes on once per horizon.

use ssectl_state::{Corrupt, Keep, Space, StateError, Table, Value};

use super::sequence::Out;
use super::{Found, Item, Outcome, Relation};
use crate::Time;
use crate::codec::{Present, Put, Reader};

/// How long a key is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DedupeSpec {
    /// In ns; `Time::MAX` is for ever.
    pub horizon: Time,
}

/// Lets the first event of a key within a horizon through.
pub struct Dedupe {
    horizon: Time,
    seen: Table<Seen>,
    timers: Table<Present>,
}

/// When events of a key went on, in order; those that may still matter.
struct Seen(Vec<Time>);

const ALL: ssectl_state::Group = (0, 0);

impl Dedupe {
    /// # Errors
    /// The state cannot be read.
    pub fn open(spec: DedupeSpec, space: &Space) -> Result<Self, StateError> {
        Ok(Self {
            horizon: spec.horizon,
            seen: Table::open(space, "seen")?,
            timers: Table::open(space, "seen-timers")?,
        })
    }
}

impl Relation for Dedupe {
    fn advance(&mut self, to: Time, _: Out<'_>) -> Result<(), StateError> {
        while let Some(group) = self.timers.first_group().filter(|(expiry, _)| *expiry < to) {
            let (seen, horizon) = (&mut self.seen, self.horizon);
            self.timers.visit(group, |key, _| {
                let times = seen.get_mut(ALL, key)?;
                let left = times.map_or(0, |times| {
                    times
                        .0
                        .retain(|time| time.saturating_add(horizon.saturating_mul(2)) > group.0);
                    times.0.len()
                });
                if left == 0 {
                    seen.remove(ALL, key)?;
                }
                Ok::<_, StateError>(Keep::No)
            })?;
        }
        Ok(())
    }

    fn take(&mut self, mark: Time, item: Item<'_>, out: Out<'_>) -> Result<(), StateError> {
        let Item {
            time, key, payload, ..
        } = item;
        // What it could repeat may be forgotten: times are kept for two horizons.
        if time.saturating_add(self.horizon) < mark {
            out(Found::Settled(Outcome::Late, payload));
            return Ok(());
        }
        let seen = self
            .seen
            .get_or_insert_with(ALL, key, || Seen(Vec::new()))?;
        let near = |other: &Time| other.abs_diff(time) < self.horizon.unsigned_abs();
        if self.horizon == Time::MAX && !seen.0.is_empty() || seen.0.iter().any(near) {
            out(Found::Settled(Outcome::Repeated, payload));
            return Ok(());
        }
        let at = seen.0.partition_point(|other| *other < time);
        seen.0.insert(at, time);
        let expiry = time.saturating_add(self.horizon.saturating_mul(2));
        if expiry < Time::MAX {
            self.timers
                .get_or_insert_with((expiry, 0), key, || Present)?;
        }
        out(Found::Result {
            time,
            left: payload,
            right: None,
        });
        out(Found::Settled(Outcome::Used, payload));
        Ok(())
    }
}

impl Value for Seen {
    fn encode(&self, out: &mut Vec<u8>) {
        out.put_u32(u32::try_from(self.0.len()).expect("few times within two horizons"));
        for time in &self.0 {
            out.put_i64(*time);
        }
    }

    fn decode(bytes: &[u8]) -> Result<Self, Corrupt> {
        let mut reader = Reader::new(bytes, "times of a key");
        let times = (0..reader.u32()?)
            .map(|_| reader.i64())
            .collect::<Result<_, _>>()?;
        reader.end()?;
        Ok(Self(times))
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.0.len() * 8
    }
}
