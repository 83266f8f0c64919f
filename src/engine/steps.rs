//! What happens to each record between source and sink.

mod asking;
mod elements;
mod enrich;
mod route;
mod sample;
mod words;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use ssectl_adapter::{Batch, Commit, Fault, Lines, Record, Timestamp};

use super::dead_letter::truncated;
use super::error::RecordError;
use super::lookup::{Fetched, Key, Lookup};
use super::operator::Digest;
use super::spool::{MOST, Spool, weight};
use super::trace::Traced;
use crate::expr::time::EventTime;
use crate::expr::{Input, Meta, Outputs, Payload, Program};
use ssectl_trace::Id;

pub(crate) use enrich::Members;
pub use enrich::{Enrich, Missing, Table};
use enrich::{Enriched, Found};
pub use route::{Branch, Route, Way};
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

/// The state of one pass over a batch.
struct Run<'a> {
    steps: &'a Steps,
    out: Processed,
    /// Values of the results, one behind the other; `spans` says where, by result.
    arena: BytesMut,
    spans: Vec<Option<Range<usize>>>,
    /// The ways that records took: the step, and the case.
    ways: Vec<(usize, usize)>,
    /// Rows that were fetched for the batch, by step.
    fetched: &'a HashMap<usize, Fetched>,
    /// Where lookups found their rows, by step.
    looked: Vec<(usize, Found)>,
    /// Rows that have to be fetched before the batch can be processed, by step.
    unknown: BTreeMap<usize, BTreeSet<Key>>,
    /// Two buffers per step, kept for their memory.
    buffers: Vec<Outputs>,
    /// The step that was begun last.
    last: usize,
}

impl<'a> Run<'a> {
    fn new(steps: &'a Steps, count: usize, fetched: &'a HashMap<usize, Fetched>) -> Self {
        Self {
            steps,
            out: Processed {
                results: Vec::with_capacity(count),
                count,
                traced: steps.traced.then(Box::default),
                ..Processed::default()
            },
            arena: BytesMut::new(),
            spans: Vec::with_capacity(count),
            ways: Vec::new(),
            fetched,
            looked: Vec::new(),
            unknown: BTreeMap::new(),
            buffers: std::iter::repeat_with(Outputs::default)
                .take(2 * steps.steps.len())
                .collect(),
            last: 0,
        }
    }

    fn unreadable(&mut self, fault: Fault, index: usize) {
        let bad = unreadable(fault, index);
        if let Some(traced) = &mut self.out.traced {
            traced.records.push(bad.record.clone());
        }
        self.out.bad.push(bad);
    }

    /// All results of the record, or none and the reason.
    fn record(&mut self, record: Record, index: usize) {
        if let Some(traced) = &mut self.out.traced {
            traced.records.push(record.clone());
        }
        if self.steps.is_empty() {
            // Nothing can fail, so that no copy is kept for the dead letters.
            let text = unquoted(&record, self.steps.input, self.steps.output);
            self.emit(record, text.as_deref().map(str::as_bytes), index);
            return;
        }
        let (results, bytes) = (self.out.results.len(), self.arena.len());
        let (sides, ways) = (self.out.sides.len(), self.ways.len());
        let looked = self.looked.len();
        let original = record.clone();
        match self.step(0, record, self.steps.input, index) {
            Ok(()) if (self.out.results.len(), self.out.sides.len()) == (results, sides) => {
                self.out.filtered += 1;
                self.note_stop(index);
            }
            Ok(()) => {}
            Err(error) => {
                self.out.results.truncate(results);
                self.spans.truncate(results);
                self.arena.truncate(bytes);
                self.out.sides.truncate(sides);
                self.ways.truncate(ways);
                self.looked.truncate(looked);
                self.note_stop(index);
                self.out.bad.push(Bad {
                    index: Some(index),
                    in_balance: true,
                    record: original,
                    error,
                });
            }
        }
    }

    /// For a trace: at which step a record ended.
    fn note_stop(&mut self, index: usize) {
        if let Some(traced) = &mut self.out.traced {
            traced.stops.insert(index, self.steps.name(self.last));
        }
    }

    fn step(
        &mut self,
        at: usize,
        mut record: Record,
        encoding: Encoding,
        index: usize,
    ) -> Result<(), RecordError> {
        let steps = self.steps;
        let Some(step) = steps.steps.get(at) else {
            let text = unquoted(&record, encoding, self.steps.output);
            self.emit(record, text.as_deref().map(str::as_bytes), index);
            return Ok(());
        };
        self.last = at;
        match step {
            Step::Filter(program) => {
                if eval(&record, encoding, |input| program.test(input))? {
                    self.step(at + 1, record, encoding, index)?;
                }
                Ok(())
            }
            Step::Key(program) => {
                record.key = self.key(at, program, &record, encoding)?;
                self.step(at + 1, record, encoding, index)
            }
            Step::KeyBy(program) => {
                let key = self.key(at, program, &record, encoding)?;
                let missing = || RecordError::Refused("`key-by` found no key".to_owned());
                record.key = Some(key.ok_or_else(missing)?);
                self.step(at + 1, record, encoding, index)
            }
            Step::Enrich(enrich) => {
                let (buffer, fetched) = (&mut self.buffers[at], self.fetched.get(&at));
                let (value, found) = enrich.value(&record, encoding, buffer, fetched)?;
                if found != Found::Here {
                    self.looked.push((at, found));
                }
                match value {
                    Enriched::Value(value) => {
                        record.value = Some(value);
                        self.step(at + 1, record, encoding, index)?;
                    }
                    Enriched::LeftOut => {}
                    Enriched::Unknown(key) => {
                        self.unknown.entry(at).or_default().insert(key);
                    }
                }
                Ok(())
            }
            Step::Sample(sample) => {
                if sample.takes(&record, encoding, &mut self.buffers[at])? {
                    self.step(at + 1, record, encoding, index)?;
                }
                Ok(())
            }
            Step::Time(time) => {
                let nanos = eval(&record, encoding, |input| time.eval(input))?;
                record.timestamp = Some(Timestamp::from_nanos(nanos));
                self.step(at + 1, record, encoding, index)
            }
            Step::Route(route) => self.route(at, route, record, encoding, index),
            Step::Map(program) => self.map(at, program, &record, encoding, index),
            Step::FlatMap(program) => {
                self.divide(at, program, &record, encoding, index, elements::of)
            }
            Step::Words(program, case) => {
                let split = |from: &Outputs, to: &mut Outputs| words::of(from, *case, to);
                self.divide(at, program, &record, encoding, index, split)
            }
        }
    }

