//! What is remembered of a key in a window.

use ssectl_state::{Corrupt, Value};

use crate::codec::{Put, Reader};
use crate::windows::Span;
use crate::{PaneKind, Time};

/// The state of a key in a window.
pub(crate) struct Cell<S> {
    /// The state of the aggregates.
    pub(crate) state: S,
    /// Events since the last pane.
    pub(crate) fresh: u64,
    /// How many panes there were of this window.
    pub(crate) revision: u32,
    /// When an early pane is due.
    pub(crate) tick: Option<Time>,
    /// Panes that the next one takes back.
    pub(crate) past: Vec<Past>,
}

/// A pane that was given out and may be taken back.
pub(crate) struct Past {
    pub(crate) span: Span,
    pub(crate) kind: PaneKind,
    pub(crate) revision: u32,
    pub(crate) aggregates: Vec<u8>,
}

impl<S> Cell<S> {
    pub(crate) fn new(state: S) -> Self {
        Self {
            state,
            fresh: 0,
            revision: 0,
            tick: None,
            past: Vec::new(),
        }
    }
}

impl<S: Value> Value for Cell<S> {
    fn encode(&self, out: &mut Vec<u8>) {
        out.put_value(&self.state);
        out.put_u64(self.fresh);
        out.put_u32(self.revision);
        // No tick is at the end of time.
        out.put_i64(self.tick.unwrap_or(Time::MAX));
        out.put_u32(u32::try_from(self.past.len()).expect("few panes are taken back"));
        for past in &self.past {
            out.put_i64(past.span.start);
            out.put_i64(past.span.end);
            out.put_u8(past.kind as u8);
            out.put_u32(past.revision);
            out.put_bytes(&past.aggregates);
        }
    }

    fn decode(bytes: &[u8]) -> Result<Self, Corrupt> {
        let mut reader = Reader::new(bytes, "a window");
        let mut cell = Self::new(reader.value()?);
        cell.fresh = reader.u64()?;
        cell.revision = reader.u32()?;
        cell.tick = Some(reader.i64()?).filter(|tick| *tick != Time::MAX);
        for _ in 0..reader.u32()? {
            cell.past.push(Past {
                span: Span {
                    start: reader.i64()?,
                    end: reader.i64()?,
                },
                kind: kind(reader.u8()?)?,
                revision: reader.u32()?,
                aggregates: reader.bytes()?.to_vec(),
            });
        }
        reader.end()?;
        Ok(cell)
    }

    fn size(&self) -> usize {
        let past = self
            .past
            .iter()
            .map(|past| size_of::<Past>() + past.aggregates.len());
        size_of::<Self>() - size_of::<S>() + self.state.size() + past.sum::<usize>()
    }
}

fn kind(byte: u8) -> Result<PaneKind, Corrupt> {
    [PaneKind::Early, PaneKind::OnTime, PaneKind::Late]
        .into_iter()
        .find(|kind| *kind as u8 == byte)
        .ok_or(Corrupt("a window"))
}
