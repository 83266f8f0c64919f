//! What follows the parallel steps of a pipeline, one record after the other.

use std::sync::Arc;

use ssectl_adapter::{Batch, Record};
use ssectl_state::{Space, StateError};

use super::error::PipelineError;
use super::operator::{
    Arrival, Digest, Digester, Emitter, Fate, Known, Open, Operator, OperatorError,
};
use super::spool::Spool;
use super::stats::{Stats, add};
use super::steps::{Aside, Bad, Processed, Produced, Steps};
use super::trace::{self, Notes};
use ssectl_trace::{Id, PipelineTrace};

/// A part of a pipeline behind its parallel steps.
pub enum Segment {
    /// Steps that do not remember.
    Stateless(Steps),
    /// One that does.
    Keyed {
        /// Its name in the state; no two of a pipeline are the same.
        name: String,
        /// Makes it.
        open: Open,
    },
}

/// The segments of a pipeline, opened.
pub(super) struct Line {
    stages: Vec<Stage>,
    stats: Arc<Stats>,
    /// What became of records since the counters were told.
    tally: Tally,
    /// Whether the first bad record ends it all.
    fail: bool,
    trace: Option<PipelineTrace>,
}

enum Stage {
    Stateless(Steps),
    Keyed(Box<dyn Operator>, Emitter),
}

/// Records by their fate; added to the counters of the pipeline once per batch.
#[derive(Default)]
struct Tally {
    used: usize,
    filtered: usize,
    late: usize,
    dropped: usize,
    held: usize,
}

impl Tally {
    fn count(&mut self, fate: Fate) {
        *match fate {
            Fate::Used => &mut self.used,
            Fate::Filtered => &mut self.filtered,
            Fate::Late => &mut self.late,
            Fate::Dropped => &mut self.dropped,
            Fate::Held => &mut self.held,
        } += 1;
    }
}

/// What is done with an operator.
type Call<'a> = &'a mut dyn FnMut(&mut dyn Operator, &mut Emitter) -> Result<(), OperatorError>;

impl Line {
    pub(super) fn open(
        segments: Vec<Segment>,
        space: impl Fn(&str) -> Space,
        streams: Arc<[String]>,
        stats: Arc<Stats>,
        fail: bool,
        trace: Option<PipelineTrace>,
    ) -> Result<Self, StateError> {
        let stages = segments.into_iter().map(|segment| {
            Ok(match segment {
                Segment::Stateless(steps) => Stage::Stateless(steps.traced(trace.is_some())),
                Segment::Keyed { name, open } => {
                    let mut emitter = Emitter::new(streams.clone());
                    let notes = trace.clone().map(|trace| Notes::new(trace, &name));
                    emitter.notes = notes.map(Box::new);
                    Stage::Keyed(open(&space(&name))?, emitter)
                }
            })
        });
        Ok(Self {
            stages: stages.collect::<Result<_, StateError>>()?,
            stats,
            tally: Tally::default(),
            fail,
            trace,
        })
    }

    /// Whether records pass it untouched.
    pub(super) fn is_empty(&self) -> bool {
        self.stages.is_empty()
    }

    /// Whether no step of it remembers.
    pub(super) fn is_stateless(&self) -> bool {
        let mut stages = self.stages.iter();
        stages.all(|stage| matches!(stage, Stage::Stateless(_)))
    }

    /// Tells the partitions of the sources to the steps that see them, and to all others that they have but one.
    pub(super) fn partitions(
        &mut self,
        known: &[Known],
        out: &mut Processed,
    ) -> Result<(), PipelineError> {
        let one = [Known {
            number: 0,
            source: 0,
            name: ssectl_adapter::Partition::default(),
        }];
        let mut known = known;
        for at in 0..self.stages.len() {
            self.call(at, out, &mut |operator, emitter| {
                operator.partitions(known, emitter)
            })?;
            known = &one;
        }
        Ok(())
    }

    /// Takes one record of a source; false if it was bad and no other is to follow.
    pub(super) fn record(
        &mut self,
        produced: Produced,
        arrival: Arrival,
        out: &mut Processed,
    ) -> Result<bool, PipelineError> {
        let bad = out.bad.len();
        self.at(0, produced, arrival, out)?;
        Ok(!self.fail || out.bad.len() == bad)
    }

    /// What makes digests for the first step. There is none if the first bad record ends it all and a later step could
    /// find one, as that is to happen between the records of the first.
    pub(super) fn digester(&self) -> Option<Arc<dyn Digester>> {
        match &self.stages[..] {
            // A trace is to know of each record.
            _ if self.trace.is_some() => None,
            [Stage::Keyed(operator, _), later @ ..] if later.is_empty() || !self.fail => {
                operator.digester()
            }
            _ => None,
        }
    }

