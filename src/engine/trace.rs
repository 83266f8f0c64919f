//! What the engine tells a trace. All of it is left out where nothing is traced.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use ssectl_adapter::{Origin, Partition, Record, Rejected};

use super::operator::{Fate, Known, OperatorError};
use super::steps::{Processed, Produced};
use ssectl_trace::{
    Ended as Why, Event, Gone, Id, Made, PaneNote, PipelineTrace, Read, Timed, Wrote,
};

/// What happened in steps that run in parallel; told when it is the batch's turn.
#[derive(Debug, Default)]
pub(super) struct Traced {
    /// All records of the batch by index, as they came.
    pub(super) records: Vec<Record>,
    /// Which of them ended at which step.
    pub(super) stops: BTreeMap<usize, Arc<str>>,
}

/// Numbers what is read.
pub(super) struct Reading {
    trace: PipelineTrace,
    /// Records so far by input, stream and partition.
    counts: HashMap<(usize, Arc<str>, Partition), u64>,
}

impl Reading {
    pub(super) fn new(trace: PipelineTrace) -> Self {
        Self {
            trace,
            counts: HashMap::new(),
        }
    }

    /// The partitions that steps wait for.
    pub(super) fn partitions(&self, known: &[Known]) {
        let names = known.iter().map(|known| known.name.to_string());
        self.trace.tell(&Event::Partitions {
            pipeline: self.trace.number(),
            names: names.collect(),
        });
    }

    /// Tells of the records of a batch and gives their numbers to its results.
    pub(super) fn batch(&mut self, input: usize, processed: &mut Processed) {
        let records = processed
            .traced
            .as_mut()
            .map(|traced| std::mem::take(&mut traced.records));
        let ids: Vec<Id> = records
            .unwrap_or_default()
            .into_iter()
            .map(|record| self.read(input, record))
            .collect();
        settle(&self.trace, &ids, processed);
    }

    fn read(&mut self, input: usize, record: Record) -> Id {
        let Origin {
            stream,
            partition,
            position,
        } = record.origin;
        let id = self.trace.id();
        let count = self
            .counts
            .entry((input, stream.clone(), partition.clone()))
            .or_default();
        *count += 1;
        self.trace.tell(&Event::Read(Read {
            id,
            pipeline: self.trace.number(),
            input: u32::try_from(input).unwrap_or(u32::MAX),
            stream,
            partition: partition.to_string(),
            position: position.to_string(),
            nth: *count,
            key: text(record.key.as_ref()),
            value: text(record.value.as_ref()),
        }));
        id
    }
}

/// Gives the numbers of records to what steps made of them, and tells which of them went no further.
pub(super) fn settle(trace: &PipelineTrace, ids: &[Id], processed: &mut Processed) {
    let id = |index: usize| ids.get(index).copied().unwrap_or_default();
    for produced in &mut processed.results {
        produced.id = produced.from.map_or(0, id);
    }
    for aside in &mut processed.sides {
        aside.id = aside.from.map_or(aside.id, id);
    }
    let traced = processed.traced.take();
    let mut stops = traced.map(|traced| traced.stops).unwrap_or_default();
    for wrong in &processed.bad {
        if let Some(index) = wrong.index {
            bad(trace, id(index), stops.remove(&index), &wrong.error);
        }
    }
    for (index, step) in stops {
        gone(trace, id(index), Some(step), Why::Filtered);
    }
}

fn gone(trace: &PipelineTrace, id: Id, step: Option<Arc<str>>, why: Why) {
    trace.tell(&Event::Gone(Gone {
        id,
        step,
        why,
        error: None,
    }));
}

fn bad(trace: &PipelineTrace, id: Id, step: Option<Arc<str>>, error: &impl ToString) {
    trace.tell(&Event::Gone(Gone {
        id,
        step,
        why: Why::Bad,
        error: Some(error.to_string()),
    }));
}

/// What a step that remembers tells a trace; see [`Emitter::notes`](super::Emitter::notes).
#[derive(Debug)]
pub struct Notes {
    trace: PipelineTrace,
    step: Arc<str>,
    /// The record that the step has now; 0 for none.
    id: Id,
    /// The numbers of its results, in order.
    pub(super) ids: Vec<Id>,
    /// Results of windows, until the watermark is known.
    panes: Vec<Made>,
}

