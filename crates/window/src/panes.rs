//! When a window gives a pane and what is in it: triggers and accumulation.
//!
//! Triggers are those of Beam's `AfterWatermark` with early and late firings. An early pane by time comes when the
//! watermark passes a multiple of the period since 1970 (Flink's `ContinuousEventTimeTrigger`), and holds what came before
//! the event that carried the watermark there. An early pane comes only if there is something new.
//! A pane that is taken back is written once more as it was (Dataflow paper, "Accumulating & Retracting"), right before
//! the pane that replaces it.

use crate::cell::{Cell, Past};
use crate::windows::{Arrival, Out, Span};
use crate::{Accumulation, Aggregator, Pane, PaneKind, Spec, Time, Trigger, WindowError};

/// Makes panes.
pub(crate) struct Panes<A> {
    pub(crate) aggregates: A,
    pub(crate) trigger: Trigger,
    accumulation: Accumulation,
}

impl<A: Aggregator> Panes<A> {
    pub(crate) fn new(spec: &Spec, aggregates: A) -> Self {
        Self {
            aggregates,
            trigger: spec.trigger,
            accumulation: spec.accumulation,
        }
    }

    /// A window without events.
    pub(crate) fn cell(&self) -> Cell<A::Accumulator> {
        Cell::new(self.aggregates.accumulator())
    }

    /// Takes an event in.
    #[inline]
    pub(crate) fn add(
        &self,
        cell: &mut Cell<A::Accumulator>,
        arrival: &Arrival<'_>,
    ) -> Result<(), WindowError> {
        self.aggregates
            .add(&mut cell.state, arrival.time, arrival.inputs)?;
        cell.fresh += 1;
        Ok(())
    }

    /// Gives an early pane if enough events came, and says when the next is due by time, if that is new.
    #[inline]
    pub(crate) fn early(
        &self,
        cell: &mut Cell<A::Accumulator>,
        span: Span,
        arrival: &Arrival<'_>,
        out: Out<'_>,
    ) -> Result<Option<Time>, WindowError> {
        if self
            .trigger
            .early_count
            .is_some_and(|count| cell.fresh >= count)
        {
            self.fire(cell, span, arrival.key, PaneKind::Early, out)?;
        }
        let Some(every) = self.trigger.early_every else {
            return Ok(None);
        };
        // Before the first watermark, time begins with the event.
        let now = if arrival.mark == Time::MIN {
            arrival.time
        } else {
            arrival.mark
        };
        let tick = after(now, every);
        if cell.tick.is_some() || tick.is_none_or(|tick| tick >= span.end) {
            return Ok(None);
        }
        cell.tick = tick;
        Ok(tick)
    }

    /// Gives a late pane if enough late events came.
    pub(crate) fn late(
        &self,
        cell: &mut Cell<A::Accumulator>,
        span: Span,
        key: &[u8],
        out: Out<'_>,
    ) -> Result<(), WindowError> {
        if cell.fresh >= self.trigger.late_count.unwrap_or(1) {
            self.fire(cell, span, key, PaneKind::Late, out)?;
        }
        Ok(())
    }

    /// Gives a pane.
    pub(crate) fn fire(
        &self,
        cell: &mut Cell<A::Accumulator>,
        span: Span,
        key: &[u8],
        kind: PaneKind,
        out: Out<'_>,
    ) -> Result<(), WindowError> {
        let mut aggregates = Vec::new();
        self.aggregates.write(&cell.state, &mut aggregates)?;
        for past in cell.past.drain(..) {
            out(pane(key, past, true));
        }
        let made = Past {
            span,
            kind,
            revision: cell.revision,
            aggregates,
        };
        if self.accumulation == Accumulation::Retracting {
            cell.past.push(Past {
                aggregates: made.aggregates.clone(),
                ..made
            });
        }
        out(pane(key, made, false));
        cell.revision += 1;
        cell.fresh = 0;
        if self.accumulation == Accumulation::Discarding {
            cell.state = self.aggregates.accumulator();
        }
        Ok(())
    }
}

fn pane(key: &[u8], past: Past, retraction: bool) -> Pane {
    Pane {
        key: key.into(),
        start: past.span.start,
        end: past.span.end,
        kind: past.kind,
        revision: past.revision,
        retraction,
        aggregates: past.aggregates,
    }
}

/// The first multiple of a period after a time.
fn after(time: Time, period: Time) -> Option<Time> {
    time.div_euclid(period).checked_add(1)?.checked_mul(period)
}