    fn route(
        &mut self,
        at: usize,
        route: &Route,
        mut record: Record,
        encoding: Encoding,
        index: usize,
    ) -> Result<(), RecordError> {
        let (case, way) = route.choose(&record, encoding)?;
        self.ways.push((at, case));
        match way {
            Way::Next => return self.step(at + 1, record, encoding, index),
            Way::Aside(side) => {
                if let Some(text) = unquoted(&record, encoding, route.aside) {
                    record.value = Some(text.into());
                }
                let from = Some(index);
                self.out.sides.push(Aside {
                    side,
                    record,
                    from,
                    id: 0,
                });
            }
            Way::Nowhere | Way::Bad => {}
        }
        Ok(())
    }

    /// The first result of a program as a key.
    fn key(
        &mut self,
        at: usize,
        program: &Program,
        record: &Record,
        encoding: Encoding,
    ) -> Result<Option<Bytes>, RecordError> {
        let outputs = &mut self.buffers[at];
        outputs.clear();
        eval(record, encoding, |input| program.eval(input, outputs))?;
        let key = outputs.get(0).filter(|output| !output.is_null());
        Ok(key.map(|output| Bytes::from(output.raw().into_owned())))
    }

    fn map(
        &mut self,
        at: usize,
        program: &Program,
        record: &Record,
        encoding: Encoding,
        index: usize,
    ) -> Result<(), RecordError> {
        let mut outputs = std::mem::take(&mut self.buffers[at]);
        outputs.clear();
        let result = eval(record, encoding, |input| program.eval(input, &mut outputs));
        let result = result.and_then(|()| self.results(at, record, &outputs, index));
        self.buffers[at] = outputs;
        result
    }

    /// As [`Run::map`], with the parts that `divide` makes of the program's results.
    fn divide(
        &mut self,
        at: usize,
        program: &Program,
        record: &Record,
        encoding: Encoding,
        index: usize,
        divide: impl FnOnce(&Outputs, &mut Outputs) -> Result<(), RecordError>,
    ) -> Result<(), RecordError> {
        let second = self.steps.steps.len() + at;
        let mut outputs = std::mem::take(&mut self.buffers[at]);
        let mut parts = std::mem::take(&mut self.buffers[second]);
        outputs.clear();
        parts.clear();
        let result = eval(record, encoding, |input| program.eval(input, &mut outputs))
            .and_then(|()| divide(&outputs, &mut parts))
            .and_then(|()| self.results(at, record, &parts, index));
        self.buffers[at] = outputs;
        self.buffers[second] = parts;
        result
    }

    fn results(
        &mut self,
        at: usize,
        record: &Record,
        outputs: &Outputs,
        index: usize,
    ) -> Result<(), RecordError> {
        let last = at + 1 == self.steps.steps.len();
        for output in outputs.iter() {
            let mut next = Record {
                value: None,
                ..record.clone()
            };
            if record.value.is_none() && output.is_null() {
                // A tombstone that comes out as null is still a tombstone.
                self.step(at + 1, next, Encoding::Json, index)?;
            } else if last && self.steps.output == Encoding::Text {
                self.emit(next, Some(&output.raw()), index);
            } else if last {
                self.emit(next, Some(output.json()), index);
            } else {
                next.value = Some(Bytes::copy_from_slice(output.json()));
                self.step(at + 1, next, Encoding::Json, index)?;
            }
        }
        Ok(())
    }

    fn emit(&mut self, record: Record, value: Option<&[u8]>, from: usize) {
        let span = value.map(|value| {
            let start = self.arena.len();
            self.arena.extend_from_slice(value);
            start..self.arena.len()
        });
        self.spans.push(span);
        let from = Some(from);
        self.out.results.push(Produced {
            record,
            from,
            id: 0,
        });
    }

    /// Adds to the counters of the steps.
    fn count(&self) {
        for (at, case) in &self.ways {
            if let Some(Step::Route(route)) = self.steps.steps.get(*at) {
                route.count(*case);
            }
        }
        for (at, found) in &self.looked {
            if let Some(lookup) = self.steps.lookup(*at) {
                let is_hit = *found == Found::Cached;
                lookup.count(usize::from(is_hit), usize::from(!is_hit));
            }
        }
    }

    fn finish(mut self, commit: Commit) -> Processed {
        self.count();
        let arena = self.arena.freeze();
        for (result, span) in self.out.results.iter_mut().zip(self.spans) {
            if let Some(span) = span {
                result.record.value = Some(arena.slice(span));
            }
        }
        self.out.commit = commit;
        self.out
    }
}

/// A JSON string that is to be written as text, where the last step was no map.
fn unquoted(record: &Record, from: Encoding, to: Encoding) -> Option<String> {
    let value = record
        .value
        .as_ref()
        .filter(|_| (from, to) == (Encoding::Json, Encoding::Text))?;
    serde_json::from_slice(value).ok()
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
