//! Making, describing and deleting streams, and how far groups have come.

mod groups;
mod settings;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_kinesis::types::StreamStatus;
use ssectl_adapter::{
    Admin, Error, ErrorKind, Lag, Partition, PartitionInfo, Position, Range, Result, StreamInfo,
    StreamSpec,
};
use tokio::time::{Instant, sleep};

use crate::client::{Service, names};
use crate::error::request;
use crate::topology;
use settings::Settings;

/// The administrative side of a service.
pub(crate) struct KinesisAdmin {
    pub(crate) service: Arc<Service>,
}

/// How long a stream may take to be made or deleted. Amazon needs half a minute.
const PATIENCE: Duration = Duration::from_secs(300);
/// How often it is looked at meanwhile; Amazon answers 20 such questions a second.
const LOOK: Duration = Duration::from_millis(100);

impl KinesisAdmin {
    /// Waits until a stream is as it should be; `None` says that it is gone.
    async fn wait(&self, stream: &str, done: impl Fn(Option<&StreamStatus>) -> bool) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            let status = match self.service.summary(stream).await {
                Ok(summary) => Some(summary.stream_status),
                Err(error) if error.kind() == ErrorKind::NotFound => None,
                Err(error) if error.is_temporary() => Some(StreamStatus::Updating),
                Err(error) => return Err(error),
            };
            if done(status.as_ref()) {
                return Ok(());
            }
            sleep(LOOK).await;
        }
        let message = format!("the stream is not ready after {} s", PATIENCE.as_secs());
        Err(Error::new(ErrorKind::Timeout, message).with("stream", stream))
    }
}

#[async_trait]
impl Admin for KinesisAdmin {
    /// A partition is a shard. Answers when the stream can be used.
    async fn create(&self, stream: &StreamSpec) -> Result<()> {
        let name = &stream.name;
        let settings = Settings::of(stream)?;
        let asked = settings.apply(
            self.service
                .client()
                .await?
                .create_stream()
                .stream_name(name),
        );
        match asked
            .send()
            .await
            .map_err(|error| request("making the stream", error))
        {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                return Err(Error::new(
                    ErrorKind::AlreadyExists,
                    format!("stream `{name}` exists"),
                ));
            }
            Err(error) => return Err(error.with("stream", name)),
        }
        self.wait(name, |status| status == Some(&StreamStatus::Active))
            .await?;
        let made = self.service.stream(name).await?;
        settings::add_tags(&made, &settings).await?;
        if let Some(hours) = settings.retention {
            let asked = self
                .service
                .client()
                .await?
                .increase_stream_retention_period();
            let asked = asked
                .stream_name(name)
                .retention_period_hours(hours)
                .send()
                .await;
            asked.map_err(|error| request("setting the retention", error).with("stream", name))?;
            self.wait(name, |status| status == Some(&StreamStatus::Active))
                .await?;
        }
        Ok(())
    }

    async fn list(&self) -> Result<Vec<String>> {
        self.service.names().await
    }

    /// Shards that take records. Kinesis does not tell the number of their newest record.
    async fn describe(&self, stream: &str) -> Result<StreamInfo> {
        let summary = self.service.summary(stream).await?;
        let found = self.service.stream(stream).await?;
        let shards = topology::list(&found).await?;
        let closed = shards.iter().filter(|shard| shard.closed).count();
        let open = shards.iter().filter(|shard| !shard.closed);
        Ok(StreamInfo {
            name: stream.to_owned(),
            partitions: open
                .map(|shard| PartitionInfo {
                    id: Partition::from(shard.id.clone()),
                    start: Position::Token(shard.start.clone()),
                    end: Position::None,
                })
                .collect(),
            config: settings::shown(&summary, closed, settings::tags(&found).await?),
        })
    }

    /// With its registered consumers. Answers when the name is free again.
    async fn delete(&self, stream: &str) -> Result<()> {
        self.service.stream(stream).await?;
        let (name, arn) = names(stream);
        let asked = self
            .service
            .client()
            .await?
            .delete_stream()
            .set_stream_name(name)
            .set_stream_arn(arn);
        let answer = asked.enforce_consumer_deletion(true).send().await;
        answer.map_err(|error| request("deleting the stream", error).with("stream", stream))?;
        self.wait(stream, |status| status.is_none()).await
    }

    async fn lag(&self, stream: &str, group: &str) -> Result<Vec<Lag>> {
        groups::lag(&self.service, stream, group).await
    }

    async fn seek(&self, stream: &str, group: &str, to: &Range) -> Result<()> {
        groups::seek(&self.service, stream, group, &to.from).await
    }
}