    /// Takes so many lines of a source by their digest; false if they must come as records.
    pub(super) fn digest(
        &mut self,
        digest: Digest,
        count: usize,
        arrival: Arrival,
        out: &mut Processed,
    ) -> Result<bool, PipelineError> {
        let (mut digest, mut taken) = (Some(digest), false);
        self.call(0, out, &mut |operator, emitter| {
            if let Some(digest) = digest.take() {
                taken = operator.digest(digest, arrival, emitter)?;
            }
            Ok(())
        })?;
        if taken {
            self.tally.used += count;
        }
        Ok(taken)
    }

    /// A partition of a source has come to its end.
    pub(super) fn ended(
        &mut self,
        partition: u32,
        out: &mut Processed,
    ) -> Result<(), PipelineError> {
        self.call(0, out, &mut |operator, emitter| {
            operator.ended(partition, emitter)
        })
    }

    /// The end of all input.
    pub(super) fn end(&mut self, out: &mut Processed) -> Result<(), PipelineError> {
        for at in 0..self.stages.len() {
            self.call(at, out, &mut |operator, emitter| operator.end(emitter))?;
        }
        Ok(())
    }

    /// Hands over what the operators remember, for a checkpoint.
    pub(super) fn save(&mut self) -> Result<(), StateError> {
        for stage in &mut self.stages {
            if let Stage::Keyed(operator, _) = stage {
                operator.save()?;
            }
        }
        Ok(())
    }

    /// The least watermark of the operators that know one.
    pub(super) fn watermark(&self) -> Option<i64> {
        let known = self.stages.iter().filter_map(|stage| match stage {
            Stage::Keyed(operator, _) => operator.watermark(),
            Stage::Stateless(_) => None,
        });
        known.min()
    }

    /// Wakes the operators that want it; the next moment that one of them asks for.
    pub(super) fn wake(
        &mut self,
        now: std::time::Instant,
        out: &mut Processed,
    ) -> Result<Option<std::time::Instant>, PipelineError> {
        let mut next = None;
        for at in 0..self.stages.len() {
            self.call(at, out, &mut |operator, emitter| {
                let wanted = operator.wake(now, emitter)?;
                next = next.into_iter().chain(wanted).min();
                Ok(())
            })?;
        }
        Ok(next)
    }

    /// Does something with the operator at a place, if there is one, and takes what it gives to the next.
    fn call(
        &mut self,
        at: usize,
        out: &mut Processed,
        call: Call<'_>,
    ) -> Result<(), PipelineError> {
        let Some(Stage::Keyed(operator, emitter)) = self.stages.get_mut(at) else {
            return Ok(());
        };
        if let Some(notes) = emitter.notes() {
            notes.begin(0);
        }
        match call(&mut **operator, emitter) {
            Ok(()) => self.emitted(at, out),
            Err(OperatorError::State(error)) => Err(PipelineError::State(error)),
            Err(OperatorError::Record(error)) => Err(PipelineError::Step(error)),
        }
    }

    fn at(
        &mut self,
        at: usize,
        produced: Produced,
        arrival: Arrival,
        out: &mut Processed,
    ) -> Result<(), PipelineError> {
        match self.stages.get_mut(at) {
            None => {
                out.results.push(Produced {
                    from: None,
                    ..produced
                });
                Ok(())
            }
            Some(Stage::Stateless(_)) => {
                self.stateless(at, vec![produced.record], &[produced.id], out)
            }
            Some(Stage::Keyed(operator, emitter)) => {
                if let Some(notes) = emitter.notes() {
                    notes.begin(produced.id);
                }
                let taken = operator.record(&produced.record, arrival, emitter);
                if let Some(notes) = emitter.notes() {
                    notes.taken(&taken);
                }
                match taken {
                    Ok(fate) => self.tally.count(fate),
                    Err(OperatorError::State(error)) => return Err(PipelineError::State(error)),
                    Err(OperatorError::Record(error)) => out.bad.push(Bad {
                        index: produced.from,
                        in_balance: true,
                        record: produced.record,
                        error,
                    }),
                }
                match emitter.is_empty() {
                    true => Ok(()),
                    false => self.emitted(at, out),
                }
            }
        }
    }

