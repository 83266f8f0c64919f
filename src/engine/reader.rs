//! The task that owns the source: it fetches, and it commits when the writer says so.

use std::sync::Arc;

use ssectl_adapter::{Batch, Commit, Error, Fetched, Limit, Lines, Partition, Source};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use super::repeats::Repeats;
use super::retry::Patience;
use super::skip::Skip;
use super::stats::{Stats, add};
use super::tallies::Tally;
use super::trial::{self, Point};

/// A commit and where to say how it went.
pub(super) type CommitRequest = (Commit, oneshot::Sender<Result<(), Error>>);

/// Something from a source, on its way to the workers.
pub(super) struct Arrived {
    /// Which source.
    pub(super) source: usize,
    pub(super) what: What,
}

#[expect(clippy::large_enum_variant, reason = "one for thousands of records")]
pub(super) enum What {
    Batch {
        batch: Batch,
        /// The partitions that may give records after it, if they are others than before.
        partitions: Option<Vec<Partition>>,
    },
    /// The source has come to its end; it was not stopped.
    End,
}

pub(super) struct Reader {
    /// Which of the pipeline's sources it reads.
    pub(super) index: usize,
    /// The partitions that the source told of last.
    pub(super) partitions: Option<Vec<Partition>>,
    /// Cancelled: stop reading.
    pub(super) stop: CancellationToken,
    /// See [`Input::bound`](super::input::Input::bound).
    pub(super) bound: watch::Receiver<bool>,
    pub(super) patience: Patience,
    pub(super) source: Box<dyn Source>,
    /// Leaves out what was read before a restart.
    pub(super) skip: Skip,
    /// Whether the records of a source without positions are counted, for checkpoints.
    pub(super) counted: bool,
    /// Leaves out what comes again.
    pub(super) repeats: Option<Repeats>,
    pub(super) limit: Limit,
    pub(super) stats: Arc<Stats>,
    /// How much was read of it, where there are several sources.
    pub(super) read: Option<Tally>,
}

/// Why the reading ended: the source's own end, a stop, or a failure after so many tries.
type Ended = Result<(), Error>;

impl Reader {
    /// Reads until the end, then serves commits until the writer is done, then closes.
    pub(super) async fn run(
        mut self,
        arrivals: mpsc::Sender<Arrived>,
        mut commits: mpsc::Receiver<CommitRequest>,
    ) -> Ended {
        let ended = self.read(arrivals, &mut commits).await;
        if ended.is_err() {
            // The others need not go on.
            self.stop.cancel();
        }
        while let Some(request) = commits.recv().await {
            self.commit(request).await;
        }
        let closed = self.source.close().await;
        ended.and(closed)
    }

    async fn read(
        &mut self,
        arrivals: mpsc::Sender<Arrived>,
        commits: &mut mpsc::Receiver<CommitRequest>,
    ) -> Ended {
        let mut tries = self.patience.tries();
        let stop = self.stop.clone();
        let mut bounded = false;
        let mut room = None;
        loop {
            let bound = self.bound.clone();
            tokio::select! {
                biased;
                Some(request) = commits.recv() => self.commit(request).await,
                () = stop.cancelled() => return Ok(()),
                // The writer gave up; its error is the one to report. An idle source would not notice.
                () = arrivals.closed() => return Ok(()),
                () = becomes_true(bound), if !bounded => {
                    match self.source.bound().await {
                        Ok(()) => bounded = true,
                        Err(error) => tokio::select! {
                            again = tries.failed("looking for the end", error) => again?,
                            () = stop.cancelled() => return Ok(()),
                        },
                    }
                }
                permit = arrivals.reserve(), if room.is_none() => match permit {
                    Ok(permit) => room = Some(permit),
                    // The writer gave up; its error is the one to report.
                    Err(_) => return Ok(()),
                },
                fetched = self.source.fetch(self.limit), if room.is_some() => match fetched {
                    Ok(Fetched::Batch(mut batch)) => {
                        tries.worked();
                        if self.counted {
                            self.skip.pass(&mut batch);
                        }
                        self.count(&batch);
                        let news = self.has_news(&batch);
                        trial::pass(Point::Read);
                        if let Some(repeats) = &mut self.repeats {
                            add(&self.stats.repeated, repeats.take_out(&mut batch));
                        }
                        if let Some(permit) = room.take() {
                            let changed = self.changed();
                            let partitions = match news {
                                true => self.partitions.clone(),
                                false => changed,
                            };
                            permit.send(self.arrived(What::Batch { batch, partitions }));
                        }
                    }
                    Ok(Fetched::Idle) => {
                        tries.idle();
                        if let Some(partitions) = self.changed()
                            && let Some(permit) = room.take()
                        {
                            let (batch, partitions) = (Batch::default(), Some(partitions));
                            permit.send(self.arrived(What::Batch { batch, partitions }));
                        }
                    }
                    Ok(Fetched::End) => {
                        if let Some(permit) = room.take() {
                            permit.send(self.arrived(What::End));
                        }
                        return Ok(());
                    }
                    Err(error) => tokio::select! {
                        again = tries.failed("reading", error) => again?,
                        () = stop.cancelled() => return Ok(()),
                    },
                },
            }
        }
    }

    fn arrived(&self, what: What) -> Arrived {
        Arrived {
            source: self.index,
            what,
        }
    }

    /// Whether there are records of a partition that was not told. Such a one came and ended within the batch, or is
    /// told with it.
    fn has_news(&self, batch: &Batch) -> bool {
        let Some(told) = &self.partitions else {
            return false;
        };
        let mut last = None;
        let records = batch.records.iter().map(|record| &record.origin.partition);
        let lines = batch.lines.iter().map(Lines::partition);
        records.chain(lines).any(|partition| {
            last.replace(partition) != Some(partition) && !told.contains(partition)
        })
    }

    /// The partitions of the source, if they are others than it told before.
    fn changed(&mut self) -> Option<Vec<Partition>> {
        let now = self.source.partitions();
        if now == self.partitions {
            return None;
        }
        self.partitions.clone_from(&now);
        now
    }

    fn count(&self, batch: &Batch) {
        let count = batch.count();
        add(&self.stats.read, count);
        if let Some(read) = &self.read {
            read.add(count);
        }
        let records = batch.records.iter().map(ssectl_adapter::Record::size);
        let lines = batch.lines.as_ref().map(Lines::size);
        add(&self.stats.read_bytes, records.chain(lines).sum());
    }

    async fn commit(&mut self, (commit, answer): CommitRequest) {
        let result = self.commit_patiently(&commit).await;
        // A writer that is gone no longer wants to know.
        let _ = answer.send(result);
    }

    async fn commit_patiently(&mut self, commit: &Commit) -> Result<(), Error> {
        let mut tries = self.patience.tries();
        while let Err(error) = self.source.commit(commit).await {
            tries.failed("committing", error).await?;
        }
        Ok(())
    }
}

pub(super) async fn becomes_true(mut flag: tokio::sync::watch::Receiver<bool>) {
    if flag.wait_for(|set| *set).await.is_err() {
        // Nobody can set it any more, so it never becomes true.
        std::future::pending::<()>().await;
    }
}
