//! Sessions: windows that grow and merge.
//!
//! An event opens a window from its time to `gap` later; windows of a key that overlap are one (Dataflow paper, section
//! 2.2; Beam's `Sessions`). Two events exactly `gap` apart are in two sessions, as in Beam: Flink's
//! `mergeWindows` also merges windows that only touch.
//! A late event may bridge two sessions that gave panes before: these panes stand, or are taken back where panes retract.

use ssectl_state::{Corrupt, Group, Keep, Space, StateError, Table, Value};

use super::{Arrival, Out, Part, Span, Standing};
use crate::cell::Cell;
use crate::codec::{Present, Put, Reader};
use crate::panes::Panes;
use crate::{Aggregator, PaneKind, Time, WindowError};

/// All keys are in one group: their sessions come and go by themselves.
const ALL: Group = (0, 0);

/// No timer: no session starts so late.
const UNSET: Group = (Time::MAX, Time::MAX);

/// The sessions of all keys.
pub(crate) struct Sessions<A: Aggregator> {
    gap: Time,
    lateness: Time,
    /// What happens next, at the earliest.
    next: Time,
    sessions: Table<Line<A::Accumulator>>,
    /// Keys by when and where one of their sessions may end or expire. Sessions that grew are asked again later.
    timers: Table<Present>,
    /// Keys by when an early pane is due.
    ticks: Table<Present>,
}

/// The sessions of a key, one after the other.
struct Line<S>(Vec<Session<S>>);

struct Session<S> {
    span: Span,
    /// Whether the watermark passed the end.
    complete: bool,
    timer: Group,
    cell: Cell<S>,
}

impl<S> Session<S> {
    /// When and where it ends or expires, as it is now.
    fn due(&self, lateness: Time) -> Group {
        match self.complete {
            true => (self.span.end.saturating_add(lateness), self.span.start),
            false => (self.span.end, self.span.start),
        }
    }
}

impl<A: Aggregator> Sessions<A> {
    pub(super) fn open(gap: Time, lateness: Time, space: &Space) -> Result<Self, StateError> {
        let mut sessions = Self {
            gap,
            lateness,
            next: Time::MIN,
            sessions: Table::open(space, "sessions")?,
            timers: Table::open(space, "timers")?,
            ticks: Table::open(space, "ticks")?,
        };
        sessions.next = sessions.earliest();
        Ok(sessions)
    }

    pub(super) fn save(&mut self) -> Result<(), StateError> {
        self.sessions.save()?;
        self.timers.save()?;
        self.ticks.save()
    }

    pub(super) fn next(&self) -> Time {
        self.next
    }

    fn earliest(&self) -> Time {
        let timers = [self.timers.first_group(), self.ticks.first_group()];
        timers
            .into_iter()
            .flatten()
            .map(|group| group.0)
            .min()
            .unwrap_or(Time::MAX)
    }

    pub(super) fn standing(&mut self, time: Time, mark: Time) -> Option<Standing> {
        let end = time.checked_add(self.gap)?;
        Some(Standing {
            open: end > mark,
            lasting: end <= mark && mark < end.saturating_add(self.lateness),
        })
    }

    pub(super) fn place(
        &mut self,
        arrival: Arrival<'_>,
        _: Part,
        panes: &Panes<A>,
        out: Out<'_>,
    ) -> Result<(), WindowError> {
        let end = arrival
            .time
            .checked_add(self.gap)
            .ok_or(WindowError::Time(arrival.time))?;
        let own = Span {
            start: arrival.time,
            end,
        };
        let line = self
            .sessions
            .get_or_insert_with(ALL, arrival.key, || Line(Vec::new()))?;
        let session = line.take_in(own, panes)?;
        panes.add(&mut session.cell, &arrival)?;
        session.complete = session.span.end <= arrival.mark;
        let tick = if session.complete {
            panes.late(&mut session.cell, session.span, arrival.key, out)?;
            None
        } else {
            panes.early(&mut session.cell, session.span, &arrival, out)?
        };
        let due = session.due(self.lateness);
        // A session that only got longer is asked again when its first end is reached.
        if session.timer.1 != due.1 || session.timer.0 > due.0 {
            session.timer = due;
            self.timers
                .get_or_insert_with(due, arrival.key, || Present)?;
            self.next = self.next.min(due.0);
        }
        if let Some(tick) = tick {
            self.ticks
                .get_or_insert_with((tick, 0), arrival.key, || Present)?;
            self.next = self.next.min(tick);
        }
        Ok(())
    }

    pub(super) fn advance(
        &mut self,
        to: Time,
        panes: &Panes<A>,
        out: Out<'_>,
    ) -> Result<(), WindowError> {
        loop {
            let tick = self.ticks.first_group().filter(|group| group.0 <= to);
            let timer = self.timers.first_group().filter(|group| group.0 <= to);
            match (tick, timer) {
                (Some(tick), timer) if timer.is_none_or(|timer| tick.0 <= timer.0) => {
                    for key in keys(&mut self.ticks, tick)? {
                        self.tick(tick.0, &key, panes, out)?;
                    }
                }
                (_, Some(timer)) => {
                    for key in keys(&mut self.timers, timer)? {
                        self.ring(timer, &key, panes, out)?;
                    }
                }
                (_, None) => break,
            }
        }
        self.next = self.earliest();
        Ok(())
    }

