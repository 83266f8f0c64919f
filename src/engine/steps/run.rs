//! One pass over a batch: each record goes through the steps, one after the other.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use bytes::{Bytes, BytesMut};
use ssectl_adapter::{Commit, Fault, Record, Timestamp};

use super::enrich::{Enriched, Found};
use super::{
    Aside, Bad, Encoding, Fetched, Key, Processed, Produced, RecordError, Route, Step, Steps, Way,
    elements, eval, unreadable, words,
};
use crate::expr::{Outputs, Program};

/// The state of one pass over a batch.
pub(super) struct Run<'a> {
    steps: &'a Steps,
    pub(super) out: Processed,
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
    pub(super) unknown: BTreeMap<usize, BTreeSet<Key>>,
    /// Two buffers per step, kept for their memory.
    buffers: Vec<Outputs>,
    /// The step that was begun last.
    last: usize,
}

impl<'a> Run<'a> {
    pub(super) fn new(
        steps: &'a Steps,
        count: usize,
        fetched: &'a HashMap<usize, Fetched>,
    ) -> Self {
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

    pub(super) fn unreadable(&mut self, fault: Fault, index: usize) {
        let bad = unreadable(fault, index);
        if let Some(traced) = &mut self.out.traced {
            traced.records.push(bad.record.clone());
        }
        self.out.bad.push(bad);
    }

    /// All results of the record, or none and the reason.
    pub(super) fn record(&mut self, record: Record, index: usize) {
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

    pub(super) fn finish(mut self, commit: Commit) -> Processed {
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
