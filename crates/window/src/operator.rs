//! The operator: events in, panes out.
//!
//! # The order of events
//! The place of an event is the watermark of its partition after it, its partition, and where it came in it. With one
//! partition that is the order in which events come. With several an event waits until no partition that counts can
//! still have one at an earlier place: a merge of the partitions that does not depend on how they interleave, and so
//! does nothing that follows from it. Before an event is taken in, everything is done that is due up to its place.
//!
//! An event is late by the watermark of its own partition: in the merged order it comes after the events that
//! carried that watermark there, whatever the other partitions do. So its fate is known when it comes.
//!
//! Where the order makes no difference (aggregates that do not mind, windows that do not merge, no early panes), events
//! that are on time are taken in as they come. The late ones wait, as they give panes of their own.

use ssectl_state::{Kinds, Space, StateError};

use crate::digest::{Digest, Share};
use crate::panes::Panes;
use crate::queue::{Count, Held, Queue};
use crate::watermark::{Partition, Place, Progress, Watermarks};
use crate::windows::{self, Arrival, Kept, Out, Part, Standing};
use crate::{Aggregator, Event, Fate, Spec, Time, WindowError, Windows};

/// Groups events by key and window, and gives panes when the watermark says so.
///
/// All it remembers is in tables of its space.
pub struct WindowOperator<A: Aggregator> {
    panes: Panes<A>,
    kept: Kept<A>,
    watermarks: Watermarks,
    queue: Queue,
    /// Whether results depend on the order of events.
    ordered: bool,
    /// Whether the partitions changed and what follows is not done yet.
    changed: bool,
}

impl<A: Aggregator> WindowOperator<A> {
    /// An operator that goes on where the state of its space ends.
    ///
    /// # Errors
    /// The state cannot be read.
    pub fn open(spec: &Spec, aggregates: A, space: &Space) -> Result<Self, WindowError> {
        let panes = Panes::new(spec, aggregates);
        let kept = Kept::open(spec, space)?;
        Ok(Self {
            ordered: order_matters(spec, &panes.aggregates),
            panes,
            kept,
            watermarks: Watermarks::open(spec, space)?,
            queue: Queue::open(space)?,
            changed: false,
        })
    }

    /// Says which partitions there are, before the first event and when they change. The watermark waits for all of them;
    /// those that are not named any more are at their end.
    /// A partition that is not named is known from its first event on, which makes results depend on when that comes.
    ///
    /// What follows is done with the next event.
    ///
    /// # Errors
    /// The state fails.
    pub fn partitions(&mut self, ids: &[u32]) -> Result<(), WindowError> {
        self.watermarks.set(ids);
        self.changed = true;
        Ok(())
    }

    /// Takes an event. Panes that are due because of it go to `out`.
    ///
    /// # Errors
    /// The event is wrong, or the state fails. With several partitions a program may also fail on an event that waited
    /// until now; this event is taken then, and that one is not.
    #[inline]
    pub fn event(&mut self, event: Event<'_>, out: Out<'_>) -> Result<Fate, WindowError> {
        if self.changed {
            self.settle(out)?;
        }
        let Event {
            time, partition, ..
        } = event;
        let known = self.watermarks.find(partition);
        if known.is_some_and(|slot| self.watermarks.is_ahead(slot, time)) {
            return Ok(Fate::Ahead);
        }
        // The ends of the numbers stand for no time at all, and for the end of the input.
        if time == Time::MIN || time == Time::MAX || self.kept.standing(time, Time::MIN).is_none() {
            return Err(WindowError::Time(time));
        }
        self.panes.aggregates.check(event.inputs)?;
        let slot = self.watermarks.slot(partition);
        let mark = self.watermarks.observe(slot, time);
        let standing = self.kept.standing(time, mark).unwrap_or_default();
        let fate = if standing.open || standing.lasting {
            Fate::Used
        } else {
            Fate::Late
        };
        if fate == Fate::Used {
            self.take((mark, partition), &event, standing, out)?;
        }
        self.settle(out)?;
        Ok(fate)
    }

    /// Takes the events of a digest, all of one partition, as if they came one by one. Answers false if that cannot be: it
    /// is as if nothing had come then, and the events themselves must be taken.
    ///
    /// # Errors
    /// The state fails.
    pub fn digest(
        &mut self,
        partition: u32,
        digest: Digest<A::Accumulator>,
        out: Out<'_>,
    ) -> Result<bool, WindowError> {
        if self.changed {
            self.settle(out)?;
        }
        let (Some(first), Some(slot)) = (digest.first, self.watermarks.only(partition)) else {
            return Ok(false);
        };
        let watermarks = &self.watermarks;
        let on_time = |share: &Share<_>| watermarks.mark_after(slot, share.seen) < share.span.end;
        if self.queue.first().is_some() || !digest.shares.iter().all(on_time) {
            return Ok(false);
        }
        self.watermarks.observe(slot, first);
        self.watermarks.observe(slot, digest.newest);
        for share in digest.shares {
            self.kept.merge(share, &self.panes)?;
        }
        self.settle(out)?;
        Ok(true)
    }

