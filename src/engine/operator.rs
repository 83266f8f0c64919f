//! Steps that remember: windows, joins, leaving out what came before. They see their records one after the other, between
//! the steps that run in parallel and the writer.

use std::any::Any;
use std::sync::Arc;
use std::time::Instant;

use ssectl_adapter::{Lines, Partition, Record};
use ssectl_state::{Space, StateError};

use super::error::RecordError;
use super::spool::{MOST, Spool, weight};
use super::steps::Encoding;
use super::trace::Notes;
use ssectl_trace::{Id, PaneNote};

/// A step that remembers. What it remembers it keeps in tables of the [`Space`] it was opened with, so that it goes on
/// where a checkpoint was taken.
///
/// Its results must be a function of the sequence of each partition alone: neither of how partitions are interleaved nor
/// of the clock on the wall.
pub trait Operator: Send {
    /// All partitions that may give records from here on: told before the first record, and again when that changes.
    /// One that ended is no longer listed, and then told by [`Operator::ended`] too; with a group it may come back.
    ///
    /// # Errors
    /// The state cannot be read or written.
    fn partitions(&mut self, known: &[Known], out: &mut Emitter) -> Result<(), OperatorError> {
        let _ = (known, out);
        Ok(())
    }

    /// Takes one record.
    ///
    /// # Errors
    /// The record is bad, and it is as if it had not come; or the state cannot be read or written.
    fn record(
        &mut self,
        record: &Record,
        arrival: Arrival,
        out: &mut Emitter,
    ) -> Result<Fate, OperatorError>;

    /// What makes digests for it, if it can take any.
    fn digester(&self) -> Option<Arc<dyn Digester>> {
        None
    }

    /// Takes all lines of which its [`Digester`] made this; each of them is [`Fate::Used`]. Answers false if it must be
    /// given them as records instead: it is as if nothing had come then.
    ///
    /// # Errors
    /// The state cannot be read or written.
    fn digest(
        &mut self,
        digest: Digest,
        arrival: Arrival,
        out: &mut Emitter,
    ) -> Result<bool, OperatorError> {
        let _ = (digest, arrival, out);
        Ok(false)
    }

    /// A partition has reached the end of a bounded read, or went to another reader of the group.
    ///
    /// # Errors
    /// The state cannot be read or written.
    fn ended(&mut self, partition: u32, out: &mut Emitter) -> Result<(), OperatorError> {
        let _ = (partition, out);
        Ok(())
    }

    /// The end of all input: nothing is to be kept back. Not called when the pipeline is stopped before the end.
    ///
    /// # Errors
    /// The state cannot be read or written.
    fn end(&mut self, out: &mut Emitter) -> Result<(), OperatorError>;

    /// A checkpoint is taken: hands over what its tables changed, each by [`Table::save`](ssectl_state::Table::save).
    ///
    /// # Errors
    /// The state cannot be read or written.
    fn save(&mut self) -> Result<(), StateError> {
        Ok(())
    }

    /// How far event time has come, in nanoseconds since 1970, if it goes by it and knows.
    fn watermark(&self) -> Option<i64> {
        None
    }

    /// Called at the moment it asked for, and once at the start; returns when it wants to be called next. Only for
    /// time-outs of the clock on the wall, which a user must ask for.
    ///
    /// # Errors
    /// The state cannot be read or written.
    fn wake(&mut self, now: Instant, out: &mut Emitter) -> Result<Option<Instant>, OperatorError> {
        let _ = (now, out);
        Ok(None)
    }
}

/// The part of an operator's work on records that needs nothing it remembers: workers do it, on several batches at once.
pub trait Digester: Send + Sync {
    /// What [`Operator::digest`] takes instead of these lines; `None` if it must be given them as records.
    fn digest(&self, lines: &Lines, encoding: Encoding) -> Option<Digest>;
}

/// What came of some lines; of a type that only the operator knows.
pub type Digest = Box<dyn Any + Send>;

/// Makes an operator with its place in the state of the pipeline.
pub type Open = Box<dyn FnOnce(&Space) -> Result<Box<dyn Operator>, StateError> + Send>;

/// A partition of one of the pipeline's sources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Its number; stays the same as long as the state lives. Starts at 0.
    pub number: u32,
    /// Which of the pipeline's sources it belongs to.
    pub source: usize,
    /// Its name there; empty for a source that has no partitions, or does not tell.
    pub name: Partition,
}

