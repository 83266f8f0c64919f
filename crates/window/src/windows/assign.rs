//! Which windows a time belongs to, where windows are laid out on a ruler: tumbling, sliding, cumulating.

use super::Span;
use super::ruler::Ruler;
use crate::{Time, Windows};

/// Finds the windows of a time; remembers the last ones, as the next event mostly belongs to the same.
pub(crate) struct Assigner {
    ruler: Ruler,
    shape: Shape,
    /// The times that have the windows in `spans`.
    same: Span,
    spans: Vec<Span>,
}

/// Lengths on the ruler.
enum Shape {
    Sliding { size: i64, slide: i64 },
    Cumulate { size: i64, step: i64 },
    Global,
}

impl Assigner {
    /// The windows of these kinds; `None` for those that depend on other events.
    pub(crate) fn new(windows: &Windows) -> Option<Self> {
        let (ruler, shape) = match windows {
            Windows::Sliding {
                size,
                slide,
                offset,
                zone,
            } => {
                let ruler = Ruler::new(*offset, zone.as_ref());
                let shape = Shape::Sliding {
                    size: ruler.length(*size),
                    slide: ruler.length(*slide),
                };
                (ruler, shape)
            }
            Windows::Cumulate {
                size,
                step,
                offset,
                zone,
            } => {
                let ruler = Ruler::new(*offset, zone.as_ref());
                let shape = Shape::Cumulate {
                    size: ruler.length(*size),
                    step: ruler.length(*step),
                };
                (ruler, shape)
            }
            Windows::Global => (Ruler::new(0, None), Shape::Global),
            Windows::Session { .. } | Windows::Count { .. } => return None,
        };
        Some(Self {
            ruler,
            shape,
            same: Span { start: 0, end: 0 },
            spans: Vec::new(),
        })
    }

    /// The windows of a time, by their ends; `None` if one of them does not fit into the numbers of time.
    #[inline]
    pub(crate) fn spans(&mut self, time: Time) -> Option<&[Span]> {
        if !self.same.contains(time) {
            self.assign(time)?;
        }
        Some(&self.spans)
    }

    fn assign(&mut self, time: Time) -> Option<()> {
        self.same = Span { start: 0, end: 0 };
        self.spans.clear();
        let same = match self.shape {
            Shape::Sliding { size, slide } => self.slide(time, size, slide)?,
            Shape::Cumulate { size, step } => self.cumulate(time, size, step)?,
            Shape::Global => {
                self.spans.push(Span::ALWAYS);
                Span::ALWAYS
            }
        };
        self.same = same;
        Some(())
    }

    /// Starts are the multiples of `slide`; the windows of a time are those that began less than `size` ago.
    fn slide(&mut self, time: Time, size: i64, slide: i64) -> Option<Span> {
        let at = self.ruler.position(time)?;
        let newest = at.div_euclid(slide).checked_mul(slide)?;
        let oldest = newest.checked_sub((size - 1 - (at - newest)).div_euclid(slide) * slide)?;
        let mut start = oldest;
        while start <= newest {
            let span = self.span(start, start.checked_add(size)?)?;
            self.spans.push(span);
            start += slide;
        }
        let first_end = oldest + size;
        self.span(
            newest.max(first_end - slide),
            newest.checked_add(slide)?.min(first_end),
        )
    }

    /// Starts are the multiples of `size`; ends come every `step` after one.
    fn cumulate(&mut self, time: Time, size: i64, step: i64) -> Option<Span> {
        let at = self.ruler.position(time)?;
        let start = at.div_euclid(size).checked_mul(size)?;
        let last = start.checked_add(size)?;
        let first = start + ((at - start) / step + 1) * step;
        let mut end = first;
        while end <= last {
            let span = self.span(start, end)?;
            self.spans.push(span);
            end = end.checked_add(step)?;
        }
        self.span(first - step, first)
    }

    fn span(&self, start: i64, end: i64) -> Option<Span> {
        Some(Span {
            start: self.ruler.moment(start)?,
            end: self.ruler.moment(end)?,
        })
    }
}
