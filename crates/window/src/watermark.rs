//! How far event time is known to have come, per partition and for all.
//!
//! The watermark of a partition is its greatest event time less the delay (Flink's `BoundedOutOfOrdernessWatermarks`,
//! without its extra millisecond), or what a program says. That of all is the least of the partitions that are known, not
//! at their end, and not idle (Dataflow paper, section 3; Flink's `WatermarkOutputMultiplexer`). A partition is known as
//! soon as it is named, so one without events holds the watermark back.
//! It never goes back: where a partition comes back from being idle, or a new one begins, time stands still for all.

use std::collections::HashMap;

use ssectl_state::{Corrupt, Group, Keep, Space, StateError, Table, Value};

use crate::codec::{Put, Reader, shown};
use crate::{Spec, Time, WatermarkKind};

/// Before all times: no watermark.
pub(crate) const NEVER: Time = Time::MIN;

const ALL: Group = (0, 0);

/// A place in the order of all events: the watermark after an event, and its partition.
pub(crate) type Place = (Time, u32);

/// The watermarks of all partitions.
pub(crate) struct Watermarks {
    kind: WatermarkKind,
    delay: Time,
    idle: Option<Time>,
    max_future: Option<Time>,
    partitions: Vec<(u32, Partition)>,
    slots: HashMap<u32, usize>,
    /// The slot that was used last.
    last: usize,
    /// The least of those that count.
    least: Option<Place>,
    /// The greatest of those that go on.
    greatest: Time,
    progress: Progress,
    /// Those that were named last.
    named: Vec<u32>,
    table: Table<Partition>,
    progress_table: Table<Progress>,
}

/// One partition.
#[derive(Clone, Copy)]
pub(crate) struct Partition {
    watermark: Time,
    /// The greatest event time; [`NEVER`] without an event.
    newest: Time,
    ended: bool,
    /// Said to be idle from outside, until its next event.
    idle: bool,
}

/// What is common to all partitions.
#[derive(Clone, Copy)]
pub(crate) struct Progress {
    /// The greatest watermark of all so far: what was due up to it was done.
    passed: Time,
    /// The first watermark of any partition: from there on the idleness of one without events is measured.
    origin: Time,
}

impl Watermarks {
    pub(crate) fn open(spec: &Spec, space: &Space) -> Result<Self, StateError> {
        let mut watermarks = Self {
            kind: spec.watermark,
            delay: spec.delay,
            idle: spec.idle,
            max_future: spec.max_future,
            partitions: Vec::new(),
            slots: HashMap::new(),
            last: 0,
            least: None,
            greatest: NEVER,
            progress: Progress {
                passed: NEVER,
                origin: NEVER,
            },
            named: Vec::new(),
            table: Table::open(space, "watermarks")?,
            progress_table: Table::open(space, "watermark")?,
        };
        watermarks.restore()?;
        Ok(watermarks)
    }

    fn restore(&mut self) -> Result<(), StateError> {
        if let Some(progress) = self.progress_table.get_mut(ALL, b"")? {
            self.progress = *progress;
        }
        let partitions = &mut self.partitions;
        self.table.visit(ALL, |name, partition| {
            let id = name.try_into().map_err(|_| Corrupt("a partition"))?;
            partitions.push((u32::from_be_bytes(id), *partition));
            Ok::<_, StateError>(Keep::Yes)
        })?;
        self.slots = self
            .partitions
            .iter()
            .enumerate()
            .map(|(slot, (id, _))| (*id, slot))
            .collect();
        self.weigh();
        if let Some((watermark, _)) = self.least {
            self.progress.passed = self.progress.passed.max(watermark);
        }
        Ok(())
    }

    /// Puts everything into the tables, which nobody reads in between, and hands their changes over.
    pub(crate) fn save(&mut self) -> Result<(), StateError> {
        for (id, partition) in &self.partitions {
            *self
                .table
                .get_or_insert_with(ALL, &id.to_be_bytes(), || *partition)? = *partition;
        }
        let progress = self.progress;
        *self
            .progress_table
            .get_or_insert_with(ALL, b"", || progress)? = progress;
        self.table.save()?;
        self.progress_table.save()
    }

