//! Publishing to a topic.
//!
//! The client batches messages, those of an ordering key one batch after another, and takes any number of them; how many
//! are under way is bounded here. A key whose message was refused is paused by the client: what follows it in the same
//! write is refused for now, and the key is resumed when the write is over, so that the order holds when the engine
//! writes the rest again.

mod outcome;

use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use google_cloud_pubsub::client::{BasePublisher, Publisher};
use google_cloud_pubsub::model::Message;
use google_cloud_pubsub::publisher::PublishFuture;
use ssectl_adapter::{Error, ErrorKind, Record, Rejected, Result, Sink, SinkSpec, Written};
use tokio::time::timeout;

use crate::error::no_answer;
use crate::message::encode;
use crate::names;
use crate::service::Service;
use outcome::{Outcome, Refusal};

/// What Pub/Sub takes at most of a message, and of a request.
const LARGEST: usize = 10_000_000;
/// Bytes under way at once.
const MOST_BYTES: usize = 2 * LARGEST;
/// The client keeps something of every ordering key it has seen; after so many it is made anew.
const MOST_KEYS: usize = 10_000;
/// Messages and bytes of a request.
const BATCH: u32 = 500;
const BATCH_BYTES: u32 = 2_000_000;

/// An open write to one topic.
pub(crate) struct PubsubSink {
    base: BasePublisher,
    publisher: Publisher,
    topic: String,
    ordering: bool,
    in_flight: usize,
    timeout: Duration,
    hasher: RandomState,
    /// Hashes of the ordering keys that the publisher has seen.
    keys: HashSet<u64>,
}

/// A message under way.
struct Sent {
    index: usize,
    size: usize,
    message: Message,
    answer: PublishFuture,
}

impl PubsubSink {
    pub(crate) async fn open(service: &Arc<Service>, spec: &SinkSpec) -> Result<Self> {
        let config = &service.config;
        let topic = service.topic_name(&spec.stream)?;
        if !config.data_only {
            match service.topic(&topic).await {
                // Who may only publish may not look.
                Err(error) if error.kind() != ErrorKind::Permission => return Err(error),
                _ => {}
            }
        }
        let base = service.publisher().await?.clone();
        Ok(Self {
            publisher: publisher(&base, &topic, BATCH),
            base,
            topic,
            ordering: config.ordering,
            in_flight: config.in_flight as usize,
            // The client gives up first.
            timeout: config.timeout.as_duration() * 2,
            hasher: RandomState::new(),
            keys: HashSet::new(),
        })
    }

    /// Publishes records, as many at once as may be under way.
    async fn publish(&mut self, records: &[Record], outcome: &mut Outcome) -> Result<()> {
        let mut under_way: VecDeque<Sent> = VecDeque::new();
        let mut bytes = 0;
        for (index, record) in records.iter().enumerate() {
            let encoded = encode(record, self.ordering);
            if encoded.size > LARGEST {
                outcome.reject(index, too_large(encoded.size));
                continue;
            }
            bytes += encoded.size;
            self.saw(&encoded.message.ordering_key);
            let answer = self.publisher.publish(encoded.message.clone());
            under_way.push_back(Sent {
                index,
                size: encoded.size,
                message: encoded.message,
                answer,
            });
            while under_way.len() >= self.in_flight || bytes >= MOST_BYTES {
                let Some(sent) = under_way.pop_front() else {
                    break;
                };
                bytes -= sent.size;
                self.settle(sent, outcome).await?;
            }
        }
        // Else the last ones would wait for more to travel with.
        if timeout(self.timeout, self.publisher.flush()).await.is_err() {
            return Err(no_answer("publishing"));
        }
        for sent in under_way {
            self.settle(sent, outcome).await?;
        }
        Ok(())
    }

    async fn settle(&self, sent: Sent, outcome: &mut Outcome) -> Result<()> {
        let Sent {
            index,
            message,
            answer,
            ..
        } = sent;
        match timeout(self.timeout, answer).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => outcome.refused(index, message, &error),
            Err(_) => Err(no_answer("publishing")),
        }
    }

    /// Publishes messages of refused requests one by one, to find out which of them is to blame.
    async fn publish_singly(&self, suspects: Vec<Refusal>, outcome: &mut Outcome) -> Result<()> {
        let publisher = publisher(&self.base, &self.topic, 1);
        for Refusal { index, message } in suspects {
            let key = message.ordering_key.clone();
            if outcome.is_stopped(&key) {
                outcome.waits(index);
                continue;
            }
            let answer = match timeout(self.timeout, publisher.publish(message)).await {
                Ok(answer) => answer,
                Err(_) => return Err(no_answer("publishing")),
            };
            if let Err(error) = answer {
                outcome.blamed(index, &key, &error)?;
                publisher.resume_publish(key);
            }
        }
        Ok(())
    }

    fn saw(&mut self, key: &str) {
        if !key.is_empty() {
            self.keys.insert(self.hasher.hash_one(key));
        }
    }

    /// A publisher that knows of nothing: after a failure, or when it remembers too much.
    fn renew(&mut self) {
        self.publisher = publisher(&self.base, &self.topic, BATCH);
        self.keys.clear();
    }
}

fn publisher(base: &BasePublisher, topic: &str, batch: u32) -> Publisher {
    base.publisher(topic)
        .set_message_count_threshold(batch)
        .set_byte_threshold(BATCH_BYTES)
        .build()
}

fn too_large(size: usize) -> Error {
    let what = format!("the message has {size} bytes, Pub/Sub takes {LARGEST}");
    Error::new(ErrorKind::TooLarge, what)
}

#[async_trait]
impl Sink for PubsubSink {
    async fn write(&mut self, records: &[Record]) -> Result<Written> {
        let mut outcome = Outcome::default();
        let place = |error: Error, topic: &str| error.with("topic", names::short(topic));
        if let Err(error) = self.publish(records, &mut outcome).await {
            self.renew();
            return Err(place(error, &self.topic));
        }
        let suspects = outcome.suspects();
        if let Err(error) = self.publish_singly(suspects, &mut outcome).await {
            self.renew();
            return Err(place(error, &self.topic));
        }
        let (paused, rejected): (_, Vec<Rejected>) = outcome.finish();
        for key in paused {
            self.publisher.resume_publish(key);
        }
        if self.keys.len() > MOST_KEYS {
            self.renew();
        }
        let topic = &self.topic;
        let rejected = rejected
            .into_iter()
            .map(|Rejected { index, error }| Rejected {
                index,
                error: place(error, topic),
            });
        Ok(Written {
            rejected: rejected.collect(),
        })
    }

    /// A write that was answered is in the topic.
    async fn flush(&mut self) -> Result<()> {
        Ok(())
    }

    async fn close(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}
