//! The end of a pipeline: results to the sink, bad records to where the policy says, and then
//! the commit. The order is always: flush the sinks, then commit the source.

use std::sync::Arc;

use ssectl_adapter::{Commit, Error, Record, Rejected, Sink};
use tokio::sync::{mpsc, oneshot};

use super::dead_letter::dead_letter;
use super::error::{PipelineError, RecordError};
use super::ids::Ids;
use super::pipeline::{OnError, Side};
use super::reader::CommitRequest;
use super::retry::Patience;
use super::segments::besides;
use super::spool::Spool;
use super::state::Commits;
use super::stats::{Stats, add};
use super::steps::{Aside, Bad, Processed, Produced};
use super::trace::Writing;
use super::trial::{self, Point};
use ssectl_trace::Id;

/// Where records end.
pub(super) struct Sinks {
    /// The results.
    pub(super) sink: Box<dyn Sink>,
    /// What gives them ids.
    pub(super) ids: Option<Ids>,
    /// What steps send past all others.
    pub(super) sides: Vec<Side>,
    /// Bad records.
    pub(super) on_error: OnError,
    /// Told what is written.
    pub(super) trace: Option<Writing>,
}

pub(super) struct Writer {
    /// The pipeline's name.
    name: String,
    patience: Patience,
    sink: Box<dyn Sink>,
    ids: Option<Ids>,
    sides: Vec<Side>,
    on_error: OnError,
    trace: Option<Writing>,
    /// Whether steps before it remember.
    remembers: bool,
    stats: Arc<Stats>,
    /// By source.
    commits: Vec<mpsc::Sender<CommitRequest>>,
    /// What may be committed after the next flush, and how many records that is; by source.
    pending: Commits,
    /// Written but not flushed.
    dirty: bool,
    /// Flushed, but to be seen only with a commit.
    unseen: bool,
}

/// What goes to one side stream.
#[derive(Default)]
struct ToSide {
    from: Vec<Option<usize>>,
    records: Vec<Record>,
    /// Their numbers in the trace.
    ids: Vec<Id>,
}

impl ToSide {
    fn add(&mut self, aside: Aside) {
        self.from.push(aside.from);
        self.records.push(aside.record);
        self.ids.push(aside.id);
    }
}

impl Writer {
    /// `commits` lead to the readers of the sources.
    pub(super) fn new(
        name: String,
        patience: Patience,
        sinks: Sinks,
        remembers: bool,
        stats: Arc<Stats>,
        commits: Vec<mpsc::Sender<CommitRequest>>,
    ) -> Self {
        Self {
            name,
            patience,
            sink: sinks.sink,
            ids: sinks.ids,
            sides: sinks.sides,
            on_error: sinks.on_error,
            trace: sinks.trace,
            remembers,
            stats,
            pending: commits.iter().map(|_| (Commit::Nothing, 0)).collect(),
            commits,
            dirty: false,
            unseen: false,
        }
    }

    /// Writes what came of one batch of a source. With the policy `fail` the results before the first bad record are
    /// written, and the batch is not committed; in a transaction they are not written, as they would be committed with the
    /// batches before and come again.
    pub(super) async fn write(
        &mut self,
        source: usize,
        processed: Processed,
    ) -> Result<(), PipelineError> {
        let Processed {
            spooled,
            results,
            bad,
            sides,
            count,
            filtered,
            commit,
            ..
        } = processed;
        add(&self.stats.filtered, filtered);
        if trial::commits_early() {
            self.settle_source(source, commit.clone(), 0).await?;
        }
        let fails = matches!(self.on_error, OnError::Fail);
        if fails && !bad.is_empty() && self.sink.awaits_commit() {
            return self.fail(bad).await;
        }
        let sides: Vec<Aside> = besides(sides, &results).collect();
        let mut refused = Vec::new();
        for (before, spool) in spooled {
            refused.extend(self.write_results(before).await?);
            refused.extend(self.write_spooled(spool).await?);
        }
        refused.extend(self.write_results(results).await?);
        if !sides.is_empty() {
            refused.extend(self.write_sides(sides).await?);
        }
        let all_bad = merge(bad, refused);
        if fails && !all_bad.is_empty() {
            return self.fail(all_bad).await;
        }
        self.put_aside(all_bad).await?;
        trial::pass(Point::Written);
        if let Some(pending) = self.pending.get_mut(source) {
            pending.0.merge(commit);
            pending.1 += count;
        }
        Ok(())
    }

    /// Whether what is to be committed are leases of single messages.
    pub(super) fn holds_leases(&self) -> bool {
        let mut pending = self.pending.iter();
        pending.any(|(commit, _)| matches!(commit, Commit::Receipts(_)))
    }

    /// Whether what is written is seen with the commit of the first source only.
    pub(super) fn awaits_commit(&self) -> bool {
        self.sink.awaits_commit()
    }

