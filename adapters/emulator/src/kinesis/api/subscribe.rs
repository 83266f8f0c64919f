//! SubscribeToShard: records are pushed as they come, for five minutes at most.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::timeout;

use super::iterators::find_shard;
use super::views::ChildView;
use crate::aws::{ACCOUNT, AwsError, Protocol};
use crate::faults::Fault;
use crate::kinesis::about::Status;
use crate::kinesis::call::{Call, Output};
use crate::kinesis::checks::Checks;
use crate::kinesis::error::{self, in_use, internal, no_such_stream};
use crate::kinesis::event_stream::{event, exception, initial_response};
use crate::kinesis::position::Position;
use crate::kinesis::reader::{Found, Read, Wanted, read};
use crate::kinesis::resource::{Resource, find_consumer, no_such_consumer};
use crate::kinesis::sequence::Sequence;
use crate::kinesis::service::Kinesis;
use crate::kinesis::stream::DataStream;
use crate::kinesis::subscriptions::{LIFETIME_MS, Subscriber};
use crate::kinesis::wire::Timestamp;

/// How long a subscriber hears nothing at most.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// Bytes of keys and data of one event.
const BYTES: usize = 1 << 20;

/// Records of one event.
const RECORDS: usize = 10_000;

/// Where to begin.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Start {
    #[serde(rename = "Type")]
    kind: Option<String>,
    sequence_number: Option<String>,
    timestamp: Option<Timestamp>,
}

/// The parameters of SubscribeToShard.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::kinesis) struct Subscribe {
    #[serde(rename = "ConsumerARN")]
    consumer_arn: Option<String>,
    shard_id: Option<String>,
    starting_position: Option<Start>,
}

impl Subscribe {
    fn check(&self) -> Result<Position<'_>, AwsError> {
        let start = self.starting_position.as_ref();
        let kind = start.and_then(|start| start.kind.as_deref());
        let position = Position {
            kind: kind.unwrap_or_default(),
            sequence: start.and_then(|start| start.sequence_number.as_deref()),
            timestamp: start.and_then(|start| start.timestamp),
            operation: "SubscribeToShard",
        };
        let mut checks = Checks::default();
        checks.required("consumerARN", self.consumer_arn.as_ref());
        checks.consumer_arn("consumerARN", self.consumer_arn.as_deref());
        checks.required_name("shardId", self.shard_id.as_deref());
        checks.required("startingPosition", start);
        if start.is_some() {
            checks.required("startingPosition.type", kind.as_ref());
        }
        if kind.is_some() {
            position.check(&mut checks, "startingPosition.type");
        }
        checks.done()?;
        Ok(position)
    }
}

/// SubscribeToShard.
pub(in crate::kinesis) fn subscribe(call: &Call<'_>, input: Subscribe) -> Result<Output, AwsError> {
    let position = input.check()?;
    let resource = Resource::find(call, input.consumer_arn.as_deref())?;
    let (stream, consumer) = (resource.stream, resource.consumer.unwrap_or_default());
    require_active(call, &stream, &consumer)?;
    let shard = find_shard(call, &stream, input.shard_id.as_deref().unwrap_or_default())?;
    let log = stream
        .log(shard)
        .ok_or_else(|| internal("a shard without a log"))?;
    let now_ms = call.now_ms();
    let offset = position.resolve(&stream.about(), shard, &log, now_ms)?;
    let subscriber = Subscriber {
        stream_id: stream.id(),
        consumer: consumer.clone(),
        shard,
    };
    let replaced = call.kinesis.subscriptions.begin(subscriber, now_ms);
    let replaced = replaced.ok_or_else(|| {
        in_use(format!(
            "Another active subscription exists for this consumer: {ACCOUNT}:{}:{consumer}:{}",
            stream.about().name,
            input.shard_id.as_deref().unwrap_or_default()
        ))
    })?;
    let (sender, receiver) = mpsc::channel(1);
    // Before anything can end the stream; a new channel has room.
    drop(sender.try_send(initial_response(call.protocol)?));
    let subscription = Subscription {
        kinesis: Arc::clone(call.kinesis),
        stream,
        consumer,
        shard,
        offset,
        end_ms: now_ms + LIFETIME_MS,
        protocol: call.protocol,
        sender,
    };
    tokio::spawn(subscription.run(replaced, call.kinesis.stopped()));
    Ok(Output::Events(receiver))
}

