//! The topics of the cluster, over the streams of the store.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock};

use kafka_protocol::ResponseError;
use kafka_protocol::messages::TopicName;
use kafka_protocol::protocol::StrBytes;
use uuid::Uuid;

use super::batch::{BatchHeader, marker_of};
use super::partition::{RECORD_BATCH, Refusal, TopicPartition, store_refusal};
use super::producers::Producers;
use super::topic_config::{self, TopicConfig};
use crate::interchange;
use crate::store::frame::Header;
use crate::store::{Attributes, LogSettings, RwLockExt, Store, StoreError, Stream, Visitor};

/// The most partitions of one topic.
pub(crate) const MAX_PARTITIONS: u32 = 10_000;

/// One topic.
#[derive(Debug)]
pub(crate) struct Topic {
    pub(crate) stream: Arc<Stream>,
    config: RwLock<Arc<TopicConfig>>,
    partitions: RwLock<Vec<Arc<TopicPartition>>>,
}

impl Topic {
    fn new(stream: Arc<Stream>, mut producers: HashMap<u32, Producers>) -> Self {
        let config = Arc::new(TopicConfig::new(&stream.attributes()));
        let logs = stream.partitions().into_iter().zip(0..);
        let partition = |(log, number)| {
            Arc::new(TopicPartition::new(
                log,
                producers.remove(&number).unwrap_or_default(),
            ))
        };
        let partitions = RwLock::new(logs.map(partition).collect());
        Self {
            stream,
            config: RwLock::new(config),
            partitions,
        }
    }

    pub(crate) fn name(&self) -> &str {
        self.stream.name()
    }

    /// Its name as responses carry it.
    pub(crate) fn wire_name(&self) -> TopicName {
        TopicName(StrBytes::from_string(self.name().to_owned()))
    }

    pub(crate) fn id(&self) -> Uuid {
        Uuid::from_u128(self.stream.id())
    }

    /// What holds for it now.
    pub(crate) fn config(&self) -> Arc<TopicConfig> {
        Arc::clone(&self.config.reading())
    }

    pub(crate) fn partition(&self, number: i32) -> Option<Arc<TopicPartition>> {
        let number = usize::try_from(number).ok()?;
        self.partitions.reading().get(number).cloned()
    }

    /// All its partitions, by number.
    pub(crate) fn partitions(&self) -> Vec<Arc<TopicPartition>> {
        self.partitions.reading().clone()
    }

    pub(crate) fn partition_count(&self) -> i32 {
        self.partitions.reading().len() as i32
    }
}

/// All topics.
#[derive(Debug)]
pub(crate) struct Topics {
    store: Arc<Store>,
    by_name: RwLock<BTreeMap<String, Arc<Topic>>>,
    /// The store's generation that they were taken from; another dialect may create and delete streams too.
    seen: AtomicU64,
}

impl Topics {
    /// The topics that `store` has, with what `rebuilt` found in their logs.
    pub(crate) fn new(store: Arc<Store>, mut rebuilt: Rebuilt) -> Self {
        let topic = |stream: Arc<Stream>| {
            let producers = rebuilt.producers.remove(stream.name()).unwrap_or_default();
            (
                stream.name().to_owned(),
                Arc::new(Topic::new(stream, producers)),
            )
        };
        let seen = AtomicU64::new(store.generation());
        let by_name = RwLock::new(interchange::streams(&store).map(topic).collect());
        Self {
            store,
            by_name,
            seen,
        }
    }

    /// Takes in what others created and deleted.
    fn refresh(&self) {
        let generation = self.store.generation();
        if self.seen.load(Ordering::Acquire) == generation {
            return;
        }
        let mut by_name = self.by_name.writing();
        let streams: Vec<_> = interchange::streams(&self.store).collect();
        by_name.retain(|_, topic| {
            streams
                .iter()
                .any(|stream| stream.id() == topic.stream.id())
        });
        for stream in streams {
            let name = stream.name().to_owned();
            by_name
                .entry(name)
                .or_insert_with(|| Arc::new(Topic::new(stream, HashMap::new())));
        }
        self.seen.store(generation, Ordering::Release);
    }

