//! What happens to each record between source and sink.

mod asking;
mod elements;
mod enrich;
mod route;
mod run;
mod sample;
mod words;

use std::collections::HashMap;
use std::sync::Arc;

use ssectl_adapter::{Batch, Commit, Fault, Lines, Record};

use super::dead_letter::truncated;
use super::error::RecordError;
use super::lookup::{Fetched, Key, Lookup};
use super::operator::Digest;
use super::spool::{MOST, Spool, weight};
use super::trace::Traced;
use crate::expr::time::EventTime;
use crate::expr::{Input, Meta, Payload, Program};
use ssectl_trace::Id;

pub(crate) use enrich::Members;
pub use enrich::{Enrich, Missing, Table};
pub use route::{Branch, Route, Way};
use run::Run;
pub use sample::Sample;
pub use words::Case;

/// One step of a pipeline.
#[derive(Clone)]
pub enum Step {
    /// A program whose results replace the record: none, one or many.
    Map(Program),
    /// Each element of the arrays that the program gives replaces the record.
    FlatMap(Program),
    /// Each word of the text that the program gives replaces the record.
    Words(Program, Case),
    /// Puts a row of a table into the record.
    Enrich(Enrich),
    /// Keeps a share of the records.
    Sample(Sample),
    /// Keeps the records for which the program is true.
    Filter(Program),
    /// Sets the key to the program's first result: a string as its bytes, `null` or nothing as
    /// no key, anything else as JSON.
    Key(Program),
    /// As [`Step::Key`], but a record without a key is bad.
    KeyBy(Program),
    /// Sets the record's timestamp.
    Time(EventTime),
    /// Sends each record one of several ways.
    Route(Route),
}

/// What the bytes of a value are to the programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    /// One JSON value.
    #[default]
    Json,
    /// Text: one string. As a result, strings are written without their quotes.
    Text,
}

/// The steps of a pipeline, ready to run on any thread.
#[derive(Clone, Default)]
pub struct Steps {
    steps: Arc<[Step]>,
    /// What they are called, where they have names.
    names: Arc<[Arc<str>]>,
    input: Encoding,
    output: Encoding,
    traced: bool,
}

/// A batch after its steps, in the order of its records.
#[derive(Debug, Default)]
pub(super) struct Processed {
    /// Results before the others: some, and many behind them.
    pub(super) spooled: Vec<(Vec<Produced>, Spool)>,
    pub(super) results: Vec<Produced>,
    /// Instead of results: what was made of them for the first step that remembers.
    pub(super) digested: Option<Digested>,
    pub(super) bad: Vec<Bad>,
    /// What goes to side streams.
    pub(super) sides: Vec<Aside>,
    /// Records of the batch, faults included.
    pub(super) count: usize,
    pub(super) filtered: usize,
    pub(super) commit: Commit,
    /// What a trace is to know, if there is one.
    pub(super) traced: Option<Box<Traced>>,
}

impl Processed {
    /// Puts results that steps behind the first one that remembers made on the disk, if they are many.
    pub(super) fn relieve(&mut self) -> std::io::Result<()> {
        let weights = self.results.iter().map(|result| weight(&result.record));
        if weights.sum::<usize>() > MOST {
            let mut spool = Spool::new()?;
            spool.put(self.results.drain(..).map(|result| result.record))?;
            self.spooled.push((Vec::new(), spool));
        }
        Ok(())
    }
}

/// Lines that no records were made of, and their digest.
#[derive(Debug)]
pub(super) struct Digested {
    pub(super) lines: Lines,
    pub(super) digest: Digest,
}

impl Digested {
    /// The lines as results after all.
    pub(super) fn results(lines: &Lines) -> impl Iterator<Item = Produced> {
        lines.records().enumerate().map(|(index, record)| Produced {
            record,
            from: Some(index),
            id: 0,
        })
    }
}

/// A result and the record it came from.
#[derive(Debug)]
pub(super) struct Produced {
    pub(super) record: Record,
    /// Index of its record in the batch; results of one record are neighbours. `None` for what a step that remembers
    /// made of many.
    pub(super) from: Option<usize>,
    /// Its number in the trace; 0 without one.
    pub(super) id: Id,
}

