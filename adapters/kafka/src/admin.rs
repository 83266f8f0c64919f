//! Making, describing and deleting topics, and what groups have committed.

mod groups;
mod settings;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use rdkafka::admin::{AdminOptions, NewTopic, TopicReplication, TopicResult};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use ssectl_adapter::{
    Admin, Error, ErrorKind, Lag, Partition, PartitionInfo, Position, Range, Result, StreamInfo,
    StreamSpec,
};

use crate::cluster::{Cluster, Which, blocking};
use crate::config::KafkaConfig;
use crate::error::{from_client, from_code};
pub(crate) use groups::outsider;
pub(crate) use settings::{AdminLink, Terms, terms};

/// How often the cluster is asked whether a change has arrived.
const TICK: Duration = Duration::from_millis(20);
/// How long a change may take to arrive at every broker.
const PATIENCE: Duration = Duration::from_secs(30);

/// The administrative side of a cluster.
pub(crate) struct KafkaAdmin {
    pub(crate) cluster: Arc<Cluster>,
    pub(crate) link: Arc<AdminLink>,
    pub(crate) config: Arc<KafkaConfig>,
}

impl KafkaAdmin {
    fn options(&self) -> AdminOptions {
        let patience = self.cluster.patience();
        AdminOptions::new()
            .request_timeout(Some(patience))
            .operation_timeout(Some(patience))
    }

    async fn partitions(&self, stream: &str) -> Result<Vec<i32>> {
        let (cluster, stream) = (self.cluster.clone(), stream.to_owned());
        blocking(move || cluster.partitions(&stream)).await
    }

    async fn settings(&self, stream: &str) -> Result<BTreeMap<String, String>> {
        let admin = self.link.connect(&self.cluster, stream).await?;
        settings::changed(&admin, stream, &self.options()).await
    }

    /// Waits until the cluster tells of the topic what it should.
    async fn settle(
        &self,
        stream: &str,
        arrived: impl Fn(&Result<Vec<i32>>) -> bool,
    ) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            let partitions = self.partitions(stream).await;
            if arrived(&partitions) {
                return Ok(());
            }
            tokio::time::sleep(TICK).await;
        }
        Err(Error::new(
            ErrorKind::Timeout,
            format!("the change of topic `{stream}` did not arrive within {PATIENCE:?}"),
        ))
    }

    fn replication(&self) -> TopicReplication<'static> {
        // -1 is the cluster's default (KIP-464).
        TopicReplication::Fixed(self.config.replication.map_or(-1, i32::from))
    }
}

/// Whether settings cannot be had, which is no reason to show nothing else.
fn is_hidden(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::Permission)
}

/// The outcome for the one topic a request was about.
fn single(
    outcome: Result<Vec<TopicResult>, KafkaError>,
    message: impl Fn() -> String,
) -> Result<(), (Code, Error)> {
    match outcome {
        Err(error) => {
            let code = error.rdkafka_error_code().unwrap_or(Code::Fail);
            Err((code, from_client(message(), &error)))
        }
        Ok(results) => match results.into_iter().next() {
            Some(Err((_, code))) => Err((code, from_code(message(), code))),
            _ => Ok(()),
        },
    }
}

/// librdkafka asks for no more partitions of a new topic.
const MOST_PARTITIONS: u32 = 100_000;

fn too_many(stream: &StreamSpec, count: u32) -> Error {
    let message = format!(
        "cannot create topic `{}` with {count} partitions",
        stream.name
    );
    Error::new(ErrorKind::Config, message).hint(format!(
        "a topic can be made with at most {MOST_PARTITIONS}"
    ))
}

/// The topic's setting that deletes records by their timestamps; -1 keeps them.
const RETENTION: &str = "retention.ms";

