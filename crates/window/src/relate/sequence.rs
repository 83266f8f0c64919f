//! Events of all partitions in the one order that does not depend on how they interleave.

use ssectl_state::{Corrupt, Space, StateError};

use super::Found;
use crate::codec::{Put, Reader};
use crate::queue::Queue;
use crate::spec::{Accumulation, Late, Trigger};
use crate::watermark::{Place, Watermarks};
use crate::windows::Part;
use crate::{Event, Spec, Time, WatermarkKind, WindowError, Windows};

/// How far events may be out of order, in ns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timing {
    /// How far the watermark stays behind the greatest event time of its partition.
    pub delay: Time,
    /// How far a partition may be behind the greatest before nobody waits for it.
    pub idle: Option<Time>,
    /// How far an event may be ahead of its partition.
    pub max_future: Option<Time>,
}

/// An event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item<'a> {
    /// When it happened.
    pub time: Time,
    /// Which of the sources of a join it comes from: 0 is the left one.
    pub source: u8,
    /// What it is related by.
    pub key: &'a [u8],
    /// What comes out again.
    pub payload: &'a [u8],
}

/// Takes results.
pub(super) type Out<'a> = &'a mut dyn FnMut(Found<'_>);

/// A step that relates events.
pub trait Relation: Send {
    /// The watermark has come to a time: no event before it that is not late comes any more.
    ///
    /// # Errors
    /// The state fails.
    fn advance(&mut self, to: Time, out: &mut dyn FnMut(Found<'_>)) -> Result<(), StateError>;

    /// Takes the next event. The watermark has advanced to `mark` before.
    ///
    /// # Errors
    /// The state fails.
    fn take(
        &mut self,
        mark: Time,
        item: Item<'_>,
        out: &mut dyn FnMut(Found<'_>),
    ) -> Result<(), StateError>;

    /// A checkpoint is taken: hands over what its tables changed.
    ///
    /// # Errors
    /// The state fails.
    fn save(&mut self) -> Result<(), StateError>;
}

/// Puts events in order and gives them to a relation.
pub struct Relate<R> {
    relation: R,
    watermarks: Watermarks,
    queue: Queue,
}

impl<R: Relation> Relate<R> {
    /// Goes on where the state of the space ends.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn open(relation: R, timing: Timing, space: &Space) -> Result<Self, StateError> {
        Ok(Self {
            relation,
            watermarks: Watermarks::open(&spec(timing), space)?,
            queue: Queue::open(space)?,
        })
    }

    /// Says which partitions there are, as [`WindowOperator::partitions`](crate::WindowOperator::partitions).
    ///
    /// # Errors
    /// The state fails.
    pub fn partitions(&mut self, ids: &[u32], out: Out<'_>) -> Result<(), WindowError> {
        self.watermarks.set(ids);
        self.settle(out)
    }

    /// Takes an event; false if it is further ahead of its partition than allowed, and was not taken.
    ///
    /// # Errors
    /// The time cannot be, and nothing was changed; or the state fails.
    pub fn event(
        &mut self,
        partition: u32,
        item: Item<'_>,
        out: Out<'_>,
    ) -> Result<bool, WindowError> {
        let time = item.time;
        if time == Time::MIN || time == Time::MAX {
            return Err(WindowError::Time(time));
        }
        let slot = self.watermarks.slot(partition);
        if self.watermarks.is_ahead(slot, time) {
            return Ok(false);
        }
        let mark = self.watermarks.observe(slot, time);
        let place = (mark, partition);
        let complete = self.watermarks.complete();
        if self.queue.first().is_none() && complete.is_some_and(|complete| place <= complete) {
            self.place(mark, item, out)?;
        } else {
            self.hold(place, item)?;
        }
        self.settle(out)?;
        Ok(true)
    }

    /// Says that a partition has no more events.
    ///
    /// # Errors
    /// The state fails.
    pub fn end_partition(&mut self, partition: u32, out: Out<'_>) -> Result<(), WindowError> {
        let slot = self.watermarks.slot(partition);
        self.watermarks.end(slot);
        self.settle(out)
    }

    /// The end of the input: nothing comes any more.
    ///
    /// # Errors
    /// The state fails.
    pub fn end(&mut self, out: Out<'_>) -> Result<(), WindowError> {
        self.release((Time::MAX, u32::MAX), out)?;
        Ok(self.relation.advance(Time::MAX, out)?)
    }

    /// Hands over to the store what changed since the last time, as it must be before a checkpoint.
    ///
    /// # Errors
    /// The state fails.
    pub fn save(&mut self) -> Result<(), StateError> {
        self.relation.save()?;
        self.queue.save()?;
        self.watermarks.save()
    }

    fn place(&mut self, mark: Time, item: Item<'_>, out: Out<'_>) -> Result<(), StateError> {
        self.relation.advance(mark, out)?;
        self.relation.take(mark, item, out)
    }

    fn hold(&mut self, place: Place, item: Item<'_>) -> Result<(), StateError> {
        let mut bytes = Vec::with_capacity(item.key.len() + item.payload.len() + 9);
        bytes.put_u8(item.source);
        bytes.put_bytes(item.key);
        bytes.put_bytes(item.payload);
        let event = Event {
            time: item.time,
            partition: place.1,
            key: &bytes,
            inputs: &[],
        };
        self.queue.push(place, &event, Part::All)
    }

    fn settle(&mut self, out: Out<'_>) -> Result<(), WindowError> {
        let Some(complete) = self.watermarks.complete() else {
            return Ok(());
        };
        self.release(complete, out)?;
        self.relation.advance(complete.0, out)?;
        self.watermarks.pass(complete.0);
        Ok(())
    }

    fn release(&mut self, complete: Place, out: Out<'_>) -> Result<(), WindowError> {
        while let Some(place) = self.queue.first()
            && place <= complete
        {
            for held in self.queue.pop()? {
                let item = item(held.time, &held.key).map_err(StateError::from)?;
                self.place(place.0, item, out)?;
            }
        }
        Ok(())
    }
}

fn item(time: Time, bytes: &[u8]) -> Result<Item<'_>, Corrupt> {
    let mut reader = Reader::new(bytes, "an event");
    let item = Item {
        time,
        source: reader.u8()?,
        key: reader.bytes()?,
        payload: reader.bytes()?,
    };
    reader.end()?;
    Ok(item)
}

/// What the watermarks look at; there are no windows.
fn spec(timing: Timing) -> Spec {
    Spec {
        windows: Windows::Global,
        watermark: WatermarkKind::Bounded,
        delay: timing.delay,
        idle: timing.idle,
        idle_wall: None,
        max_future: timing.max_future,
        lateness: 0,
        late: Late::Drop,
        trigger: Trigger::default(),
        accumulation: Accumulation::default(),
        unit: 1,
    }
}
