//! Streams in memory that are read in any way that a broker may give them: batches of any size, partitions interleaved
//! at random.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use ssectl_adapter::{
    Adapter, Admin, Batch, Capabilities, Commit, Fetched, Limit, Location, MemoryAdapter, Options,
    Partition, Position, Record, Result, Sink, SinkSpec, Source, SourceSpec, StreamUri, Target,
    Written,
};
use tokio_util::sync::CancellationToken;

/// Numbers that look random and are the same in each run: `SplitMix64` (Steele, Lea and Flood 2014).
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (x ^ (x >> 31)) % most
    }
}

/// What the ends of one run have in common.
pub(super) struct Chance {
    random: Mutex<Random>,
    /// After so many records written it stops the run; never if below zero.
    left: AtomicI64,
    stop: CancellationToken,
}

impl Chance {
    pub(super) fn new(seed: u64, stop_after: Option<i64>, stop: CancellationToken) -> Arc<Self> {
        Arc::new(Self {
            random: Mutex::new(Random(seed)),
            left: AtomicI64::new(stop_after.unwrap_or(-1)),
            stop,
        })
    }

    fn below(&self, most: u64) -> u64 {
        let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        random.below(most)
    }

    fn wrote(&self, records: usize) {
        let records = i64::try_from(records).unwrap_or(i64::MAX);
        let before = self.left.fetch_sub(records, Ordering::Relaxed);
        if before >= 0 && before < records {
            self.stop.cancel();
        }
    }
}

/// `memory:`, read at random.
pub(super) struct Shuffled {
    pub(super) memory: Arc<MemoryAdapter>,
    pub(super) chance: Arc<Chance>,
}

impl Adapter for Shuffled {
    fn name(&self) -> &'static str {
        self.memory.name()
    }

    fn summary(&self) -> &'static str {
        self.memory.summary()
    }

    fn capabilities(&self) -> Capabilities {
        self.memory.capabilities()
    }

    fn options_schema(&self) -> schemars::Schema {
        self.memory.options_schema()
    }

    fn locate(&self, uri: &StreamUri) -> Result<Location> {
        self.memory.locate(uri)
    }

    fn target(&self, options: &Options) -> Result<Arc<dyn Target>> {
        Ok(Arc::new(ShuffledTarget {
            memory: self.memory.target(options)?,
            chance: self.chance.clone(),
        }))
    }
}

struct ShuffledTarget {
    memory: Arc<dyn Target>,
    chance: Arc<Chance>,
}

#[async_trait]
impl Target for ShuffledTarget {
    async fn source(&self, spec: &SourceSpec) -> Result<Box<dyn Source>> {
        Ok(Box::new(ShuffledSource {
            memory: self.memory.source(spec).await?,
            waiting: BTreeMap::new(),
            chance: self.chance.clone(),
        }))
    }

    async fn sink(&self, spec: &SinkSpec) -> Result<Box<dyn Sink>> {
        Ok(Box::new(CountedSink {
            memory: self.memory.sink(spec).await?,
            chance: self.chance.clone(),
        }))
    }

    fn admin(&self) -> Result<Box<dyn Admin>> {
        self.memory.admin()
    }

    fn describe(&self) -> String {
        self.memory.describe()
    }

    async fn probe(&self) -> Result<String> {
        self.memory.probe().await
    }
}

/// Counts what is written, and stops the run in the middle of it.
struct CountedSink {
    memory: Box<dyn Sink>,
    chance: Arc<Chance>,
}

#[async_trait]
impl Sink for CountedSink {
    async fn write(&mut self, records: &[Record]) -> Result<Written> {
        let written = self.memory.write(records).await?;
        self.chance.wrote(records.len());
        Ok(written)
    }

    async fn flush(&mut self) -> Result<()> {
        self.memory.flush().await
    }

    async fn close(self: Box<Self>) -> Result<()> {
        self.memory.close().await
    }
}

struct ShuffledSource {
    memory: Box<dyn Source>,
    /// Read, and not given on.
    waiting: BTreeMap<Partition, VecDeque<Record>>,
    chance: Arc<Chance>,
}

impl ShuffledSource {
    /// A few of what waits: runs of random length, of partitions at random.
    fn some(&mut self) -> Batch {
        let mut batch = Batch::default();
        let mut next = BTreeMap::new();
        for _ in 0..=self.chance.below(4) {
            let partitions: Vec<Partition> = self.waiting.keys().cloned().collect();
            if partitions.is_empty() {
                break;
            }
            let partition = &partitions[self.chance.below(partitions.len() as u64) as usize];
            let Some(waiting) = self.waiting.get_mut(partition) else {
                break;
            };
            let run = 1 + self.chance.below(60) as usize;
            let run: Vec<Record> = waiting.drain(..run.min(waiting.len())).collect();
            if waiting.is_empty() {
                self.waiting.remove(partition);
            }
            if let Some(Position::Offset(last)) = run.last().map(|record| &record.origin.position) {
                next.insert(partition.clone(), Position::Offset(last + 1));
            }
            batch.records.extend(run);
        }
        batch.commit = Commit::UpTo(next);
        batch
    }
}

#[async_trait]
impl Source for ShuffledSource {
    async fn fetch(&mut self, limit: Limit) -> Result<Fetched> {
        if self.waiting.is_empty() || self.chance.below(3) == 0 {
            let wait = match self.waiting.is_empty() {
                true => limit.wait,
                false => std::time::Duration::ZERO,
            };
            match self
                .memory
                .fetch(Limit {
                    wait,
                    ..Limit::default()
                })
                .await?
            {
                Fetched::Batch(batch) => {
                    for record in batch.records {
                        let partition = record.origin.partition.clone();
                        self.waiting.entry(partition).or_default().push_back(record);
                    }
                }
                other if self.waiting.is_empty() => return Ok(other),
                _ => {}
            }
        }
        Ok(Fetched::Batch(self.some()))
    }

    fn partitions(&self) -> Option<Vec<Partition>> {
        let mut partitions = self.memory.partitions()?;
        partitions.extend(self.waiting.keys().cloned());
        partitions.sort();
        partitions.dedup();
        Some(partitions)
    }

    async fn bound(&mut self) -> Result<()> {
        self.memory.bound().await
    }

    async fn commit(&mut self, commit: &Commit) -> Result<()> {
        self.memory.commit(commit).await
    }

    async fn close(self: Box<Self>) -> Result<()> {
        self.memory.close().await
    }
}
