//! The as-of join: each left event with the last right one of its key that was not after it.
//!
//! It is what is called a temporal join by event time elsewhere (Flink, `FOR SYSTEM_TIME AS OF`), or `ASOF JOIN` (DuckDB).
//! A left event waits until the watermark has passed it, as a right one of the same time may still come. Of right ones of
//! one time the last counts.

use ssectl_state::{Corrupt, Group, Keep, Space, StateError, Table, Value};

use super::sequence::Out;
use super::{Found, Item, Outcome, Relation};
use crate::Time;
use crate::codec::{Present, Put, Reader};

/// Which partner there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AsOfSpec {
    /// How long before the left event the right one may be, in ns; `Time::MAX` is for ever.
    pub tolerance: Time,
    /// Whether a left event without a partner is a result, too.
    pub left: bool,
}

/// Joins two sources.
pub struct AsOf {
    spec: AsOfSpec,
    /// Left events by time, with the key in front.
    waiting: Table<Waiting>,
    versions: Table<Versions>,
    timers: Table<Present>,
    /// How many events ever waited: tells those of one time apart.
    counts: Table<Count>,
}

struct Waiting {
    key: Box<[u8]>,
    payload: Box<[u8]>,
}

/// The right events of a key in the order of their times; one per time.
#[derive(Default)]
struct Versions(Vec<Version>);

struct Version {
    time: Time,
    matched: bool,
    payload: Box<[u8]>,
}

struct Count(u64);

const ALL: Group = (0, 0);

impl AsOf {
    /// # Errors
    /// The state cannot be read.
    pub fn open(spec: AsOfSpec, space: &Space) -> Result<Self, StateError> {
        Ok(Self {
            spec,
            waiting: Table::open(space, "waiting")?,
            versions: Table::open(space, "versions")?,
            timers: Table::open(space, "versions-timers")?,
            counts: Table::open(space, "waiting-count")?,
        })
    }

    /// Gives the left events of a time their partners.
    fn answer(&mut self, time: Time, out: Out<'_>) -> Result<(), StateError> {
        let (versions, spec) = (&mut self.versions, self.spec);
        self.waiting.visit((time, 0), |_, waiting| {
            let found = versions.get_mut(ALL, &waiting.key)?;
            let version = found.and_then(|versions| versions.as_of(time, spec.tolerance));
            let partner = version.as_ref().map(|version| &*version.payload);
            if partner.is_some() || spec.left {
                out(Found::Result {
                    time,
                    left: &waiting.payload,
                    right: partner,
                });
                out(Found::Settled(Outcome::Used, &waiting.payload));
            } else {
                out(Found::Settled(Outcome::Unmatched, &waiting.payload));
            }
            if let Some(version) = version
                && !std::mem::replace(&mut version.matched, true)
            {
                out(Found::Settled(Outcome::Used, &version.payload));
            }
            Ok::<_, StateError>(Keep::No)
        })
    }

    /// Forgets the versions that nothing can refer to any more, as the watermark is behind `time`.
    fn forget(&mut self, time: Time, key: &[u8], out: Out<'_>) -> Result<(), StateError> {
        let Some(versions) = self.versions.get_mut(ALL, key)? else {
            return Ok(());
        };
        let newest = versions.0.partition_point(|version| version.time <= time);
        let aged = |version: &Version| version.time.saturating_add(self.spec.tolerance) < time;
        let old = versions.0.partition_point(aged);
        for version in versions.0.drain(..old.max(newest.saturating_sub(1))) {
            if !version.matched {
                out(Found::Settled(Outcome::Unmatched, &version.payload));
            }
        }
        if versions.0.is_empty() {
            self.versions.remove(ALL, key)?;
        }
        Ok(())
    }

    fn wait(&mut self, item: Item<'_>) -> Result<(), StateError> {
        let count = self.counts.get_or_insert_with(ALL, b"", || Count(0))?;
        count.0 += 1;
        let name = count.0.to_be_bytes();
        self.waiting
            .get_or_insert_with((item.time, 0), &name, || Waiting {
                key: item.key.into(),
                payload: item.payload.into(),
            })?;
        Ok(())
    }

