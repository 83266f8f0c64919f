//! Where records come from.

use std::path::PathBuf;

use ssectl_adapter::{Range, Timestamp};

use super::{Address, Format, TimeExpr};
use crate::document::Place;
use crate::generate::{Kind, Spec};

/// Where records come from.
#[derive(Clone, Debug)]
pub struct Source {
    /// The kind of source.
    pub kind: SourceKind,
    /// Where it is written.
    pub place: Place,
}

impl Source {
    /// The stream it reads, and where that is written, if it reads one.
    pub fn read(&self) -> Option<(&Read, &Place)> {
        match &self.kind {
            SourceKind::Read(read) => Some((read, &self.place)),
            SourceKind::Generate(_) | SourceKind::Replay(_) => None,
        }
    }

    /// What a record is in it.
    pub fn format(&self) -> Format {
        match &self.kind {
            SourceKind::Generate(spec) if matches!(spec.generate, Kind::Combined) => Format::Text,
            SourceKind::Generate(_) => Format::Json,
            SourceKind::Replay(replay) => replay.format,
            SourceKind::Read(read) => read.format,
        }
    }
}

/// The kinds of sources.
#[derive(Clone, Debug)]
pub enum SourceKind {
    /// Made up. The options are known to be valid.
    Generate(Box<Spec>),
    /// Recorded files.
    Replay(Replay),
    /// A stream of the scenario, or one at an address.
    Read(Read),
}

/// Recorded files, read one after the other.
#[derive(Clone, Debug)]
pub struct Replay {
    /// At least one; each is there.
    pub files: Vec<PathBuf>,
    /// What a record is in them.
    pub format: Format,
    /// The event time of a record, which the pace comes from.
    pub time: Option<TimeExpr>,
    /// How fast. Original speed if there is a `time`, else as fast as possible.
    pub speed: Speed,
    /// Whether to start over at the end, for ever.
    pub repeat: bool,
}

/// How fast recorded events are sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Speed {
    /// As fast as possible.
    Max,
    /// So many times as fast as they happened; above 0.
    Times(f64),
}

/// A stream to read.
#[derive(Clone, Debug)]
pub struct Read {
    /// Which one.
    pub from: Address,
    /// Its part that is read.
    pub range: Offsets,
    /// The group whose commits say where to go on; the runner chooses one if there is none.
    pub group: Option<String>,
    /// What a record is in it.
    pub format: Format,
}

/// A part of a stream in the grammar of [`Range`], known to be valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offsets(pub(in crate::scenario) Option<String>);

impl Offsets {
    /// The range; `now` is what `@-1h` counts from. `None` if the scenario does not say.
    pub fn resolve(&self, now: Timestamp) -> Option<Range> {
        let text = self.0.as_deref()?;
        Some(Range::parse(text, now).expect("parsed when the scenario was loaded"))
    }
}