    /// What an operator gave goes on to the next.
    fn emitted(&mut self, at: usize, out: &mut Processed) -> Result<(), PipelineError> {
        let Some(Stage::Keyed(_, emitter)) = self.stages.get_mut(at) else {
            return Ok(());
        };
        if let Some(stream) = emitter.unknown.take() {
            return Err(PipelineError::NoSide(stream));
        }
        let records = emitter.take();
        let ids = emitter.notes().map(|notes| std::mem::take(&mut notes.ids));
        let ids = ids.unwrap_or_default();
        let settled = emitter.settled.len() + emitter.bad.len();
        // Those that were held in this batch are not in the counters yet.
        let here = settled.min(self.tally.held);
        self.tally.held -= here;
        let counted = here + self.stats.release(settled - here);
        for fate in emitter.settled.drain(..).skip(settled - counted) {
            self.tally.count(fate);
        }
        let sides = emitter.sides.drain(..);
        out.sides.extend(sides.map(|(side, record, id)| Aside {
            side,
            record,
            from: None,
            id,
        }));
        out.bad
            .extend(emitter.bad.drain(..).map(|(record, error)| Bad {
                index: None,
                in_balance: true,
                record,
                error,
            }));
        if let Some(error) = emitter.failed.take() {
            return Err(PipelineError::Spool(error));
        }
        if let Some(spool) = emitter.spool.take() {
            self.pass_spooled(at + 1, spool, out)?;
        }
        self.pass(at + 1, records, ids, out)
    }

    /// What a step gave goes through those from a place on.
    fn pass(
        &mut self,
        at: usize,
        records: Vec<Record>,
        ids: Vec<Id>,
        out: &mut Processed,
    ) -> Result<(), PipelineError> {
        match self.stages.get(at) {
            None => out.results.extend(trace::numbered(records, ids)),
            Some(Stage::Stateless(_)) if !records.is_empty() => {
                add(&self.stats.made, records.len());
                self.stateless(at, records, &ids, out)?;
            }
            Some(_) => {
                add(&self.stats.made, records.len());
                for produced in trace::numbered(records, ids) {
                    self.at(at, produced, Arrival::default(), out)?;
                }
            }
        }
        Ok(())
    }

    /// The same for more than the memory should hold.
    fn pass_spooled(
        &mut self,
        at: usize,
        spool: Spool,
        out: &mut Processed,
    ) -> Result<(), PipelineError> {
        if at == self.stages.len() {
            out.spooled.push((std::mem::take(&mut out.results), spool));
            return Ok(());
        }
        let mut spooled = spool.read().map_err(PipelineError::Spool)?;
        loop {
            let records = spooled.next().map_err(PipelineError::Spool)?;
            if records.is_empty() {
                return Ok(());
            }
            self.pass(at, records, Vec::new(), out)?;
            out.relieve().map_err(PipelineError::Spool)?;
        }
    }

    /// Adds what became of the records of a batch to the counters.
    pub(super) fn publish(&mut self) {
        let Tally {
            used,
            filtered,
            late,
            dropped,
            held,
        } = std::mem::take(&mut self.tally);
        add(&self.stats.used, used);
        add(&self.stats.filtered, filtered);
        add(&self.stats.late, late);
        add(&self.stats.dropped, dropped);
        add(&self.stats.held, held);
    }

    /// Runs steps that do not remember on results of one that does.
    fn stateless(
        &mut self,
        at: usize,
        records: Vec<Record>,
        ids: &[Id],
        out: &mut Processed,
    ) -> Result<(), PipelineError> {
        let Some(Stage::Stateless(steps)) = self.stages.get(at) else {
            return Ok(());
        };
        let batch = Batch {
            records,
            ..Batch::default()
        };
        let mut done = steps.run(batch, self.fail);
        if let Some(trace) = &self.trace {
            trace::settle(trace, ids, &mut done);
        }
        let encoding = steps.output();
        add(&self.stats.filtered, done.filtered);
        add(&self.stats.used, distinct(&done.results));
        for aside in besides(done.sides, &done.results) {
            add(&self.stats.used, usize::from(aside.from.is_some()));
            out.sides.push(Aside {
                from: None,
                ..aside
            });
        }
        out.bad
            .extend(done.bad.into_iter().map(|bad| Bad { index: None, ..bad }));
        let last = at + 1 == self.stages.len();
        for produced in done.results {
            let produced = Produced {
                from: None,
                ..produced
            };
            if last {
                out.results.push(produced);
                continue;
            }
            add(&self.stats.made, 1);
            let arrival = Arrival {
                encoding,
                ..Arrival::default()
            };
            self.at(at + 1, produced, arrival, out)?;
        }
        Ok(())
    }
}

/// The number of records that gave results, whose results are neighbours.
pub(super) fn distinct(results: &[Produced]) -> usize {
    let mut last = None;
    let mut count = 0;
    for from in results.iter().filter_map(|result| result.from) {
        if last != Some(from) {
            last = Some(from);
            count += 1;
        }
    }
    count
}

/// What went aside: `from` is left only at one that stands for its record. A record of which something else went on is
/// counted where that goes.
pub(super) fn besides(sides: Vec<Aside>, results: &[Produced]) -> impl Iterator<Item = Aside> {
    let goes_on = |from| results.binary_search_by_key(&from, |result| result.from);
    let mut last = None;
    sides.into_iter().map(move |aside| {
        let from = aside.from.filter(|_| goes_on(aside.from).is_err());
        let from = from.filter(|from| last.replace(*from) != Some(*from));
        Aside { from, ..aside }
    })
}