    fn tick(
        &mut self,
        time: Time,
        key: &[u8],
        panes: &Panes<A>,
        out: Out<'_>,
    ) -> Result<(), WindowError> {
        let Some(line) = self.sessions.get_mut(ALL, key)? else {
            return Ok(());
        };
        for session in line
            .0
            .iter_mut()
            .filter(|session| session.cell.tick == Some(time))
        {
            session.cell.tick = None;
            if session.cell.fresh > 0 && !session.complete {
                panes.fire(&mut session.cell, session.span, key, PaneKind::Early, out)?;
            }
        }
        Ok(())
    }

    /// Ends or expires the session with this timer, or sets its timer anew.
    fn ring(
        &mut self,
        timer: Group,
        key: &[u8],
        panes: &Panes<A>,
        out: Out<'_>,
    ) -> Result<(), WindowError> {
        let Some(line) = self.sessions.get_mut(ALL, key)? else {
            return Ok(());
        };
        let Some(at) = line.0.iter().position(|session| session.timer == timer) else {
            return Ok(());
        };
        let session = &mut line.0[at];
        if session.due(self.lateness) == timer {
            let cell = &mut session.cell;
            if !session.complete {
                panes.fire(cell, session.span, key, PaneKind::OnTime, out)?;
            } else if cell.fresh > 0 {
                panes.fire(cell, session.span, key, PaneKind::Late, out)?;
            }
            if session.complete || self.lateness == 0 {
                line.0.remove(at);
                if line.0.is_empty() {
                    self.sessions.remove(ALL, key)?;
                }
                return Ok(());
            }
            session.complete = true;
        }
        session.timer = session.due(self.lateness);
        self.timers
            .get_or_insert_with(session.timer, key, || Present)?;
        Ok(())
    }
}

impl<S: Value> Line<S> {
    /// The session that a window belongs to, after all that it touches were merged with it.
    fn take_in<A>(&mut self, own: Span, panes: &Panes<A>) -> Result<&mut Session<S>, WindowError>
    where
        A: Aggregator<Accumulator = S>,
    {
        let first = self
            .0
            .partition_point(|session| session.span.end <= own.start);
        let count = self.0[first..].partition_point(|session| session.span.start < own.end);
        if count == 0 {
            self.0.insert(
                first,
                Session {
                    span: own,
                    complete: false,
                    timer: UNSET,
                    cell: panes.cell(),
                },
            );
            return Ok(&mut self.0[first]);
        }
        let touched = &self.0[first..first + count];
        let start = own.start.min(touched[0].span.start);
        let end = own.end.max(touched[count - 1].span.end);
        let span = Span { start, end };
        // A session with other bounds than any before is another one, whose panes are counted anew.
        let same = touched.iter().find(|session| session.span == span);
        let revision = same.map_or(0, |session| session.cell.revision);
        let others: Vec<_> = self.0.drain(first + 1..first + count).collect();
        let session = &mut self.0[first];
        for other in others {
            let cell = &mut session.cell;
            panes.aggregates.merge(&mut cell.state, &other.cell.state)?;
            cell.fresh += other.cell.fresh;
            cell.tick = [cell.tick, other.cell.tick].into_iter().flatten().min();
            cell.past.extend(other.cell.past);
        }
        session.span = span;
        session.cell.revision = revision;
        Ok(session)
    }
}

/// Takes all keys out of a group.
fn keys(timers: &mut Table<Present>, group: Group) -> Result<Vec<Box<[u8]>>, StateError> {
    let mut keys = Vec::new();
    timers.visit(group, |key, _| {
        keys.push(key.into());
        Ok::<_, StateError>(Keep::No)
    })?;
    Ok(keys)
}

impl<S: Value> Value for Line<S> {
    fn encode(&self, out: &mut Vec<u8>) {
        out.put_u32(u32::try_from(self.0.len()).expect("a key has few sessions at a time"));
        for session in &self.0 {
            out.put_i64(session.span.start);
            out.put_i64(session.span.end);
            out.put_u8(session.complete.into());
            out.put_i64(session.timer.0);
            out.put_i64(session.timer.1);
            out.put_value(&session.cell);
        }
    }

    fn decode(bytes: &[u8]) -> Result<Self, Corrupt> {
        let mut reader = Reader::new(bytes, "sessions");
        let mut line = Vec::new();
        for _ in 0..reader.u32()? {
            line.push(Session {
                span: Span {
                    start: reader.i64()?,
                    end: reader.i64()?,
                },
                complete: reader.u8()? != 0,
                timer: (reader.i64()?, reader.i64()?),
                cell: reader.value()?,
            });
        }
        reader.end()?;
        Ok(Self(line))
    }

    fn size(&self) -> usize {
        size_of::<Self>()
            + self
                .0
                .iter()
                .map(|session| 40 + session.cell.size())
                .sum::<usize>()
    }
}