fn require_active(call: &Call<'_>, stream: &DataStream, consumer: &str) -> Result<(), AwsError> {
    let (about, now_ms) = (stream.about(), call.now_ms());
    let found = find_consumer(&about, consumer, now_ms);
    match found.map(|found| found.status(now_ms)) {
        Some(Status::Active) => Ok(()),
        _ => Err(in_use(format!(
            "Consumer {consumer} of stream {} under account {ACCOUNT} is not ACTIVE.",
            about.name
        ))),
    }
}

/// An event with records, or with none to say that there were none.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Event {
    records: Vec<Found>,
    /// Nothing at the end of the shard.
    #[serde(skip_serializing_if = "Option::is_none")]
    continuation_sequence_number: Option<Sequence>,
    millis_behind_latest: i64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    child_shards: Vec<ChildView>,
}

/// A subscription under way.
struct Subscription {
    kinesis: Arc<Kinesis>,
    stream: Arc<DataStream>,
    consumer: String,
    shard: u32,
    /// Of the next record.
    offset: i64,
    /// When it is over, Unix milliseconds.
    end_ms: i64,
    protocol: Protocol,
    sender: mpsc::Sender<Bytes>,
}

impl Subscription {
    /// Sends events until the client goes, another subscription replaces this one, or the emulator ends.
    async fn run(mut self, replaced: Arc<Notify>, mut stopped: watch::Receiver<bool>) {
        let sender = self.sender.clone();
        tokio::select! {
            () = self.push() => {}
            () = sender.closed() => {}
            () = replaced.notified() => {}
            _ = stopped.wait_for(|stopped| *stopped) => {}
        }
    }

    /// Sends events until the shard or the time is over.
    async fn push(&mut self) {
        let sender = self.sender.clone();
        loop {
            // An event is made only when there is room for it, so that slow readers cost little memory.
            let Ok(room) = sender.reserve().await else {
                return;
            };
            let (message, is_last, is_caught_up) = match self.next() {
                Ok((event, is_last, is_caught_up)) => (event, is_last, is_caught_up),
                Err(error) => (exception(self.protocol, &error), true, false),
            };
            room.send(message);
            if is_last || self.kinesis.faults().strikes(Fault::StaleLease) {
                return;
            }
            if is_caught_up {
                self.wait().await;
            }
            if self.kinesis.now_ms() >= self.end_ms {
                return;
            }
        }
    }

    /// Waits until there may be records of this shard, or it is time for a sign of life.
    async fn wait(&self) {
        let news = async {
            loop {
                // Made before looking, so that nothing is missed.
                let grown = self.stream.grown();
                if self.has_news() {
                    return;
                }
                grown.await;
            }
        };
        // Without news it is time.
        drop(timeout(HEARTBEAT, news).await);
    }

    /// Whether there is anything to tell.
    fn has_news(&self) -> bool {
        let now_ms = self.kinesis.now_ms();
        let about = self.stream.about();
        let grew = self
            .stream
            .log(self.shard)
            .is_none_or(|log| log.is_deleted() || log.committed_end() > self.offset);
        let closed = about.shards[self.shard as usize].closed.is_some();
        grew || closed
            || now_ms >= self.end_ms
            || find_consumer(&about, &self.consumer, now_ms).is_none()
    }

    /// The next event; whether it is the last one, and whether there is nothing more yet.
    fn next(&mut self) -> Result<(Bytes, bool, bool), AwsError> {
        let (about, now_ms) = (self.stream.about(), self.kinesis.now_ms());
        let log = self.stream.log(self.shard).filter(|log| !log.is_deleted());
        let log = log.ok_or_else(|| no_such_stream(&about.name))?;
        if find_consumer(&about, &self.consumer, now_ms).is_none() {
            return Err(no_such_consumer(&self.consumer, &about.name));
        }
        let wanted = Wanted {
            offset: self.offset,
            records: RECORDS,
            bytes: BYTES,
        };
        let read = read((&about, self.shard), &log, wanted, now_ms);
        let read: Read = read.map_err(|error| error::store(error, &about.name))?;
        self.offset = read.next;
        let continuation =
            about.shards[self.shard as usize].sequence(self.shard, read.next - 1, now_ms);
        let (is_finished, is_caught_up) = (read.is_finished, read.is_caught_up);
        let payload = Event {
            continuation_sequence_number: (!is_finished).then_some(continuation),
            millis_behind_latest: read.millis_behind(now_ms),
            child_shards: match is_finished {
                true => ChildView::all(&about, self.shard),
                false => Vec::new(),
            },
            records: read.records,
        };
        let message = event("SubscribeToShardEvent", self.protocol, &payload)?;
        Ok((message, is_finished, is_caught_up))
    }
}
