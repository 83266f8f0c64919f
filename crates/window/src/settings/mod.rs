//! A window as somebody asks for it: what the flags of `ssectl window` and the step of a scenario have in common.

mod check;
#[cfg(test)]
mod tests;

use crate::{Accumulation, Late, Time, WatermarkKind};

/// Which windows there are and when they close, as far as it is set. Nothing is checked yet. Times are in ns.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The type of the windows.
    pub kind: Type,
    /// How long a window is, or of how many events.
    pub size: Option<Amount>,
    /// From one sliding window to the next.
    pub slide: Option<Time>,
    /// From one cumulating window to the next.
    pub step: Option<Time>,
    /// The pause that ends a session.
    pub gap: Option<Time>,
    /// How long a count window waits for its last event.
    pub timeout: Option<Time>,
    /// How long after the multiples of their size windows begin.
    pub offset: Option<Time>,
    /// The time zone whose days windows are made of, by its IANA name.
    pub zone: Option<String>,
    /// How the watermark follows the event times.
    pub watermark: WatermarkKind,
    /// How far behind; default 0.
    pub delay: Option<Time>,
    /// When a partition no longer holds windows open: its watermark is more than this behind the greatest of those that
    /// go on. It holds them again from its next event on.
    ///
    /// This is the one setting that lets results depend on how partitions interleave: whether the next event of a
    /// partition comes before the others are so far ahead is known only when it has come.
    pub idle: Option<Time>,
    /// The same by the clock: a partition without an event for so long no longer holds windows open. The caller, who has a
    /// clock, says so by [`WindowOperator::rest_partition`](crate::WindowOperator::rest_partition).
    pub idle_wall: Option<Time>,
    /// How far ahead of the greatest event time of its partition an event may be.
    pub max_future: Option<Time>,
    /// How long after its end a window takes events; default 0, with [`Late::Refire`] for ever.
    pub lateness: Option<Time>,
    /// What happens to what comes later.
    pub late: Late,
    /// Panes before the end of a window.
    pub early: Option<Amount>,
    /// Panes after the end: one per so many late events; default 1.
    pub late_count: Option<u64>,
    /// Panes of the global window.
    pub trigger: Option<Amount>,
    /// What a second pane holds.
    pub accumulation: Option<Accumulation>,
    /// The unit of event times; default 1 ms.
    pub unit: Option<Time>,
}

/// The types of windows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Type {
    /// Of one length, one after the other.
    #[default]
    Tumbling,
    /// Of one length, overlapping.
    Sliding,
    /// Ended by a pause.
    Session,
    /// Of so many events.
    Count,
    /// Of one start, each longer than the one before.
    Cumulate,
    /// One for all times.
    Global,
}

impl Type {
    /// Its name in scenarios and flags.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tumbling => "tumbling",
            Self::Sliding => "sliding",
            Self::Session => "session",
            Self::Count => "count",
            Self::Cumulate => "cumulate",
            Self::Global => "global",
        }
    }
}

/// A length of time in ns, or a number of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amount {
    /// So long.
    Time(Time),
    /// So many.
    Records(u64),
}

/// What is wrong with a setting.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}: {hint}")]
pub struct SettingError {
    /// Which one, by its name in a scenario.
    pub setting: &'static str,
    /// What is wrong, as a lower-case fragment.
    pub message: String,
    /// How to fix it.
    pub hint: String,
}
