//! Reading a topic by a subscription: messages are leased while they are worked on, and acknowledged by `commit`.

mod end;
mod held;
mod receive;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use google_cloud_pubsub::model::Message;
use google_cloud_pubsub::subscriber::handler::Handler;
use ssectl_adapter::{
    Batch, Bound, Commit, Error, ErrorKind, Fault, Fetched, Limit, Origin, Partition, Position,
    Range, Receipt, Record, Result, Source, SourceSpec, Timestamp,
};
use tokio::time::{Instant, sleep_until, timeout};

use crate::message::decode;
use crate::service::Service;
use crate::subscription::{self, Reading};
use crate::{error, names, time};
use held::Held;
use receive::{Received, Receiver};
use watch::Watch;

/// An open read of one topic.
pub(crate) struct PubsubSource {
    service: Arc<Service>,
    stream: Arc<str>,
    reading: Reading,
    /// `None` between a failure that may pass and the next fetch.
    receiver: Option<Receiver>,
    held: Held,
    /// Messages that are not for this read. Given back at once they would come again at once.
    aside: Vec<Handler>,
    watch: Watch,
    /// The next message, when it does not fit into a batch.
    next: Option<Received>,
    /// Why the stream broke off behind the last batch.
    failed: Option<google_cloud_pubsub::Error>,
    times: Times,
    ended: bool,
}

/// Which records a read is for, by their own times.
#[derive(Debug, Default)]
struct Times {
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

/// An exactly-once acknowledgement takes no longer; the client itself would try for ten minutes.
const CONFIRMATION: Duration = Duration::from_secs(60);

impl PubsubSource {
    pub(crate) async fn open(service: &Arc<Service>, spec: &SourceSpec) -> Result<Self> {
        if let Some(partition) = spec.partitions.iter().find(|name| !name.is_empty()) {
            return Err(Error::new(
                ErrorKind::NotFound,
                format!("a topic has no partitions, and so none named `{partition}`"),
            ));
        }
        let (times, bounded) = check(&spec.range)?;
        let topic = service.topic_name(&spec.stream)?;
        let reading = Reading::open(service, &topic, spec.group.as_deref(), &spec.range).await?;
        let subscriber = service.subscriber().await?;
        let receiver = Receiver::start(subscriber, &reading.name, &service.config);
        let watch = Watch::start(service, &reading.name);
        let mut source = Self {
            service: service.clone(),
            stream: spec.stream.as_str().into(),
            reading,
            receiver: Some(receiver),
            held: Held::default(),
            aside: Vec::new(),
            watch,
            next: None,
            failed: None,
            times,
            ended: false,
        };
        if bounded {
            source.bound_now();
        }
        Ok(source)
    }

    fn bound_now(&mut self) {
        let quiet = self.service.quiet();
        self.watch.silence.bound(quiet, time::now(), Instant::now());
    }

    /// Opens the stream anew after a failure, once the service answers: a stream that knocks at a lost one waits
    /// longer each time, and that silence would look like the end.
    async fn open_again(&mut self) -> Result<()> {
        if self.receiver.is_none() {
            self.watch.answer().await?;
            let subscriber = self.service.subscriber().await?;
            let started = Receiver::start(subscriber, &self.reading.name, &self.service.config);
            self.receiver = Some(started);
            self.watch.silence.opened(Instant::now());
        }
        Ok(())
    }

    /// Takes what the stream brought.
    fn took(&mut self, answer: Option<google_cloud_pubsub::Result<Received>>) -> Result<Received> {
        match answer {
            Some(Ok(received)) => {
                if !self.watch.silence.is_beyond(published(&received.message)) {
                    self.watch.silence.heard(Instant::now());
                }
                Ok(received)
            }
            Some(Err(fault)) => {
                self.receiver = None;
                let error = error::request("receiving messages", &fault);
                Err(error.with("subscription", names::short(&self.reading.name)))
            }
            None => {
                self.receiver = None;
                Err(closed())
            }
        }
    }

