//! What the programs of a window make of a record: key, time, partition and the arguments of its aggregates.

use std::ops::Range;

use ssectl_adapter::Record;
use ssectl_json::{Extractor, Fields, Path};
use ssectl_window::Time;

use super::plan::Programs;
use crate::engine::{Encoding, RecordError};
use crate::expr::time::EventTime;
use crate::expr::{Outputs, Program};

/// So many arguments need no memory of their own.
const FEW: usize = 8;

/// Runs the programs of a window on one record after the other.
pub(crate) struct Inputs {
    by: Option<usize>,
    time: Option<(EventTime, usize)>,
    partition: Option<usize>,
    punctuation: Option<(EventTime, usize)>,
    arguments: Vec<Option<usize>>,
    /// All programs, in the order of their numbers above.
    programs: Vec<Wanted>,
    /// Finds what is only a path, without running a program.
    extractor: Extractor,
    fields: Fields,
    outputs: Outputs,
    /// The values of the record that was read last, one behind the other.
    values: Vec<u8>,
    spans: Vec<Option<Range<usize>>>,
}

/// A value that is wanted of each record.
struct Wanted {
    program: Program,
    /// Its number for the extractor, if it is a path.
    path: Option<usize>,
    /// Whether equal values must have equal bytes.
    canonical: bool,
}

impl Inputs {
    pub(crate) fn new(programs: &Programs, arguments: &[Option<Program>]) -> Self {
        let mut inputs = Self {
            by: None,
            time: None,
            partition: None,
            punctuation: None,
            arguments: Vec::new(),
            programs: Vec::new(),
            extractor: Extractor::new(&[]),
            fields: Fields::default(),
            outputs: Outputs::default(),
            values: Vec::new(),
            spans: Vec::new(),
        };
        let mut paths = Vec::new();
        let mut want = |program: &Program, canonical| {
            let path = Path::parse(program.source()).map(|path| {
                paths.push(path);
                paths.len() - 1
            });
            let program = program.clone();
            inputs.programs.push(Wanted {
                program,
                path,
                canonical,
            });
            inputs.programs.len() - 1
        };
        inputs.by = programs.by.as_ref().map(|program| want(program, true));
        inputs.time = programs
            .time
            .as_ref()
            .map(|time| (time.clone(), want(time.program(), false)));
        inputs.partition = programs
            .partition
            .as_ref()
            .map(|program| want(program, true));
        inputs.punctuation = programs
            .punctuation
            .as_ref()
            .map(|time| (time.clone(), want(time.program(), false)));
        inputs.arguments = arguments
            .iter()
            .map(|program| program.as_ref().map(|program| want(program, false)))
            .collect();
        inputs.extractor = Extractor::new(&paths);
        inputs
    }

    /// Runs all programs.
    ///
    /// # Errors
    /// One of them fails.
    pub(crate) fn read(&mut self, record: &Record, encoding: Encoding) -> Result<(), RecordError> {
        self.values.clear();
        self.spans.clear();
        let json = record
            .value
            .as_deref()
            .filter(|_| encoding == Encoding::Json);
        let found = json.filter(|json| self.extractor.read(json, &mut self.fields));
        for at in 0..self.programs.len() {
            let span = match (self.programs[at].path, found) {
                (Some(path), Some(json)) => {
                    let start = self.values.len();
                    append(
                        self.fields.get(path, json),
                        self.programs[at].canonical,
                        &mut self.values,
                    );
                    Some(start..self.values.len())
                }
                _ => self.run(at, record, encoding)?,
            };
            self.spans.push(span);
        }
        Ok(())
    }

    /// Whether nothing but paths in JSON is wanted, the event time among it, so that [`Inputs::find`] can be used.
    pub(super) fn are_paths(&self, encoding: Encoding) -> bool {
        let paths = self.programs.iter().all(|wanted| wanted.path.is_some());
        encoding == Encoding::Json && self.time.is_some() && paths
    }

