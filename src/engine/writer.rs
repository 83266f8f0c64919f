//! The end of a pipeline: results to the sink, bad records to where the policy says, and then
//! the commit. The order is always: flush the sinks, then commit the source.

use std::sync::Arc;

use ssectl_adapter::{Commit, Error, Record, Rejected, Sink};
use tokio::sync::{mpsc, oneshot};

use super::dead_letter::dead_letter;
use super::error::{PipelineError, RecordError};
use super::pipeline::OnError;
use super::reader::CommitRequest;
use super::retry::Patience;
use super::stats::{Stats, add};
use super::steps::{Bad, Processed, Produced};
use super::trial::{self, Point};

pub(super) struct Writer {
    /// The pipeline's name.
    pub(super) name: String,
    pub(super) patience: Patience,
    pub(super) sink: Box<dyn Sink>,
    pub(super) on_error: OnError,
    pub(super) stats: Arc<Stats>,
    pub(super) commits: mpsc::Sender<CommitRequest>,
    /// What may be committed after the next flush, and how many records that is.
    pub(super) pending: (Commit, usize),
    /// Written but not flushed.
    pub(super) dirty: bool,
}

impl Writer {
    /// Writes one batch. With the policy `fail` the results before the first bad record are
    /// written, and the batch is not committed; in a transaction they are not written, as they
    /// would be committed with the batches before and come again.
    pub(super) async fn write(&mut self, processed: Processed) -> Result<(), PipelineError> {
        let Processed {
            results,
            bad,
            count,
            filtered,
            commit,
        } = processed;
        add(&self.stats.filtered, filtered);
        let fails = matches!(self.on_error, OnError::Fail);
        if fails && !bad.is_empty() && self.sink.awaits_commit() {
            return self.fail(bad).await;
        }
        let refused = self.write_results(results).await?;
        let all_bad = merge(bad, refused);
        if fails && !all_bad.is_empty() {
            return self.fail(all_bad).await;
        }
        self.put_aside(all_bad).await?;
        trial::pass(Point::Written);
        self.pending.0.merge(commit);
        self.pending.1 += count;
        Ok(())
    }

    /// Whether what is to be committed are leases of single messages.
    pub(super) fn holds_leases(&self) -> bool {
        matches!(self.pending.0, Commit::Receipts(_))
    }

    /// Flushes what was written and commits what it came from.
    pub(super) async fn commit(&mut self) -> Result<(), PipelineError> {
        let dirty = std::mem::take(&mut self.dirty);
        if dirty {
            self.flush().await?;
            trial::pass(Point::Flushed);
        }
        let (commit, count) = std::mem::take(&mut self.pending);
        // Results at the end of the input come from no further record, and have to be seen too.
        if !commit.is_empty() || dirty && self.sink.awaits_commit() {
            let (answer, answered) = oneshot::channel();
            // A reader that is gone has reported why.
            if self.commits.send((commit, answer)).await.is_ok()
                && let Ok(result) = answered.await
            {
                result.map_err(PipelineError::Commit)?;
                add(&self.stats.committed, count);
                trial::pass(Point::Committed);
            }
        }
        Ok(())
    }

    /// Completes the sinks. The commits' channel closes with it, which ends the reader.
    pub(super) async fn close(self) -> Result<(), PipelineError> {
        let closed = self.sink.close().await.map_err(PipelineError::Sink);
        if let OnError::DeadLetter(sink) = self.on_error {
            sink.close().await.map_err(PipelineError::DeadLetter)?;
        }
        closed
    }

    async fn flush(&mut self) -> Result<(), PipelineError> {
        let mut tries = self.patience.tries();
        while let Err(error) = self.sink.flush().await {
            let paused = tries.failed("writing", error).await;
            paused.map_err(PipelineError::Sink)?;
        }
        if let OnError::DeadLetter(sink) = &mut self.on_error {
            sink.flush().await.map_err(PipelineError::DeadLetter)?;
        }
        Ok(())
    }

    /// Writes results in order; what the sink refuses for good comes back as bad records, one
    /// per record of the source.
    async fn write_results(&mut self, results: Vec<Produced>) -> Result<Vec<Bad>, PipelineError> {
        if results.is_empty() {
            return Ok(Vec::new());
        }
        let (from, records): (Vec<usize>, Vec<Record>) =
            results.into_iter().map(|r| (r.from, r.record)).unzip();
        let refused = self.write_records(&records).await?;
        self.count_written(&from, &records, &refused);
        let mut bad: Vec<Bad> = Vec::new();
        for Rejected { index, error } in refused {
            // A record with one refused result is bad once, however many were refused.
            if bad.last().is_none_or(|last| last.index != from[index]) {
                bad.push(Bad {
                    index: from[index],
                    record: records[index].clone(),
                    error: RecordError::Adapter(error),
                });
            }
        }
        Ok(bad)
    }