    /// Whether the limit of messages that are not acknowledged keeps the service from sending more.
    fn is_full(&self) -> bool {
        let waiting = self.receiver.as_ref().map_or(0, Receiver::waiting);
        self.held.len() + waiting >= self.service.config.outstanding as usize
    }

    /// Waits for a message until the deadline; `None` when none came, or at the end. Cancel-safe.
    async fn wait(&mut self, deadline: Instant) -> Result<Option<Received>> {
        if let Some(fault) = self.failed.take() {
            return self.took(Some(Err(fault))).map(Some);
        }
        self.open_again().await?;
        loop {
            let (now, full) = (Instant::now(), self.is_full());
            if !full && self.watch.silence.is_end(now) {
                self.ended = true;
                return Ok(None);
            }
            let ends = self.watch.silence.ends_at();
            let ends = ends.filter(|ends| !full && *ends > now && *ends < deadline);
            let Some(receiver) = &mut self.receiver else {
                return Err(closed());
            };
            let answer = tokio::select! {
                biased;
                answer = receiver.next() => answer,
                watched = self.watch.next() => {
                    if watched.is_err() {
                        self.receiver = None;
                    }
                    watched?;
                    continue;
                }
                () = sleep_until(ends.unwrap_or(deadline)) => match ends {
                    Some(_) => continue,
                    None => return Ok(None),
                },
            };
            return self.took(answer).map(Some);
        }
    }

    /// A batch that begins with this message and goes on with what is there.
    fn batch(&mut self, first: Received, limit: Limit) -> Result<Batch> {
        let mut batch = Batch::default();
        let (mut bytes, mut receipts) = (0, Vec::new());
        let mut next = Some(first);
        while let Some(received) = next {
            let count = batch.records.len() + batch.faults.len();
            let size = received.message.data.len();
            if count > 0 && (count >= limit.records || bytes + size > limit.bytes) {
                self.next = Some(received);
                break;
            }
            bytes += self.hand_over(received, &mut batch, &mut receipts);
            next = match self.receiver.as_mut().and_then(Receiver::ready) {
                None => None,
                Some(Err(fault)) => {
                    self.failed = Some(fault);
                    None
                }
                answer => Some(self.took(answer)?),
            };
        }
        if !self.reading.temporary {
            batch.commit = Commit::Receipts(receipts);
        }
        Ok(batch)
    }

    /// Adds a message to the batch, if it belongs to the read; answers its size.
    fn hand_over(
        &mut self,
        received: Received,
        batch: &mut Batch,
        receipts: &mut Vec<Receipt>,
    ) -> usize {
        let Received {
            message, handler, ..
        } = received;
        if self.watch.silence.is_beyond(published(&message)) {
            self.aside.push(handler);
            return 0;
        }
        let (origin, raw) = (self.origin(&message), message.data.clone());
        let record = decode(message, origin.clone());
        match self.times.place(record.as_ref().ok()) {
            Placed::Before => {
                handler.ack();
                return 0;
            }
            Placed::Behind => {
                self.aside.push(handler);
                return 0;
            }
            Placed::Within => {}
        }
        if self.reading.temporary {
            // Nobody else reads it, and nobody commits.
            handler.ack();
        } else {
            receipts.push(self.held.add(handler));
        }
        let size = record.as_ref().map_or(raw.len(), Record::size);
        match record {
            Ok(record) => batch.records.push(record),
            Err(error) => batch
                .faults
                .push(fault(origin, batch.records.len(), raw, error)),
        }
        size
    }

