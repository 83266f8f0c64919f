//! Making, describing and deleting queues, and how much is left in them.

mod settings;

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_sqs::types::QueueAttributeName;
use ssectl_adapter::{
    Admin, Backlog, Error, ErrorKind, Lag, Partition, PartitionInfo, Position, Range, Result,
    StreamInfo, StreamSpec,
};

use crate::client::Service;
use crate::error::request;

/// The administrative side of a service.
pub(crate) struct SqsAdmin {
    pub(crate) service: Arc<Service>,
}

#[async_trait]
impl Admin for SqsAdmin {
    /// A queue has one partition, whatever number is asked for.
    async fn create(&self, stream: &StreamSpec) -> Result<()> {
        let name = self.service.queue_name(&stream.name);
        let attributes = settings::attributes(&name, &stream.config)?;
        // SQS answers Ok when a queue of the same settings is there.
        match self.service.queue(&stream.name).await {
            Ok(_) => return Err(exists(&name)),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let client = self.service.client().await?;
        let asked = client.create_queue().queue_name(&name);
        let tags = stream.tags.clone().into_iter().collect::<HashMap<_, _>>();
        let tags = Some(tags).filter(|tags| !tags.is_empty());
        match asked.set_attributes(attributes).set_tags(tags).send().await {
            Ok(_) => Ok(()),
            Err(error) => match request("making the queue", error) {
                error if error.kind() == ErrorKind::AlreadyExists => Err(exists(&name)),
                error => Err(error.with("queue", name)),
            },
        }
    }

    async fn list(&self) -> Result<Vec<String>> {
        let mut names = self.service.names().await?;
        if self.service.config.fifo {
            names.retain_mut(|name| match name.strip_suffix(".fifo") {
                Some(stream) => {
                    *name = stream.to_owned();
                    true
                }
                None => false,
            });
            names.sort_unstable();
        }
        Ok(names)
    }

    async fn describe(&self, stream: &str) -> Result<StreamInfo> {
        let queue = self.service.queue(stream).await?;
        let attributes = queue.attributes(vec![QueueAttributeName::All]).await?;
        Ok(StreamInfo {
            name: stream.to_owned(),
            // A queue has no positions; what it holds stands among its attributes.
            partitions: vec![PartitionInfo {
                id: Partition::default(),
                start: Position::None,
                end: Position::None,
            }],
            config: settings::shown(&attributes),
        })
    }

    async fn delete(&self, stream: &str) -> Result<()> {
        let queue = self.service.queue(stream).await?;
        let asked = queue.client.delete_queue().queue_url(&*queue.url).send();
        match asked.await {
            Ok(_) => Ok(()),
            Err(error) => Err(queue.fault("deleting the queue", error)),
        }
    }

    /// A queue has one set of readers, whatever they are called, so any group's lag is what
    /// the queue holds: what can be received, what readers work on, and what is delayed.
    async fn lag(&self, stream: &str, group: &str) -> Result<Vec<Lag>> {
        if group.is_empty() {
            return Err(Error::new(ErrorKind::Config, "a group has a name"));
        }
        let depth = self.service.queue(stream).await?.depth().await?;
        Ok(vec![Lag {
            partition: Partition::default(),
            committed: Position::None,
            end: Position::None,
            backlog: Backlog::Records(depth.visible + depth.in_flight + depth.delayed),
        }])
    }

    async fn seek(&self, stream: &str, _group: &str, _to: &Range) -> Result<()> {
        Err(Error::new(
            ErrorKind::Unsupported,
            format!("a queue has no positions to move to (queue `{stream}`)"),
        )
        .hint("what was deleted from a queue is gone; a dead-letter queue can be redriven with `aws sqs start-message-move-task`"))
    }
}

fn exists(name: &str) -> Error {
    Error::new(ErrorKind::AlreadyExists, format!("queue `{name}` exists"))
}