    /// Finds everything in a record without a copy of it, and calls `with` with its time, its key and one value per
    /// aggregate. `None` if something is not as it should be: [`Inputs::read`] then says what.
    pub(super) fn find<T>(
        &mut self,
        json: &str,
        with: impl FnOnce(Time, &[u8], &[Option<&[u8]>]) -> T,
    ) -> Option<T> {
        if !self.extractor.read_text(json, &mut self.fields) {
            return None;
        }
        let (fields, programs, json) = (&self.fields, &self.programs, json.as_bytes());
        let path = |at: usize| programs[at].path;
        let value = |at: usize| path(at).map(|path| fields.get(path, json));
        let (time, at) = self.time.as_ref()?;
        let time = in_range(time.of(value(*at)).ok()?).ok()?;
        self.values.clear();
        let key = match self.by {
            None => b"null",
            Some(at) if fields.is_plain_string(path(at)?, json) => value(at)?,
            Some(at) => {
                append(value(at)?, true, &mut self.values);
                &self.values[..]
            }
        };
        let arguments = self.arguments.iter().map(|at| at.and_then(value));
        let mut few = [None; FEW];
        if let Some(few) = few.get_mut(..self.arguments.len()) {
            few.iter_mut()
                .zip(arguments)
                .for_each(|(to, from)| *to = from);
            return Some(with(time, key, few));
        }
        Some(with(time, key, &arguments.collect::<Vec<_>>()))
    }

    /// The first result of a program, if it gives any.
    fn run(
        &mut self,
        at: usize,
        record: &Record,
        encoding: Encoding,
    ) -> Result<Option<Range<usize>>, RecordError> {
        let wanted = &self.programs[at];
        self.outputs.clear();
        crate::engine::eval(record, encoding, |input| {
            wanted.program.eval(input, &mut self.outputs)
        })?;
        Ok(self.outputs.get(0).map(|output| {
            let start = self.values.len();
            append(output.json(), wanted.canonical, &mut self.values);
            start..self.values.len()
        }))
    }

    /// What the record is grouped by, as canonical JSON.
    pub(crate) fn key(&self) -> &[u8] {
        self.by.and_then(|at| self.value(at)).unwrap_or(b"null")
    }

    /// The event time: what the program gives, else the time of the record.
    ///
    /// # Errors
    /// It is none, or beyond what 64 bits of nanoseconds can say.
    pub(crate) fn time(&self, record: &Record) -> Result<Time, RecordError> {
        let nanos = match &self.time {
            Some((time, at)) => time.of(self.value(*at)).map_err(RecordError::Expression)?,
            None => record
                .timestamp
                .map(|timestamp| timestamp.as_nanos())
                .ok_or_else(|| {
                    RecordError::Refused(
                        "the record has no time; say with `time` where it is".to_owned(),
                    )
                })?,
        };
        in_range(nanos)
    }

    /// The watermark that the record brings.
    ///
    /// # Errors
    /// It is neither null nor a time.
    pub(super) fn punctuation(&self) -> Result<Option<Time>, RecordError> {
        let Some((time, at)) = &self.punctuation else {
            return Ok(None);
        };
        match self.value(*at) {
            None | Some(b"null") => Ok(None),
            json => in_range(time.of(json).map_err(RecordError::Expression)?).map(Some),
        }
    }

    /// The partition that the program says, as canonical JSON; `None` if there is no program.
    pub(super) fn partition(&self) -> Option<&[u8]> {
        self.partition.map(|at| self.value(at).unwrap_or(b"null"))
    }

    /// One value per aggregate.
    pub(super) fn arguments(&self) -> Vec<Option<&[u8]>> {
        let value = |at: &Option<usize>| at.and_then(|at| self.value(at));
        self.arguments.iter().map(value).collect()
    }

    fn value(&self, at: usize) -> Option<&[u8]> {
        self.spans[at].clone().map(|span| &self.values[span])
    }
}

fn append(json: &[u8], canonical: bool, out: &mut Vec<u8>) {
    if !canonical || !ssectl_json::canonical(json, out) {
        out.extend_from_slice(json);
    }
}

fn in_range(nanos: i128) -> Result<Time, RecordError> {
    Time::try_from(nanos).map_err(|_| {
        RecordError::Refused(format!(
            "the event time {nanos} ns does not lie between the years 1677 and 2262; check `unit`"
        ))
    })
}
