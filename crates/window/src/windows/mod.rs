//! The windows themselves: which an event belongs to, what they remember, and when they give panes.

mod aligned;
mod assign;
mod count;
mod ruler;
mod session;

use ssectl_state::{Kinds, Space, StateError, Value};

use crate::cell::Cell;
use crate::codec::Present;
use crate::digest::Share;
use crate::panes::Panes;
use crate::{Aggregator, Pane, Spec, Time, WindowError, Windows};
use aligned::Aligned;
pub(crate) use assign::Assigner;
use count::{Counts, Window};
use session::{Line, Sessions};

/// Where panes go.
pub(crate) type Out<'a> = &'a mut dyn FnMut(Pane);

/// The windows of a time as far as they do not depend on other events: none of a session or count window. The end is
/// exclusive.
pub fn windows_of(windows: &Windows, time: Time) -> Vec<(Time, Time)> {
    let spans = |mut assigner: Assigner| assigner.spans(time).map(<[Span]>::to_vec);
    let spans = Assigner::new(windows).and_then(spans).unwrap_or_default();
    spans.iter().map(|span| (span.start, span.end)).collect()
}

/// The times from `start` up to, and without, `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span {
    pub(crate) start: Time,
    pub(crate) end: Time,
}

impl Span {
    /// All times.
    pub(crate) const ALWAYS: Self = Self {
        start: Time::MIN,
        end: Time::MAX,
    };

    #[inline]
    pub(crate) fn contains(self, time: Time) -> bool {
        self.start <= time && time < self.end
    }
}

/// An event at its place in the order of all.
#[derive(Clone, Copy)]
pub(crate) struct Arrival<'a> {
    pub(crate) time: Time,
    pub(crate) key: &'a [u8],
    pub(crate) inputs: &'a [Option<&'a [u8]>],
    /// The watermark that its lateness is measured by.
    pub(crate) mark: Time,
}

/// Which of the windows of an event are meant.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    All,
    /// Those that are not complete.
    OnTime,
    /// Those that are, and still take events.
    Late,
}

/// How an event stands to its windows.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Standing {
    /// At least one is not complete.
    pub(crate) open: bool,
    /// At least one is complete and still takes events.
    pub(crate) lasting: bool,
}

/// Adds what windows keep to the kinds of values that can be shown.
pub(crate) fn kinds<S: Value>(kinds: Kinds) -> Kinds {
    kinds
        .with::<Cell<S>>()
        .with::<Line<S>>()
        .with::<Window<S>>()
        .with::<Present>()
}

/// The windows of an operator.
pub(crate) enum Kept<A: Aggregator> {
    Aligned(Aligned<A>),
    Sessions(Sessions<A>),
    Counts(Counts<A>),
}

/// Calls the same method of whichever windows there are.
macro_rules! each {
    ($kept:expr, $windows:ident => $call:expr) => {
        match $kept {
            Kept::Aligned($windows) => $call,
            Kept::Sessions($windows) => $call,
            Kept::Counts($windows) => $call,
        }
    };
}

impl<A: Aggregator> Kept<A> {
    pub(crate) fn open(spec: &Spec, space: &Space) -> Result<Self, StateError> {
        Ok(match &spec.windows {
            Windows::Session { gap } => Self::Sessions(Sessions::open(*gap, spec.lateness, space)?),
            Windows::Count { size, timeout } => {
                Self::Counts(Counts::open(*size, *timeout, spec.unit, space)?)
            }
            windows => Self::Aligned(Aligned::open(windows, spec.lateness, space)?),
        })
    }

    /// How an event stands, by its own windows; `None` if one of them does not fit into the numbers of time.
    #[inline]
    pub(crate) fn standing(&mut self, time: Time, mark: Time) -> Option<Standing> {
        each!(self, windows => windows.standing(time, mark))
    }

    /// Takes an event into its windows. All timers up to its mark must have fired.
    #[inline]
    pub(crate) fn place(
        &mut self,
        arrival: Arrival<'_>,
        part: Part,
        panes: &Panes<A>,
        out: Out<'_>,
    ) -> Result<(), WindowError> {
        each!(self, windows => windows.place(arrival, part, panes, out))
    }

    /// Takes the events of a digest into an open window. There are no digests for windows of other kinds.
    pub(crate) fn merge(
        &mut self,
        share: Share<A::Accumulator>,
        panes: &Panes<A>,
    ) -> Result<(), WindowError> {
        match self {
            Self::Aligned(windows) => windows.merge(share, panes),
            Self::Sessions(_) | Self::Counts(_) => Ok(()),
        }
    }

    /// When something happens next, at the earliest; `Time::MAX` if only the end of the input brings anything.
    #[inline]
    pub(crate) fn next(&self) -> Time {
        each!(self, windows => windows.next())
    }

    /// Does what is due up to a time, in the order of times.
    pub(crate) fn advance(
        &mut self,
        to: Time,
        panes: &Panes<A>,
        out: Out<'_>,
    ) -> Result<(), WindowError> {
        each!(self, windows => windows.advance(to, panes, out))
    }

    /// Hands the changes of all tables over.
    pub(crate) fn save(&mut self) -> Result<(), StateError> {
        each!(self, windows => windows.save())
    }
}
