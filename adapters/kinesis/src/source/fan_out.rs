//! Enhanced fan-out: Kinesis pushes the records of a shard to a registered consumer.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_kinesis::error::ProvideErrorMetadata;
use aws_sdk_kinesis::operation::subscribe_to_shard::SubscribeToShardOutput;
use aws_sdk_kinesis::primitives::DateTime;
use aws_sdk_kinesis::types::{
    ConsumerStatus, ShardIteratorType, StartingPosition, SubscribeToShardEvent,
    SubscribeToShardEventStream as Event,
};
use ssectl_adapter::{Error, ErrorKind, Result};
use tokio::time::{Instant, sleep};

use super::cursor::Start;
use super::page::Page;
use crate::client::Stream;
use crate::error::{event, request};
use crate::topology::ShardId;

/// A subscription to one shard, which Kinesis ends after five minutes and which is then made anew.
pub(super) struct Subscription {
    consumer: Arc<str>,
    events: Option<SubscribeToShardOutput>,
    /// Where the last event said to go on.
    continuation: Option<Arc<str>>,
}

impl Subscription {
    pub(super) fn new(consumer: Arc<str>) -> Self {
        Self {
            consumer,
            events: None,
            continuation: None,
        }
    }

    /// Subscribes, unless it has.
    pub(super) async fn open(
        &mut self,
        stream: &Stream,
        shard: &ShardId,
        start: &Start,
    ) -> Result<()> {
        if self.events.is_none() {
            let start = self
                .continuation
                .clone()
                .map(Start::After)
                .unwrap_or_else(|| start.clone());
            let asked = stream
                .client
                .subscribe_to_shard()
                .consumer_arn(&*self.consumer)
                .shard_id(&**shard);
            let answer = asked.starting_position(position(&start)).send().await;
            self.events = Some(answer.map_err(|error| {
                match error.code() {
                    // A subscription of this consumer was made less than five seconds ago.
                    Some("ResourceInUseException") => Error::new(
                        ErrorKind::Unavailable,
                        "the consumer has just subscribed to the shard",
                    )
                    .temporary()
                    .caused_by(error),
                    _ => request("subscribing to the shard", error),
                }
            })?);
        }
        Ok(())
    }

    /// The records of the next event; nothing when the subscription has ended and is to be made anew.
    pub(super) async fn next(
        &mut self,
        stream: &Stream,
        shard: &ShardId,
        start: &Start,
    ) -> Result<Page> {
        self.open(stream, shard, start).await?;
        let Some(events) = &mut self.events else {
            return Ok(Page::default());
        };
        match events.event_stream.recv().await {
            Ok(Some(Event::SubscribeToShardEvent(event))) => Ok(self.page(stream, shard, event)),
            Ok(Some(_)) => Ok(Page::default()),
            Ok(None) => {
                self.events = None;
                Ok(Page::default())
            }
            Err(error) => {
                self.events = None;
                Err(event("reading the shard", error))
            }
        }
    }

    fn page(&mut self, stream: &Stream, shard: &ShardId, event: SubscribeToShardEvent) -> Page {
        let continuation =
            Some(event.continuation_sequence_number).filter(|number| !number.is_empty());
        let ended = continuation.is_none()
            || event
                .child_shards
                .is_some_and(|children| !children.is_empty());
        self.continuation = continuation.map(Arc::from);
        Page::new(
            &stream.name,
            shard,
            event.records,
            Some(event.millis_behind_latest),
            ended,
        )
    }
}

fn position(start: &Start) -> StartingPosition {
    use ShardIteratorType as Kind;
    let position = StartingPosition::builder();
    let position = match start {
        Start::Horizon => position.r#type(Kind::TrimHorizon),
        Start::Latest => position.r#type(Kind::Latest),
        Start::Arrived(time) => position
            .r#type(Kind::AtTimestamp)
            .timestamp(DateTime::from_millis(time.as_millis().max(0))),
        Start::At(sequence) => position
            .r#type(Kind::AtSequenceNumber)
            .sequence_number(&**sequence),
        Start::After(sequence) => position
            .r#type(Kind::AfterSequenceNumber)
            .sequence_number(&**sequence),
    };
    position
        .build()
        .expect("the type is there, and nothing else is required")
}

/// How long a consumer may take to be registered. Amazon needs half a minute.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often it is looked at meanwhile; Amazon answers 20 such questions a second.
const LOOK: Duration = Duration::from_millis(200);

/// The ARN of the consumer of that name, which is registered where it is not. Answers when it may subscribe.
pub(crate) async fn consumer(stream: &Stream, name: &str) -> Result<Arc<str>> {
    let told = |error: Error| error.with("stream", &stream.name).with("consumer", name);
    let deadline = Instant::now() + PATIENCE;
    loop {
        match described(stream, name).await.map_err(told)? {
            None => register(stream, name).await.map_err(told)?,
            Some((ConsumerStatus::Active, arn)) => return Ok(arn.into()),
            Some((status, _)) if Instant::now() > deadline => {
                let message = format!("the consumer is {}", status.as_str().to_lowercase());
                return Err(told(
                    Error::new(ErrorKind::Unavailable, message).temporary(),
                ));
            }
            Some(_) => sleep(LOOK).await,
        }
    }
}

/// Status and ARN of a consumer; none where nobody of that name is registered.
async fn described(stream: &Stream, name: &str) -> Result<Option<(ConsumerStatus, String)>> {
    let asked = stream
        .client
        .describe_stream_consumer()
        .stream_arn(&*stream.arn)
        .consumer_name(name);
    match asked.send().await {
        Ok(answer) => {
            let consumer = answer.consumer_description;
            Ok(consumer.map(|consumer| (consumer.consumer_status, consumer.consumer_arn)))
        }
        Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(None),
        Err(error) => Err(request("finding the consumer", error)),
    }
}

async fn register(stream: &Stream, name: &str) -> Result<()> {
    let asked = stream
        .client
        .register_stream_consumer()
        .stream_arn(&*stream.arn)
        .consumer_name(name);
    match asked.send().await {
        Ok(_) => Ok(()),
        // Another reader was faster.
        Err(error) if error.code() == Some("ResourceInUseException") => Ok(()),
        Err(error) => Err(request("registering the consumer", error)),
    }
}
