//! Writing a queue: batches packed to the limits, several under way, groups in their order.

mod dedup_ids;
mod pack;

use std::collections::HashSet;

use async_trait::async_trait;
use aws_sdk_sqs::types::{QueueAttributeName, SendMessageBatchRequestEntry as Entry};
use futures::{StreamExt, stream};
use ssectl_adapter::{Error, ErrorKind, ID_HEADER, Record, Rejected, Result, Sink, Written};

use crate::client::Queue;
use crate::config::{Deduplication, SqsConfig};
use crate::error::entry;
use crate::message::{Grouping, encode};
use dedup_ids::DedupIds;
use pack::{Outgoing, pack};

/// What SQS takes at most of a message, and of a batch together.
const LARGEST: usize = 1 << 20;

/// An open write to one queue.
pub(crate) struct SqsSink {
    queue: Queue,
    requests: usize,
    message_group: String,
    deduplication: Deduplication,
    /// The largest message the queue takes, in bytes.
    largest: usize,
    dedup_ids: DedupIds,
    /// Whether records carry ids of their own.
    identified: bool,
}

impl SqsSink {
    pub(crate) async fn open(queue: Queue, config: &SqsConfig, identified: bool) -> Result<Self> {
        Ok(Self {
            largest: largest(&queue).await?,
            queue,
            requests: config.requests.into(),
            message_group: config.message_group.clone(),
            deduplication: config.deduplication.clone(),
            dedup_ids: DedupIds::new(),
            identified,
        })
    }

    /// The message of a record, or why the queue will never take it.
    fn outgoing(&mut self, index: usize, record: &Record) -> Result<Outgoing, Rejected> {
        let grouping = if self.queue.fifo {
            Grouping::Fifo(&self.message_group)
        } else {
            Grouping::Standard
        };
        let message = encode(record, grouping);
        if message.size > self.largest {
            return Err(Rejected {
                index,
                error: Error::new(
                    ErrorKind::TooLarge,
                    format!(
                        "the message has {} bytes, the queue takes {}",
                        message.size, self.largest
                    ),
                )
                .with("queue", &self.queue.name),
            });
        }
        let id = match self.queue.fifo {
            true => self
                .deduplication_id(index, record)
                .map_err(|error| Rejected { index, error })?,
            false => None,
        };
        Ok(Outgoing {
            index,
            message,
            deduplication: id,
        })
    }

    fn deduplication_id(&mut self, index: usize, record: &Record) -> Result<Option<String>> {
        match &self.deduplication {
            Deduplication::Content => Ok(None),
            Deduplication::Unique => {
                let own = if self.identified {
                    text(record, ID_HEADER)
                } else {
                    None
                };
                let made = || self.dedup_ids.next(index, record);
                Ok(Some(own.map_or_else(made, str::to_owned)))
            }
            Deduplication::Header(name) => match text(record, name) {
                Some(id) => Ok(Some(id.to_owned())),
                None => Err(Error::new(
                    ErrorKind::Data,
                    format!(
                        "the record has no text in header `{name}`, which is to be its deduplication id"
                    ),
                )),
            },
        }
    }

    /// Sends the batches of a lane one after another. A group of which a message was refused for
    /// now gets no further ones, which would overtake it.
    async fn send_lane(&self, lane: Vec<Vec<Outgoing>>) -> Lane {
        let mut stopped: HashSet<String> = HashSet::new();
        let mut outcome = Lane::default();
        for batch in lane {
            let (held, batch): (Vec<_>, Vec<_>) = batch.into_iter().partition(|outgoing| {
                outgoing
                    .message
                    .group
                    .as_ref()
                    .is_some_and(|group| stopped.contains(group))
            });
            outcome
                .rejected
                .extend(held.into_iter().map(|outgoing| Rejected {
                    index: outgoing.index,
                    error: waits(),
                }));
            if batch.is_empty() {
                continue;
            }
            let places: Vec<_> = batch
                .iter()
                .map(|o| (o.index, o.message.group.clone()))
                .collect();
            let rejected = match self.send(batch).await {
                Ok(rejected) => rejected,
                Err(error) if error.is_temporary() => {
                    let all = places.iter().map(|(index, _)| Rejected {
                        index: *index,
                        error: Error::new(error.kind(), error.to_string()).temporary(),
                    });
                    let all = all.collect();
                    outcome.failed = Some(error);
                    all
                }
                Err(error) => {
                    outcome.failed = Some(error);
                    return outcome;
                }
            };
            for refused in rejected
                .iter()
                .filter(|refused| refused.error.is_temporary())
            {
                let place = places.iter().find(|(index, _)| *index == refused.index);
                stopped.extend(place.and_then(|(_, group)| group.clone()));
            }
            outcome.rejected.extend(rejected);
        }
        outcome
    }

