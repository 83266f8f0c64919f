//! A trace in memory, to be asked.

use std::collections::HashMap;
use std::path::Path;

use crate::answer::{Input, Output, Step};
use crate::file::{self, TraceError};
use crate::{Event, Flow, Gone, Id, Made, Read, Timed, Wrote};

/// All events of a run by record.
#[derive(Debug, Default)]
pub struct Lineage {
    pub(crate) flows: Vec<Flow>,
    pub(crate) reads: Vec<Read>,
    by_id: HashMap<Id, usize>,
    /// In the order in which they were seen.
    pub(crate) timed: Vec<Timed>,
    timed_by_id: HashMap<Id, Vec<usize>>,
    gone: HashMap<Id, Vec<Gone>>,
    made: HashMap<Id, Made>,
    /// The results that a record is part of.
    part_of: HashMap<Id, Vec<Id>>,
    pub(crate) wrote: Vec<Wrote>,
    wrote_by_id: HashMap<Id, Vec<usize>>,
}

/// A record as people name it: `STREAM:LINE`, `FILE:LINE`, or `STREAM:PARTITION/OFFSET`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Stream or file; empty for the only one.
    pub stream: String,
    /// The partition, if it was given.
    pub partition: Option<String>,
    /// Line, offset or token.
    pub position: String,
}

/// Why there is no answer: a lower-case fragment.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0}")]
pub struct Unknown(pub String);

impl std::str::FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (stream, at) = text.rsplit_once(':').unwrap_or(("", text));
        let (partition, position) = match at.rsplit_once('/') {
            Some((partition, position)) => (Some(partition.to_owned()), position),
            None => (None, at),
        };
        if position.is_empty() {
            return Err("use STREAM:LINE, FILE:LINE or STREAM:PARTITION/OFFSET".to_owned());
        }
        Ok(Self {
            stream: stream.to_owned(),
            partition,
            position: position.to_owned(),
        })
    }
}

impl Lineage {
    /// Reads a trace.
    ///
    /// # Errors
    /// It cannot be read, or is none.
    pub fn open(path: &Path) -> Result<Self, TraceError> {
        let mut lineage = Self::default();
        file::read(path, |event| lineage.add(event))?;
        Ok(lineage)
    }

    /// Adds an event, in the order in which it happened.
    pub fn add(&mut self, event: Event) {
        match event {
            Event::Trace { .. } | Event::Partitions { .. } => {}
            Event::Pipeline(flow) => self.flows.push(flow),
            Event::Read(read) => {
                self.by_id.insert(read.id, self.reads.len());
                self.reads.push(read);
            }
            Event::Timed(timed) => {
                let all = self.timed_by_id.entry(timed.id).or_default();
                all.push(self.timed.len());
                self.timed.push(timed);
            }
            Event::Gone(gone) => self.gone.entry(gone.id).or_default().push(gone),
            Event::Made(made) => {
                for id in &made.from {
                    self.part_of.entry(*id).or_default().push(made.id);
                }
                self.made.insert(made.id, made);
            }
            Event::Wrote(wrote) => {
                let all = self.wrote_by_id.entry(wrote.id).or_default();
                all.push(self.wrote.len());
                self.wrote.push(wrote);
            }
        }
    }

    pub(crate) fn read(&self, id: Id) -> Option<&Read> {
        self.by_id.get(&id).map(|at| &self.reads[*at])
    }

    pub(crate) fn made(&self, id: Id) -> Option<&Made> {
        self.made.get(&id)
    }

    pub(crate) fn timed_of(&self, id: Id) -> impl Iterator<Item = &Timed> {
        let all = self.timed_by_id.get(&id).into_iter().flatten();
        all.map(|at| &self.timed[*at])
    }

    pub(crate) fn gone_of(&self, id: Id) -> &[Gone] {
        self.gone.get(&id).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn part_of(&self, id: Id) -> &[Id] {
        self.part_of.get(&id).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn wrote_of(&self, id: Id) -> impl Iterator<Item = &Wrote> {
        let all = self.wrote_by_id.get(&id).into_iter().flatten();
        all.map(|at| &self.wrote[*at])
    }

    pub(crate) fn flow(&self, pipeline: u32) -> Option<&Flow> {
        self.flows.iter().find(|flow| flow.number == pipeline)
    }

    pub(crate) fn pipeline(&self, pipeline: u32) -> String {
        let flow = self.flow(pipeline);
        flow.map_or_else(String::new, |flow| flow.name.clone())
    }

    pub(crate) fn step(&self, pipeline: u32, name: &str) -> Step {
        let flow = self.flow(pipeline);
        let note = flow.and_then(|flow| flow.steps.iter().find(|step| &*step.name == name));
        Step {
            pipeline: self.pipeline(pipeline),
            name: name.to_owned(),
            place: note
                .map(|note| note.place.clone())
                .filter(|place| !place.is_empty()),
            text: note.map(|note| note.text.clone()),
        }
    }

    pub(crate) fn output(&self, wrote: &Wrote) -> Output {
        Output {
            to: self.output_name(wrote.pipeline, wrote.output).to_owned(),
            nth: wrote.nth,
            pipeline: self.pipeline(wrote.pipeline),
            key: wrote.key.clone(),
            value: wrote.value.clone(),
        }
    }

    pub(crate) fn output_name(&self, pipeline: u32, output: u32) -> &str {
        let flow = self.flow(pipeline);
        let name = flow.and_then(|flow| flow.outputs.get(output as usize));
        name.map_or("", String::as_str)
    }

    pub(crate) fn input_name(&self, read: &Read) -> &str {
        let flow = self.flow(read.pipeline);
        let name = flow.and_then(|flow| flow.inputs.get(read.input as usize));
        name.map_or("", String::as_str)
    }

    pub(crate) fn input(&self, read: &Read) -> Input {
        Input {
            at: at(read),
            time: self.timed_of(read.id).next().map(|timed| timed.time),
            key: read.key.clone(),
            value: read.value.clone(),
            of: None,
        }
    }

    /// Where the record with this number was read.
    pub(crate) fn at(&self, id: Id) -> Option<String> {
        self.read(id).map(at)
    }
}

/// `FILE:LINE`, or `STREAM:PARTITION/OFFSET`.
fn at(read: &Read) -> String {
    let position = match read.position.is_empty() {
        true => read.nth.to_string(),
        false => read.position.clone(),
    };
    let stream = match &*read.stream {
        "" => "input",
        stream => stream,
    };
    match read.partition.is_empty() {
        true => format!("{stream}:{position}"),
        false => format!("{stream}:{}/{position}", read.partition),
    }
}

/// Whether a name that was typed means the stream or file of this address.
pub(crate) fn names(typed: &str, address: &str) -> bool {
    let bare = |text: &str| {
        let text = text.strip_prefix("file:").unwrap_or(text);
        let text = text.strip_prefix("//").unwrap_or(text);
        text.strip_prefix("./").unwrap_or(text).to_owned()
    };
    let (typed, address) = (bare(typed), bare(address));
    let is_stdio = |text: &str| matches!(text, "-" | "stdin" | "stdout" | "stdio:-" | "stdio:");
    typed.is_empty()
        || typed == address
        || is_stdio(&typed) && is_stdio(&address)
        || address.ends_with(&format!("/{typed}"))
        || typed.ends_with(&format!("/{address}"))
}
