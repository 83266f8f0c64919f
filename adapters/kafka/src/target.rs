//! A configured cluster.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use ssectl_adapter::{
    Admin, Result, Sink, SinkSpec, Source, SourceSpec, Span, Target, Transactional,
};

use crate::admin::{AdminLink, KafkaAdmin, terms};
use crate::cluster::{Cluster, blocking};
use crate::config::{GroupProtocol, KafkaConfig, Text};
use crate::sink::KafkaSink;
use crate::source::KafkaSource;
use crate::succession::Succession;
use crate::transaction;

/// How long a member that reads in transactions may be silent, unless it was said otherwise.
const SESSION: Span = Span::from_millis(10_000);

/// Opens reads and writes of one cluster; connects when first used.
pub(crate) struct KafkaTarget {
    config: Arc<KafkaConfig>,
    cluster: OnceLock<Arc<Cluster>>,
    link: Arc<AdminLink>,
    /// Whether a sink has said that times are cut to milliseconds.
    said_of_nanos: Arc<AtomicBool>,
}

impl KafkaTarget {
    pub(crate) fn new(config: KafkaConfig) -> Self {
        let config = Arc::new(config);
        Self {
            link: Arc::new(AdminLink::new(config.clone())),
            config,
            cluster: OnceLock::new(),
            said_of_nanos: Arc::default(),
        }
    }

    fn cluster(&self) -> Result<Arc<Cluster>> {
        if let Some(cluster) = self.cluster.get() {
            return Ok(cluster.clone());
        }
        let cluster = Arc::new(Cluster::open(&self.config)?);
        Ok(self.cluster.get_or_init(|| cluster).clone())
    }
}

#[async_trait]
impl Target for KafkaTarget {
    async fn source(&self, spec: &SourceSpec) -> Result<Box<dyn Source>> {
        let (cluster, config) = (self.cluster()?, self.config.clone());
        let spec = spec.clone();
        let source = blocking(move || KafkaSource::open(cluster, &config, &spec)).await?;
        Ok(Box::new(source))
    }

    async fn sink(&self, spec: &SinkSpec) -> Result<Box<dyn Sink>> {
        let (cluster, config) = (self.cluster()?, self.config.clone());
        let (asked, topic) = (cluster.clone(), spec.stream.clone());
        let partitions = blocking(move || asked.partitions(&topic)).await?;
        let terms = terms(&self.link, &cluster, &spec.stream).await;
        let topic = spec.stream.clone();
        let said = self.said_of_nanos.clone();
        let open = move || KafkaSink::open(&config, &topic, &partitions, terms, said);
        Ok(Box::new(blocking(open).await?))
    }

    /// The producer comes first: what a process before this one has committed is settled then, and
    /// only then the source looks where to go on.
    async fn transactional(
        &self,
        source: &SourceSpec,
        sinks: &[SinkSpec],
    ) -> Result<Box<dyn Transactional>> {
        transaction::check(&self.config)?;
        let id = transaction::id(&self.config, source)?;
        let cluster = self.cluster()?;
        let mut topics = Vec::new();
        for SinkSpec { stream, .. } in sinks {
            let (asked, topic) = (cluster.clone(), stream.clone());
            blocking(move || asked.partitions(&topic)).await?;
            topics.push((stream.clone(), terms(&self.link, &cluster, stream).await));
        }
        let (mut config, source) = ((*self.config).clone(), source.clone());
        // A restart takes its own place in the group at once, and a zombie loses it. Such a member
        // does not say when it leaves, so others wait for its session to end.
        if config.group_instance.is_none() {
            config.group_instance = Some(Text::from(id.as_str()));
            if config.group_protocol == GroupProtocol::Classic {
                config.session_timeout.get_or_insert(SESSION);
            }
        }
        let said = self.said_of_nanos.clone();
        let begin = move || Succession::begin(cluster, config, source, topics, id, said);
        Ok(Box::new(blocking(begin).await?))
    }

    fn admin(&self) -> Result<Box<dyn Admin>> {
        Ok(Box::new(KafkaAdmin {
            cluster: self.cluster()?,
            link: self.link.clone(),
            config: self.config.clone(),
        }))
    }

    fn describe(&self) -> String {
        format!("kafka://{}", self.config.brokers.joined())
    }

    async fn probe(&self) -> Result<String> {
        let cluster = self.cluster()?;
        blocking(move || {
            let metadata = cluster.metadata(None)?;
            let id = cluster.client().fetch_cluster_id(cluster.patience());
            let (brokers, topics) = (metadata.brokers().len(), metadata.topics().len());
            let id = id.unwrap_or_else(|| "without a name".to_owned());
            Ok(format!(
                "Kafka cluster {id}, brokers: {brokers}, topics: {topics}"
            ))
        })
        .await
    }
}