    fn origin(&self, message: &Message) -> Origin {
        Origin {
            stream: self.stream.clone(),
            partition: Partition::default(),
            position: Position::Token(message.message_id.as_str().into()),
        }
    }
}

/// Where a record stands to the times of a read.
enum Placed {
    Before,
    Within,
    Behind,
}

impl Times {
    fn place(&self, record: Option<&Record>) -> Placed {
        let Some(time) = record.and_then(|record| record.timestamp) else {
            return Placed::Within;
        };
        if self.from.is_some_and(|from| time < from) {
            Placed::Before
        } else if self.to.is_some_and(|to| time >= to) {
            Placed::Behind
        } else {
            Placed::Within
        }
    }
}

fn fault(origin: Origin, index: usize, raw: Bytes, error: Error) -> Fault {
    Fault {
        origin,
        index,
        raw: Some(raw),
        cut_from: None,
        error,
    }
}

fn published(message: &Message) -> Option<Timestamp> {
    message.publish_time.as_ref().map(time::from_client)
}

fn closed() -> Error {
    Error::new(
        ErrorKind::Unavailable,
        "receiving messages: the stream was closed",
    )
    .temporary()
}

/// The times of a range, and whether it has an end.
fn check(range: &Range) -> Result<(Times, bool)> {
    let mut times = Times::default();
    if let Bound::Time(from) = &range.from {
        times.from = Some(*from);
    }
    match &range.to {
        None => return Ok((times, false)),
        Some(Bound::End) => {}
        Some(Bound::Time(to)) => times.to = Some(*to),
        Some(other) => {
            return Err(Error::new(
                ErrorKind::Unsupported,
                format!("messages of a topic are not counted, so it cannot be read to `{other}`"),
            )
            .hint("use `end` or a time such as `@-1h`"));
        }
    }
    Ok((times, true))
}

#[async_trait]
impl Source for PubsubSource {
    async fn fetch(&mut self, limit: Limit) -> Result<Fetched> {
        let deadline = Instant::now() + limit.wait;
        loop {
            if self.ended {
                return Ok(Fetched::End);
            }
            let first = match self.next.take() {
                Some(kept) => Some(kept),
                None => self.wait(deadline).await?,
            };
            let Some(first) = first else {
                if self.ended {
                    continue;
                }
                return Ok(Fetched::Idle);
            };
            let batch = self.batch(first, limit)?;
            if !batch.records.is_empty() || !batch.faults.is_empty() {
                return Ok(Fetched::Batch(batch));
            }
        }
    }

    /// Only silence shows the end of a topic; see `end.rs`.
    async fn bound(&mut self) -> Result<()> {
        self.bound_now();
        Ok(())
    }

    /// Acknowledgements of exactly-once subscriptions are confirmed. Others leave within 100 ms, and before the source is
    /// closed; one that is lost lets its message come again.
    async fn commit(&mut self, commit: &Commit) -> Result<()> {
        let Commit::Receipts(receipts) = commit else {
            return Ok(());
        };
        let name = names::short(&self.reading.name);
        let acknowledged = timeout(CONFIRMATION, self.held.acknowledge(receipts)).await;
        // With ordering keys the next messages may come only now.
        self.watch.silence.heard(Instant::now());
        match acknowledged {
            Err(_) => Err(error::no_answer("acknowledging messages").with("subscription", name)),
            Ok(failed) => {
                if let Some(why) = failed.last {
                    let count = failed.count;
                    log::warn!(
                        "{count} messages of subscription `{name}` were not acknowledged and come again: {why}"
                    );
                }
                Ok(())
            }
        }
    }

    async fn release(&mut self, receipts: &[Receipt]) -> Result<()> {
        self.held.release(receipts);
        Ok(())
    }

    async fn close(self: Box<Self>) -> Result<()> {
        let Self {
            service,
            receiver,
            held,
            aside,
            next,
            reading,
            ..
        } = *self;
        let stopped = match receiver {
            Some(receiver) => Some(receiver.stop().await),
            None => None,
        };
        // Until the service knows that the stream is closed, what is given back would come again by that very stream, and
        // be leased to nobody. It has answered something asked later, so it may well know; what it says does not matter.
        if !service.config.data_only && !reading.temporary {
            let _ = subscription::get(&service, &reading.name).await;
        }
        drop((held, aside, next));
        if let Some(stopped) = stopped {
            stopped.finish().await;
        }
        reading.close().await;
        Ok(())
    }
}
