//! A pipeline as the compilers see it: programs as their texts, times in nanoseconds.

/// A pipeline between a source and a sink.
#[derive(Debug, Clone)]
pub struct Job {
    /// The scenario's name.
    pub scenario: String,
    /// The pipeline's name.
    pub name: String,
    /// The stream it reads, or what stands for it.
    pub from: String,
    /// The stream it writes.
    pub to: String,
    /// What happens to records, in order.
    pub steps: Vec<Step>,
    /// What happens to bad records.
    pub bad: Bad,
}

/// What happens to a record that a step cannot handle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bad {
    /// The run ends.
    Fail,
    /// It is left out.
    Skip,
    /// It goes to another stream.
    DeadLetter,
}

/// What happens to records.
#[derive(Debug, Clone)]
pub enum Step {
    /// Each result of the program is a record.
    Map(String),
    /// The record stays if the first result is neither `false` nor `null`.
    Filter(String),
    /// The first result becomes the key.
    Key(String),
    /// The first result becomes the time.
    Time(String, Unit),
    /// Results per key and window.
    Window(Box<Window>),
    /// A step that has no counterpart, by its name.
    Other(String),
}

/// What a number that is a time counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Seconds.
    S,
    /// Milliseconds.
    Ms,
    /// Microseconds.
    Us,
    /// Nanoseconds.
    Ns,
    /// No number: a text of RFC 3339.
    Rfc3339,
}

impl Unit {
    /// Its name in a scenario.
    pub fn name(self) -> &'static str {
        match self {
            Self::S => "s",
            Self::Ms => "ms",
            Self::Us => "us",
            Self::Ns => "ns",
            Self::Rfc3339 => "rfc3339",
        }
    }

    /// How many nanoseconds one is.
    pub(crate) fn nanoseconds(self) -> i64 {
        match self {
            Self::S => 1_000_000_000,
            Self::Ms => 1_000_000,
            Self::Us => 1_000,
            Self::Ns | Self::Rfc3339 => 1,
        }
    }
}

/// Results per key and window.
#[derive(Debug, Clone)]
pub struct Window {
    /// What records are grouped by.
    pub by: Option<String>,
    /// When they happened; without it the record's own time.
    pub time: Option<(String, Unit)>,
    /// What `start` and `end` of a result count; milliseconds with [`Unit::Rfc3339`].
    pub unit: Unit,
    /// What watermarks are kept by, instead of the partitions of the source.
    pub partition: Option<String>,
    /// Which windows.
    pub kind: Kind,
    /// What is calculated.
    pub aggregates: Vec<Aggregate>,
    /// How far the watermark stays behind, in ns.
    pub delay: i64,
    /// How long a window takes records after its end, in ns; `None` is for ever.
    pub lateness: Option<i64>,
    /// What happens to later ones.
    pub late: Late,
    /// Results before the end: after so many records.
    pub early_count: Option<u64>,
    /// Results after the end: after so many records.
    pub late_count: u64,
    /// Whether a result holds only what came since the one before.
    pub discarding: bool,
    /// Settings that only ssectl has, by their names: `idle`, `max-future`.
    pub others: Vec<String>,
}

/// The types of windows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Of one length; `slide` is `size` when they tumble.
    Sliding {
        /// The length in ns.
        size: i64,
        /// From one start to the next in ns.
        slide: i64,
        /// Of the starts in ns.
        offset: i64,
    },
    /// Each longer than the one before.
    Cumulate {
        /// The greatest length in ns.
        size: i64,
        /// The difference in ns.
        step: i64,
        /// Of the starts in ns.
        offset: i64,
    },
    /// Ended by a pause.
    Session {
        /// The pause in ns.
        gap: i64,
    },
    /// One for all times, with a result after so many records.
    Global {
        /// After how many; `None` is only at the end.
        count: Option<u64>,
    },
    /// One that only ssectl has, by its name.
    Other(String),
}

/// What happens to a record whose windows have closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Late {
    /// It is left out.
    Drop,
    /// It goes to another stream.
    Side,
}

/// Something that is calculated.
#[derive(Debug, Clone)]
pub struct Aggregate {
    /// Its name in the result.
    pub name: String,
    /// `count`, `sum` ...
    pub function: String,
    /// The program of its argument.
    pub argument: Option<String>,
}
