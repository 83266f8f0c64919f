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
use lane::Lane;

/// Partitions that are written to at once.
const LANES: usize = 16;

/// An open write to one hub.
pub(crate) struct EventHubsSink {
    service: Arc<Service>,
    hub: Hub,
    /// `None` after an error, until the next write.
    link: Option<Link>,
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
        let producer = service.producer(name).await?;
        let hub = service.hub_to_write(&producer, name).await?;
        let largest = largest(&service, &producer, &hub).await?;
        Ok(Self {
            service,
            hub,
            link: Some(Link { producer, largest }),
            turn: 0,
        })
    }

    async fn link(&mut self) -> Result<Link> {
        if let Some(link) = self.link.take() {
            return Ok(link);
        }
        let producer = self.service.producer(&self.hub.name).await?;
        let largest = largest(&self.service, &producer, &self.hub).await?;
        Ok(Link { producer, largest })
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
        let lanes = self.spread(records);
        let mut sends = Vec::with_capacity(lanes.len());
        for (partition, indexes) in lanes {
            let lane = Lane {
                service: &self.service,
                producer: &link.producer,
                largest: link.largest,
                partition: &self.hub.partitions[partition],
                records,
                indexes: indexes.into(),
            };
            sends.push(lane.send().boxed());
        }
        let outcomes = stream::iter(sends).buffer_unordered(LANES);
        let outcomes: Vec<_> = outcomes.collect().await;
        let (mut rejected, mut failed) = (Vec::new(), None);
        let mut broken = false;
        for outcome in outcomes {
            broken |= outcome.broken;
            rejected.extend(outcome.rejected);
            failed = failed.or(outcome.failed);
        }
        if broken {
            tokio::spawn(close_producer(link.producer));
        } else {
            self.link = Some(link);
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
        if let Some(link) = self.link.take() {
            close_producer(link.producer).await;
        }
        Ok(())
    }
}