    fn version(&mut self, item: Item<'_>, out: Out<'_>) -> Result<(), StateError> {
        let versions = self
            .versions
            .get_or_insert_with(ALL, item.key, Versions::default)?;
        let at = versions
            .0
            .partition_point(|version| version.time < item.time);
        let version = Version {
            time: item.time,
            matched: false,
            payload: item.payload.into(),
        };
        match versions
            .0
            .get_mut(at)
            .filter(|other| other.time == item.time)
        {
            Some(same) => {
                let before = std::mem::replace(same, version);
                if !before.matched {
                    out(Found::Settled(Outcome::Unmatched, &before.payload));
                }
            }
            None => versions.0.insert(at, version),
        }
        for due in [item.time, item.time.saturating_add(self.spec.tolerance)] {
            if due < Time::MAX {
                self.timers
                    .get_or_insert_with((due, 0), item.key, || Present)?;
            }
        }
        Ok(())
    }
}

impl Versions {
    fn as_of(&mut self, time: Time, tolerance: Time) -> Option<&mut Version> {
        let after = self.0.partition_point(|version| version.time <= time);
        let version = self.0.get_mut(after.checked_sub(1)?)?;
        (version.time >= time.saturating_sub(tolerance)).then_some(version)
    }
}

impl Relation for AsOf {
    fn advance(&mut self, to: Time, out: Out<'_>) -> Result<(), StateError> {
        loop {
            let waiting = self.waiting.first_group().map(|group| group.0);
            let timer = self.timers.first_group().map(|group| group.0);
            // Of one time, answers first: what they refer to is still there.
            let next = [waiting.map(|time| (time, 0)), timer.map(|time| (time, 1))];
            match next
                .into_iter()
                .flatten()
                .min()
                .filter(|(time, _)| *time < to)
            {
                None => break,
                Some((time, 0)) => self.answer(time, out)?,
                Some((time, _)) => {
                    let mut keys: Vec<Box<[u8]>> = Vec::new();
                    self.timers.visit((time, 0), |key, _| {
                        keys.push(key.into());
                        Ok::<_, StateError>(Keep::No)
                    })?;
                    for key in keys {
                        self.forget(time.saturating_add(1), &key, out)?;
                    }
                }
            }
        }
        if to < Time::MAX {
            return Ok(());
        }
        // The end: what is left has found nothing.
        self.versions.visit(ALL, |_, versions| {
            for version in versions.0.iter().filter(|version| !version.matched) {
                out(Found::Settled(Outcome::Unmatched, &version.payload));
            }
            Ok::<_, StateError>(Keep::No)
        })
    }

    fn take(&mut self, mark: Time, item: Item<'_>, out: Out<'_>) -> Result<(), StateError> {
        if item.time < mark {
            out(Found::Settled(Outcome::Late, item.payload));
            return Ok(());
        }
        match item.source {
            0 => self.wait(item),
            _ => self.version(item, out),
        }
    }
}

impl Value for Waiting {
    fn encode(&self, out: &mut Vec<u8>) {
        out.put_bytes(&self.key);
        out.put_bytes(&self.payload);
    }

    fn decode(bytes: &[u8]) -> Result<Self, Corrupt> {
        let mut reader = Reader::new(bytes, "an event that waits");
        let waiting = Self {
            key: reader.bytes()?.into(),
            payload: reader.bytes()?.into(),
        };
        reader.end()?;
        Ok(waiting)
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.key.len() + self.payload.len()
    }
}

impl Value for Versions {
    fn encode(&self, out: &mut Vec<u8>) {
        out.put_u32(u32::try_from(self.0.len()).expect("versions of a key fit into memory"));
        for version in &self.0 {
            out.put_i64(version.time);
            out.put_u8(version.matched.into());
            out.put_bytes(&version.payload);
        }
    }

    fn decode(bytes: &[u8]) -> Result<Self, Corrupt> {
        let mut reader = Reader::new(bytes, "versions of a key");
        let version = |reader: &mut Reader<'_>| {
            Ok(Version {
                time: reader.i64()?,
                matched: reader.u8()? != 0,
                payload: reader.bytes()?.into(),
            })
        };
        let versions = (0..reader.u32()?).map(|_| version(&mut reader));
        let versions = versions.collect::<Result<_, Corrupt>>()?;
        reader.end()?;
        Ok(Self(versions))
    }

    fn size(&self) -> usize {
        let versions = self
            .0
            .iter()
            .map(|version| size_of::<Version>() + version.payload.len());
        size_of::<Self>() + versions.sum::<usize>()
    }
}

impl Value for Count {
    fn encode(&self, out: &mut Vec<u8>) {
        out.put_u64(self.0);
    }

    fn decode(bytes: &[u8]) -> Result<Self, Corrupt> {
        let mut reader = Reader::new(bytes, "a number of events");
        let count = reader.u64()?;
        reader.end()?;
        Ok(Self(count))
    }

    fn size(&self) -> usize {
        size_of::<Self>()
    }
}
