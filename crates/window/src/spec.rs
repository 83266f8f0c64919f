//! What a window operator does, checked. Made by [`Settings::spec`](crate::Settings::spec).

use jiff::tz::TimeZone;

use crate::Time;

/// Which windows there are, when they close, and what a second result of one holds.
#[derive(Debug, Clone)]
pub struct Spec {
    /// The windows.
    pub windows: Windows,
    /// How the watermark follows the event times.
    pub watermark: WatermarkKind,
    /// How far the watermark stays behind the greatest event time of its partition, in ns.
    pub delay: Time,
    /// How far a partition may be behind the greatest before it no longer holds windows open, in ns.
    pub idle: Option<Time>,
    /// How long a partition may be silent, by the caller's clock, before it no longer holds windows open, in ns.
    pub idle_wall: Option<Time>,
    /// How far an event may be ahead of its partition, in ns.
    pub max_future: Option<Time>,
    /// How long after its end a window still takes events, in ns; `Time::MAX` is for ever.
    pub lateness: Time,
    /// What happens to an event whose windows have all closed.
    pub late: Late,
    /// When there are panes beside the one at the end.
    pub trigger: Trigger,
    /// What a second pane holds.
    pub accumulation: Accumulation,
    /// The unit of the times, in ns: the end of a count window is so long after its last event.
    pub unit: Time,
}

/// The windows an event belongs to.
#[derive(Debug, Clone)]
pub enum Windows {
    /// One after the other. Sliding windows have a `slide` of their own; those that tumble have their size.
    Sliding {
        /// The length in ns.
        size: Time,
        /// From one start to the next, in ns.
        slide: Time,
        /// Of the starts, from the multiples of `slide` since 1970, in ns.
        offset: Time,
        /// The zone whose days are meant; lengths are whole days then.
        zone: Option<TimeZone>,
    },
    /// Of one start, each `step` longer than the one before, up to `size`.
    Cumulate {
        /// The greatest length in ns.
        size: Time,
        /// How much longer the next window is, in ns.
        step: Time,
        /// Of the starts, from the multiples of `size` since 1970, in ns.
        offset: Time,
        /// The zone whose days are meant; lengths are whole days then.
        zone: Option<TimeZone>,
    },
    /// Events of a key with less than `gap` between them.
    Session {
        /// The pause that ends a session, in ns.
        gap: Time,
    },
    /// So many events of a key.
    Count {
        /// How many.
        size: u64,
        /// How long after its first event a window ends that is not full, in ns of event time.
        timeout: Option<Time>,
    },
    /// One for all times.
    Global,
}

/// How the watermark of a partition follows its events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum WatermarkKind {
    /// The greatest event time less the delay.
    #[default]
    Bounded,
    /// The greatest event time.
    Monotonic,
    /// What [`WindowOperator::punctuate`](crate::WindowOperator::punctuate) says.
    Punctuated,
}

/// What happens to an event whose windows have all closed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Late {
    /// It is left out and counted.
    #[default]
    Drop,
    /// It goes to another stream; the caller sends it there when its fate is [`Fate::Late`](crate::Fate::Late).
    Side,
    /// Its windows never close before the lateness, or the end of the input if none is set.
    Refire,
}

/// When there are panes beside the one at the end of a window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Trigger {
    /// Before the end: whenever the watermark passes a multiple of this time since 1970, in ns, if there is something new.
    pub early_every: Option<Time>,
    /// Before the end: after so many events of a key.
    pub early_count: Option<u64>,
    /// After the end: after so many late events of a key. What remains comes when the lateness is over.
    pub late_count: Option<u64>,
}

/// What a second pane of a window holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Accumulation {
    /// All events so far.
    #[default]
    Accumulating,
    /// Those since the pane before.
    Discarding,
    /// All so far, after the pane before was taken back.
    Retracting,
}
