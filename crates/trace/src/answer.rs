//! Answers: what `why` and `why-not` say, before it is laid out. As JSON, times are nanoseconds since 1970.

use serde::Serialize;

use crate::{PaneNote, Time};

/// What is behind one result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Why {
    /// The result.
    pub result: Output,
    /// What it is.
    pub of: Node,
}

/// A record that a sink has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Output {
    /// Stream or file.
    pub to: String,
    /// Which record of it, from 1.
    pub nth: u64,
    /// The pipeline that wrote it.
    pub pipeline: String,
    /// Its key as text.
    pub key: Option<String>,
    /// Its value as text.
    pub value: Option<String>,
}

/// Where a record comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Node {
    /// It was read.
    Read(Box<Input>),
    /// A step made it.
    Made(Box<Made>),
}

/// A record that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Input {
    /// `FILE:LINE`, or `STREAM:PARTITION/OFFSET`.
    pub at: String,
    /// Its event time, if a window saw it.
    pub time: Option<Time>,
    /// Its key as text.
    pub key: Option<String>,
    /// Its value as text.
    pub value: Option<String>,
    /// If another pipeline of the run wrote it: of what.
    pub of: Option<Node>,
}

/// A record made of others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Made {
    /// By which step.
    pub step: Step,
    /// The window, if it is the result of one.
    pub window: Option<PaneNote>,
    /// The watermark of all partitions with which it was due; none at the end of the input.
    pub watermark: Option<Time>,
    /// The record that moved it there: `FILE:LINE`, or `STREAM:PARTITION/OFFSET`.
    pub moved_by: Option<String>,
    /// What it is made of.
    pub from: Vec<Node>,
}

/// A step of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Its pipeline.
    pub pipeline: String,
    /// Its name, such as `2-filter`.
    pub name: String,
    /// Where it is written, if that is known.
    pub place: Option<String>,
    /// Its programs.
    pub text: Option<String>,
}

/// Where one input went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WhyNot {
    /// The input.
    pub input: Input,
    /// The pipeline that read it.
    pub pipeline: String,
    /// All that became of it. A program may make several records of one.
    pub fates: Vec<Fate>,
}

/// Something that became of an input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fate {
    /// Where it ended, if that was at a step.
    pub step: Option<Step>,
    /// How.
    pub end: End,
}

/// How the way of a record ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "end", rename_all = "kebab-case")]
pub enum End {
    /// It is in these results.
    Results {
        /// In the order in which they were written.
        results: Vec<Output>,
    },
    /// The step did not let it through.
    Filtered,
    /// All its windows had closed.
    Late(Cause),
    /// One like it had come before.
    Duplicate {
        /// Where, if that is known.
        of: Option<String>,
    },
    /// It was bad.
    Bad {
        /// What was wrong.
        error: String,
        /// What happens to bad records: `fail`, `skip`, or where they go.
        policy: String,
    },
    /// It is in windows that have given no result yet.
    Open {
        /// Start and end of those that are known.
        windows: Vec<(Time, Time)>,
    },
    /// Nothing is known: the run ended before it.
    Unfinished,
}

/// Why a record is late.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cause {
    /// Its event time.
    pub time: Time,
    /// The partition whose watermark counts.
    pub partition: String,
    /// The last of its windows, if that is known.
    pub window: Option<(Time, Time)>,
    /// How long the window took records after its end, in ns.
    pub lateness: Time,
    /// The watermark when it came.
    pub watermark: Option<Time>,
    /// How far the watermark was past the moment at which the window closed, or else past the record, in ns.
    pub late_by: Option<Time>,
    /// The record that had moved the watermark there.
    pub moved_by: Option<String>,
}