    /// Flushes what was written and commits what it came from.
    pub(super) async fn commit(&mut self, safe: bool) -> Result<(), PipelineError> {
        self.complete().await?;
        let commits = self.take_pending(safe);
        self.settle(commits).await
    }

    /// Sees to it that all that was written is where it should be.
    pub(super) async fn complete(&mut self) -> Result<(), PipelineError> {
        if std::mem::take(&mut self.dirty) {
            self.flush().await?;
            self.unseen = self.sink.awaits_commit();
            trial::pass(Point::Flushed);
        }
        Ok(())
    }

    /// What may be committed after the next flush. Unless that is `safe`, positions are kept back: what was read from
    /// them on must come again if this process ends here. Leases cannot wait.
    pub(super) fn take_pending(&mut self, safe: bool) -> Commits {
        let pending = self.pending.iter_mut();
        let taken = pending.map(|pending| match pending.0 {
            Commit::UpTo(_) if !safe => Default::default(),
            _ => std::mem::take(pending),
        });
        taken.collect()
    }

    /// Commits to the sources.
    pub(super) async fn settle(&mut self, commits: Commits) -> Result<(), PipelineError> {
        for (source, (commit, count)) in commits.into_iter().enumerate() {
            self.settle_source(source, commit, count).await?;
        }
        Ok(())
    }

    async fn settle_source(
        &mut self,
        source: usize,
        commit: Commit,
        count: usize,
    ) -> Result<(), PipelineError> {
        // Results at the end of the input come from no further record, and have to be seen too.
        let unseen = source == 0 && std::mem::take(&mut self.unseen);
        if commit.is_empty() && !unseen {
            return Ok(());
        }
        let (answer, answered) = oneshot::channel();
        // A reader that is gone has reported why.
        if self.commits[source].send((commit, answer)).await.is_ok()
            && let Ok(result) = answered.await
        {
            result.map_err(PipelineError::Commit)?;
            add(&self.stats.committed, count);
            if self.sink.awaits_commit() {
                self.stats.mark();
            }
            trial::pass(Point::Committed);
        }
        Ok(())
    }

    /// Completes the sinks. The commits' channels close with it, which ends the readers.
    pub(super) async fn close(self) -> Result<(), PipelineError> {
        let mut closed = self.sink.close().await;
        for side in self.sides {
            closed = closed.and(side.sink.close().await);
        }
        if let OnError::DeadLetter(sink) = self.on_error {
            sink.close().await.map_err(PipelineError::DeadLetter)?;
        }
        closed.map_err(PipelineError::Sink)
    }

    async fn flush(&mut self) -> Result<(), PipelineError> {
        let sides = self.sides.iter_mut().map(|side| &mut side.sink);
        for sink in std::iter::once(&mut self.sink).chain(sides) {
            let mut tries = self.patience.tries();
            while let Err(error) = sink.flush().await {
                let paused = tries.failed("writing", error).await;
                paused.map_err(PipelineError::Sink)?;
            }
        }
        if let OnError::DeadLetter(sink) = &mut self.on_error {
            sink.flush().await.map_err(PipelineError::DeadLetter)?;
        }
        Ok(())
    }

    /// Writes results that waited on the disk.
    async fn write_spooled(&mut self, spool: Spool) -> Result<Vec<Bad>, PipelineError> {
        let mut spooled = spool.read().map_err(PipelineError::Spool)?;
        let mut bad = Vec::new();
        loop {
            let records = spooled.next().map_err(PipelineError::Spool)?;
            if records.is_empty() {
                return Ok(bad);
            }
            let made = |record| Produced {
                record,
                from: None,
                id: 0,
            };
            let results = records.into_iter().map(made).collect();
            bad.extend(self.write_results(results).await?);
        }
    }

    /// Writes results in order; what the sink refuses for good comes back as bad records, one
    /// per record of the source.
    async fn write_results(&mut self, results: Vec<Produced>) -> Result<Vec<Bad>, PipelineError> {
        if results.is_empty() {
            return Ok(Vec::new());
        }
        let ids = self
            .trace
            .is_some()
            .then(|| results.iter().map(|r| r.id).collect());
        let (from, mut records): (Vec<Option<usize>>, Vec<Record>) =
            results.into_iter().map(|r| (r.from, r.record)).unzip();
        if let Some(ids) = &mut self.ids {
            ids.give(&self.name, &from, &mut records)?;
        }
        self.dirty = true;
        let refused = write_records(&mut *self.sink, &records, &self.patience).await?;
        self.count_written(&records, &refused);
        self.count_used(&from, &refused);
        self.note(0, ids, &records, &refused);
        let mut bad: Vec<Bad> = Vec::new();
        for Rejected { index, error } in refused {
            // A record with one refused result is bad once, however many were refused.
            let again = |last: &Bad| last.index.is_some() && last.index == from[index];
            if !bad.last().is_some_and(again) {
                bad.push(Bad {
                    index: from[index],
                    in_balance: from[index].is_some(),
                    record: records[index].clone(),
                    error: RecordError::Adapter(error),
                });
            }
        }
        Ok(bad)
    }

