//! What a scenario says, checked and compiled.

mod enrich;
mod expectation;
mod relate;
mod source;
mod step;
mod window;

use std::fmt;
use std::path::{Path, PathBuf};

use ssectl_adapter::{StreamSpec, StreamUri};

use crate::document::Place;
use crate::document::redact_uri;
use crate::engine::Delivery;
use crate::expr::Program;
use crate::expr::time::{EventTime, Unit};
use crate::timeline::Clock;

pub use enrich::Enrich;
pub use expectation::{Count, Equals, EqualsOrder, Expectation, KeyOrder};
pub use relate::Related;
pub use source::{Offsets, Read, Replay, Source, SourceKind, Speed};
pub use step::{Limit, Sample, Step, Words};
pub use window::Window;

/// An exercise: logical streams, pipelines between them, and what must come out.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its name, in kebab case.
    pub name: String,
    /// One line about it.
    pub summary: Option<String>,
    /// The file it was loaded from.
    pub file: PathBuf,
    /// What can be set from outside, with the values that were used.
    pub params: Vec<Param>,
    /// The logical streams, in the order of the file.
    pub streams: Vec<Stream>,
    /// The pipelines, in the order of the file.
    pub pipelines: Vec<Pipeline>,
    /// What must hold afterwards, in the order of the file; at most one per stream.
    pub expectations: Vec<Expectation>,
    /// What goes wrong on purpose on an emulator, such as `throttle=0.05,seed=7`.
    pub faults: Option<String>,
    /// What time is for it.
    pub clock: Clock,
}

impl Scenario {
    /// The folder of the file, which its relative paths start from.
    pub fn dir(&self) -> &Path {
        self.file.parent().unwrap_or(Path::new(""))
    }

    /// Whether a pipeline reads this declared stream.
    pub fn reads(&self, stream: &str) -> bool {
        let mut reads = self.pipelines.iter().flat_map(Pipeline::reads);
        reads.any(|(read, _)| read.from.declared() == Some(stream))
    }

    /// Whether all who write this declared stream give its records ids.
    pub fn identifies(&self, stream: &str) -> bool {
        let pipelines = self.pipelines.iter();
        let mut writers = pipelines
            .filter(|one| one.sink.to.declared() == Some(stream))
            .peekable();
        writers.peek().is_some() && writers.all(|one| one.delivery == Delivery::EffectivelyOnce)
    }

    /// The stream of that name.
    pub fn stream(&self, name: &str) -> Option<&Stream> {
        self.streams.iter().find(|stream| stream.name == name)
    }
}

/// Something to be filled in from outside, used as `${param.NAME}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Param {
    /// Its name.
    pub name: String,
    /// What to ask on a terminal.
    pub prompt: Option<String>,
    /// Its value if nobody gives one.
    pub default: Option<String>,
    /// A longer explanation.
    pub help: Option<String>,
    /// What a value must look like.
    pub kind: ParamKind,
    /// The value in use; `None` only before the scenario is loaded.
    pub value: Option<String>,
}

/// What the value of a parameter must look like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ParamKind {
    /// Anything.
    #[default]
    Text,
    /// A number as JSON writes it.
    Number,
    /// A path. A default starts from the scenario's folder, a given value from the working directory.
    Path,
}

/// A logical stream. Targets may call it otherwise.
#[derive(Clone, Debug)]
pub struct Stream {
    /// What it is made with.
    pub spec: StreamSpec,
    /// Its name in the file.
    pub name: String,
    /// What tells its records apart: one that comes again is left out by who reads it.
    pub id: Option<Expr>,
    /// Where it is declared.
    pub place: Place,
}

/// Records from a source through steps into a sink.
#[derive(Clone, Debug)]
pub struct Pipeline {
    /// Its name.
    pub name: String,
    /// Where records come from.
    pub source: Source,
    /// What happens to each, in order.
    pub steps: Vec<Step>,
    /// What happens to a record that a step cannot handle.
    pub on_error: OnError,
    /// How often a record may count in the results.
    pub delivery: Delivery,
    /// Where the results go.
    pub sink: Sink,
    /// Where it is declared.
    pub place: Place,
}

impl Pipeline {
    /// The streams it reads, and where they are named: its source first, then the tables of its steps.
    pub fn reads(&self) -> impl Iterator<Item = (&Read, &Place)> {
        let source = match &self.source.kind {
            SourceKind::Read(read) => Some((read, &self.source.place)),
            SourceKind::Generate(_) | SourceKind::Replay(_) => None,
        };
        source
            .into_iter()
            .chain(self.steps.iter().filter_map(Step::table))
    }

    /// Streams that steps send records to, past the sink.
    pub fn sides(&self) -> impl Iterator<Item = &Address> {
        self.steps.iter().filter_map(Step::side)
    }
}

/// A jq program.
#[derive(Clone)]
pub struct Expr {
    /// Its text.
    pub source: String,
    /// Where it is written.
    pub place: Place,
    /// What runs.
    pub program: Program,
}

impl Expr {
    /// Its text and where that is written.
    pub(in crate::scenario) fn text(&self) -> (&str, &Place) {
        (&self.source, &self.place)
    }
}

impl fmt::Debug for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.source, self.place)
    }
}

/// A jq program that gives a time.
#[derive(Clone)]
pub struct TimeExpr {
    /// Its text.
    pub source: String,
    /// Where it is written.
    pub place: Place,
    /// What its result counts.
    pub unit: Unit,
    /// What runs.
    pub program: EventTime,
}

impl fmt::Debug for TimeExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.source, self.place)
    }
}

/// What happens to a record that a step cannot handle. It is counted in every case.
#[derive(Clone, Debug, Default)]
pub enum OnError {
    /// The run stops.
    #[default]
    Fail,
    /// The record is left out.
    Skip,
    /// The record goes to another stream as it was read.
    DeadLetter {
        /// Which one.
        to: Address,
        /// Where that is written.
        place: Place,
    },
}

/// Where results go.
#[derive(Clone, Debug)]
pub struct Sink {
    /// Which stream.
    pub to: Address,
    /// What a record becomes in it.
    pub format: Format,
    /// Where it is written.
    pub place: Place,
}

/// A stream by its name in the scenario, or by a URI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// Declared under `streams`.
    Declared(String),
    /// `kafka://host/topic`, `file:path`, `-`, or `TARGET:STREAM`. A file's path starts from the
    /// working directory, no longer from the scenario's folder.
    Uri(StreamUri),
}

impl Address {
    /// The name, if it is a stream of the scenario.
    pub fn declared(&self) -> Option<&str> {
        match self {
            Self::Declared(name) => Some(name),
            Self::Uri(_) => None,
        }
    }
}

/// For messages; without passwords.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Declared(name) => f.write_str(name),
            Self::Uri(uri) => f.write_str(&redact_uri(&uri.to_string())),
        }
    }
}

/// What the bytes of a record are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// One JSON value.
    #[default]
    Json,
    /// Text: programs see a string, and string results lose their quotes.
    Text,
    /// A row: programs see an object with the header's names.
    Csv,
    /// Anything: no program may look into it.
    Raw,
}