    /// The topic of that name.
    pub(crate) fn get(&self, name: &str) -> Option<Arc<Topic>> {
        self.refresh();
        self.by_name.reading().get(name).cloned()
    }

    /// One partition of a topic.
    pub(crate) fn partition(&self, name: &str, number: i32) -> Option<Arc<TopicPartition>> {
        self.by_name.reading().get(name)?.partition(number)
    }

    /// The topic of that id.
    pub(crate) fn by_id(&self, id: Uuid) -> Option<Arc<Topic>> {
        self.by_name
            .reading()
            .values()
            .find(|topic| topic.id() == id)
            .cloned()
    }

    /// All topics, by name.
    pub(crate) fn all(&self) -> Vec<Arc<Topic>> {
        self.refresh();
        self.by_name.reading().values().cloned().collect()
    }

    /// Checks whether a topic could be created like this.
    pub(crate) fn check_new(
        &self,
        name: &str,
        partitions: u32,
        overrides: &Attributes,
    ) -> Result<(), Refusal> {
        check_name(name)?;
        if self.get(name).is_some() {
            return Err((
                ResponseError::TopicAlreadyExists,
                format!("Topic '{name}' already exists."),
            ));
        }
        if let Some(other) = self.collision(name) {
            let reason = format!("Topic '{name}' collides with existing topic: {other}");
            return Err((ResponseError::InvalidTopicException, reason));
        }
        if !(1..=MAX_PARTITIONS).contains(&partitions) {
            let reason = format!("Number of partitions must be from 1 to {MAX_PARTITIONS}.");
            return Err((ResponseError::InvalidPartitions, reason));
        }
        topic_config::check(overrides).map_err(|reason| (ResponseError::InvalidConfig, reason))
    }

    /// A topic whose name differs only in `.` and `_`, which Kafka's metrics cannot tell apart.
    fn collision(&self, name: &str) -> Option<String> {
        let plain = name.replace('.', "_");
        let by_name = self.by_name.reading();
        by_name
            .keys()
            .find(|other| other.replace('.', "_") == plain)
            .cloned()
    }

    /// Creates a topic.
    pub(crate) fn create(
        &self,
        name: &str,
        partitions: u32,
        overrides: Attributes,
    ) -> Result<Arc<Topic>, Refusal> {
        self.check_new(name, partitions, &overrides)?;
        let mut by_name = self.by_name.writing();
        let settings = TopicConfig::new(&overrides).log;
        let id = Uuid::new_v4().as_u128();
        let created = self.store.create(name, id, partitions, settings, overrides);
        let stream = created.map_err(|error| store_refusal(&error))?;
        let exists = || {
            (
                ResponseError::TopicAlreadyExists,
                format!("Topic '{name}' already exists."),
            )
        };
        let topic = Arc::new(Topic::new(stream.ok_or_else(exists)?, HashMap::new()));
        by_name.insert(name.to_owned(), Arc::clone(&topic));
        Ok(topic)
    }

    /// Deletes a topic with its records.
    pub(crate) fn delete(&self, name: &str) -> Result<(), Refusal> {
        let removed = self.by_name.writing().remove(name);
        match removed {
            Some(_) => self
                .store
                .delete(name)
                .map(drop)
                .map_err(|error| store_refusal(&error)),
            None => Err((
                ResponseError::UnknownTopicOrPartition,
                format!("there is no topic `{name}`"),
            )),
        }
    }

    /// Deletes all topics, and wakes who waits for their records.
    ///
    /// # Errors
    /// The store does not forget one; it and later ones stay.
    pub(crate) fn clear(&self) -> Result<(), StoreError> {
        let mut by_name = self.by_name.writing();
        while let Some((name, topic)) = by_name.pop_first() {
            if let Err(error) = self.store.delete(&name) {
                by_name.insert(name, topic);
                return Err(error);
            }
            let partitions = topic.partitions();
            partitions.iter().for_each(|partition| partition.log.wake());
        }
        Ok(())
    }