#[async_trait]
impl Admin for KafkaAdmin {
    async fn create(&self, stream: &StreamSpec) -> Result<()> {
        let admin = self.link.connect(&self.cluster, &stream.name).await?;
        let count = match stream.partitions {
            None => -1,
            Some(count) if count > MOST_PARTITIONS => return Err(too_many(stream, count)),
            Some(count) => i32::try_from(count).unwrap_or(i32::MAX),
        };
        let mut topic = NewTopic::new(&stream.name, count, self.replication());
        if stream.keep_all && !stream.config.contains_key(RETENTION) {
            topic = topic.set(RETENTION, "-1");
        }
        for (name, value) in &stream.config {
            topic = topic.set(name, value);
        }
        let outcome = admin.create_topics([&topic], &self.options()).await;
        match single(outcome, || format!("cannot create topic `{}`", stream.name)) {
            Ok(()) => {}
            Err((Code::InvalidConfig, error)) => {
                let some_topic = self
                    .list()
                    .await
                    .ok()
                    .and_then(|topics| topics.into_iter().next());
                let options = self.options();
                return Err(settings::refused(error, &admin, stream, some_topic, options).await);
            }
            Err((Code::InvalidPartitions, error)) => {
                return Err(error.with("partitions", count));
            }
            Err((_, error)) => return Err(error),
        }
        let expected = stream.partitions.map(|count| count as usize);
        self.settle(&stream.name, |partitions| match partitions {
            Ok(partitions) => expected.is_none_or(|count| partitions.len() == count),
            Err(_) => false,
        })
        .await?;
        // It is made when its partitions have leaders that answer.
        let (cluster, name) = (self.cluster.clone(), stream.name.clone());
        blocking(move || {
            let partitions = cluster.partitions(&name)?;
            cluster.offsets(&name, &partitions, Which::End).map(drop)
        })
        .await
    }

    async fn list(&self) -> Result<Vec<String>> {
        let cluster = self.cluster.clone();
        let mut topics = blocking(move || cluster.topics()).await?;
        if !self.config.internal_topics {
            topics.retain(|name| !name.starts_with("__"));
        }
        Ok(topics)
    }

    async fn describe(&self, stream: &str) -> Result<StreamInfo> {
        let (cluster, name) = (self.cluster.clone(), stream.to_owned());
        let partitions = blocking(move || {
            let partitions = cluster.partitions(&name)?;
            let first = cluster.offsets(&name, &partitions, Which::First)?;
            let end = cluster.offsets(&name, &partitions, Which::End)?;
            let infos = first.into_iter().map(|(partition, first)| PartitionInfo {
                id: Partition::from(partition.to_string()),
                start: Position::Offset(first),
                end: Position::Offset(end.get(&partition).copied().unwrap_or(first)),
            });
            Ok(infos.collect())
        });
        let partitions = partitions.await?;
        let config = match self.settings(stream).await {
            Err(error) if is_hidden(&error) => {
                log::warn!("the settings of topic `{stream}` are not shown: {error}");
                BTreeMap::new()
            }
            config => config?,
        };
        Ok(StreamInfo {
            name: stream.to_owned(),
            partitions,
            config,
        })
    }

    async fn delete(&self, stream: &str) -> Result<()> {
        self.partitions(stream).await?;
        let admin = self.link.connect(&self.cluster, stream).await?;
        let outcome = admin.delete_topics(&[stream], &self.options()).await;
        single(outcome, || format!("cannot delete topic `{stream}`"))
            .map_err(|(_, error)| error)?;
        self.settle(
            stream,
            |partitions| matches!(partitions, Err(error) if error.kind() == ErrorKind::NotFound),
        )
        .await
    }

    async fn lag(&self, stream: &str, group: &str) -> Result<Vec<Lag>> {
        let (cluster, config) = (self.cluster.clone(), self.config.clone());
        let (stream, group) = (stream.to_owned(), group.to_owned());
        blocking(move || groups::lag(&cluster, &config, &stream, &group)).await
    }

    async fn seek(&self, stream: &str, group: &str, to: &Range) -> Result<()> {
        let (cluster, config) = (self.cluster.clone(), self.config.clone());
        let (stream, group, to) = (stream.to_owned(), group.to_owned(), to.from.clone());
        blocking(move || groups::seek(&cluster, &config, &stream, &group, &to)).await
    }
}
