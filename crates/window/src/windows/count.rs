//! Windows of so many events of a key (Flink's `countWindow`), with a time-out in event time.
//!
//! They have no end in event time, so no event is late for them. Bounds are the least event time and the unit of time
//! after the greatest.

use ssectl_state::{Corrupt, Group, Keep, Space, StateError, Table, Value};

use super::{Arrival, Out, Part, Span, Standing};
use crate::cell::Cell;
use crate::codec::{Present, Put, Reader};
use crate::panes::Panes;
use crate::{Aggregator, PaneKind, Time, WindowError};

/// All keys are in one group.
const ALL: Group = (0, 0);

/// The unfinished windows of all keys, one each.
pub(crate) struct Counts<A: Aggregator> {
    size: u64,
    timeout: Option<Time>,
    unit: Time,
    /// What happens next, at the earliest.
    next: Time,
    windows: Table<Window<A::Accumulator>>,
    /// Keys by when their windows are over.
    timers: Table<Present>,
}

struct Window<S> {
    /// The least time and the greatest.
    least: Time,
    greatest: Time,
    /// When it is over, full or not.
    due: Time,
    cell: Cell<S>,
}

impl<A: Aggregator> Counts<A> {
    pub(super) fn open(
        size: u64,
        timeout: Option<Time>,
        unit: Time,
        space: &Space,
    ) -> Result<Self, StateError> {
        let mut counts = Self {
            size,
            timeout,
            unit,
            next: Time::MIN,
            windows: Table::open(space, "counts")?,
            timers: Table::open(space, "timers")?,
        };
        counts.next = counts.earliest();
        Ok(counts)
    }

    pub(super) fn save(&mut self) -> Result<(), StateError> {
        self.windows.save()?;
        self.timers.save()
    }

    pub(super) fn next(&self) -> Time {
        self.next
    }

    fn earliest(&self) -> Time {
        self.timers.first_group().map_or(Time::MAX, |group| group.0)
    }

    pub(super) fn standing(&mut self, time: Time, _: Time) -> Option<Standing> {
        time.checked_add(self.unit)?;
        Some(Standing {
            open: true,
            lasting: false,
        })
    }

    pub(super) fn place(
        &mut self,
        arrival: Arrival<'_>,
        _: Part,
        panes: &Panes<A>,
        out: Out<'_>,
    ) -> Result<(), WindowError> {
        let Arrival { time, key, .. } = arrival;
        let due = self
            .timeout
            .map_or(Time::MAX, |timeout| time.saturating_add(timeout));
        let window = self.windows.get_or_insert_with(ALL, key, || Window {
            least: time,
            greatest: time,
            due,
            cell: panes.cell(),
        })?;
        panes.add(&mut window.cell, &arrival)?;
        window.least = window.least.min(time);
        window.greatest = window.greatest.max(time);
        if window.cell.fresh >= self.size {
            return self.finish(key, panes, out);
        }
        if window.cell.fresh == 1 && due < Time::MAX {
            self.timers.get_or_insert_with((due, 0), key, || Present)?;
            self.next = self.next.min(due);
        }
        Ok(())
    }

    fn finish(&mut self, key: &[u8], panes: &Panes<A>, out: Out<'_>) -> Result<(), WindowError> {
        let Some(mut window) = self.windows.remove(ALL, key)? else {
            return Ok(());
        };
        if window.cell.fresh == 0 {
            return Ok(());
        }
        let span = Span {
            start: window.least,
            end: window.greatest.saturating_add(self.unit),
        };
        panes.fire(&mut window.cell, span, key, PaneKind::OnTime, out)
    }

    pub(super) fn advance(
        &mut self,
        to: Time,
        panes: &Panes<A>,
        out: Out<'_>,
    ) -> Result<(), WindowError> {
        while let Some(group) = self.timers.first_group().filter(|group| group.0 <= to) {
            let (windows, mut over) = (&mut self.windows, Vec::new());
            self.timers.visit(group, |key, _| {
                // The window that set the timer may be full and gone.
                if windows
                    .get_mut(ALL, key)?
                    .is_some_and(|window| window.due == group.0)
                {
                    over.push(Box::from(key));
                }
                Ok::<_, StateError>(Keep::No)
            })?;
            for key in over {
                self.finish(&key, panes, out)?;
            }
        }
        self.next = self.earliest();
        if to == Time::MAX {
            self.finish_all(panes, out)?;
        }
        Ok(())
    }

    /// The end of the input.
    fn finish_all(&mut self, panes: &Panes<A>, out: Out<'_>) -> Result<(), WindowError> {
        let mut rest: Vec<(Time, Time, Box<[u8]>)> = Vec::new();
        self.windows.visit(ALL, |key, window| {
            rest.push((window.greatest, window.least, key.into()));
            Ok::<_, StateError>(Keep::Yes)
        })?;
        rest.sort_unstable();
        for (_, _, key) in rest {
            self.finish(&key, panes, out)?;
        }
        Ok(())
    }
}

impl<S: Value> Value for Window<S> {
    fn encode(&self, out: &mut Vec<u8>) {
        for time in [self.least, self.greatest, self.due] {
            out.put_i64(time);
        }
        out.put_value(&self.cell);
    }

    fn decode(bytes: &[u8]) -> Result<Self, Corrupt> {
        let mut reader = Reader::new(bytes, "a count window");
        let window = Self {
            least: reader.i64()?,
            greatest: reader.i64()?,
            due: reader.i64()?,
            cell: reader.value()?,
        };
        reader.end()?;
        Ok(window)
    }

    fn size(&self) -> usize {
        24 + self.cell.size()
    }
}