/// How a record came. Results of one step are a single partition of JSON to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Arrival {
    /// From which of the pipeline's sources.
    pub source: usize,
    /// In which partition, by its number.
    pub partition: u32,
    /// What the bytes of its value are.
    pub encoding: Encoding,
}

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is part of a result, or will be.
    Used,
    /// It was not wanted.
    Filtered,
    /// It came after all its windows had closed, wherever it went then.
    Late,
    /// It was left out for another reason, such as having come before.
    Dropped,
    /// It waits for others, and [`Emitter::settle`] will tell.
    Held,
}

/// Why an operator does not take a record, or cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// The record is bad; the policy of the pipeline decides.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The state cannot be read or written; the pipeline ends.
    #[error(transparent)]
    State(#[from] StateError),
}

/// Takes the results of an operator.
#[derive(Debug)]
pub struct Emitter {
    /// The names of the side streams.
    streams: Arc<[String]>,
    pub(super) records: Vec<Record>,
    /// Bytes of memory that they take, roughly.
    weight: usize,
    /// Those before them, if they were too many.
    pub(super) spool: Option<Spool>,
    /// What went wrong with that.
    pub(super) failed: Option<std::io::Error>,
    pub(super) sides: Vec<(usize, Record, Id)>,
    pub(super) bad: Vec<(Record, RecordError)>,
    pub(super) settled: Vec<Fate>,
    pub(super) unknown: Option<String>,
    pub(super) notes: Option<Box<Notes>>,
}

impl Emitter {
    /// `streams` are the side streams of the pipeline.
    pub fn new(streams: Arc<[String]>) -> Self {
        Self {
            streams,
            records: Vec::new(),
            weight: 0,
            spool: None,
            failed: None,
            sides: Vec::new(),
            bad: Vec::new(),
            settled: Vec::new(),
            unknown: None,
            notes: None,
        }
    }

    /// A result for the next step; for a trace it is the record that the step has now.
    pub fn push(&mut self, record: Record) {
        if let Some(notes) = &mut self.notes {
            let id = notes.id();
            notes.ids.push(id);
        }
        self.put(record);
    }

    /// Too many go to disk, but not where a trace has to tell them apart.
    fn put(&mut self, record: Record) {
        self.weight += weight(&record);
        self.records.push(record);
        if self.weight > MOST
            && self.notes.is_none()
            && let Err(error) = self.spool()
        {
            self.failed.get_or_insert(error);
        }
    }

    fn spool(&mut self) -> std::io::Result<()> {
        let spool = match &mut self.spool {
            Some(spool) => spool,
            empty => empty.insert(Spool::new()?),
        };
        self.weight = 0;
        spool.put(self.records.drain(..))
    }

    /// A result that is, for a trace, a record that came before.
    pub fn push_again(&mut self, record: Record, id: Id) {
        if let Some(notes) = &mut self.notes {
            notes.ids.push(id);
        }
        self.put(record);
    }

    /// A result made of other records, for a trace: of a window, or of two records.
    pub fn push_made(&mut self, record: Record, from: Vec<Id>, pane: Option<PaneNote>) {
        if let Some(notes) = &mut self.notes {
            notes.made(from, pane);
        }
        self.put(record);
    }

    /// What a trace is to know, if there is one.
    pub fn notes(&mut self) -> Option<&mut Notes> {
        self.notes.as_deref_mut()
    }

    /// A record for a side stream, past all later steps. The pipeline must have been given a sink of that name.
    pub fn side(&mut self, stream: &str, record: Record) {
        match self.streams.iter().position(|name| name == stream) {
            Some(index) => {
                let id = self.notes.as_ref().map_or(0, |notes| notes.id());
                self.sides.push((index, record, id));
            }
            None => self.unknown = Some(stream.to_owned()),
        }
    }

    /// What became of a record that was held.
    pub fn settle(&mut self, fate: Fate) {
        self.settled.push(fate);
    }

    /// The same, of a record that a trace knows by this number.
    pub fn settle_traced(&mut self, id: Id, fate: Fate) {
        if let Some(notes) = &self.notes {
            notes.fate(id, fate);
        }
        self.settle(fate);
    }

    /// A record that was held turned out to be bad.
    pub fn settle_bad(&mut self, record: Record, error: RecordError) {
        self.bad.push((record, error));
    }

    /// Whether there is nothing to be done with it.
    pub(super) fn is_empty(&self) -> bool {
        self.records.is_empty()
            && self.sides.is_empty()
            && self.bad.is_empty()
            && self.settled.is_empty()
            && self.unknown.is_none()
            && self.spool.is_none()
    }

    /// The results so far, taken out, unless they are so many that they went to the disk.
    pub fn take(&mut self) -> Vec<Record> {
        self.weight = 0;
        std::mem::take(&mut self.records)
    }
}