    /// Tries again whatever was refused for now, and the whole write if it failed for now.
    async fn write_records(&mut self, records: &[Record]) -> Result<Vec<Rejected>, PipelineError> {
        self.dirty = true;
        let mut refused = Vec::new();
        let mut tries = self.patience.tries();
        let mut left: Vec<usize> = Vec::new();
        let mut again: Vec<Record> = Vec::new();
        let mut first = true;
        loop {
            let slice = if first { records } else { &again };
            let rejected = match self.sink.write(slice).await {
                Ok(written) => written.rejected,
                Err(error) => {
                    let paused = tries.failed("writing", error).await;
                    paused.map_err(PipelineError::Sink)?;
                    continue;
                }
            };
            let place = |index: usize| if first { index } else { left[index] };
            let (retry, lost): (Vec<_>, Vec<_>) = rejected
                .into_iter()
                .map(|r| (place(r.index), r.error))
                .partition(|(_, error)| error.is_temporary());
            refused.extend(
                lost.into_iter()
                    .map(|(index, error)| Rejected { index, error }),
            );
            if retry.len() < slice.len() {
                // Some were taken: it goes on.
                tries.worked();
            }
            let Some((_, error)) = retry.first() else {
                refused.sort_by_key(|r| r.index);
                return Ok(refused);
            };
            let message = Error::new(
                error.kind(),
                format!("{} records were refused: {error}", retry.len()),
            )
            .temporary();
            let paused = tries.failed("writing", message).await;
            paused.map_err(PipelineError::Sink)?;
            left = retry.into_iter().map(|(index, _)| index).collect();
            again = left.iter().map(|index| records[*index].clone()).collect();
            first = false;
        }
    }

    fn count_written(&self, from: &[usize], records: &[Record], refused: &[Rejected]) {
        let mut bytes: usize = records.iter().map(Record::size).sum();
        bytes -= refused
            .iter()
            .map(|r| records[r.index].size())
            .sum::<usize>();
        add(&self.stats.written, records.len() - refused.len());
        add(&self.stats.written_bytes, bytes);
        // Results of one record are neighbours, so distinct neighbours are distinct records.
        let distinct = |mut all: Vec<usize>| {
            all.dedup();
            all.len()
        };
        let bad = distinct(refused.iter().map(|r| from[r.index]).collect());
        add(&self.stats.used, distinct(from.to_vec()) - bad);
    }

    async fn put_aside(&mut self, bad: Vec<Bad>) -> Result<(), PipelineError> {
        if bad.is_empty() {
            return Ok(());
        }
        let OnError::DeadLetter(sink) = &mut self.on_error else {
            add(&self.stats.skipped, bad.len());
            return Ok(());
        };
        let count = bad.len();
        let letters: Vec<Record> = bad
            .into_iter()
            .map(|bad| dead_letter(bad.record, &bad.error, &self.name))
            .collect();
        let written = sink
            .write(&letters)
            .await
            .map_err(PipelineError::DeadLetter)?;
        if let Some(Rejected { error, .. }) = written.rejected.into_iter().next() {
            return Err(PipelineError::DeadLetter(error));
        }
        self.dirty = true;
        add(&self.stats.dead_lettered, count);
        Ok(())
    }

    async fn fail(&mut self, bad: Vec<Bad>) -> Result<(), PipelineError> {
        add(&self.stats.failed, bad.len());
        self.commit().await?;
        match bad.into_iter().next() {
            Some(Bad { record, error, .. }) => Err(PipelineError::Record {
                origin: Box::new(record.origin),
                error,
            }),
            None => Ok(()),
        }
    }
}

/// Both in order of their index; a record that is bad twice counts once.
fn merge(bad: Vec<Bad>, refused: Vec<Bad>) -> Vec<Bad> {
    let mut all: Vec<Bad> = bad.into_iter().chain(refused).collect();
    all.sort_by_key(|bad| bad.index);
    all.dedup_by_key(|bad| bad.index);
    all
}
