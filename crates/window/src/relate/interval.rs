//! The interval join: pairs of events of the same key that are not too far apart.
//!
//! A pair is `left.time - before <= right.time <= left.time + after`, both bounds included, as Flink's interval join has
//! it. An event that is behind the watermark of its own partition is late (Flink, `IntervalJoinOperator.isLate`). One is
//! forgotten when no partner of it can come any more that is not late.

use ssectl_state::{Corrupt, Group, Keep, Space, StateError, Table, Value};

use super::sequence::Out;
use super::{Found, Item, Outcome, Relation};
use crate::Time;
use crate::codec::{Present, Put, Reader};

/// Which pairs there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IntervalSpec {
    /// How long before the left event the right one may be, in ns; negative if it must be after.
    pub before: Time,
    /// How long after it, in ns; negative if it must be before.
    pub after: Time,
    /// Whether a left event without a partner is a result, too.
    pub left: bool,
}

/// Joins two sources.
pub struct IntervalJoin {
    spec: IntervalSpec,
    /// Those of both sources that wait for partners.
    rows: [Table<Rows>; 2],
    timers: Table<Present>,
}

/// The events of a key, in the order of their times and, of one time, in which they came.
#[derive(Default)]
struct Rows(Vec<Row>);

struct Row {
    time: Time,
    matched: bool,
    payload: Box<[u8]>,
}

const ALL: Group = (0, 0);

impl IntervalJoin {
    /// # Errors
    /// The state cannot be read.
    pub fn open(spec: IntervalSpec, space: &Space) -> Result<Self, StateError> {
        Ok(Self {
            spec,
            rows: [Table::open(space, "left")?, Table::open(space, "right")?],
            timers: Table::open(space, "join-timers")?,
        })
    }

    /// The least and the greatest time of a partner.
    fn range(&self, source: usize, time: Time) -> (Time, Time) {
        let IntervalSpec { before, after, .. } = self.spec;
        let (before, after) = if source == 0 {
            (before, after)
        } else {
            (after, before)
        };
        (time.saturating_sub(before), time.saturating_add(after))
    }

    /// The last time at which an event can still find a partner.
    fn expiry(&self, source: usize, time: Time) -> Time {
        self.range(source, time).1.max(time)
    }

    /// Pairs an event with all partners that are there; whether there is one.
    fn pair(&mut self, item: Item<'_>, out: Out<'_>) -> Result<bool, StateError> {
        let source = usize::from(item.source);
        let (least, greatest) = self.range(source, item.time);
        let Some(others) = self.rows[1 - source].get_mut(ALL, item.key)? else {
            return Ok(false);
        };
        let first = others.0.partition_point(|row| row.time < least);
        let partners = others.0[first..]
            .iter_mut()
            .take_while(|row| row.time <= greatest);
        let mut found = false;
        for row in partners {
            found = true;
            let (left, right) = match source {
                0 => (item.payload, &*row.payload),
                _ => (&*row.payload, item.payload),
            };
            out(Found::Result {
                time: item.time.max(row.time),
                left,
                right: Some(right),
            });
            if !std::mem::replace(&mut row.matched, true) {
                out(Found::Settled(Outcome::Used, &row.payload));
            }
        }
        Ok(found)
    }

    /// Forgets the events of a key that can find no partner any more.
    fn expire(
        &mut self,
        source: usize,
        key: &[u8],
        to: Time,
        out: Out<'_>,
    ) -> Result<(), StateError> {
        let Some(rows) = self.rows[source].get_mut(ALL, key)? else {
            return Ok(());
        };
        let IntervalSpec {
            before,
            after,
            left,
        } = self.spec;
        let ahead = if source == 0 { after } else { before };
        let gone = rows
            .0
            .partition_point(|row| row.time.saturating_add(ahead.max(0)) < to);
        for row in rows.0.drain(..gone).filter(|row| !row.matched) {
            if left && source == 0 {
                out(Found::Result {
                    time: row.time,
                    left: &row.payload,
                    right: None,
                });
                out(Found::Settled(Outcome::Used, &row.payload));
            } else {
                out(Found::Settled(Outcome::Unmatched, &row.payload));
            }
        }
        if rows.0.is_empty() {
            self.rows[source].remove(ALL, key)?;
        }
        Ok(())
    }
}

impl Relation for IntervalJoin {
    fn advance(&mut self, to: Time, out: Out<'_>) -> Result<(), StateError> {
        while let Some(group) = self
            .timers
            .first_group()
            .filter(|(expiry, _)| *expiry < to || to == Time::MAX)
        {
            let mut keys: Vec<Box<[u8]>> = Vec::new();
            self.timers.visit(group, |key, _| {
                keys.push(key.into());
                Ok::<_, StateError>(Keep::No)
            })?;
            let source = usize::from(group.1 != 0);
            for key in keys {
                // As if time went on one by one, so that results come in the order of their expiry.
                self.expire(source, &key, group.0.saturating_add(1), out)?;
            }
        }
        Ok(())
    }

    fn take(&mut self, mark: Time, item: Item<'_>, out: Out<'_>) -> Result<(), StateError> {
        if item.time < mark {
            out(Found::Settled(Outcome::Late, item.payload));
            return Ok(());
        }
        let matched = self.pair(item, out)?;
        if matched {
            out(Found::Settled(Outcome::Used, item.payload));
        }
        let source = usize::from(item.source);
        let rows = self.rows[source].get_or_insert_with(ALL, item.key, Rows::default)?;
        let at = rows.0.partition_point(|row| row.time <= item.time);
        rows.0.insert(
            at,
            Row {
                time: item.time,
                matched,
                payload: item.payload.into(),
            },
        );
        let group = (self.expiry(source, item.time), i64::from(item.source));
        self.timers
            .get_or_insert_with(group, item.key, || Present)?;
        Ok(())
    }
}

impl Value for Rows {
    fn encode(&self, out: &mut Vec<u8>) {
        out.put_u32(u32::try_from(self.0.len()).expect("events of a key fit into memory"));
        for row in &self.0 {
            out.put_i64(row.time);
            out.put_u8(row.matched.into());
            out.put_bytes(&row.payload);
        }
    }

    fn decode(bytes: &[u8]) -> Result<Self, Corrupt> {
        let mut reader = Reader::new(bytes, "events of a key");
        let row = |reader: &mut Reader<'_>| {
            Ok(Row {
                time: reader.i64()?,
                matched: reader.u8()? != 0,
                payload: reader.bytes()?.into(),
            })
        };
        let rows = (0..reader.u32()?).map(|_| row(&mut reader));
        let rows = rows.collect::<Result<_, Corrupt>>()?;
        reader.end()?;
        Ok(Self(rows))
    }

    fn size(&self) -> usize {
        let rows = self
            .0
            .iter()
            .map(|row| size_of::<Row>() + row.payload.len());
        size_of::<Self>() + rows.sum::<usize>()
    }
}
