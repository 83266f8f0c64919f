//! Between the workers and the writer: what the workers give, record by record, to the steps that remember.

use std::collections::BTreeSet;
use std::sync::Arc;

use ssectl_adapter::Partition;
use ssectl_state::StateError;
use tokio::time::Instant;

use super::error::PipelineError;
use super::numbers::Numbers;
use super::operator::Arrival;
use super::segments::{Line, besides};
use super::stats::{Stats, add};
use super::steps::{Digested, Encoding, Processed};
use super::trace::Reading;
use super::workers::{Done, Outcome};

pub(super) struct Keyed {
    line: Line,
    numbers: Numbers,
    stats: Arc<Stats>,
    /// Numbers what is read, for a trace.
    trace: Option<Reading>,
    /// Sources that have not ended.
    reading: usize,
    /// When an operator wants to be called.
    wake: Option<Instant>,
}

impl Keyed {
    /// `numbers` knows the partitions of all sources as they are at the start.
    pub(super) fn new(
        line: Line,
        numbers: Numbers,
        stats: Arc<Stats>,
        trace: Option<Reading>,
    ) -> Self {
        Self {
            line,
            trace,
            reading: numbers.sources(),
            numbers,
            stats,
            wake: None,
        }
    }

    /// Before the first record.
    pub(super) fn begin(&mut self) -> Result<Processed, PipelineError> {
        let mut out = Processed::default();
        if let Some(trace) = &self.trace {
            trace.partitions(&self.numbers.known());
        }
        if !self.line.is_empty() {
            self.line.partitions(&self.numbers.known(), &mut out)?;
            self.line.publish();
        }
        let woken = self.wake()?;
        out.spooled.extend(woken.spooled);
        out.results.extend(woken.results);
        out.sides.extend(woken.sides);
        Ok(out)
    }

    /// When it wants [`Keyed::wake`] to be called.
    pub(super) fn wakes_at(&self) -> Option<Instant> {
        self.wake
    }

    /// Time-outs of the clock on the wall.
    pub(super) fn wake(&mut self) -> Result<Processed, PipelineError> {
        let mut out = Processed::default();
        let next = self.line.wake(Instant::now().into_std(), &mut out)?;
        self.wake = next.map(Instant::from_std);
        self.line.publish();
        Ok(out)
    }

    /// Hands over what the steps remember, for a checkpoint.
    pub(super) fn save(&mut self) -> Result<(), StateError> {
        self.numbers.save()?;
        self.line.save()
    }

    /// How far event time has come in all steps, and whether all input has ended.
    pub(super) fn progress(&self) -> (Option<i64>, bool) {
        (self.line.watermark(), self.reading == 0)
    }

    /// Whether what was read may be committed once its results are written: nothing is remembered in memory alone.
    pub(super) fn is_safe(&self) -> bool {
        self.line.is_stateless() || self.reading == 0
    }

    /// Runs the steps on what the workers made of a batch.
    pub(super) fn take(&mut self, mut done: Done) -> Result<Processed, PipelineError> {
        if let (Some(trace), Outcome::Processed { processed, .. }) =
            (&mut self.trace, &mut done.what)
        {
            trace.batch(done.source, processed);
        }
        let result = match done.what {
            Outcome::Processed { processed, .. } if self.line.is_empty() => return Ok(processed),
            Outcome::Processed {
                processed,
                encoding,
                partitions,
            } => {
                let mut out = Processed::default();
                let source = done.source;
                if let Some(partitions) = &partitions {
                    let mut all = of_records(&processed);
                    all.extend(partitions.iter().cloned());
                    let all: Vec<Partition> = all.into_iter().collect();
                    if self.numbers.add(source, &all)? {
                        self.line.partitions(&self.numbers.known(), &mut out)?;
                    }
                }
                let went_on = self.batch(source, processed, encoding, &mut out)?;
                if let Some(partitions) = partitions.filter(|_| went_on) {
                    self.keep(source, &partitions, &mut out)?;
                }
                out
            }
            Outcome::End => self.end(done.source)?,
            Outcome::Failed(error) => return Err(PipelineError::Lookup(error)),
        };
        self.line.publish();
        Ok(result)
    }

    /// The source has only these partitions from here on.
    fn keep(
        &mut self,
        source: usize,
        partitions: &[Partition],
        out: &mut Processed,
    ) -> Result<(), PipelineError> {
        let ended = self.numbers.keep(source, partitions);
        if !ended.is_empty() {
            self.line.partitions(&self.numbers.known(), out)?;
        }
        for number in ended {
            self.line.ended(number, out)?;
        }
        Ok(())
    }

    /// False if a bad record ends it all.
    fn batch(
        &mut self,
        source: usize,
        processed: Processed,
        encoding: Encoding,
        out: &mut Processed,
    ) -> Result<bool, PipelineError> {
        let results = processed.results.len();
        add(
            &self.stats.made,
            results - super::segments::distinct(&processed.results),
        );
        let (commit, count) = (processed.commit, processed.count);
        out.bad.extend(processed.bad);
        out.sides
            .extend(besides(processed.sides, &processed.results));
        (out.commit, out.count, out.filtered) = (commit, count, processed.filtered);
        let mut results = processed.results;
        if let Some(Digested { lines, digest }) = processed.digested {
            let (partition, new) = self.numbers.of(source, lines.partition())?;
            if new {
                self.line.partitions(&self.numbers.known(), out)?;
            }
            let arrival = Arrival {
                source,
                partition,
                encoding,
            };
            if self.line.digest(digest, lines.len(), arrival, out)? {
                return Ok(true);
            }
            results = Digested::results(&lines).collect();
        }
        for produced in results {
            let (partition, new) = self.numbers.of(source, &produced.record.origin.partition)?;
            if new {
                self.line.partitions(&self.numbers.known(), out)?;
            }
            let arrival = Arrival {
                source,
                partition,
                encoding,
            };
            if !self.line.record(produced, arrival, out)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// A source has come to its end.
    fn end(&mut self, source: usize) -> Result<Processed, PipelineError> {
        let mut out = Processed::default();
        self.reading -= 1;
        if self.reading == 0 {
            self.line.end(&mut out)?;
            self.wake = None;
        } else {
            self.keep(source, &[], &mut out)?;
        }
        Ok(out)
    }
}

/// The partitions of the records of a batch: all of them are waited for before the first record is looked at.
fn of_records(processed: &Processed) -> BTreeSet<Partition> {
    let records = processed.results.iter();
    let records = records.map(|result| &result.record.origin.partition);
    let lines = processed.digested.iter();
    let lines = lines.map(|digested| digested.lines.partition());
    records.chain(lines).cloned().collect()
}
