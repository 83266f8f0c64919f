//! What goes into windows and what comes out.

/// Nanoseconds since 1970, UTC.
pub type Time = i64;

/// One event.
#[derive(Debug, Clone, Copy)]
pub struct Event<'a> {
    /// When it happened.
    pub time: Time,
    /// Its logical partition, by the number that the caller gave it.
    pub partition: u32,
    /// What it is grouped by: one JSON value, in its canonical form.
    pub key: &'a [u8],
    /// One JSON value per aggregate: its argument, `None` where the program gave nothing.
    pub inputs: &'a [Option<&'a [u8]>],
}

/// What became of an event. Each event has one fate, also if it belongs to several windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is part of a window, or will be.
    Used,
    /// All its windows had closed.
    Late,
    /// It is further ahead of the others than allowed, and not believed.
    Ahead,
}

/// When a result came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaneKind {
    /// Before the watermark passed the end of the window.
    Early,
    /// When it did.
    OnTime,
    /// After that, because of an event that was late but allowed.
    Late,
}

/// One result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pane {
    /// The key, as it came with the events.
    pub key: Box<[u8]>,
    /// The first moment of the window.
    pub start: Time,
    /// The first moment after it.
    pub end: Time,
    /// When it came.
    pub kind: PaneKind,
    /// How many panes of the same key and window came before. A retraction has the number of the pane it takes back.
    pub revision: u32,
    /// Whether it takes back the pane with this revision, of which it is a copy otherwise.
    pub retraction: bool,
    /// The members of the aggregates, such as `"n":3,"total":12.5`.
    pub aggregates: Vec<u8>,
}
