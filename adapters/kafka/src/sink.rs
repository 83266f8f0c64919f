//! Writing a topic.

mod delivery;
mod link;
mod poller;

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use rdkafka::client::Client;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use ssectl_adapter::{Record, Result, Sink, Timestamp, Written};
use tokio::time::timeout;

use crate::admin::Terms;
use crate::cluster::{blocking, metadata};
use crate::config::KafkaConfig;
use crate::error::from_client;
use crate::monitor::Context;
use crate::properties;
use crate::transaction::Transactions;
use delivery::{Deliveries, Outcome, Ticket};
pub(crate) use link::Link;

/// A producer that counts what was delivered.
pub(crate) type CountingProducer = BaseProducer<Context<Deliveries>>;

/// A write that takes so long is talked about; the next time after twice as long.
const SILENCE: Duration = Duration::from_secs(3);

/// After so many records in a row other tasks get a turn.
const TURN: usize = 1024;

/// An open write to a topic.
pub(crate) struct KafkaSink {
    link: Link,
    /// The transactions it writes in, if it does.
    transactions: Option<Arc<Transactions>>,
    topic: String,
    /// How long a record may take to be confirmed.
    patience: Duration,
    /// How long the topic keeps records, in milliseconds, until that was talked about.
    retention_ms: Option<i64>,
    /// Whether any sink of the target has said that times are cut.
    said_of_nanos: Arc<AtomicBool>,
}

impl KafkaSink {
    /// Connects to a topic of these partitions and terms. Blocks.
    pub(crate) fn open(
        config: &KafkaConfig,
        topic: &str,
        partitions: &[i32],
        terms: Terms,
        said_of_nanos: Arc<AtomicBool>,
    ) -> Result<Self> {
        let link = Link::open(config, &properties::producer(config, terms.largest))?;
        let patience = config.connect_timeout.as_duration();
        warm_up(
            link.producer.client(),
            topic,
            partitions.first().copied(),
            patience,
        )?;
        Ok(Self::on(link, config, topic, terms, said_of_nanos))
    }

    /// On a producer that is connected.
    pub(crate) fn on(
        link: Link,
        config: &KafkaConfig,
        topic: &str,
        terms: Terms,
        said_of_nanos: Arc<AtomicBool>,
    ) -> Self {
        Self {
            link,
            transactions: None,
            topic: topic.to_owned(),
            patience: config.delivery_timeout.as_duration(),
            retention_ms: terms.retention_ms,
            said_of_nanos,
        }
    }

    /// Writes in transactions of the same producer.
    pub(crate) fn within(self, transactions: Arc<Transactions>) -> Self {
        Self {
            transactions: Some(transactions),
            ..self
        }
    }

    /// A write within a transaction: what is not taken spoils it as a whole.
    async fn write_within(
        &mut self,
        transactions: Arc<Transactions>,
        records: &[Record],
    ) -> Result<Written> {
        transactions.ensure()?;
        let outcome = self.wait_for(records).await;
        let written = outcome.into_written(records, &self.topic, self.link.producer.client());
        let refused = match written {
            Ok(written) => written.rejected.into_iter().next().map(|first| first.error),
            Err(error) => Some(error),
        };
        match refused {
            None => Ok(Written::default()),
            Some(refused) if refused.is_temporary() => {
                let undo = move || Ok(transactions.undo("not all records were confirmed"));
                Err(blocking(undo).await?.caused_by(refused))
            }
            Some(refused) => Err(refused),
        }
    }

    /// Sends the records and waits, with a word when that takes long.
    async fn wait_for(&mut self, records: &[Record]) -> Outcome {
        let mut sending = pin!(self.send(records));
        let mut silence = SILENCE;
        loop {
            match timeout(silence, &mut sending).await {
                Ok(outcome) => return outcome,
                Err(_) => self.say_that_it_waits(),
            }
            silence *= 2;
        }
    }

    /// Waits for records of a write that was dropped half-way: nobody else does.
    async fn settle(&self) -> Result<()> {
        if self.link.producer.in_flight_count() == 0 {
            return Ok(());
        }
        let (producer, patience) = (self.link.producer.clone(), self.patience);
        let message = format!("records for topic `{}` were not confirmed", self.topic);
        blocking(move || {
            let outcome = producer.flush(patience);
            outcome.map_err(|error| from_client(message, &error))
        })
        .await
    }

    fn deliveries(&self) -> &Deliveries {
        &self.link.producer.client().context().own
    }

    /// Sends the records and waits until the fate of each is known.
    async fn send(&self, records: &[Record]) -> Outcome {
        let round = self.deliveries().begin();
        self.link.poller.wake();
        for (index, record) in records.iter().enumerate() {
            let ticket = Ticket { round, index };
            if let Err(error) = self.enqueue(record, ticket).await {
                self.deliveries().settle(ticket, Err(&error));
            }
            if index % TURN == TURN - 1 {
                tokio::task::yield_now().await;
            }
        }
        self.deliveries().finish(records.len()).await
    }

