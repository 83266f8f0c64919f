//! The parallel part of a pipeline: steps that do not remember, run on several batches at once.

use std::sync::Arc;

use futures::stream::{FuturesOrdered, StreamExt};
use ssectl_adapter::{Batch, Error, Partition};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::error::PipelineError;
use super::operator::Digester;
use super::reader::{Arrived, What};
use super::retry::Patience;
use super::steps::{Digested, Encoding, Processed, Steps};

/// What came of something that arrived.
pub(super) struct Done {
    /// From which source.
    pub(super) source: usize,
    pub(super) what: Outcome,
}

#[expect(clippy::large_enum_variant, reason = "one for thousands of records")]
pub(super) enum Outcome {
    /// The results of a batch.
    Processed {
        processed: Processed,
        /// What their bytes are.
        encoding: Encoding,
        /// The partitions that may give records after it, if they are others than before.
        partitions: Option<Vec<Partition>>,
    },
    /// The source has ended.
    End,
    /// A table that the steps ask failed.
    Failed(Error),
}

/// Runs the steps of several batches at once and gives them back in order.
pub(super) struct Workers {
    /// By source.
    steps: Vec<Steps>,
    /// What lines are digested by.
    digester: Option<Arc<dyn Digester>>,
    fail: bool,
    /// With tables that are asked for rows.
    patience: Patience,
    arrived: mpsc::Receiver<Arrived>,
    running: FuturesOrdered<JoinHandle<Done>>,
    most: usize,
    /// On the thread of the runtime.
    in_place: bool,
    ended: bool,
}

impl Workers {
    pub(super) fn new(
        steps: Vec<Steps>,
        digester: Option<Arc<dyn Digester>>,
        fail: bool,
        patience: Patience,
        arrived: mpsc::Receiver<Arrived>,
        most: usize,
    ) -> Self {
        Self {
            steps,
            digester,
            fail,
            patience,
            arrived,
            running: FuturesOrdered::new(),
            most,
            in_place: false,
            ended: false,
        }
    }

    /// Whether they run on the thread of the runtime, and not on threads of their own.
    pub(super) fn in_place(self, in_place: bool) -> Self {
        Self { in_place, ..self }
    }

    /// Cancel-safe: batches are kept here between calls.
    pub(super) async fn next(&mut self) -> Result<Option<Done>, PipelineError> {
        loop {
            let room = self.running.len() < self.most && !self.ended;
            tokio::select! {
                biased;
                arrived = self.arrived.recv(), if room => match arrived {
                    Some(arrived) => self.start(arrived),
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
    pub(super) fn is_idle(&self) -> bool {
        self.running.is_empty() && self.arrived.is_empty()
    }

    fn start(&mut self, Arrived { source, what }: Arrived) {
        let steps = self.steps[source].clone();
        let digester = self.digester.clone();
        let patience = steps.asks().then(|| self.patience.clone());
        let little = steps.is_empty() && digester.is_none();
        let light = patience.is_none() && (self.in_place || little);
        let fail = self.fail;
        let work = move || {
            let what = match what {
                What::End => Outcome::End,
                What::Batch { batch, partitions } => {
                    match process(digester.as_deref(), &steps, batch, fail, patience.as_ref()) {
                        Ok(processed) => Outcome::Processed {
                            partitions,
                            encoding: steps.output(),
                            processed,
                        },
                        Err(error) => Outcome::Failed(error),
                    }
                }
            };
            Done { source, what }
        };
        self.running.push_back(match light {
            true => tokio::spawn(async move { work() }),
            false => tokio::task::spawn_blocking(work),
        });
    }
}

/// Digests the lines of a batch that has nothing else, or runs the steps on its records; on a thread that may wait if they
/// ask tables for rows, for which there is patience then.
fn process(
    digester: Option<&dyn Digester>,
    steps: &Steps,
    mut batch: Batch,
    fail: bool,
    patience: Option<&Patience>,
) -> Result<Processed, Error> {
    let alone = batch.lines.as_ref();
    let alone = alone.filter(|lines| steps.keep_values() && lines.len() == batch.count());
    let digest = digester
        .zip(alone)
        .and_then(|(digester, lines)| digester.digest(lines, steps.output()));
    if let Some(digest) = digest
        && let Some(lines) = batch.lines.take()
    {
        return Ok(Processed {
            count: lines.len(),
            commit: batch.commit,
            digested: Some(Digested { lines, digest }),
            ..Processed::default()
        });
    }
    match patience {
        None => Ok(steps.run(batch, fail)),
        Some(patience) => Handle::current().block_on(steps.run_asking(batch, fail, patience)),
    }
}
