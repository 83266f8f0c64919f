//! One pipeline: stages with bounded queues between them.
//!
//! A reader owns each source, workers run the parallel steps on whole batches, steps that remember see what they give in
//! the order it came in, and the writer puts the results out. Batches in flight are few, so memory does not grow with
//! the input.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use ssectl_adapter::{Commit, Limit, Sink};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::control::Control;
use super::error::PipelineError;
use super::input::Input;
use super::keyed::Keyed;
use super::numbers::Numbers;
use super::reader::Reader;
use super::retry::{Backoff, Patience};
use super::segments::{Line, Segment};
use super::skip::Skip;
use super::state::{Keeper, State};
use super::stats::{Counts, Stats};
use super::trace::{self, Writing};
use super::workers::{Done, Workers};
use super::writer::{Sinks, Writer};
use ssectl_trace::PipelineTrace;

/// What happens to a record that cannot be read, processed or written.
pub enum OnError {
    /// The pipeline stops; what came before the record is written and committed.
    Fail,
    /// It is left out and counted.
    Skip,
    /// It goes to this sink, with the reason in its headers.
    DeadLetter(Box<dyn Sink>),
}

/// How a pipeline runs.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// How much is read at once.
    pub limit: Limit,
    /// How often written records are flushed and their source is committed.
    pub commit_every: Duration,
    /// Waits after temporary errors.
    pub backoff: Backoff,
    /// Batches processed at the same time.
    pub workers: NonZeroUsize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            limit: Limit::default(),
            commit_every: Duration::from_secs(1),
            backoff: Backoff::default(),
            workers: std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
        }
    }
}

/// Sources, steps and sinks.
pub struct Pipeline {
    /// Name for messages.
    pub name: String,
    /// Where records come from, and what happens to them first. Steps that remember see by a number which of them a
    /// record is of.
    pub inputs: Vec<Input>,
    /// What happens to the records of all inputs then, one after the other.
    pub then: Vec<Segment>,
    /// What happens to bad ones.
    pub on_error: OnError,
    /// Where the results go.
    pub sink: Box<dyn Sink>,
    /// Where steps send records past all others.
    pub sides: Vec<Side>,
    /// What its steps remember.
    pub state: State,
    /// Counters; may be watched while the pipeline runs.
    pub stats: Arc<Stats>,
    /// Told what becomes of every record, if somebody wants to know.
    pub trace: Option<PipelineTrace>,
    /// How to run.
    pub settings: Settings,
}

/// A further sink of a pipeline.
pub struct Side {
    /// What steps call it.
    pub stream: String,
    /// Where the records go.
    pub sink: Box<dyn Sink>,
}

/// Batches that wait for a worker, for each source.
const QUEUED: usize = 2;

impl Pipeline {
    /// Runs to the end of the sources, to a stop, or to the first error that the policy does not
    /// cover. Whatever the outcome, what was written before is committed as far as it is safe.
    ///
    /// # Errors
    /// What stopped it before the end.
    pub async fn run(self, control: Control) -> Result<Counts, PipelineError> {
        let (stats, every) = (self.stats.clone(), self.settings.commit_every);
        let (mut parts, readings) = self.start(&control)?;
        let mut result = parts.drive(every).await;
        drop(parts.workers);
        let closed = parts.writer.close().await.and(parts.keeper.close().await);
        for reading in readings {
            let read = match reading.await {
                Ok(read) => read.map_err(PipelineError::Source),
                Err(error) => Err(PipelineError::Worker(error.to_string())),
            };
            result = result.and(read);
        }
        result = result.and(closed);
        let counts = stats.finish(result.is_err());
        result.map(|()| counts)
    }

