//! All topics, subscriptions, snapshots and schemas.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock, RwLock};

use tokio::runtime::Handle;
use tokio::sync::watch;
use tonic::Status;
use uuid::Uuid;

use super::error::{already_exists, not_found, store};
use super::names;
use super::proto::google::iam::v1::Policy;
use super::proto::pubsub as pb;
use super::push::Signer;
use super::schemas::Schemas;
use super::snapshot::Snapshot;
use super::subscription::Subscription;
use super::topic::{LOG_SETTINGS, Topic, attributes_of, decode};
use crate::Bridge;
use crate::faults::Faults;
use crate::interchange::{self, references, references::References};
use crate::store::{RwLockExt, Store, StoreError, Stream};

/// How the names of streams begin that are topics or subscriptions.
const STREAMS: &str = "pubsub/";

/// The attribute of a subscription with the stream of its topic.
const TOPIC: &str = "topic_stream";

/// The attribute of a subscription with the offset at which it began.
const START: &str = "start";

/// Pub/Sub.
#[derive(Debug)]
pub(super) struct PubSub {
    store: Arc<Store>,
    registry: RwLock<Registry>,
    pub(super) schemas: Schemas,
    pub(super) signer: Signer,
    pub(super) policies: RwLock<BTreeMap<String, Policy>>,
    pub(super) faults: Faults,
    /// What other dialects share, if they do.
    bridge: Option<Bridge>,
    stopped: watch::Receiver<bool>,
    runtime: OnceLock<Handle>,
}

/// What there is, by name.
#[derive(Debug, Default)]
pub(super) struct Registry {
    pub(super) topics: BTreeMap<String, Arc<Topic>>,
    /// Topics that were deleted, whose messages are needed.
    pub(super) orphans: Vec<Arc<Topic>>,
    pub(super) subscriptions: BTreeMap<String, Arc<Subscription>>,
    pub(super) snapshots: BTreeMap<String, Arc<Snapshot>>,
}

impl PubSub {
    /// Opens what is in the store. What waits ends when `stopped` becomes true.
    ///
    /// # Errors
    /// Something cannot be read.
    pub(super) fn open(
        store: Arc<Store>,
        bridge: Option<Bridge>,
        faults: Faults,
        stopped: watch::Receiver<bool>,
    ) -> Result<Self, StoreError> {
        let registry = Registry::read(&store)?;
        Ok(Self {
            registry: RwLock::new(registry),
            schemas: Schemas::open(Arc::clone(&store))?,
            signer: Signer::default(),
            policies: RwLock::default(),
            bridge,
            faults,
            stopped,
            runtime: OnceLock::new(),
            store,
        })
    }

    /// Where everything is kept.
    pub(super) fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// Unix milliseconds.
    pub(super) fn now_ms(&self) -> i64 {
        self.store.clock().now_ms()
    }

    /// Tells when the emulator ends.
    pub(super) fn stopped(&self) -> watch::Receiver<bool> {
        self.stopped.clone()
    }

    /// Says in which runtime the service runs from now on.
    pub(super) fn run_in(&self, runtime: Handle) {
        self.runtime.get_or_init(|| runtime);
    }

    /// The runtime, once there is one.
    pub(super) fn runtime(&self) -> Option<&Handle> {
        self.runtime.get()
    }

    /// What there is.
    pub(super) fn registry(&self) -> &RwLock<Registry> {
        &self.registry
    }