    /// Writes to each side stream what goes there, in order.
    async fn write_sides(&mut self, asides: Vec<Aside>) -> Result<Vec<Bad>, PipelineError> {
        let mut by_side: Vec<ToSide> = Vec::new();
        by_side.resize_with(self.sides.len(), Default::default);
        for aside in asides {
            by_side[aside.side].add(aside);
        }
        self.dirty = true;
        let mut bad = Vec::new();
        for (side, ToSide { from, records, ids }) in by_side.into_iter().enumerate() {
            if records.is_empty() {
                continue;
            }
            let sink = &mut *self.sides[side].sink;
            let refused = write_records(sink, &records, &self.patience).await?;
            self.count_written(&records, &refused);
            add(&self.stats.sided, records.len() - refused.len());
            self.count_used(&from, &refused);
            self.note(side + 1, Some(ids), &records, &refused);
            bad.extend(refused.into_iter().map(|Rejected { index, error }| Bad {
                index: from[index],
                in_balance: from[index].is_some(),
                record: records[index].clone(),
                error: RecordError::Adapter(error),
            }));
        }
        Ok(bad)
    }

    /// Tells a trace, if there is one, what an output has.
    fn note(
        &mut self,
        output: usize,
        ids: Option<Vec<Id>>,
        records: &[Record],
        refused: &[Rejected],
    ) {
        if let (Some(trace), Some(ids)) = (&mut self.trace, ids) {
            trace.wrote(output, &ids, records, refused);
        }
    }

    fn count_written(&self, records: &[Record], refused: &[Rejected]) {
        let mut bytes: usize = records.iter().map(Record::size).sum();
        bytes -= refused
            .iter()
            .map(|r| records[r.index].size())
            .sum::<usize>();
        add(&self.stats.written, records.len() - refused.len());
        add(&self.stats.written_bytes, bytes);
    }

    /// Counts the records that results came from. What a step that remembers made is counted there.
    fn count_used(&self, from: &[Option<usize>], refused: &[Rejected]) {
        // Results of one record are neighbours, so distinct neighbours are distinct records.
        let distinct = |mut all: Vec<usize>| {
            all.dedup();
            all.len()
        };
        let bad: Vec<Option<usize>> = refused.iter().map(|r| from[r.index]).collect();
        let lost = bad.iter().filter(|from| from.is_none()).count();
        add(&self.stats.refused, lost);
        let bad = distinct(bad.into_iter().flatten().collect());
        add(
            &self.stats.used,
            distinct(from.iter().copied().flatten().collect()) - bad,
        );
    }

    async fn put_aside(&mut self, bad: Vec<Bad>) -> Result<(), PipelineError> {
        if bad.is_empty() {
            return Ok(());
        }
        let OnError::DeadLetter(sink) = &mut self.on_error else {
            add(&self.stats.skipped, counted(&bad));
            return Ok(());
        };
        let count = counted(&bad);
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
        add(&self.stats.failed, counted(&bad));
        if self.remembers {
            // What steps remember holds part of a batch whose end was not reached.
            self.flush().await?;
        } else {
            self.commit(true).await?;
        }
        match bad.into_iter().next() {
            Some(Bad { record, error, .. }) => Err(PipelineError::Record {
                origin: Box::new(record.origin),
                error,
            }),
            None => Ok(()),
        }
    }
}

/// Tries again whatever was refused for now, and the whole write if it failed for now.
pub(super) async fn write_records(
    sink: &mut dyn Sink,
    records: &[Record],
    patience: &Patience,
) -> Result<Vec<Rejected>, PipelineError> {
    let mut refused = Vec::new();
    let mut tries = patience.tries();
    let mut left: Vec<usize> = Vec::new();
    let mut again: Vec<Record> = Vec::new();
    let mut first = true;
    loop {
        let slice = if first { records } else { &again };
        let rejected = match sink.write(slice).await {
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

/// How many of them were read or made within, and not results.
fn counted(bad: &[Bad]) -> usize {
    bad.iter().filter(|bad| bad.in_balance).count()
}

/// Both in order of their index; a record that is bad twice counts once.
fn merge(bad: Vec<Bad>, refused: Vec<Bad>) -> Vec<Bad> {
    let mut all: Vec<Bad> = bad.into_iter().chain(refused).collect();
    // Those of earlier batches first.
    all.sort_by_key(|bad| bad.index);
    all.dedup_by(|a, b| a.index.is_some() && a.index == b.index);
    all
}
