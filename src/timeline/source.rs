//! Sources that know nothing of a virtual time.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ssectl_adapter::{Commit, Fetched, Limit, Partition, Receipt, Result, Source};
use tokio::sync::Mutex as Turns;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::Timeline;
use super::hold::Hold;
use super::outside::{Outside, broken, closed};

/// How long a call waits for records, by the clock on the wall.
const GLANCE: Duration = Duration::from_millis(20);

/// How many glances may find nothing of what is known to be there, before it counts as held back: a message with a delay,
/// or in a transaction.
const PATIENCE: u32 = 25;

/// How long, in virtual time, a silent stream is left alone at first, and in the end: leases and delays run out meanwhile.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// A source outside.
pub(super) struct OutsideSource {
    source: Shared,
    stream: String,
    timeline: Timeline,
    partitions: Option<Vec<Partition>>,
    under_way: Option<UnderWay>,
    /// Records read, and how many of this run were there when it opened.
    read: u64,
    before: u64,
    /// Glances that found nothing, in a row.
    silent: u32,
    pause: Duration,
    /// See [`Timeline::outside`].
    waits: bool,
}

type Shared = Arc<Turns<Option<Box<dyn Source>>>>;

/// A fetch, which goes on when its future is dropped.
struct UnderWay {
    task: JoinHandle<Result<(Fetched, Option<Vec<Partition>>)>>,
    _hold: Hold,
}

impl OutsideSource {
    pub(super) fn new(source: Box<dyn Source>, stream: String, target: &Outside) -> Self {
        let timeline = target.timeline.clone();
        Self {
            partitions: source.partitions(),
            source: Arc::new(Turns::new(Some(source))),
            before: timeline.traffic().written(&stream),
            stream,
            timeline,
            under_way: None,
            read: 0,
            silent: 0,
            pause: PAUSES.0,
            waits: target.waits,
        }
    }

    /// One look. Cancel-safe: what comes of it is kept for the next call.
    async fn look(&mut self, limit: Limit) -> Result<Fetched> {
        let limit = Limit {
            wait: limit.wait.min(GLANCE),
            ..limit
        };
        let (source, timeline) = (&self.source, &self.timeline);
        let under_way = self.under_way.get_or_insert_with(|| UnderWay {
            _hold: timeline.hold(),
            task: timeline.outside.spawn(fetch(source.clone(), limit)),
        });
        let looked = (&mut under_way.task).await;
        self.under_way = None;
        let (fetched, partitions) = looked.map_err(broken)??;
        self.partitions = partitions;
        Ok(fetched)
    }

    /// Whether records of this run are still to come.
    fn is_behind(&self) -> bool {
        self.read < self.timeline.traffic().written(&self.stream) - self.before
    }

    /// Lets time go on until something is written, or for a while.
    async fn pause(&mut self) {
        let stirred = self.timeline.traffic().stirred.notified();
        tokio::select! {
            biased;
            () = stirred => self.pause = PAUSES.0,
            () = sleep(self.pause) => self.pause = (self.pause * 2).min(PAUSES.1),
        }
    }

    /// Has the source do something when no fetch is under way.
    async fn ask(&self, request: Request) -> Result<()> {
        let source = self.source.clone();
        let work = async move {
            let mut source = source.lock().await;
            let source = source.as_mut().ok_or_else(closed)?;
            match request {
                Request::Bound => source.bound().await,
                Request::Commit(commit) => source.commit(&commit).await,
                Request::Release(receipts) => source.release(&receipts).await,
            }
        };
        self.timeline.abroad(work).await
    }
}

/// What is asked of a source beside records.
enum Request {
    Bound,
    Commit(Commit),
    Release(Vec<Receipt>),
}

/// Fetches, and tells the partitions that are left.
async fn fetch(source: Shared, limit: Limit) -> Result<(Fetched, Option<Vec<Partition>>)> {
    let mut source = source.lock().await;
    let source = source.as_mut().ok_or_else(closed)?;
    let fetched = source.fetch(limit).await?;
    Ok((fetched, source.partitions()))
}

#[async_trait]
impl Source for OutsideSource {
    async fn fetch(&mut self, limit: Limit) -> Result<Fetched> {
        loop {
            let fetched = self.look(limit).await?;
            if let Fetched::Batch(batch) = &fetched {
                self.read += batch.records.len() as u64;
            }
            if !matches!(fetched, Fetched::Idle) {
                (self.silent, self.pause) = (0, PAUSES.0);
                return Ok(fetched);
            }
            self.silent += 1;
            if !(self.waits || self.is_behind() && self.silent < PATIENCE) {
                self.pause().await;
                return Ok(Fetched::Idle);
            }
        }
    }

    fn partitions(&self) -> Option<Vec<Partition>> {
        self.partitions.clone()
    }

    async fn bound(&mut self) -> Result<()> {
        self.ask(Request::Bound).await
    }

    async fn commit(&mut self, commit: &Commit) -> Result<()> {
        self.ask(Request::Commit(commit.clone())).await
    }

    async fn release(&mut self, receipts: &[Receipt]) -> Result<()> {
        self.ask(Request::Release(receipts.to_vec())).await
    }

    async fn close(self: Box<Self>) -> Result<()> {
        let source = self.source.clone();
        let close = async move {
            let source = source.lock().await.take();
            source.ok_or_else(closed)?.close().await
        };
        self.timeline.abroad(close).await
    }
}
