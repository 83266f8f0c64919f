//! Taking over from a process that read and wrote in transactions: it is fenced, what it had begun is settled, and what
//! it noted beside its positions is read.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use async_trait::async_trait;
use ssectl_adapter::{Joint, Partition, Position, Result, Sink, SourceSpec, Transactional};

use crate::admin::{Terms, outsider};
use crate::cluster::{Cluster, blocking};
use crate::config::KafkaConfig;
use crate::properties;
use crate::sink::{KafkaSink, Link};
use crate::source::{KafkaSource, notes};
use crate::transaction::Transactions;

/// A read and writes in transactions, which nobody else can do any more under the same id.
pub(crate) struct Succession {
    cluster: Arc<Cluster>,
    config: Arc<KafkaConfig>,
    source: SourceSpec,
    topics: Vec<(String, Terms)>,
    link: Link,
    transactions: Arc<Transactions>,
    notes: BTreeMap<Partition, String>,
    said_of_nanos: Arc<AtomicBool>,
}

impl Succession {
    /// Fences whoever came before. Blocks.
    pub(crate) fn begin(
        cluster: Arc<Cluster>,
        config: KafkaConfig,
        source: SourceSpec,
        topics: Vec<(String, Terms)>,
        id: String,
        said_of_nanos: Arc<AtomicBool>,
    ) -> Result<Self> {
        let largest = topics.iter().filter_map(|(_, terms)| terms.largest).min();
        let link = Link::open(&config, &properties::transactional(&config, largest, &id))?;
        let patience = config.connect_timeout.as_duration();
        let transactions = Arc::new(Transactions::start(link.clone(), id, patience)?);
        let group = source.group.as_deref();
        let notes = match group.or(config.group.as_ref().map(|group| group.as_str())) {
            Some(group) => {
                let outsider = outsider(&config, group)?;
                let partitions = cluster.partitions(&source.stream)?;
                notes(&outsider, &cluster, &source.stream, &partitions)?
            }
            None => BTreeMap::new(),
        };
        Ok(Self {
            cluster,
            config: Arc::new(config),
            source,
            topics,
            link,
            transactions,
            notes,
            said_of_nanos,
        })
    }
}

#[async_trait]
impl Transactional for Succession {
    fn notes(&self) -> &BTreeMap<Partition, String> {
        &self.notes
    }

    async fn open(&mut self, at: &BTreeMap<Partition, Position>) -> Result<Joint> {
        let (cluster, config) = (self.cluster.clone(), self.config.clone());
        let transactions = self.transactions.clone();
        let spec = SourceSpec {
            at: at.clone(),
            ..self.source.clone()
        };
        let open = move || Ok(KafkaSource::open(cluster, &config, &spec)?.within(transactions));
        let source = blocking(open).await?;
        let sinks = self.topics.drain(..).map(|(topic, terms)| {
            let (link, said) = (self.link.clone(), self.said_of_nanos.clone());
            let sink = KafkaSink::on(link, &self.config, &topic, terms, said);
            Box::new(sink.within(self.transactions.clone())) as Box<dyn Sink>
        });
        Ok((Box::new(source), sinks.collect()))
    }
}
