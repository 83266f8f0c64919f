//! Recorded streams as the source of a pipeline, played at the pace they were recorded.

use std::time::Duration;

use async_trait::async_trait;
use ssectl_adapter::{
    Batch, Commit, Error, ErrorKind, Fault, Fetched, Limit, Range, Record, Result, Source,
    SourceSpec, Timestamp,
};
use tokio::time::{Instant, sleep};

use super::{InputId, Merge, Next, Order, Pacer, Repeat, Rounds, Speed, Timed};
use crate::expr::time::EventTime;
use crate::expr::{Input, Meta, Payload};
use crate::places::Place;

/// What is replayed, and how.
pub struct Plan {
    /// The recordings; each must end by itself.
    pub inputs: Vec<Place>,
    /// The event time of a record; without it the record's own timestamp.
    pub time: Option<EventTime>,
    /// Whether programs see a record as text instead of JSON.
    pub text: bool,
    /// How fast.
    pub speed: Speed,
    /// Never wait longer than this between two records.
    pub max_gap: Option<Duration>,
    /// In which order.
    pub order: Order,
    /// How often.
    pub repeat: Repeat,
    /// Whether the records' timestamps of later rounds go on where the round before ended.
    pub shift: bool,
}

/// Called with a line about how well the pace was kept, when the replay is over.
type OnEnd = Box<dyn FnOnce(String) + Send>;

/// A replay as a source. Time is tokio's, so a test with paused time runs at once.
pub struct ReplaySource {
    plan: Plan,
    inputs: Vec<Box<dyn Source>>,
    merge: Merge<Record>,
    pacer: Pacer,
    rounds: Rounds,
    started: Option<Instant>,
    /// Its turn has not come yet.
    waiting: Option<Timed<Record>>,
    /// What will be handed over next.
    ready: Batch,
    ready_bytes: usize,
    on_end: Option<OnEnd>,
}

impl ReplaySource {
    /// Opens all recordings.
    pub async fn open(plan: Plan) -> Result<Self> {
        let mut source = Self {
            inputs: Vec::new(),
            merge: Merge::new(plan.order),
            pacer: Pacer::new(plan.speed, plan.max_gap),
            rounds: Rounds::new(plan.repeat),
            started: None,
            waiting: None,
            ready: Batch::default(),
            ready_bytes: 0,
            on_end: None,
            plan,
        };
        source.rewind().await?;
        Ok(source)
    }

    /// Calls `report` with how well the pace was kept, when the replay is over.
    #[must_use]
    pub fn on_end(mut self, report: impl FnOnce(String) + Send + 'static) -> Self {
        self.on_end = Some(Box::new(report));
        self
    }

    async fn rewind(&mut self) -> Result<()> {
        let mut inputs = Vec::with_capacity(self.plan.inputs.len());
        for place in &self.plan.inputs {
            let all = SourceSpec {
                range: Range::all(),
                ..SourceSpec::default()
            };
            inputs.push(place.source(all).await?);
        }
        self.merge = Merge::new(self.plan.order);
        for _ in &inputs {
            self.merge.add_input();
        }
        self.inputs = inputs;
        Ok(())
    }

    fn elapsed(&mut self) -> Duration {
        self.started.get_or_insert_with(Instant::now).elapsed()
    }

    /// Takes what an input has; what has no event time is a fault of its own.
    fn push(&mut self, input: InputId, batch: Batch) {
        self.ready.faults.extend(batch.faults);
        for record in batch.records {
            match self.time(&record) {
                Ok(time) => {
                    self.rounds.observe(time);
                    let time = time.map(|time| time + self.rounds.offset_ns());
                    self.merge.push(input, time, record);
                }
                Err(error) => self.ready.faults.push(Fault {
                    origin: record.origin,
                    index: self.ready.records.len(),
                    raw: record.value,
                    cut_from: None,
                    error,
                }),
            }
        }
    }