    /// Says once that the broker will delete records at once that are older than it keeps any.
    fn warn_of_age(&mut self, records: &[Record]) {
        let Some(retention_ms) = self.retention_ms else {
            return;
        };
        let now = Timestamp::from_nanos(jiff::Timestamp::now().as_nanosecond());
        let oldest = records.iter().filter_map(|record| record.timestamp).min();
        let old = |time: &Timestamp| now.as_millis() - time.as_millis() > retention_ms;
        let Some(oldest) = oldest.filter(old) else {
            return;
        };
        self.retention_ms = None;
        log::warn!(
            "records go back to {oldest}, and `{}/{}` deletes what is older than retention.ms={retention_ms}: \
             make the topic with `--config retention.ms=-1` to keep them",
            self.link.producer.client().context().monitor.cluster(),
            self.topic,
        );
    }

    /// Says once per target that Kafka does not hold the times as exactly as the records do.
    fn warn_of_nanos(&self, records: &[Record]) {
        if self.said_of_nanos.load(Ordering::Relaxed) {
            return;
        }
        let mut times = records.iter().filter_map(|record| record.timestamp);
        let Some(finer) = times.find(|time| time.has_parts_of_millis()) else {
            return;
        };
        if !self.said_of_nanos.swap(true, Ordering::Relaxed) {
            log::warn!(
                "`{}/{}` holds times in milliseconds, and cuts finer ones, such as {finer}; \
                 envelopes in a file keep them",
                self.link.producer.client().context().monitor.cluster(),
                self.topic,
            );
        }
    }

    /// librdkafka tries again by itself; who watches should know that it does, and why.
    fn say_that_it_waits(&self) {
        let monitor = &self.link.producer.client().context().monitor;
        log::warn!(
            "{} records for `{}/{}` are not confirmed yet{}; giving up after {:?}",
            self.link.producer.in_flight_count(),
            monitor.cluster(),
            self.topic,
            monitor.last_words(),
            self.patience,
        );
    }

    /// Hands one record to librdkafka, and waits while its queue is full.
    async fn enqueue(&self, record: &Record, ticket: Ticket) -> Result<(), KafkaError> {
        let mut message = BaseRecord::with_opaque_to(&self.topic, ticket.into_raw());
        message.key = record.key.as_deref();
        message.payload = record.value.as_deref();
        message.timestamp = record.timestamp.map(millis);
        message.headers = headers(record);
        let mut progress = None;
        loop {
            match self.link.producer.send(message) {
                Ok(()) => return Ok(()),
                Err((KafkaError::MessageProduction(Code::QueueFull), same)) => message = same,
                Err((error, _)) => return Err(error),
            }
            // Tried once more after asking, so that a delivery in between is not missed.
            match progress.take() {
                None => progress = Some(self.deliveries().progress()),
                Some(progress) => progress.await,
            }
        }
    }
}

/// Connects, so that the first write does not wait for it.
///
/// librdkafka asks for the id of an idempotent producer when it hears of the cluster, if a broker
/// of it is connected by then, and else half a second later. So it hears of the cluster twice, with
/// a question to one of its brokers in between. The poller listens meanwhile.
fn warm_up(
    client: &Client<Context<Deliveries>>,
    topic: &str,
    partition: Option<i32>,
    patience: Duration,
) -> Result<()> {
    metadata(client, Some(topic), patience, || {})?;
    if let Some(partition) = partition {
        let answer = client.fetch_watermarks(topic, partition, patience);
        answer
            .inspect_err(|error| log::debug!("warming up: {error}"))
            .ok();
    }
    metadata(client, Some(topic), patience, || {}).map(drop)
}

/// Milliseconds since 1970. librdkafka takes 0 for "now", so the first millisecond of 1970 is sent
/// as the second one.
fn millis(time: Timestamp) -> i64 {
    match time.as_millis() {
        0 => 1,
        millis => millis,
    }
}

fn headers(record: &Record) -> Option<OwnedHeaders> {
    if record.headers.is_empty() {
        return None;
    }
    let empty = OwnedHeaders::new_with_capacity(record.headers.len());
    let headers = record.headers.iter().fold(empty, |headers, (name, value)| {
        headers.insert(Header {
            key: name,
            value: value.as_deref(),
        })
    });
    Some(headers)
}

#[async_trait]
impl Sink for KafkaSink {
    async fn write(&mut self, records: &[Record]) -> Result<Written> {
        self.warn_of_age(records);
        self.warn_of_nanos(records);
        self.link.producer.client().context().monitor.forget();
        if let Some(transactions) = self.transactions.clone() {
            return self.write_within(transactions, records).await;
        }
        let outcome = self.wait_for(records).await;
        outcome.into_written(records, &self.topic, self.link.producer.client())
    }

    fn awaits_commit(&self) -> bool {
        self.transactions.is_some()
    }

    async fn flush(&mut self) -> Result<()> {
        // A write that was not dropped has waited until its records were confirmed.
        self.settle().await
    }

    async fn close(self: Box<Self>) -> Result<()> {
        let Self {
            link, transactions, ..
        } = match self.transactions {
            None => {
                self.settle().await?;
                *self
            }
            Some(_) => *self,
        };
        blocking(move || {
            if let Some(transactions) = transactions {
                transactions.abort();
            }
            link.close();
            Ok(())
        })
        .await
    }
}