    /// Says that no event before a time is expected from a partition any more: a punctuation. It holds for what comes
    /// after the event that carried it.
    ///
    /// # Errors
    /// The state fails.
    pub fn punctuate(
        &mut self,
        partition: u32,
        time: Time,
        out: Out<'_>,
    ) -> Result<(), WindowError> {
        let slot = self.watermarks.slot(partition);
        self.watermarks.punctuate(slot, time);
        self.settle(out)
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

    /// Says that a partition is not to be waited for until its next event. Meant for time-outs by the clock on the wall,
    /// which no result should depend on.
    ///
    /// # Errors
    /// The state fails.
    pub fn rest_partition(&mut self, partition: u32, out: Out<'_>) -> Result<(), WindowError> {
        let slot = self.watermarks.slot(partition);
        self.watermarks.rest(slot);
        self.settle(out)
    }

    /// The end of the input: all windows give what they have. If there is more input after all, when the state is opened
    /// again, events of these windows are late.
    ///
    /// # Errors
    /// The state fails, or a program.
    pub fn end(&mut self, out: Out<'_>) -> Result<(), WindowError> {
        let mut closed = Time::MIN;
        let mut noted = |pane: crate::Pane| {
            closed = closed.max(pane.end);
            out(pane);
        };
        self.release((Time::MAX, u32::MAX), &mut noted)?;
        self.kept.advance(Time::MAX, &self.panes, &mut noted)?;
        self.watermarks.close(closed);
        Ok(())
    }

    /// Hands over to the store what changed since the last time, as it must be before a checkpoint.
    ///
    /// # Errors
    /// The state fails.
    pub fn save(&mut self) -> Result<(), StateError> {
        self.kept.save()?;
        self.queue.save()?;
        self.watermarks.save()
    }

    /// How far all partitions have come, if anything is known.
    pub fn watermark(&self) -> Option<Time> {
        Some(self.watermarks.passed()).filter(|time| *time != Time::MIN)
    }

    /// The watermarks of the partitions that have one and are not at their end.
    pub fn watermarks(&self) -> impl Iterator<Item = (u32, Time)> {
        self.watermarks.each()
    }

    /// Takes an event into its windows, or lets it wait.
    #[inline]
    fn take(
        &mut self,
        place: Place,
        event: &Event<'_>,
        standing: Standing,
        out: Out<'_>,
    ) -> Result<(), WindowError> {
        let arrival = Arrival {
            time: event.time,
            key: event.key,
            inputs: event.inputs,
            mark: place.0,
        };
        let next = self.queue.first().is_none()
            && self
                .watermarks
                .complete()
                .is_some_and(|complete| place <= complete);
        if next {
            return self.place(arrival, Part::All, out);
        }
        if self.ordered {
            return Ok(self.queue.push(place, event, Part::All)?);
        }
        if standing.open {
            self.kept.place(arrival, Part::OnTime, &self.panes, out)?;
        }
        if standing.lasting {
            self.queue.push(place, event, Part::Late)?;
        }
        Ok(())
    }

    /// Takes an event in whose turn it is.
    #[inline]
    fn place(&mut self, arrival: Arrival<'_>, part: Part, out: Out<'_>) -> Result<(), WindowError> {
        self.advance(arrival.mark, out)?;
        self.kept.place(arrival, part, &self.panes, out)?;
        // A time-out may be over as it begins.
        self.advance(arrival.mark, out)
    }

    #[inline]
    fn advance(&mut self, to: Time, out: Out<'_>) -> Result<(), WindowError> {
        if self.kept.next() <= to {
            self.kept.advance(to, &self.panes, out)?;
        }
        Ok(())
    }

    /// Does everything that can be done now.
    #[inline]
    fn settle(&mut self, out: Out<'_>) -> Result<(), WindowError> {
        self.changed = false;
        let Some(complete) = self.watermarks.complete() else {
            return Ok(());
        };
        self.release(complete, out)?;
        self.advance(complete.0, out)?;
        self.watermarks.pass(complete.0);
        Ok(())
    }

    /// Takes in the events that waited, up to a place.
    #[inline]
    fn release(&mut self, complete: Place, out: Out<'_>) -> Result<(), WindowError> {
        while let Some(place) = self.queue.first()
            && place <= complete
        {
            for held in self.queue.pop()? {
                let inputs: Vec<_> = held.inputs.iter().map(Option::as_deref).collect();
                let arrival = Arrival {
                    time: held.time,
                    key: &held.key,
                    inputs: &inputs,
                    mark: place.0,
                };
                self.place(arrival, held.part(), out)?;
            }
        }
        Ok(())
    }
}

/// Whether results can be others with another order of the same events.
pub(crate) fn order_matters(spec: &Spec, aggregates: &impl Aggregator) -> bool {
    let early = spec.trigger.early_every.is_some() || spec.trigger.early_count.is_some();
    let depend = matches!(
        spec.windows,
        Windows::Session { .. } | Windows::Count { .. }
    );
    early || depend || aggregates.order_matters()
}

/// Adds what an operator keeps to the kinds of values that can be shown to people.
#[must_use]
pub fn kinds<A: Aggregator>(kinds: Kinds) -> Kinds {
    windows::kinds::<A::Accumulator>(kinds)
        .with::<Held>()
        .with::<Count>()
        .with::<Partition>()
        .with::<Progress>()
}