    /// Gives a topic more partitions.
    pub(crate) fn grow(&self, topic: &Topic, total: u32) -> Result<(), Refusal> {
        let mut partitions = topic.partitions.writing();
        let settings = topic.config().log;
        self.store
            .grow(&topic.stream, total, settings)
            .map_err(|error| store_refusal(&error))?;
        let new = topic.stream.partitions().into_iter().skip(partitions.len());
        partitions.extend(new.map(|log| Arc::new(TopicPartition::new(log, Producers::default()))));
        Ok(())
    }

    /// Replaces what is set of a topic's configuration.
    pub(crate) fn configure(&self, topic: &Topic, overrides: Attributes) -> Result<(), Refusal> {
        topic_config::check(&overrides).map_err(|reason| (ResponseError::InvalidConfig, reason))?;
        let mut config = topic.config.writing();
        let new = TopicConfig::new(&overrides);
        let attributes = topic_config::merged(topic.stream.attributes(), overrides);
        self.store
            .configure(&topic.stream, new.log, attributes)
            .map_err(|error| store_refusal(&error))?;
        *config = Arc::new(new);
        Ok(())
    }

    /// Drops the records of a partition before `offset`; returns its new first offset.
    pub(crate) fn delete_records(
        &self,
        topic: &Topic,
        number: i32,
        offset: i64,
    ) -> Result<i64, Refusal> {
        let start = self
            .store
            .truncate_front(&topic.stream, number as u32, offset);
        start.map_err(|error| store_refusal(&error))
    }

    /// Wakes every waiting reader.
    pub(crate) fn wake_all(&self) {
        self.all()
            .iter()
            .flat_map(|topic| topic.partitions())
            .for_each(|partition| partition.log.wake());
    }
}

/// Checks a topic's name: 1 to 249 of `[a-zA-Z0-9._-]`, and not `.` or `..`.
fn check_name(name: &str) -> Result<(), Refusal> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let reason = match name {
        "" => "the empty string is not allowed",
        "." | ".." => "'.' or '..' is not allowed",
        _ if name.len() > 249 => "the length is longer than the max allowed length 249",
        _ if !name.bytes().all(allowed) => {
            "it contains characters other than ASCII alphanumerics, '.', '_' and '-'"
        }
        _ => return Ok(()),
    };
    Err((
        ResponseError::InvalidTopicException,
        format!("Topic name is invalid: {reason}"),
    ))
}

/// What the logs of a data directory tell about producers when it is opened.
#[derive(Debug)]
pub(crate) struct Rebuilt {
    now_ms: i64,
    producers: HashMap<String, HashMap<u32, Producers>>,
}

impl Rebuilt {
    /// Nothing yet. All producers count as heard of at `now_ms`.
    pub(crate) fn new(now_ms: i64) -> Self {
        Self {
            now_ms,
            producers: HashMap::new(),
        }
    }
}

impl Visitor for Rebuilt {
    fn settings(&mut self, _: &str, attributes: &Attributes) -> LogSettings {
        TopicConfig::new(attributes).log
    }

    fn frame(&mut self, stream: &str, partition: u32, header: &Header, payload: &[u8]) {
        if header.format != RECORD_BATCH {
            return;
        }
        let Some(batch) = BatchHeader::read(payload).filter(|batch| batch.producer_id >= 0) else {
            return;
        };
        let partitions = match self.producers.get_mut(stream) {
            Some(partitions) => partitions,
            None => self.producers.entry(stream.to_owned()).or_default(),
        };
        let producers = partitions.entry(partition).or_default();
        match marker_of(payload) {
            Some(marker) => producers.note_marker(marker, &batch, header.base_offset, self.now_ms),
            None => producers.note(&batch, self.now_ms),
        }
    }
}