impl Notes {
    pub(super) fn new(trace: PipelineTrace, step: &str) -> Self {
        Self {
            trace,
            step: step.into(),
            id: 0,
            ids: Vec::new(),
            panes: Vec::new(),
        }
    }

    /// The number of the record that the step has now; 0 where it has none.
    pub fn id(&self) -> Id {
        self.id
    }

    pub(super) fn begin(&mut self, id: Id) {
        self.id = id;
    }

    /// The record that the step has now ended here, or goes on.
    pub(super) fn fate(&self, id: Id, fate: Fate) {
        let why = match fate {
            Fate::Used | Fate::Held => return,
            Fate::Filtered => Why::Filtered,
            Fate::Late => Why::Late,
            Fate::Dropped => Why::Dropped,
        };
        gone(&self.trace, id, Some(self.step.clone()), why);
    }

    /// What the step made of the record that it has now.
    pub(super) fn taken(&self, taken: &Result<Fate, OperatorError>) {
        match taken {
            Ok(fate) => self.fate(self.id, *fate),
            Err(error) => bad(&self.trace, self.id, Some(self.step.clone()), error),
        }
    }

    /// What the step found out about the time of the record that it has now. `timed` needs no id, pipeline and step.
    pub fn timed(&self, timed: Timed) {
        self.trace.tell(&Event::Timed(Timed {
            id: self.id,
            pipeline: self.trace.number(),
            step: self.step.clone(),
            ..timed
        }));
    }

    /// The next result consists of these records; told by [`Notes::fired`] if it is the result of a window.
    pub(super) fn made(&mut self, from: Vec<Id>, pane: Option<PaneNote>) {
        let id = self.trace.id();
        self.ids.push(id);
        let made = Made {
            id,
            pipeline: self.trace.number(),
            step: self.step.clone(),
            from,
            by: Some(self.id).filter(|id| *id != 0),
            watermark: None,
            pane,
        };
        match made.pane {
            Some(_) => self.panes.push(made),
            None => self.trace.tell(&Event::Made(made)),
        }
    }

    /// The watermark of all partitions with which the windows since the last call gave their results; none at the end of
    /// the input.
    pub fn fired(&mut self, watermark: Option<ssectl_window::Time>) {
        for made in self.panes.drain(..) {
            self.trace.tell(&Event::Made(Made { watermark, ..made }));
        }
    }
}

/// Tells what is written.
pub(super) struct Writing {
    trace: PipelineTrace,
    /// Records so far, by output.
    counts: Vec<u64>,
}

impl Writing {
    pub(super) fn new(trace: PipelineTrace, outputs: usize) -> Self {
        Self {
            trace,
            counts: vec![0; outputs],
        }
    }

    /// An output has these records but for those it refused.
    pub(super) fn wrote(
        &mut self,
        output: usize,
        ids: &[Id],
        records: &[Record],
        refused: &[Rejected],
    ) {
        let mut refused = refused.iter().peekable();
        for (index, (record, id)) in records.iter().zip(ids).enumerate() {
            if let Some(Rejected { error, .. }) = refused.next_if(|no| no.index == index) {
                bad(&self.trace, *id, None, error);
                continue;
            }
            self.counts[output] += 1;
            self.trace.tell(&Event::Wrote(Wrote {
                id: *id,
                pipeline: self.trace.number(),
                output: u32::try_from(output).unwrap_or(u32::MAX),
                nth: self.counts[output],
                key: text(record.key.as_ref()),
                value: text(record.value.as_ref()),
            }));
        }
    }
}

fn text(bytes: Option<&Bytes>) -> Option<String> {
    bytes.map(|bytes| String::from_utf8_lossy(bytes).into_owned())
}

/// Results with their numbers; 0 where there are none.
pub(super) fn numbered(records: Vec<Record>, ids: Vec<Id>) -> impl Iterator<Item = Produced> {
    let mut ids = ids.into_iter();
    records.into_iter().map(move |record| Produced {
        record,
        from: None,
        id: ids.next().unwrap_or_default(),
    })
}
