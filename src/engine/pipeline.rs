//! One pipeline: three stages with bounded queues between them.
//!
//! The reader owns the source, workers run the steps on whole batches, and the writer puts them
//! out in the order they came in. Batches in flight are few, so memory does not grow with the
//! input.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::{FuturesOrdered, StreamExt};
use ssectl_adapter::{Batch, Commit, Limit, Sink, Source};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use super::control::Control;
use super::error::PipelineError;
use super::reader::Reader;
use super::repeats::Repeats;
use super::retry::{Backoff, Patience};
use super::stats::{Counts, Stats};
use super::steps::{Processed, Steps};
use super::writer::Writer;

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

/// Source, steps and sink.
pub struct Pipeline {
    /// Name for messages.
    pub name: String,
    /// Where records come from.
    pub source: Box<dyn Source>,
    /// Leaves out records that come again.
    pub repeats: Option<Repeats>,
    /// What happens to them.
    pub steps: Steps,
    /// What happens to bad ones.
    pub on_error: OnError,
    /// Where the results go.
    pub sink: Box<dyn Sink>,
    /// Counters; may be watched while the pipeline runs.
    pub stats: Arc<Stats>,
    /// How to run.
    pub settings: Settings,
}

/// Batches that wait for a worker.
const QUEUED: usize = 2;

impl Pipeline {
    /// Runs to the end of the source, to a stop, or to the first error that the policy does not
    /// cover. Whatever the outcome, what was written before is committed as far as it is safe.
    pub async fn run(self, control: Control) -> Result<Counts, PipelineError> {
        let (batch_sender, batches) = mpsc::channel(QUEUED);
        let (commits, commit_requests) = mpsc::channel(1);
        let (backoff, stats) = (self.settings.backoff, self.stats.clone());
        let patience = Patience::counted(&self.name, &control, backoff, stats);
        let reader = Reader {
            control,
            patience: patience.clone(),
            source: self.source,
            repeats: self.repeats,
            limit: self.settings.limit,
            stats: self.stats.clone(),
        };
        let reading = tokio::spawn(reader.run(batch_sender, commit_requests));
        let fail = matches!(self.on_error, OnError::Fail);
        let mut writer = Writer {
            name: self.name,
            patience,
            sink: self.sink,
            on_error: self.on_error,
            stats: self.stats.clone(),
            commits,
            pending: (Commit::Nothing, 0),
            dirty: false,
        };
        let mut workers = Workers {
            steps: self.steps,
            fail,
            batches,
            running: FuturesOrdered::new(),
            most: self.settings.workers.get(),
            ended: false,
        };
        let mut result = drive(&mut workers, &mut writer, self.settings.commit_every).await;
        drop(workers);
        let closed = writer.close().await;
        let read = match reading.await {
            Ok(read) => read.map_err(PipelineError::Source),
            Err(error) => Err(PipelineError::Worker(error.to_string())),
        };
        result = result.and(read).and(closed);
        let counts = self.stats.finish(result.is_err());
        result.map(|()| counts)
    }
}

async fn drive(
    workers: &mut Workers,
    writer: &mut Writer,
    every: Duration,
) -> Result<(), PipelineError> {
    let mut due = Instant::now() + every;
    loop {
        tokio::select! {
            processed = workers.next() => match processed? {
                Some(processed) => {
                    writer.write(processed).await?;
                    // A queue may give nothing more of a group before its leases are settled.
                    if writer.holds_leases() && workers.is_idle() {
                        writer.commit().await?;
                    }
                }
                None => return writer.commit().await,
            },
            () = sleep_until(due) => {
                writer.commit().await?;
                due = Instant::now() + every;
            }
        }
    }
}

/// Runs the steps of several batches at once and gives them back in order.
struct Workers {
    steps: Steps,
    fail: bool,
    batches: mpsc::Receiver<Batch>,
    running: FuturesOrdered<JoinHandle<Processed>>,
    most: usize,
    ended: bool,
}

impl Workers {
    /// Cancel-safe: batches are kept here between calls.
    async fn next(&mut self) -> Result<Option<Processed>, PipelineError> {
        loop {
            let room = self.running.len() < self.most && !self.ended;
            tokio::select! {
                biased;
                batch = self.batches.recv(), if room => match batch {
                    Some(batch) => self.start(batch),
                    None => self.ended = true,
                },
                Some(done) = self.running.next(), if !self.running.is_empty() => {
                    return done.map(Some).map_err(|error| PipelineError::Worker(error.to_string()));
                }
                else => return Ok(None),
            }
        }
    }

    /// Whether nothing is there to work on.
    fn is_idle(&self) -> bool {
        self.running.is_empty() && self.batches.is_empty()
    }

    fn start(&mut self, batch: Batch) {
        let steps = self.steps.clone();
        let fail = self.fail;
        self.running.push_back(if steps.is_empty() {
            tokio::spawn(async move { steps.run(batch, fail) })
        } else {
            tokio::task::spawn_blocking(move || steps.run(batch, fail))
        });
    }
}