    /// One request; the entries that were refused.
    async fn send(&self, batch: Vec<Outgoing>) -> Result<Vec<Rejected>> {
        let indexes: Vec<_> = batch.iter().map(|outgoing| outgoing.index).collect();
        let entries: Vec<_> = batch
            .into_iter()
            .enumerate()
            .map(|(id, o)| into_entry(id, o))
            .collect();
        let asked = self
            .queue
            .client
            .send_message_batch()
            .queue_url(&*self.queue.url);
        let answer = asked.set_entries(Some(entries)).send().await;
        let answer = answer.map_err(|error| self.queue.fault("sending messages", error))?;
        let rejected = answer.failed.iter().filter_map(|failed| {
            let index = *indexes.get(failed.id().parse::<usize>().ok()?)?;
            Some(Rejected {
                index,
                error: entry(failed).with("queue", &self.queue.name),
            })
        });
        Ok(rejected.collect())
    }
}

/// How a lane went.
#[derive(Default)]
struct Lane {
    rejected: Vec<Rejected>,
    /// The last request that failed as a whole.
    failed: Option<Error>,
}

/// The text of a header.
fn text<'a>(record: &'a Record, header: &str) -> Option<&'a str> {
    let found = record.headers.iter().find(|(name, _)| name == header);
    found.and_then(|(_, value)| std::str::from_utf8(value.as_ref()?).ok())
}

fn waits() -> Error {
    Error::new(
        ErrorKind::Unavailable,
        "an earlier message of the same group was refused for now",
    )
    .temporary()
}

fn into_entry(id: usize, outgoing: Outgoing) -> Entry {
    let message = outgoing.message;
    let attributes = (!message.attributes.is_empty()).then_some(message.attributes);
    Entry::builder()
        .id(id.to_string())
        .message_body(message.body)
        .set_message_attributes(attributes)
        .set_message_group_id(message.group)
        .set_message_deduplication_id(outgoing.deduplication)
        .build()
        .expect("id and body are there, and nothing else is required")
}

/// The size of the queue's largest message; the service's limit for who may not ask.
async fn largest(queue: &Queue) -> Result<usize> {
    let asked = vec![QueueAttributeName::MaximumMessageSize];
    match queue.attributes(asked).await {
        Ok(answer) => {
            let size = answer.get(&QueueAttributeName::MaximumMessageSize);
            Ok(size
                .and_then(|size| size.parse().ok())
                .unwrap_or(LARGEST)
                .min(LARGEST))
        }
        Err(error) if error.kind() == ErrorKind::Permission => Ok(LARGEST),
        Err(error) => Err(error),
    }
}

#[async_trait]
impl Sink for SqsSink {
    async fn write(&mut self, records: &[Record]) -> Result<Written> {
        let mut rejected = Vec::new();
        let mut messages = Vec::with_capacity(records.len());
        for (index, record) in records.iter().enumerate() {
            match self.outgoing(index, record) {
                Ok(message) => messages.push(message),
                Err(refused) => rejected.push(refused),
            }
        }
        let lanes = pack(messages, self.requests, LARGEST);
        let sink = &*self;
        let mut sent = stream::iter(lanes)
            .map(|lane| sink.send_lane(lane))
            .buffer_unordered(self.requests);
        while let Some(lane) = sent.next().await {
            match lane.failed {
                Some(error) if !error.is_temporary() => return Err(error),
                _ => rejected.extend(lane.rejected),
            }
        }
        drop(sent);
        rejected.sort_unstable_by_key(|refused| refused.index);
        self.dedup_ids.settle(records, &rejected);
        Ok(Written { rejected })
    }

    /// A write that was answered is in the queue.
    async fn flush(&mut self) -> Result<()> {
        Ok(())
    }

    async fn close(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}