    /// The topic of that name.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn topic(&self, name: &str) -> Result<Arc<Topic>, Status> {
        let found = self.registry.reading().topics.get(name).cloned();
        match (&self.bridge, found) {
            (Some(_), found) => self.shared_topic(name, found),
            (None, found) => found.ok_or_else(|| not_found(name)),
        }
    }

    /// The topic that a stream of all dialects is in a project; `known` is what was found.
    fn shared_topic(&self, name: &str, known: Option<Arc<Topic>>) -> Result<Arc<Topic>, Status> {
        if let Some(known) = known.filter(is_alive) {
            return Ok(known);
        }
        let mut registry = self.registry.writing();
        self.retire_if_gone(&mut registry, name)?;
        if let Some(known) = registry.topics.get(name) {
            return Ok(Arc::clone(known));
        }
        let shared = interchange::stream(&self.store, id_of(name));
        let shared = shared.ok_or_else(|| not_found(name))?;
        names::check(name, names::Kind::Topic)?;
        let about = pb::Topic {
            name: name.to_owned(),
            ..pb::Topic::default()
        };
        self.open_topic(&mut registry, &about, Some(&shared))
    }

    /// Takes a topic out of the list whose stream was deleted in another dialect.
    fn retire_if_gone(&self, registry: &mut Registry, name: &str) -> Result<(), Status> {
        let known = registry.topics.get(name).cloned();
        match known.filter(|known| self.bridge.is_some() && !is_alive(known)) {
            Some(gone) => self.retire(registry, &gone).map_err(store),
            None => Ok(()),
        }
    }

    /// Takes the topics out of the list whose streams were deleted in another dialect.
    pub(super) fn retire_deleted(&self) {
        if self.bridge.is_some() {
            let mut registry = self.registry.writing();
            let names: Vec<_> = registry.topics.keys().cloned().collect();
            for name in names {
                // What cannot be taken out now is later.
                drop(self.retire_if_gone(&mut registry, &name));
            }
        }
    }

    /// Takes in the streams that other dialects have, as topics of a project.
    pub(super) fn share_topics(&self, project: &str) {
        if self.bridge.is_some() {
            for stream in interchange::streams(&self.store) {
                // Some names cannot be those of topics.
                drop(self.topic(&format!("{project}/topics/{}", stream.name())));
            }
        }
    }

    /// The subscription of that name.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn subscription(&self, name: &str) -> Result<Arc<Subscription>, Status> {
        let found = self.registry.reading().subscriptions.get(name).cloned();
        found.ok_or_else(|| not_found(name))
    }

    /// Creates a topic.
    ///
    /// # Errors
    /// The name is taken, or the topic cannot be remembered.
    pub(super) fn create_topic(&self, about: &pb::Topic) -> Result<Arc<Topic>, Status> {
        let mut registry = self.registry.writing();
        self.retire_if_gone(&mut registry, &about.name)?;
        // A stream of another dialect that nobody asked for in this project becomes a topic as it is asked for now.
        if registry.topics.contains_key(&about.name) {
            return Err(already_exists(&about.name));
        }
        let shared = self.bridge.as_ref().map(|bridge| {
            let partitions = bridge.partitions();
            interchange::get_or_create(&self.store, id_of(&about.name), partitions)
        });
        let shared = shared.transpose().map_err(store)?;
        self.open_topic(&mut registry, about, shared.as_ref())
    }

    fn open_topic(
        &self,
        registry: &mut Registry,
        about: &pb::Topic,
        shared: Option<&Arc<Stream>>,
    ) -> Result<Arc<Topic>, Status> {
        let mut attributes = Topic::attributes(about, self.now_ms());
        attributes.extend(
            shared
                .into_iter()
                .flat_map(|shared| references::attributes(shared)),
        );
        let stream = self.create_stream(&about.name, attributes)?;
        let topic = Topic::open(&self.store, stream).map_err(store)?;
        let topic = Arc::new(topic.ok_or_else(|| store(StoreError::Deleted))?);
        registry
            .topics
            .insert(about.name.clone(), Arc::clone(&topic));
        Ok(topic)
    }

    /// Deletes a topic; its subscriptions keep what they have not acknowledged.
    ///
    /// # Errors
    /// There is none of that name, or that cannot be remembered.
    pub(super) fn delete_topic(&self, name: &str) -> Result<(), Status> {
        if self.bridge.is_some() {
            drop(self.topic(name));
        }
        let mut registry = self.registry.writing();
        let topic = registry.topics.get(name).cloned();
        let topic = topic.ok_or_else(|| not_found(name))?;
        self.retire(&mut registry, &topic).map_err(store)?;
        if let Some(shared) = topic.shared() {
            self.store.delete(shared.shared().name()).map_err(store)?;
        }
        Ok(())
    }

    /// Takes a topic out of the list.
    fn retire(&self, registry: &mut Registry, topic: &Arc<Topic>) -> Result<(), StoreError> {
        if registry.needs(topic) {
            let attributes = topic.attributes_when_deleted();
            self.store
                .configure(topic.stream(), LOG_SETTINGS, attributes)?;
            registry.orphans.push(Arc::clone(topic));
        } else {
            self.delete_stream(topic.stream())?;
        }
        topic.mark_deleted();
        registry.topics.remove(&topic.about().name);
        Ok(())
    }

    /// Deletes the stream of a topic.
    pub(super) fn delete_stream(&self, stream: &Stream) -> Result<(), StoreError> {
        references::forget(&self.store, stream)?;
        self.store.delete(stream.name()).map(drop)
    }

    /// Creates a subscription that begins with what is published from now on.
    ///
    /// # Errors
    /// The name is taken, there is no such topic, or the subscription cannot be remembered.
    pub(super) fn create_subscription(
        &self,
        about: pb::Subscription,
    ) -> Result<Arc<Subscription>, Status> {
        if self.bridge.is_some() {
            drop(self.topic(&about.topic));
        }
        let mut registry = self.registry.writing();
        if registry.subscriptions.contains_key(&about.name) {
            return Err(already_exists(&about.name));
        }
        let topic = registry.topics.get(&about.topic).cloned();
        let topic = topic.ok_or_else(|| not_found(&about.topic))?;
        let start = topic.bounds().1;
        let more = [
            (TOPIC, topic.stream().name().to_owned()),
            (START, start.to_string()),
        ];
        let stream = self.create_stream(&about.name, attributes_of(&about, more))?;
        let name = about.name.clone();
        let opened = Subscription::open(Arc::clone(&self.store), stream, topic, about, start);
        let subscription = Arc::new(opened.map_err(store)?);
        registry
            .subscriptions
            .insert(name, Arc::clone(&subscription));
        Ok(subscription)
    }

    /// Remembers how a subscription is shown from now on.
    ///
    /// # Errors
    /// It cannot be remembered.
    pub(super) fn change_subscription(
        &self,
        subscription: &Subscription,
        about: pb::Subscription,
    ) -> Result<(), Status> {
        let stream = subscription.stream();
        let old = stream.attributes();
        let kept = |key: &str| old.get(key).cloned().unwrap_or_default();
        let more = [(TOPIC, kept(TOPIC)), (START, kept(START))];
        let attributes = attributes_of(&about, more);
        let configured = self.store.configure(stream, LOG_SETTINGS, attributes);
        configured.map_err(store)?;
        subscription.configure(about);
        Ok(())
    }

    /// Deletes a subscription with its messages.
    ///
    /// # Errors
    /// There is none of that name, or the deletion cannot be remembered.
    pub(super) fn delete_subscription(&self, name: &str) -> Result<(), Status> {
        let mut registry = self.registry.writing();
        let found = registry.subscriptions.get(name).cloned();
        let found = found.ok_or_else(|| not_found(name))?;
        self.store.delete(found.stream().name()).map_err(store)?;
        registry.subscriptions.remove(name);
        found.mark_deleted();
        Ok(())
    }

    /// The snapshot of that name.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn snapshot(&self, name: &str) -> Result<Arc<Snapshot>, Status> {
        let found = self.registry.reading().snapshots.get(name).cloned();
        found.ok_or_else(|| not_found(name))
    }

    /// Deletes a snapshot.
    ///
    /// # Errors
    /// There is none of that name, or the deletion cannot be remembered.
    pub(super) fn delete_snapshot(&self, name: &str) -> Result<(), Status> {
        let mut registry = self.registry.writing();
        let found = registry.snapshots.get(name);
        let found = found.ok_or_else(|| not_found(name))?;
        found.forget(&self.store).map_err(store)?;
        registry.snapshots.remove(name);
        Ok(())
    }

    /// Deletes everything.
    ///
    /// # Errors
    /// A deletion cannot be remembered.
    pub(super) fn reset(&self) -> Result<(), StoreError> {
        let mut registry = self.registry.writing();
        while let Some((_, snapshot)) = registry.snapshots.pop_first() {
            snapshot.forget(&self.store)?;
        }
        while let Some((_, subscription)) = registry.subscriptions.pop_first() {
            self.store.delete(subscription.stream().name())?;
            subscription.mark_deleted();
        }
        let orphans = std::mem::take(&mut registry.orphans);
        let topics = std::mem::take(&mut registry.topics);
        for topic in topics.into_values().chain(orphans) {
            self.delete_stream(topic.stream())?;
            topic.mark_deleted();
        }
        if self.bridge.is_some() {
            interchange::delete_all(&self.store)?;
        }
        drop(registry);
        self.schemas.reset()?;
        self.policies.writing().clear();
        Ok(())
    }

    /// A stream of that name, or of a longer one if a deleted topic has it.
    fn create_stream(
        &self,
        name: &str,
        attributes: crate::store::Attributes,
    ) -> Result<Arc<Stream>, Status> {
        let id = Uuid::new_v4().as_u128();
        let mut stream_name = format!("{STREAMS}{name}");
        if self.store.stream(&stream_name).is_some() {
            stream_name = format!("{stream_name}#{id:032x}");
        }
        let created = self
            .store
            .create(&stream_name, id, 1, LOG_SETTINGS, attributes);
        let created = created.map_err(store)?;
        created.ok_or_else(|| already_exists(name))
    }
}

