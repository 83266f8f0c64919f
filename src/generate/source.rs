//! Generated events as the source of a pipeline.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use ssectl_adapter::{
    Batch, Commit, Fetched, Limit, Origin, Partition, Position, Record, Result, Source, Timestamp,
};
use tokio::time::{Instant, sleep};

use super::{Event, Generator, Key, Rate, Spec, SpecError};

/// Writes the events of a generator, as fast as it can or at a rate.
///
/// Time is tokio's, so a test with paused time runs at once.
pub struct GenerateSource {
    generator: Generator,
    rate: Option<Rate>,
    duration: Option<Duration>,
    started: Option<Instant>,
    /// How many events were handed over.
    done: u64,
    stopped: bool,
    origin: Origin,
}

impl GenerateSource {
    /// # Errors
    ///
    /// What is wrong with the options.
    pub fn new(spec: &Spec) -> std::result::Result<Self, SpecError> {
        Ok(Self {
            generator: Generator::new(spec)?,
            rate: spec.rate,
            duration: spec.duration.map(|duration| duration.0),
            started: None,
            done: 0,
            stopped: false,
            origin: Origin {
                stream: spec.generate.to_string().into(),
                partition: Partition::default(),
                position: Position::None,
            },
        })
    }

    /// How many events will come, if that is known.
    pub fn total(&self) -> Option<u64> {
        let timed = self
            .rate
            .zip(self.duration)
            .map(|(rate, duration)| rate.within(duration));
        match (self.generator.len(), timed) {
            (Some(count), Some(timed)) => Some(count.min(timed)),
            (count, timed) => count.or(timed),
        }
    }

    fn batch(&self, count: u64, most_bytes: usize) -> Batch {
        let mut bytes = Vec::new();
        let mut events: Vec<(usize, Event)> = Vec::new();
        for i in self.done..self.done + count {
            if bytes.len() >= most_bytes {
                break;
            }
            let start = bytes.len();
            let event = self.generator.write(self.generator.first() + i, &mut bytes);
            events.push((start, event));
        }
        let bytes = Bytes::from(bytes);
        let ends = events
            .iter()
            .skip(1)
            .map(|(start, _)| *start)
            .chain([bytes.len()]);
        let ends: Vec<usize> = ends.collect();
        let records = events.into_iter().zip(ends).enumerate();
        let records = records.map(|(n, ((start, event), end))| {
            let position = (self.generator.first() + self.done).saturating_add(n as u64);
            self.record(bytes.slice(start..end), event, position)
        });
        Batch {
            records: records.collect(),
            ..Batch::default()
        }
    }

    fn record(&self, value: Bytes, event: Event, position: u64) -> Record {
        Record {
            key: event.key.map(|key| match key {
                Key::Within(range) => value.slice(range),
                Key::Apart(bytes) => Bytes::from(bytes),
            }),
            value: Some(value),
            timestamp: Some(Timestamp::from_nanos(event.time_ns)),
            origin: Origin {
                position: Position::Offset(position.cast_signed()),
                ..self.origin.clone()
            },
            ..Record::default()
        }
    }
}

#[async_trait]
impl Source for GenerateSource {
    async fn fetch(&mut self, limit: Limit) -> Result<Fetched> {
        let started = *self.started.get_or_insert_with(Instant::now);
        let left = self
            .generator
            .len()
            .map_or(u64::MAX, |count| count - self.done);
        let over = self
            .duration
            .is_some_and(|duration| started.elapsed() >= duration);
        if self.stopped || left == 0 || over {
            return Ok(Fetched::End);
        }
        let due = match self.rate {
            None => u64::MAX,
            Some(rate) => rate.due(started.elapsed()).saturating_sub(self.done),
        };
        if due == 0 {
            let next = self
                .rate
                .map_or(Duration::ZERO, |rate| rate.due_at(self.done));
            let end = self.duration.unwrap_or(Duration::MAX);
            let wait = next.min(end).saturating_sub(started.elapsed());
            // A whole millisecond more than needed is better than a busy loop below the timer's grain.
            sleep(wait.max(Duration::from_millis(1)).min(limit.wait)).await;
            return Ok(Fetched::Idle);
        }
        let count = due.min(left).min(limit.records as u64);
        let batch = self.batch(count, limit.bytes);
        self.done += batch.records.len() as u64;
        Ok(Fetched::Batch(batch))
    }

    /// A stream without end ends where it is.
    async fn bound(&mut self) -> Result<()> {
        self.stopped |= self.generator.len().is_none() && self.duration.is_none();
        Ok(())
    }

    async fn commit(&mut self, _commit: &Commit) -> Result<()> {
        Ok(())
    }

    async fn close(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::Kind;
    use super::*;

    async fn all(spec: &Spec, records: usize) -> Vec<Record> {
        let mut source = GenerateSource::new(spec).expect("a spec");
        let limit = Limit {
            records,
            ..Limit::default()
        };
        let mut found = Vec::new();
        loop {
            match source.fetch(limit).await.expect("cannot fail") {
                Fetched::Batch(batch) => found.extend(batch.records),
                Fetched::Idle => {}
                Fetched::End => return found,
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn batch_size_and_rate_change_no_event() {
        let spec = Spec {
            count: Some(500),
            ..Spec::new(Kind::Orders)
        };
        let whole = all(&spec, 1000).await;
        assert_eq!(whole.len(), 500);
        assert_eq!(all(&spec, 7).await, whole);
        let paced = Spec {
            rate: Some("1000/s".parse().expect("a rate")),
            ..spec
        };
        let started = Instant::now();
        assert_eq!(all(&paced, 1000).await, whole);
        assert!(started.elapsed() >= Duration::from_millis(490));
    }

    #[tokio::test(start_paused = true)]
    async fn a_duration_ends_a_paced_stream() {
        let spec = Spec {
            rate: Some("100/s".parse().expect("a rate")),
            duration: Some(Duration::from_secs(2).into()),
            ..Spec::new(Kind::Words)
        };
        assert_eq!(
            GenerateSource::new(&spec).expect("a spec").total(),
            Some(200)
        );
        let count = all(&spec, 1000).await.len();
        assert!((199..=201).contains(&count), "{count}");
    }
}