    /// Makes these partitions known, and ends those that are not among them. What ended goes on if it was not named the
    /// last time, as after a restart.
    pub(crate) fn set(&mut self, ids: &[u32]) {
        for id in ids {
            let slot = self.slot(*id);
            if !self.named.contains(id) {
                self.partitions[slot].1.ended = false;
            }
        }
        for (id, partition) in &mut self.partitions {
            partition.ended |= !ids.contains(id);
        }
        self.named = ids.to_vec();
        self.weigh();
    }

    /// Where a partition is, if it is known.
    #[inline]
    pub(crate) fn find(&self, id: u32) -> Option<usize> {
        match self.partitions.get(self.last) {
            Some((last, _)) if *last == id => Some(self.last),
            _ => self.slots.get(&id).copied(),
        }
    }

    /// Where a partition is, which is known from now on.
    #[inline]
    pub(crate) fn slot(&mut self, id: u32) -> usize {
        if let Some(slot) = self.find(id) {
            self.last = slot;
            return slot;
        }
        let slot = self.partitions.len();
        let partition = Partition {
            watermark: NEVER,
            newest: NEVER,
            ended: false,
            idle: false,
        };
        self.partitions.push((id, partition));
        self.slots.insert(id, slot);
        self.last = slot;
        self.weigh();
        slot
    }

    /// Whether a time is further ahead of its partition than allowed.
    #[inline]
    pub(crate) fn is_ahead(&self, slot: usize, time: Time) -> bool {
        let newest = self.partitions[slot].1.newest;
        self.max_future
            .is_some_and(|most| newest != NEVER && time > newest.saturating_add(most))
    }

    /// Takes notice of an event. Returns the watermark that its lateness is measured by, and that orders it among the
    /// events of all partitions: that of its partition.
    #[inline]
    pub(crate) fn observe(&mut self, slot: usize, time: Time) -> Time {
        let partition = &mut self.partitions[slot].1;
        let woken = partition.ended || partition.idle;
        if woken || time > partition.newest {
            let before = partition.watermark;
            partition.newest = partition.newest.max(time);
            partition.watermark = match self.kind {
                WatermarkKind::Bounded => partition.newest.saturating_sub(self.delay),
                WatermarkKind::Monotonic => partition.newest,
                WatermarkKind::Punctuated => before,
            };
            (partition.ended, partition.idle) = (false, false);
            self.moved(slot, before, woken);
        }
        self.partitions[slot].1.watermark.max(self.progress.passed)
    }

    /// Where a partition is that is the only one known.
    pub(crate) fn only(&self, id: u32) -> Option<usize> {
        self.find(id).filter(|_| self.partitions.len() == 1)
    }

    /// The watermark that the lateness of an event is measured by, once event times of its partition have come so far.
    pub(crate) fn mark_after(&self, slot: usize, time: Time) -> Time {
        let partition = &self.partitions[slot].1;
        let newest = partition.newest.max(time);
        let watermark = match self.kind {
            WatermarkKind::Bounded => newest.saturating_sub(self.delay),
            WatermarkKind::Monotonic => newest,
            WatermarkKind::Punctuated => partition.watermark,
        };
        watermark.max(partition.watermark).max(self.progress.passed)
    }

    /// A partition says how far it has come.
    pub(crate) fn punctuate(&mut self, slot: usize, time: Time) {
        let partition = &mut self.partitions[slot].1;
        let before = partition.watermark;
        if time > before {
            partition.watermark = time;
            self.moved(slot, before, false);
        }
    }

    /// A partition has no more events.
    pub(crate) fn end(&mut self, slot: usize) {
        self.partitions[slot].1.ended = true;
        self.weigh();
    }

    /// All windows up to this time are closed, and no partition has more events.
    pub(crate) fn close(&mut self, time: Time) {
        for (_, partition) in &mut self.partitions {
            partition.watermark = partition.watermark.max(time);
        }
        self.weigh();
        self.pass(time);
    }

    /// A partition is not waited for until its next event.
    pub(crate) fn rest(&mut self, slot: usize) {
        self.partitions[slot].1.idle = true;
        self.weigh();
    }