    fn time(&self, record: &Record) -> Result<Option<i128>> {
        let Some(program) = &self.plan.time else {
            return Ok(record.timestamp.map(Timestamp::as_nanos));
        };
        let payload = match &record.value {
            None => Payload::Null,
            Some(value) if self.plan.text => Payload::Text(value),
            Some(value) => Payload::Json(value),
        };
        let meta = Meta::of(record);
        let time = program.eval(&Input { payload, meta });
        time.map(Some)
            .map_err(|error| Error::new(ErrorKind::Data, format!("no event time: {error}")))
    }

    /// Adds a record to what is handed over next.
    fn send(&mut self, timed: Timed<Record>) {
        let mut record = timed.record;
        if record.timestamp.is_none() || self.plan.shift {
            let shift = if self.plan.shift {
                0
            } else {
                self.rounds.offset_ns()
            };
            record.timestamp = timed
                .time_ns
                .map(|time| Timestamp::from_nanos(time - shift))
                .or(record.timestamp);
        }
        let now = self.elapsed();
        self.pacer.sent(now);
        self.ready_bytes += record.size();
        self.ready.records.push(record);
    }

    fn take(&mut self) -> Fetched {
        self.ready_bytes = 0;
        Fetched::Batch(std::mem::take(&mut self.ready))
    }

    fn is_full(&self, limit: Limit) -> bool {
        self.ready.records.len() >= limit.records || self.ready_bytes >= limit.bytes
    }

    fn has_some(&self) -> bool {
        !self.ready.records.is_empty() || !self.ready.faults.is_empty()
    }

    /// The last words of the replay.
    fn report(&mut self) {
        let drift = self.pacer.drift();
        if let Some(report) = self.on_end.take()
            && drift.records() > 0
        {
            let skipped = self.pacer.skipped();
            let gaps = if skipped.is_zero() {
                String::new()
            } else {
                format!(", {skipped:?} of gaps left out")
            };
            let misplaced = match self.merge.out_of_order() {
                0 => String::new(),
                count => format!(", {count} later than the sort buffer reaches"),
            };
            report(format!(
                "drift: p50 {:?}, p99 {:?}, max {:?} over {} records{gaps}{misplaced}",
                drift.quantile(0.5),
                drift.quantile(0.99),
                drift.max(),
                drift.records()
            ));
        }
    }
}

#[async_trait]
impl Source for ReplaySource {
    /// What was taken from an input is kept before the next await, so a dropped future loses
    /// nothing.
    async fn fetch(&mut self, limit: Limit) -> Result<Fetched> {
        loop {
            if self.is_full(limit) {
                return Ok(self.take());
            }
            if self.waiting.is_none() {
                match self.merge.pull() {
                    Next::Record(record) => self.waiting = Some(record),
                    // An input may be slow; what is there goes first.
                    Next::Need(_) if self.has_some() => return Ok(self.take()),
                    Next::Need(id) => match self.inputs[id.index()].fetch(limit).await? {
                        Fetched::Batch(batch) => self.push(id, batch),
                        Fetched::Idle => return Ok(Fetched::Idle),
                        Fetched::End => self.merge.finish(id),
                    },
                    Next::End if self.has_some() => return Ok(self.take()),
                    Next::End if self.rounds.next_round() => self.rewind().await?,
                    Next::End => {
                        self.report();
                        return Ok(Fetched::End);
                    }
                }
            }
            let Some(timed) = self.waiting.take() else {
                continue;
            };
            let now = self.elapsed();
            let wait = self.pacer.wait(timed.turn_ns, now);
            if wait.is_zero() {
                self.send(timed);
                continue;
            }
            self.waiting = Some(timed);
            if self.has_some() {
                return Ok(self.take());
            }
            sleep(wait.min(limit.wait)).await;
            if wait > limit.wait {
                return Ok(Fetched::Idle);
            }
        }
    }

    /// An endless replay ends with this round.
    async fn bound(&mut self) -> Result<()> {
        self.rounds.stop();
        Ok(())
    }

    async fn commit(&mut self, _commit: &Commit) -> Result<()> {
        Ok(())
    }

    async fn close(mut self: Box<Self>) -> Result<()> {
        self.report();
        Ok(())
    }
}
