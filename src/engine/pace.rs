//! No more records than so many in a stretch of time, by making whoever has them wait.
//!
//! Time is tokio's, so a test with paused time runs at once.

use std::time::Duration;

use async_trait::async_trait;
use ssectl_adapter::{
    Commit, Error, Fetched, Limit, Partition, Receipt, Record, Rejected, Result, Sink, Source,
    Written,
};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::generate::Rate;

/// What was not used of the rate may be caught up with for so long; behind that it is lost.
const CATCH_UP: Duration = Duration::from_millis(50);

/// How many records were let through since when.
struct Pace {
    rate: Rate,
    since: Option<Instant>,
    done: u64,
}

impl Pace {
    fn new(rate: Rate) -> Self {
        Self {
            rate,
            since: None,
            done: 0,
        }
    }

    /// How many records may go now.
    fn due(&mut self) -> u64 {
        let since = *self.since.get_or_insert_with(Instant::now);
        let due = self.rate.due(since.elapsed()).saturating_sub(self.done);
        if due <= 1 + self.rate.within(CATCH_UP) {
            return due;
        }
        (self.since, self.done) = (Some(Instant::now()), 0);
        1
    }

    /// How long it is until the next one may go.
    fn wait(&self) -> Duration {
        let elapsed = self.since.map_or(Duration::ZERO, |since| since.elapsed());
        let wait = self.rate.due_at(self.done).saturating_sub(elapsed);
        // A whole millisecond more than needed is better than a busy loop below the timer's grain.
        wait.max(Duration::from_millis(1))
    }
}

/// A source that is read no faster than a rate: the rest stays where it is.
pub struct PacedSource {
    source: Box<dyn Source>,
    pace: Pace,
}

impl PacedSource {
    /// At most `rate` of `source`.
    pub fn new(source: Box<dyn Source>, rate: Rate) -> Self {
        Self {
            source,
            pace: Pace::new(rate),
        }
    }
}

#[async_trait]
impl Source for PacedSource {
    async fn fetch(&mut self, limit: Limit) -> Result<Fetched> {
        let due = self.pace.due();
        if due == 0 {
            sleep(self.pace.wait().min(limit.wait)).await;
            return Ok(Fetched::Idle);
        }
        let records = usize::try_from(due).unwrap_or(usize::MAX);
        let records = records.min(limit.records);
        let fetched = self.source.fetch(Limit { records, ..limit }).await?;
        if let Fetched::Batch(batch) = &fetched {
            self.pace.done += (batch.records.len() + batch.faults.len()) as u64;
        }
        Ok(fetched)
    }

    fn partitions(&self) -> Option<Vec<Partition>> {
        self.source.partitions()
    }

    async fn bound(&mut self) -> Result<()> {
        self.source.bound().await
    }

    async fn commit(&mut self, commit: &Commit) -> Result<()> {
        self.source.commit(commit).await
    }

    async fn release(&mut self, receipts: &[Receipt]) -> Result<()> {
        self.source.release(receipts).await
    }

    async fn close(self: Box<Self>) -> Result<()> {
        self.source.close().await
    }
}

/// A sink that is written no faster than a rate. After a stop it no longer waits, so that what was read is written.
pub struct PacedSink {
    sink: Box<dyn Sink>,
    pace: Pace,
    stop: CancellationToken,
}

impl PacedSink {
    /// At most `rate` into `sink`, until `stop`.
    pub fn new(sink: Box<dyn Sink>, rate: Rate, stop: CancellationToken) -> Self {
        Self {
            sink,
            pace: Pace::new(rate),
            stop,
        }
    }

    /// How many of `left` records may be written, after a wait for at least one.
    async fn room(&mut self, left: usize) -> usize {
        loop {
            if self.stop.is_cancelled() {
                return left;
            }
            let due = self.pace.due();
            if due > 0 {
                return usize::try_from(due).unwrap_or(usize::MAX).min(left);
            }
            tokio::select! {
                () = sleep(self.pace.wait()) => {}
                () = self.stop.cancelled() => {}
            }
        }
    }
}

