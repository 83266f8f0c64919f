//! Windows whose bounds are known in advance: tumbling, sliding, cumulating, global.

use ssectl_state::{Group, Keep, Space, StateError, Table};

use super::assign::Assigner;
use super::{Arrival, Out, Part, Span, Standing};
use crate::cell::Cell;
use crate::codec::{Present, from_sortable, sortable};
use crate::digest::Share;
use crate::panes::Panes;
use crate::{Aggregator, PaneKind, Time, WindowError, Windows};

/// Windows by their end. The group in a table is the end and the start of a window.
pub(crate) struct Aligned<A: Aggregator> {
    assigner: Assigner,
    lateness: Time,
    /// What happens next, at the earliest.
    next: Time,
    /// Windows that are not complete.
    open: Table<Cell<A::Accumulator>>,
    /// Windows that are, and still take events.
    lasting: Table<Cell<A::Accumulator>>,
    /// Early panes by the time they are due. A key is the end and the start of a window, and its key.
    ticks: Table<Present>,
}

/// What is due.
enum Due {
    Tick(Group),
    Complete(Group),
    Expired(Group),
}

impl<A: Aggregator> Aligned<A> {
    pub(super) fn open(
        windows: &Windows,
        lateness: Time,
        space: &Space,
    ) -> Result<Self, StateError> {
        let mut aligned = Self {
            assigner: Assigner::new(windows).expect("sessions and counts are kept elsewhere"),
            lateness,
            next: Time::MIN,
            open: Table::open(space, "open")?,
            lasting: Table::open(space, "lasting")?,
            ticks: Table::open(space, "ticks")?,
        };
        aligned.next = aligned.earliest();
        Ok(aligned)
    }

    pub(super) fn save(&mut self) -> Result<(), StateError> {
        self.open.save()?;
        self.lasting.save()?;
        self.ticks.save()
    }

    pub(super) fn next(&self) -> Time {
        self.next
    }

    #[inline]
    pub(super) fn standing(&mut self, time: Time, mark: Time) -> Option<Standing> {
        let spans = self.assigner.spans(time)?;
        let (first, last) = (spans.first()?, spans.last()?);
        // The ends increase; the last one in the past decides whether the event is lost.
        let open = last.end > mark;
        let lasting = first.end <= mark
            && spans
                .iter()
                .any(|span| span.end <= mark && mark < span.end.saturating_add(self.lateness));
        Some(Standing { open, lasting })
    }

    #[inline]
    pub(super) fn place(
        &mut self,
        arrival: Arrival<'_>,
        part: Part,
        panes: &Panes<A>,
        out: Out<'_>,
    ) -> Result<(), WindowError> {
        let spans = self
            .assigner
            .spans(arrival.time)
            .ok_or(WindowError::Time(arrival.time))?;
        for &span in spans {
            let group = (span.end, span.start);
            if span.end > arrival.mark {
                if part == Part::Late {
                    continue;
                }
                let cell = self
                    .open
                    .get_or_insert_with(group, arrival.key, || panes.cell())?;
                panes.add(cell, &arrival)?;
                self.next = self.next.min(span.end);
                if let Some(tick) = panes.early(cell, span, &arrival, out)? {
                    let name = window_key(span, arrival.key);
                    self.ticks
                        .get_or_insert_with((tick, 0), &name, || Present)?;
                    self.next = self.next.min(tick);
                }
            } else if part != Part::OnTime && arrival.mark < span.end.saturating_add(self.lateness)
            {
                let cell = self
                    .lasting
                    .get_or_insert_with(group, arrival.key, || panes.cell())?;
                panes.add(cell, &arrival)?;
                panes.late(cell, span, arrival.key, out)?;
                self.next = self.next.min(span.end.saturating_add(self.lateness));
            }
        }
        Ok(())
    }