/// A record for a side stream.
#[derive(Debug)]
pub(super) struct Aside {
    /// The index of the stream.
    pub(super) side: usize,
    pub(super) record: Record,
    /// As that of [`Produced`]: `None` also where the record it came from is counted elsewhere.
    pub(super) from: Option<usize>,
    /// Its number in the trace; 0 without one.
    pub(super) id: Id,
}

/// A record that could not be processed.
#[derive(Debug)]
pub(super) struct Bad {
    /// Its index in the batch; `None` for a record of an earlier one and for a result.
    pub(super) index: Option<usize>,
    /// Whether it was read, or made for a later step; not so a result that a sink refused.
    pub(super) in_balance: bool,
    /// As it was read, for the dead letter.
    pub(super) record: Record,
    pub(super) error: RecordError,
}

impl Steps {
    /// `input` is what the source's bytes are, `output` what the sink's shall be.
    pub fn new(steps: Vec<Step>, input: Encoding, output: Encoding) -> Self {
        Self {
            steps: steps.into(),
            names: Arc::default(),
            input,
            output,
            traced: false,
        }
    }

    /// The same with names for the steps, as they stand in traces.
    #[must_use]
    pub fn named(self, names: Vec<Arc<str>>) -> Self {
        Self {
            names: names.into(),
            ..self
        }
    }

    /// The same, which keep what a trace is to know.
    pub(super) fn traced(self, traced: bool) -> Self {
        Self { traced, ..self }
    }

    fn name(&self, at: usize) -> Arc<str> {
        let name = self.names.get(at).cloned();
        name.unwrap_or_else(|| format!("step {}", at + 1).into())
    }

    /// Whether records pass untouched, so that no worker is needed.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Whether values come out as they are.
    pub(super) fn keep_values(&self) -> bool {
        self.is_empty() && self.input == self.output
    }

    /// What the bytes of the results are.
    pub(super) fn output(&self) -> Encoding {
        self.output
    }

    /// Runs all steps on a batch. With `first_bad_ends` nothing behind a bad record is run.
    pub(super) fn run(&self, mut batch: Batch, first_bad_ends: bool) -> Processed {
        batch.make_records();
        let count = batch.records.len() + batch.faults.len();
        let nothing = HashMap::new();
        let mut run = Run::new(self, count, &nothing);
        let mut faults = batch.faults.into_iter().peekable();
        let mut index = 0;
        for (position, record) in batch.records.into_iter().enumerate() {
            while let Some(fault) = faults.next_if(|fault| fault.index <= position) {
                run.unreadable(fault, index);
                index += 1;
            }
            if first_bad_ends && !run.out.bad.is_empty() {
                break;
            }
            run.record(record, index);
            index += 1;
        }
        for fault in faults {
            run.unreadable(fault, index);
            index += 1;
        }
        if first_bad_ends {
            run.out.bad.truncate(1);
        }
        run.finish(batch.commit)
    }
}

fn unreadable(fault: Fault, index: usize) -> Bad {
    Bad {
        index: Some(index),
        in_balance: true,
        record: Record {
            value: fault.raw,
            headers: fault.cut_from.map(truncated).into_iter().collect(),
            origin: fault.origin,
            ..Record::default()
        },
        error: RecordError::Adapter(fault.error),
    }
}

/// Runs a program on a record.
pub(crate) fn eval<T>(
    record: &Record,
    encoding: Encoding,
    run: impl FnOnce(&Input<'_>) -> Result<T, crate::expr::EvalError>,
) -> Result<T, RecordError> {
    let payload = match (&record.value, encoding) {
        (None, _) => Payload::Null,
        (Some(value), Encoding::Json) => Payload::Json(value),
        (Some(value), Encoding::Text) => Payload::Text(value),
    };
    let meta = Meta::of(record);
    run(&Input { payload, meta }).map_err(RecordError::Expression)
}
