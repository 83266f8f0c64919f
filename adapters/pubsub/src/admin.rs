//! Making, describing and deleting topics, and moving the subscriptions of groups.

mod settings;

use std::sync::Arc;

use async_trait::async_trait;
use google_cloud_gax::paginator::ItemPaginator as _;
use google_cloud_pubsub::model::Subscription;
use ssectl_adapter::{
    Admin, Backlog, Error, ErrorKind, Lag, Partition, PartitionInfo, Position, Range, Result,
    StreamInfo, StreamSpec,
};

use crate::service::Service;
use crate::{names, subscription};
use settings::Settings;

/// The administrative side of a project.
pub(crate) struct PubsubAdmin {
    pub(crate) service: Arc<Service>,
}

impl PubsubAdmin {
    /// The full names of a topic's subscriptions.
    async fn subscriptions_of(&self, topic: &str) -> Result<Vec<String>> {
        let asked = self.service.topics().await?.list_topic_subscriptions();
        let mut items = asked.set_topic(topic).set_page_size(1000).by_item();
        let mut names = Vec::new();
        loop {
            let next = async { items.next().await.transpose() };
            match self
                .service
                .ask("listing the topic's subscriptions", next)
                .await?
            {
                Some(name) => names.push(name),
                None => break,
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    /// The subscription of a group that is there.
    async fn group(&self, stream: &str, group: &str) -> Result<Subscription> {
        let topic = self.service.topic_name(stream)?;
        let topic = self.service.topic(&topic).await?;
        let found = subscription::find(&self.service, &topic.name, group).await?;
        found.ok_or_else(|| {
            let what = format!("topic `{stream}` has no group `{group}`");
            Error::new(ErrorKind::NotFound, what).with("project", self.service.place())
        })
    }
}

#[async_trait]
impl Admin for PubsubAdmin {
    /// A topic has one partition, whatever number is asked for.
    async fn create(&self, stream: &StreamSpec) -> Result<()> {
        let name = self.service.topic_name(&stream.name)?;
        let Settings { topic, groups } = Settings::read(stream, &self.service.config)?;
        let asked = self
            .service
            .topics()
            .await?
            .create_topic()
            .with_request(topic.set_name(&name))
            .send();
        match self.service.ask("making the topic", asked).await {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                let what = format!("topic `{}` exists", stream.name);
                return Err(Error::new(ErrorKind::AlreadyExists, what));
            }
            Err(error) => return Err(error.with("topic", &stream.name)),
        }
        for group in groups {
            // One of a topic of this name before is deleted.
            if subscription::find(&self.service, &name, &group)
                .await?
                .is_none()
            {
                subscription::make_for_group(&self.service, &name, &group).await?;
            }
        }
        Ok(())
    }

    async fn list(&self) -> Result<Vec<String>> {
        let project = self.service.project()?;
        self.service
            .list(project)
            .await
            .map_err(|error| error.with("project", self.service.place()))
    }

    async fn describe(&self, stream: &str) -> Result<StreamInfo> {
        let name = self.service.topic_name(stream)?;
        let topic = self.service.topic(&name).await?;
        let mut config = settings::shown(&topic);
        // Who may not list them still learns the rest.
        let subscriptions = self.subscriptions_of(&name).await.unwrap_or_default();
        if !subscriptions.is_empty() {
            let short: Vec<_> = subscriptions
                .iter()
                .map(|name| names::short(name))
                .collect();
            config.insert("subscriptions".to_owned(), short.join(","));
        }
        Ok(StreamInfo {
            name: stream.to_owned(),
            // A topic has no positions.
            partitions: vec![PartitionInfo {
                id: Partition::default(),
                start: Position::None,
                end: Position::None,
            }],
            config,
        })
    }

    /// With it go the subscriptions that were made here; those of others stay, without a topic.
    async fn delete(&self, stream: &str) -> Result<()> {
        let name = self.service.topic_name(stream)?;
        self.service.topic(&name).await?;
        let mut ours = Vec::new();
        for subscription in self.subscriptions_of(&name).await? {
            match subscription::get(&self.service, &subscription).await {
                Ok(found) if subscription::is_ours(&found) => ours.push(subscription),
                // Another's, or gone meanwhile.
                _ => {}
            }
        }
        let asked = self
            .service
            .topics()
            .await?
            .delete_topic()
            .set_topic(&name)
            .send();
        let deleted = self.service.ask("deleting the topic", asked).await;
        deleted.map_err(|error| error.with("topic", stream))?;
        for subscription in ours {
            subscription::delete(&self.service, &subscription).await?;
        }
        Ok(())
    }

    async fn lag(&self, stream: &str, group: &str) -> Result<Vec<Lag>> {
        self.group(stream, group).await?;
        Ok(vec![Lag {
            partition: Partition::default(),
            committed: Position::None,
            end: Position::None,
            backlog: Backlog::Unknown(
                "Pub/Sub tells it to Cloud Monitoring alone (`num_undelivered_messages`)"
                    .to_owned(),
            ),
        }])
    }

    async fn seek(&self, stream: &str, group: &str, to: &Range) -> Result<()> {
        let Some(place) = subscription::place(&to.from)? else {
            return Ok(());
        };
        let found = self.group(stream, group).await?;
        subscription::seek(&self.service, &found.name, &place).await
    }
}
