//! Writing a hub: records by partition, partitions side by side.
//!
//! We choose the partition ourselves, by the service's own hash, so that one batch holds many keys.
//! A partition's batches are sent one after the other, and what follows a batch that failed is held
//! back with it: records of a key keep their order.

mod lane;

use std::sync::Arc;

use async_trait::async_trait;
use azure_messaging_eventhubs::error::ErrorKind as HubsKind;
use azure_messaging_eventhubs::{EventDataBatchOptions, ProducerClient};
use futures::FutureExt;
use futures::stream::{self, StreamExt};
use ssectl_adapter::{Record, Rejected, Result, Sink, Written};
use tokio::time::timeout;

use crate::client::{Hub, Service, close_producer};
use crate::error::{no_answer, request};
use crate::routing::partition_of;
use crate::worker::Worker;
use lane::{Lane, Outcome};

/// Partitions that are written to at once.
const LANES: usize = 16;

/// An open write to one hub.
pub(crate) struct EventHubsSink {
    service: Arc<Service>,
    worker: Worker,
    hub: Hub,
    /// `None` after an error, until the next write.
    link: Option<Arc<Link>>,
    /// The partition of the next record without a key.
    turn: usize,
}

/// A connection, and what it takes.
struct Link {
    producer: ProducerClient,
    /// The largest message, in bytes.
    largest: usize,
}

impl EventHubsSink {
    pub(crate) async fn open(service: Arc<Service>, name: &str) -> Result<Self> {
        let worker = Worker::start()?;
        let (ours, name) = (service.clone(), name.to_owned());
        let opened = worker.run(async move {
            let producer = ours.producer(&name).await?;
            let hub = ours.hub_to_write(&producer, &name).await?;
            let largest = largest(&ours, &producer, &hub).await?;
            Ok((hub, Link { producer, largest }))
        });
        let (hub, link) = opened.await?;
        Ok(Self {
            service,
            worker,
            hub,
            link: Some(Arc::new(link)),
            turn: 0,
        })
    }

    async fn link(&mut self) -> Result<Arc<Link>> {
        if let Some(link) = &self.link {
            return Ok(link.clone());
        }
        let (service, hub) = (self.service.clone(), self.hub.clone());
        let opened = self.worker.run(async move {
            let producer = service.producer(&hub.name).await?;
            let largest = largest(&service, &producer, &hub).await?;
            Ok(Arc::new(Link { producer, largest }))
        });
        let link = opened.await?;
        self.link = Some(link.clone());
        Ok(link)
    }

    /// Drops the connection.
    async fn unlink(&mut self) {
        let link = self.link.take().and_then(Arc::into_inner);
        if let Some(link) = link {
            let goodbye = self.worker.spawn(close_producer(link.producer));
            goodbye.await.ok();
        }
    }

    /// The indexes of the records, by partition. Records without a key are spread evenly.
    fn spread(&mut self, records: &[Record]) -> Vec<(usize, Vec<usize>)> {
        let count = self.hub.partitions.len();
        let mut lanes = vec![Vec::new(); count];
        for (index, record) in records.iter().enumerate() {
            let partition = match &record.key {
                Some(key) => partition_of(key, count),
                None => {
                    self.turn = (self.turn + 1) % count;
                    self.turn
                }
            };
            lanes[partition].push(index);
        }
        let lanes = lanes.into_iter().enumerate();
        lanes.filter(|(_, indexes)| !indexes.is_empty()).collect()
    }
}

/// A write under way.
struct Job {
    service: Arc<Service>,
    link: Arc<Link>,
    partitions: Vec<String>,
    /// Which records go to which partition.
    lanes: Vec<(usize, Vec<usize>)>,
    records: Vec<Record>,
}

impl Job {
    async fn send(self) -> Result<Outcome> {
        let mut sends = Vec::with_capacity(self.lanes.len());
        for (partition, indexes) in self.lanes {
            let lane = Lane {
                service: &self.service,
                producer: &self.link.producer,
                largest: self.link.largest,
                partition: &self.partitions[partition],
                records: &self.records,
                indexes: indexes.into(),
            };
            sends.push(lane.send().boxed());
        }
        let mut outcomes = stream::iter(sends).buffer_unordered(LANES);
        let mut all = Outcome::default();
        while let Some(outcome) = outcomes.next().await {
            all.broken |= outcome.broken;
            all.rejected.extend(outcome.rejected);
            all.failed = all.failed.or(outcome.failed);
        }
        Ok(all)
    }
}

/// The size that the link to the first partition names. The client tells it only when it is asked for
/// more than there is.
async fn largest(service: &Service, producer: &ProducerClient, hub: &Hub) -> Result<usize> {
    let doing = "opening a link to write";
    let options = EventDataBatchOptions {
        max_size_in_bytes: Some(u64::MAX),
        partition_id: hub.partitions.first().cloned(),
        ..EventDataBatchOptions::default()
    };
    let asked = producer.create_batch(Some(options));
    let limit = match timeout(service.config.timeout.as_duration(), asked).await {
        Ok(Ok(_)) => u64::MAX,
        Ok(Err(error)) => match error.kind {
            HubsKind::InvalidBatchSize { max_allowed, .. } => max_allowed,
            _ => return Err(request(doing, error).with("hub", &hub.name)),
        },
        Err(_) => return Err(no_answer(doing).with("hub", &hub.name)),
    };
    Ok(usize::try_from(limit).unwrap_or(usize::MAX))
}

#[async_trait]
impl Sink for EventHubsSink {
    async fn write(&mut self, records: &[Record]) -> Result<Written> {
        if records.is_empty() {
            return Ok(Written::default());
        }
        let link = self.link().await?;
        let job = Job {
            service: self.service.clone(),
            link,
            partitions: self.hub.partitions.clone(),
            lanes: self.spread(records),
            records: records.to_vec(),
        };
        let Outcome {
            mut rejected,
            failed,
            broken,
        } = self.worker.run(job.send()).await?;
        if broken {
            self.unlink().await;
        }
        if let Some(error) = failed {
            return Err(error.with("hub", &self.hub.name));
        }
        rejected.sort_unstable_by_key(|refused: &Rejected| refused.index);
        Ok(Written { rejected })
    }

    /// A batch that was answered is in the hub.
    async fn flush(&mut self) -> Result<()> {
        Ok(())
    }

    async fn close(mut self: Box<Self>) -> Result<()> {
        self.unlink().await;
        Ok(())
    }
}