    /// Takes events into a window that is not complete.
    pub(super) fn merge(
        &mut self,
        share: Share<A::Accumulator>,
        panes: &Panes<A>,
    ) -> Result<(), WindowError> {
        let group = (share.span.end, share.span.start);
        let mut state = Some(share.state);
        let cell = self.open.get_or_insert_with(group, &share.key, || {
            state.take().map_or_else(|| panes.cell(), Cell::new)
        })?;
        if let Some(state) = state {
            panes.aggregates.merge(&mut cell.state, &state)?;
        }
        cell.fresh += share.events;
        self.next = self.next.min(share.span.end);
        Ok(())
    }

    pub(super) fn advance(
        &mut self,
        to: Time,
        panes: &Panes<A>,
        out: Out<'_>,
    ) -> Result<(), WindowError> {
        while let Some((time, due)) = self.due()
            && time <= to
        {
            match due {
                Due::Tick(group) => self.tick(group, panes, out)?,
                Due::Complete(group) => self.complete(group, panes, out)?,
                Due::Expired(group) => self.expire(group, panes, out)?,
            }
        }
        self.next = self.earliest();
        Ok(())
    }

    fn earliest(&self) -> Time {
        self.due().map_or(Time::MAX, |(time, _)| time)
    }

    /// What is due first.
    fn due(&self) -> Option<(Time, Due)> {
        let tick = self
            .ticks
            .first_group()
            .map(|group| (group.0, Due::Tick(group)));
        let complete = self
            .open
            .first_group()
            .map(|group| (group.0, Due::Complete(group)));
        let expired = self.lasting.first_group();
        let expired =
            expired.map(|group| (group.0.saturating_add(self.lateness), Due::Expired(group)));
        [tick, complete, expired]
            .into_iter()
            .flatten()
            .min_by_key(|(time, _)| *time)
    }

    fn tick(&mut self, group: Group, panes: &Panes<A>, out: Out<'_>) -> Result<(), WindowError> {
        let open = &mut self.open;
        self.ticks.visit(group, |name, _| {
            if let Some((span, key)) = split(name)
                && let Some(cell) = open.get_mut((span.end, span.start), key)?
            {
                cell.tick = None;
                if cell.fresh > 0 {
                    panes.fire(cell, span, key, PaneKind::Early, out)?;
                }
            }
            Ok(Keep::No)
        })
    }

    fn complete(
        &mut self,
        group: Group,
        panes: &Panes<A>,
        out: Out<'_>,
    ) -> Result<(), WindowError> {
        let span = Span {
            start: group.1,
            end: group.0,
        };
        let lasting = &mut self.lasting;
        let stays = self.lateness > 0 && span != Span::ALWAYS;
        self.open.visit(group, |key, cell| {
            // A global window has no end that somebody could wait for.
            if span != Span::ALWAYS || cell.fresh > 0 {
                panes.fire(cell, span, key, PaneKind::OnTime, out)?;
            }
            if stays {
                cell.tick = None;
                let cell = std::mem::replace(cell, panes.cell());
                lasting.get_or_insert_with(group, key, || cell)?;
            }
            Ok(Keep::No)
        })
    }

    fn expire(&mut self, group: Group, panes: &Panes<A>, out: Out<'_>) -> Result<(), WindowError> {
        let span = Span {
            start: group.1,
            end: group.0,
        };
        self.lasting.visit(group, |key, cell| {
            if cell.fresh > 0 {
                panes.fire(cell, span, key, PaneKind::Late, out)?;
            }
            Ok(Keep::No)
        })
    }
}

/// Sorts as the end, the start, and the key do.
fn window_key(span: Span, key: &[u8]) -> Vec<u8> {
    [&sortable(span.end)[..], &sortable(span.start), key].concat()
}

fn split(name: &[u8]) -> Option<(Span, &[u8])> {
    let (end, rest) = name.split_first_chunk()?;
    let (start, key) = rest.split_first_chunk()?;
    Some((
        Span {
            start: from_sortable(*start),
            end: from_sortable(*end),
        },
        key,
    ))
}
