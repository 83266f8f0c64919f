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
use super::ids::Ids;
use super::input::Input;
use super::keyed::Keyed;
use super::numbers::Numbers;
use super::reader::Reader;
use super::retry::{Backoff, Patience};
use super::segments::{Line, Segment};
use super::skip::Skip;
use super::state::{Keeper, State};
use super::stats::{Counts, Stats};
use super::together::Together;
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
    /// Process them on the thread of the runtime: slower, and in an order that no scheduler decides.
    pub in_place: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            limit: Limit::default(),
            commit_every: Duration::from_secs(1),
            backoff: Backoff::default(),
            workers: std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            in_place: false,
        }
    }
}

impl Settings {
    /// The settings for a virtual time: as little as possible happens by the clock, and all of it on one thread.
    #[must_use]
    pub fn in_virtual_time(self) -> Self {
        Self {
            limit: Limit {
                wait: LONG,
                ..self.limit
            },
            in_place: true,
            ..self
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
    /// What gives the results ids, if they are to have some.
    pub ids: Option<Ids>,
    /// Where steps send records past all others.
    pub sides: Vec<Side>,
    /// What its steps remember.
    pub state: State,
    /// What source and sinks are opened by, if they commit together: after a rollback they are opened again. Only for
    /// pipelines of one input whose steps do not remember.
    pub together: Option<Together>,
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

/// How long a source may keep a reader waiting where time costs nothing.
const LONG: Duration = Duration::from_secs(3600);

impl Pipeline {
    /// Runs to the end of the sources, to a stop, or to the first error that the policy does not
    /// cover. Whatever the outcome, what was written before is committed as far as it is safe.
    ///
    /// # Errors
    /// What stopped it before the end.
    pub async fn run(mut self, control: Control) -> Result<Counts, PipelineError> {
        let stats = self.stats.clone();
        let result = match self.together.take() {
            Some(together) => self.run_on(together, &control).await,
            None => self.run_once(&control).await,
        };
        let counts = stats.finish(result.is_err());
        result.map(|()| counts)
    }

    /// Runs until its ends are closed.
    pub(super) async fn run_once(self, control: &Control) -> Result<(), PipelineError> {
        let every = self.settings.commit_every;
        let (mut parts, readings) = self.start(control)?;
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
        result.and(closed)
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
        // Asked once: what a group deals out in between would be new to nobody.
        let told = self.inputs.iter().map(|input| input.source.partitions());
        let told: Vec<_> = told.collect();
        let numbers = Numbers::open(&self.state.space("partitions"), told.clone())?;
        let backoff = self.settings.backoff;
        let patience = Patience::counted(&self.name, control, backoff, stats.clone());
        // One source that fails stops the others.
        let stop = control.stop.child_token();
        let (arrivals, arrived) = mpsc::channel(QUEUED * self.inputs.len().max(1));
        let (mut steps, mut commits, mut readings) = (Vec::new(), Vec::new(), Vec::new());
        let mut names = Vec::new();
        let several = self.inputs.len() > 1;
        let digester = line.digester().filter(|_| !several);
        for (index, (mut input, partitions)) in self.inputs.into_iter().zip(told).enumerate() {
            let (sender, requests) = mpsc::channel(1);
            if digester.is_some() && input.steps.keep_values() && input.repeats.is_none() {
                input.source.allow_lines();
            }
            let skip = Skip::new(&self.state.positions(&input.name));
            let reader = Reader {
                index,
                partitions,
                stop: stop.clone(),
                bound: input.bound,
                patience: patience.clone(),
                source: input.source,
                skip,
                counted,
                repeats: input.repeats,
                limit: self.settings.limit,
                stats: stats.clone(),
                read: several.then(|| stats.tally("read", &format!("of {}", input.name))),
            };
            readings.push(tokio::spawn(reader.run(arrivals.clone(), requests)));
            names.push(input.name);
            steps.push(input.steps.traced(self.trace.is_some()));
            commits.push(sender);
        }
        let most = self.settings.workers.get();
        let workers = Workers::new(steps, digester, fail, patience.clone(), arrived, most);
        let outputs = 1 + self.sides.len();
        let sinks = Sinks {
            sink: self.sink,
            ids: self.ids,
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
            workers: workers.in_place(self.settings.in_place),
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
        // No commit is due before something is read.
        let mut due = None;
        loop {
            let wake = self.keyed.wakes_at();
            // In a fixed order, so that what happens at one moment of a virtual time always happens in the same way.
            tokio::select! {
                biased;
                () = at(due) => {
                    due = None;
                    if self.keeper.is_writing() {
                        due = Some(Instant::now() + every);
                    } else {
                        self.commit().await?;
                    }
                }
                commits = self.keeper.written(), if self.keeper.is_writing() => {
                    self.writer.settle(commits?).await?;
                }
                () = at(wake) => {
                    let woken = self.keyed.wake()?;
                    self.keeper.note(0, &Commit::Nothing);
                    self.writer.write(0, woken).await?;
                    due = due.or(Some(Instant::now() + every));
                }
                done = self.workers.next() => match done? {
                    Some(done) => {
                        self.take(done).await?;
                        due = due.or(Some(Instant::now() + every));
                    }
                    None => {
                        self.commit().await?;
                        return self.written().await;
                    }
                },
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

/// Comes at a moment, if there is one.
async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