    /// Up to which place all events are there; `None` if no partition says anything.
    #[inline]
    pub(crate) fn complete(&self) -> Option<Place> {
        self.least
            .map(|(watermark, id)| (watermark.max(self.progress.passed), id))
    }

    /// How far all partitions have come.
    pub(crate) fn passed(&self) -> Time {
        self.progress.passed
    }

    /// What was due up to this time was done.
    #[inline]
    pub(crate) fn pass(&mut self, time: Time) {
        self.progress.passed = self.progress.passed.max(time);
    }

    /// Watermarks by partition, of those that have one and are not at their end.
    pub(crate) fn each(&self) -> impl Iterator<Item = (u32, Time)> {
        let going = self
            .partitions
            .iter()
            .filter(|(_, partition)| !partition.ended);
        going
            .map(|(id, partition)| (*id, partition.watermark))
            .filter(|(_, watermark)| *watermark != NEVER)
    }

    /// Finds the least watermark again if this one's move may have changed it.
    #[inline]
    fn moved(&mut self, slot: usize, before: Time, woken: bool) {
        let (id, partition) = self.partitions[slot];
        if self.progress.origin == NEVER && partition.watermark != NEVER {
            self.progress.origin = partition.watermark;
        }
        self.greatest = self.greatest.max(partition.watermark);
        if self.partitions.len() == 1 {
            self.least = Some((partition.watermark, id));
            return;
        }
        let touched = |(least, of): Place| of == id || before < least || self.is_idle(least);
        if woken || self.least.is_none_or(touched) {
            self.weigh();
        }
    }

    /// Whether a partition with this watermark is so far behind that nobody waits for it.
    #[inline]
    fn is_idle(&self, watermark: Time) -> bool {
        let since = if watermark == NEVER {
            self.progress.origin
        } else {
            watermark
        };
        let behind = self.greatest.saturating_sub(since);
        self.idle
            .is_some_and(|idle| self.greatest != NEVER && behind > idle)
    }

    fn weigh(&mut self) {
        let going = || {
            self.partitions
                .iter()
                .filter(|(_, partition)| !partition.ended)
        };
        self.greatest = going()
            .map(|(_, partition)| partition.watermark)
            .max()
            .unwrap_or(NEVER);
        let awake =
            going().filter(|(_, partition)| !partition.idle && !self.is_idle(partition.watermark));
        self.least = awake
            .map(|(id, partition)| (partition.watermark, *id))
            .min();
    }
}

impl Value for Partition {
    const KIND: &'static str = "partition";

    fn encode(&self, out: &mut Vec<u8>) {
        out.put_i64(self.watermark);
        out.put_i64(self.newest);
        out.put_u8(u8::from(self.ended) | u8::from(self.idle) << 1);
    }

    fn decode(bytes: &[u8]) -> Result<Self, Corrupt> {
        let mut reader = Reader::new(bytes, "a partition");
        let (watermark, newest, flags) = (reader.i64()?, reader.i64()?, reader.u8()?);
        reader.end()?;
        Ok(Self {
            watermark,
            newest,
            ended: flags & 1 != 0,
            idle: flags & 2 != 0,
        })
    }

    fn describe(&self) -> String {
        let watermark = shown(self.watermark, NEVER);
        let newest = shown(self.newest, NEVER);
        format!(
            r#"{{"watermark":{watermark},"newest":{newest},"ended":{},"idle":{}}}"#,
            self.ended, self.idle
        )
    }

    fn size(&self) -> usize {
        size_of::<Self>()
    }
}

impl Value for Progress {
    const KIND: &'static str = "watermark";

    fn encode(&self, out: &mut Vec<u8>) {
        out.put_i64(self.passed);
        out.put_i64(self.origin);
    }

    fn decode(bytes: &[u8]) -> Result<Self, Corrupt> {
        let mut reader = Reader::new(bytes, "a watermark");
        let progress = Self {
            passed: reader.i64()?,
            origin: reader.i64()?,
        };
        reader.end()?;
        Ok(progress)
    }

    fn describe(&self) -> String {
        shown(self.passed, NEVER)
    }

    fn size(&self) -> usize {
        size_of::<Self>()
    }
}