#[async_trait]
impl Sink for PacedSink {
    async fn write(&mut self, records: &[Record]) -> Result<Written> {
        let mut written = Written::default();
        let mut start = 0;
        while start < records.len() {
            let end = start + self.room(records.len() - start).await;
            match self.sink.write(&records[start..end]).await {
                Ok(part) => written
                    .rejected
                    .extend(part.rejected.into_iter().map(|part| Rejected {
                        index: start + part.index,
                        ..part
                    })),
                // What is written already must not be written again.
                Err(error) if error.is_temporary() => {
                    let refused = |index| Rejected {
                        index,
                        error: Error::new(error.kind(), error.to_string()).temporary(),
                    };
                    written.rejected.extend((start..records.len()).map(refused));
                    return Ok(written);
                }
                Err(error) => return Err(error),
            }
            self.pace.done += (end - start) as u64;
            start = end;
        }
        Ok(written)
    }

    async fn flush(&mut self) -> Result<()> {
        self.sink.flush().await
    }

    async fn close(self: Box<Self>) -> Result<()> {
        self.sink.close().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::{GenerateSource, Kind, Spec};

    fn words(count: u64) -> Box<dyn Source> {
        let spec = Spec {
            count: Some(count),
            ..Spec::new(Kind::Words)
        };
        Box::new(GenerateSource::new(&spec).expect("a spec"))
    }

    fn rate() -> Rate {
        "100/s".parse().expect("a rate")
    }

    #[tokio::test(start_paused = true)]
    async fn a_source_gives_all_and_takes_its_time() {
        let mut source = PacedSource::new(words(500), rate());
        let (started, mut count) = (Instant::now(), 0);
        loop {
            match source.fetch(Limit::default()).await.expect("no failure") {
                Fetched::Batch(batch) => count += batch.records.len(),
                Fetched::Idle => {}
                Fetched::End => break,
            }
            let most = 1 + rate().due(started.elapsed() + CATCH_UP);
            assert!(count as u64 <= most, "{count} at {:?}", started.elapsed());
        }
        assert_eq!(count, 500);
        assert!(started.elapsed() >= Duration::from_millis(4900));
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_not_used_is_not_kept() {
        let mut pace = Pace::new(rate());
        assert_eq!(pace.due(), 1);
        tokio::time::advance(Duration::from_secs(60)).await;
        assert!(pace.due() <= 1 + rate().within(CATCH_UP));
    }

    /// Takes three records, is busy once, and takes the rest.
    #[derive(Default)]
    struct Busy {
        taken: std::sync::Arc<std::sync::Mutex<Vec<Record>>>,
        failed: bool,
    }

    #[async_trait]
    impl Sink for Busy {
        async fn write(&mut self, records: &[Record]) -> Result<Written> {
            let mut taken = self.taken.lock().expect("a lock");
            if taken.len() >= 3 && !std::mem::replace(&mut self.failed, true) {
                return Err(Error::new(ssectl_adapter::ErrorKind::Unavailable, "busy").temporary());
            }
            taken.extend_from_slice(records);
            Ok(Written::default())
        }

        async fn flush(&mut self) -> Result<()> {
            Ok(())
        }

        async fn close(self: Box<Self>) -> Result<()> {
            Ok(())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_sink_gets_each_record_once_though_it_was_busy() {
        let busy = Busy::default();
        let (taken, stop) = (busy.taken.clone(), CancellationToken::new());
        let mut sink = PacedSink::new(Box::new(busy), rate(), stop.clone());
        let records: Vec<Record> = (0..20).map(|n| Record::from_value(n.to_string())).collect();
        let started = Instant::now();
        let refused = sink.write(&records).await.expect("no failure").rejected;
        let again: Vec<Record> = refused.iter().map(|r| records[r.index].clone()).collect();
        assert_eq!(again.len(), 17);
        assert!(
            sink.write(&again)
                .await
                .expect("no failure")
                .rejected
                .is_empty()
        );
        assert_eq!(*taken.lock().expect("a lock"), records);
        assert!(started.elapsed() >= Duration::from_millis(180));
        stop.cancel();
        let stopped = Instant::now();
        sink.write(&records).await.expect("no failure");
        assert_eq!(stopped.elapsed(), Duration::ZERO);
    }
}
