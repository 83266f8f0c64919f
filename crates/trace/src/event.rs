//! What a trace consists of.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The number of a record in a run: of one that was read, or of a result of many. 0 where nothing is traced.
pub type Id = u64;

/// Nanoseconds since 1970, UTC.
pub type Time = i64;

/// The version of the format; another one is refused.
pub const VERSION: u32 = 1;

/// Something that happened to a record, or is to be known of a run. Times are nanoseconds since 1970.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum Event {
    /// The first of all.
    Trace {
        /// [`VERSION`].
        version: u32,
    },
    /// A pipeline, before anything of it.
    Pipeline(Flow),
    /// The partitions that a step with a watermark waits for.
    Partitions {
        /// Of which pipeline.
        pipeline: u32,
        /// Their names.
        names: Vec<String>,
    },
    /// A record was read.
    Read(Read),
    /// A window has seen the event time of a record.
    Timed(Timed),
    /// A record ended before the sink.
    Gone(Gone),
    /// A step made a record of others.
    Made(Made),
    /// A sink has a record.
    Wrote(Wrote),
}

/// A pipeline as its run began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flow {
    /// Its number in the trace.
    pub number: u32,
    /// What it is called.
    pub name: String,
    /// What it reads; the first is its source.
    pub inputs: Vec<String>,
    /// What it writes: the sink, then the side streams.
    pub outputs: Vec<String>,
    /// What happens to bad records: `fail`, `skip`, or where they go.
    pub bad: String,
    /// Its steps, in order.
    pub steps: Vec<StepNote>,
}

/// A step of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepNote {
    /// Its name in the trace, such as `2-filter`.
    pub name: Arc<str>,
    /// Where it is written: `scenario.yaml:12:9`, or a flag.
    pub place: String,
    /// Its program, or its programs.
    pub text: String,
}

/// A record that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Read {
    /// Its number from here on.
    pub id: Id,
    /// Of which pipeline.
    pub pipeline: u32,
    /// Which of its inputs.
    pub input: u32,
    /// The stream, topic or file as the source calls it.
    pub stream: Arc<str>,
    /// Empty where there are none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub partition: String,
    /// Offset, line or token; empty where there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub position: String,
    /// Which record of its partition it is in this run, from 1.
    pub nth: u64,
    /// Its key as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Its value as text; what is no UTF-8 is U+FFFD.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// An event time, and how far time had come with it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timed {
    /// Of which record.
    pub id: Id,
    /// Of which pipeline.
    pub pipeline: u32,
    /// Which step has seen it.
    pub step: Arc<str>,
    /// The event time.
    pub time: Time,
    /// What its watermark is kept by.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub partition: String,
    /// What it is grouped by, as JSON.
    pub key: String,
    /// The watermark of its partition after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watermark: Option<Time>,
    /// That of all partitions after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all: Option<Time>,
    /// Its windows, as far as they do not depend on other records; the end is exclusive.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub windows: Vec<(Time, Time)>,
    /// How long after its end a window still takes records.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub lateness: Time,
    /// Whether all its windows had closed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub late: bool,
}

/// The end of a record on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gone {
    /// Which record.
    pub id: Id,
    /// At which step; none for one that could not be read, or that a sink refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<Arc<str>>,
    /// How.
    pub why: Why,
    /// Of a bad one, what is wrong with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// How a record ended before the sink.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// It was not wanted.
    Filtered,
    /// All its windows had closed.
    Late,
    /// It had come before.
    Dropped,
    /// It had come before, known by its id, and no step saw it.
    Repeated,
    /// It could not be read, processed or written.
    Bad,
}

/// A record made of others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// Its number.
    pub id: Id,
    /// Of which pipeline.
    pub pipeline: u32,
    /// By which step.
    pub step: Arc<str>,
    /// What it consists of.
    pub from: Vec<Id>,
    /// The record with which it was time for it; none at the end of the input, or of a partition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Id>,
    /// The watermark of all partitions then; none at the end of the input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watermark: Option<Time>,
    /// Which window it is the result of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pane: Option<PaneNote>,
}

/// The window of a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaneNote {
    /// What was grouped by, as JSON.
    pub key: String,
    /// Its first moment; none if it has no start.
    pub start: Option<Time>,
    /// The first moment after it; none if it has no end.
    pub end: Option<Time>,
    /// `early`, `on-time` or `late`.
    pub kind: String,
    /// How many results of the same window came before.
    pub revision: u32,
    /// Whether it takes an earlier result back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub retraction: bool,
}

/// A record that a sink has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wrote {
    /// Its number.
    pub id: Id,
    /// Of which pipeline.
    pub pipeline: u32,
    /// Which of its outputs.
    pub output: u32,
    /// Which record of the output it is in this run, from 1.
    pub nth: u64,
    /// Its key as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Its value as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

fn is_zero(time: &Time) -> bool {
    *time == 0
}