    /// Opens the steps and starts the readers.
    fn start(self, control: &Control) -> Result<(Parts, Vec<Reading>), PipelineError> {
        let fail = matches!(self.on_error, OnError::Fail);
        let streams = self.sides.iter().map(|side| side.stream.clone()).collect();
        let stats = self.stats;
        let space = |step: &str| self.state.space(step);
        let line = Line::open(
            self.then,
            space,
            streams,
            stats.clone(),
            fail,
            self.trace.clone(),
        )?;
        let counted = self.state.is_durable();
        let told = self.inputs.iter().map(|input| input.source.partitions());
        let numbers = Numbers::open(&self.state.space("partitions"), told.collect())?;
        let backoff = self.settings.backoff;
        let patience = Patience::counted(&self.name, control, backoff, stats.clone());
        // One source that fails stops the others.
        let stop = control.stop.child_token();
        let (arrivals, arrived) = mpsc::channel(QUEUED * self.inputs.len().max(1));
        let (mut steps, mut commits, mut readings) = (Vec::new(), Vec::new(), Vec::new());
        let mut names = Vec::new();
        for (index, input) in self.inputs.into_iter().enumerate() {
            let (sender, requests) = mpsc::channel(1);
            let skip = Skip::new(&self.state.positions(&input.name));
            let reader = Reader {
                index,
                partitions: input.source.partitions(),
                stop: stop.clone(),
                bound: input.bound,
                patience: patience.clone(),
                source: input.source,
                skip,
                counted,
                repeats: input.repeats,
                limit: self.settings.limit,
                stats: stats.clone(),
            };
            readings.push(tokio::spawn(reader.run(arrivals.clone(), requests)));
            names.push(input.name);
            steps.push(input.steps.traced(self.trace.is_some()));
            commits.push(sender);
        }
        let workers = Workers::new(steps, fail, arrived, self.settings.workers.get());
        let outputs = 1 + self.sides.len();
        let sinks = Sinks {
            sink: self.sink,
            sides: self.sides,
            on_error: self.on_error,
            trace: self.trace.clone().map(|trace| Writing::new(trace, outputs)),
        };
        let remembers = !line.is_stateless();
        let keyed = Keyed::new(
            line,
            numbers,
            stats.clone(),
            self.trace.map(trace::Reading::new),
        );
        let writer = Writer::new(self.name, patience, sinks, remembers, stats, commits);
        let keeper = Keeper::new(self.state, names);
        let parts = Parts {
            workers,
            keyed,
            writer,
            keeper,
        };
        Ok((parts, readings))
    }
}

type Reading = tokio::task::JoinHandle<Result<(), ssectl_adapter::Error>>;

/// What follows the readers.
struct Parts {
    workers: Workers,
    keyed: Keyed,
    writer: Writer,
    keeper: Keeper,
}

impl Parts {
    async fn drive(&mut self, every: Duration) -> Result<(), PipelineError> {
        let begun = self.keyed.begin()?;
        self.writer.write(0, begun).await?;
        let mut due = Instant::now() + every;
        loop {
            let wake = self.keyed.wakes_at();
            tokio::select! {
                done = self.workers.next() => match done? {
                    Some(done) => self.take(done).await?,
                    None => {
                        self.commit().await?;
                        return self.written().await;
                    }
                },
                () = sleep_until(due) => {
                    if !self.keeper.is_writing() {
                        self.commit().await?;
                    }
                    due = Instant::now() + every;
                }
                commits = self.keeper.written(), if self.keeper.is_writing() => {
                    self.writer.settle(commits?).await?;
                }
                () = sleep_until(wake.unwrap_or(due)), if wake.is_some() => {
                    let woken = self.keyed.wake()?;
                    self.keeper.note(0, &Commit::Nothing);
                    self.writer.write(0, woken).await?;
                }
            }
        }
    }

    /// Takes a batch through the steps to the sinks.
    async fn take(&mut self, done: Done) -> Result<(), PipelineError> {
        let source = done.source;
        let processed = self.keyed.take(done)?;
        self.keeper.note(source, &processed.commit);
        self.writer.write(source, processed).await?;
        // A queue may give nothing more of a group before its leases are settled.
        if self.keeper.is_crowded() || self.writer.holds_leases() && self.workers.is_idle() {
            self.commit().await?;
            self.written().await?;
        }
        Ok(())
    }

    /// Flushes what was written, and commits what it came from unless steps remember it only in memory. With state that
    /// lasts, a checkpoint comes between the two.
    async fn commit(&mut self) -> Result<(), PipelineError> {
        if !self.keeper.is_durable() {
            return self.writer.commit(self.keyed.is_safe()).await;
        }
        self.written().await?;
        if self.keeper.is_current() {
            return Ok(());
        }
        self.writer.complete().await?;
        self.keyed.save()?;
        self.keeper.mark(self.keyed.progress());
        let mut commits = self.writer.take_pending(true);
        if !self.writer.awaits_commit() {
            return Ok(self.keeper.begin(commits)?);
        }
        // Nothing may be written meanwhile: it would be part of the transaction and not of the checkpoint.
        let noted = self.keeper.prepare().await?;
        if let Some((commit, _)) = commits.first_mut() {
            *commit = noted;
        }
        self.writer.settle(commits).await?;
        self.keeper.confirm();
        Ok(())
    }

    /// Waits for the checkpoint that is being written, if there is one, and commits what it stands for.
    async fn written(&mut self) -> Result<(), PipelineError> {
        let commits = self.keeper.written().await?;
        self.writer.settle(commits).await
    }
}