/// Whether the stream that a topic shares with other dialects is still there.
fn is_alive(topic: &Arc<Topic>) -> bool {
    topic.shared().is_some_and(References::is_alive)
}

/// The last part of a name.
fn id_of(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

impl Registry {
    /// What is in the store.
    fn read(store: &Arc<Store>) -> Result<Self, StoreError> {
        let mut registry = Self::default();
        let mut by_stream = BTreeMap::new();
        let own = |stream: &Arc<Stream>| stream.name().starts_with(STREAMS);
        let streams: Vec<_> = store.streams().into_iter().filter(own).collect();
        for stream in &streams {
            let Some(topic) = Topic::open(store, Arc::clone(stream))? else {
                continue;
            };
            let topic = Arc::new(topic);
            by_stream.insert(topic.stream().name().to_owned(), Arc::clone(&topic));
            match topic.is_deleted() {
                true => registry.orphans.push(topic),
                false => drop(registry.topics.insert(topic.about().name, topic)),
            }
        }
        for stream in streams {
            let attributes = stream.attributes();
            let topic = attributes.get(TOPIC).and_then(|name| by_stream.get(name));
            let about = decode::<pb::Subscription>(&attributes);
            let (Some(topic), Some(about)) = (topic, about) else {
                continue;
            };
            let start = attributes.get(START).and_then(|start| start.parse().ok());
            let (name, topic) = (about.name.clone(), Arc::clone(topic));
            let opened = Subscription::open(
                Arc::clone(store),
                stream,
                topic,
                about,
                start.unwrap_or_default(),
            )?;
            registry.subscriptions.insert(name, Arc::new(opened));
        }
        registry.snapshots = Snapshot::all(store, &by_stream)?;
        Ok(registry)
    }

    /// Whether a subscription or a snapshot has messages of this topic.
    pub(super) fn needs(&self, topic: &Arc<Topic>) -> bool {
        let mut subscriptions = self.subscriptions.values();
        let mut snapshots = self.snapshots.values();
        subscriptions.any(|subscription| Arc::ptr_eq(subscription.topic(), topic))
            || snapshots.any(|snapshot| Arc::ptr_eq(snapshot.topic(), topic))
    }

    /// The subscriptions that are attached to a topic.
    pub(super) fn subscriptions_to(&self, topic: &Arc<Topic>) -> Vec<Arc<Subscription>> {
        let all = self.subscriptions.values();
        let own = all.filter(|one| Arc::ptr_eq(one.topic(), topic) && !one.is_detached());
        own.cloned().collect()
    }
}
