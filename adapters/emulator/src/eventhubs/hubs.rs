//! All hubs of the namespace, over the streams of the store. The only place that knows which stream a hub is.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock};

use uuid::Uuid;

use super::amqp::{AmqpError, condition};
use super::hub::{About, Hub, OpenHub, log_settings};
use crate::interchange;
use crate::store::{RwLockExt, Store, StoreError};

/// The most partitions of a hub.
pub(crate) const MAX_PARTITIONS: u32 = 32;

/// The most consumer groups of a hub, besides the default one.
pub(crate) const MAX_GROUPS: usize = 20;

/// The longest name of a hub, in bytes.
const MAX_HUB_NAME: usize = 256;

/// The longest name of a consumer group, in bytes.
const MAX_GROUP_NAME: usize = 50;

/// Why a hub or a consumer group cannot be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HubError {
    /// There is one already.
    #[error("`{0}` exists already")]
    Exists(String),
    /// It cannot be as it is asked for.
    #[error("{0}")]
    Invalid(String),
    /// It cannot be remembered.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// All hubs.
#[derive(Debug)]
pub(crate) struct Hubs {
    store: Arc<Store>,
    /// By name in small letters.
    hubs: RwLock<BTreeMap<String, Arc<OpenHub>>>,
    /// The store's generation that they were taken from; clients of Kafka may create and delete topics.
    seen: AtomicU64,
    /// Partitions of a hub that is created because somebody names it; none are without.
    auto_create: Option<u32>,
    /// Whether hubs are streams of other dialects, too.
    is_bridged: bool,
}

impl Hubs {
    /// The hubs that are in the store.
    pub(crate) fn open(store: Arc<Store>, auto_create: Option<u32>, is_bridged: bool) -> Self {
        let open = |stream| {
            let hub = OpenHub::new(stream, is_bridged);
            (hub.name().to_ascii_lowercase(), Arc::new(hub))
        };
        let seen = AtomicU64::new(store.generation());
        let hubs = interchange::streams(&store).map(open).collect();
        Self {
            store,
            hubs: RwLock::new(hubs),
            seen,
            auto_create,
            is_bridged,
        }
    }

    /// Where everything is kept.
    pub(crate) fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// Unix milliseconds.
    pub(crate) fn now_ms(&self) -> i64 {
        self.store.clock().now_ms()
    }

    /// Takes in what others created and deleted.
    fn refresh(&self) {
        let generation = self.store.generation();
        if self.seen.load(Ordering::Acquire) == generation {
            return;
        }
        let mut hubs = self.hubs.writing();
        let streams: Vec<_> = interchange::streams(&self.store).collect();
        hubs.retain(|_, hub| {
            let is_there = streams.iter().any(|stream| stream.id() == hub.stream.id());
            if !is_there {
                hub.receivers.evict(None);
            }
            is_there
        });
        for stream in streams {
            let key = stream.name().to_ascii_lowercase();
            hubs.entry(key)
                .or_insert_with(|| Arc::new(OpenHub::new(stream, self.is_bridged)));
        }
        self.seen.store(generation, Ordering::Release);
    }

    /// The hub of that name; case does not matter.
    pub(crate) fn get(&self, name: &str) -> Option<Arc<OpenHub>> {
        self.refresh();
        self.hubs.reading().get(&name.to_ascii_lowercase()).cloned()
    }

    /// The same; it is created if that is allowed.
    ///
    /// # Errors
    /// There is none, or it cannot be created.
    pub(crate) fn get_or_create(&self, name: &str) -> Result<Arc<OpenHub>, AmqpError> {
        if let Some(hub) = self.get(name) {
            return Ok(hub);
        }
        let missing = |reason: String| {
            AmqpError::new(
                condition::NOT_FOUND,
                format!("The messaging entity '{name}' could not be found. {reason}"),
            )
        };
        let partitions = self.auto_create.ok_or_else(|| missing(String::new()))?;
        match self.create(&Hub::new(name, partitions)) {
            Ok(hub) => Ok(hub),
            // Somebody was faster.
            Err(HubError::Exists(_)) => self.get(name).ok_or_else(|| missing(String::new())),
            Err(HubError::Invalid(reason)) => Err(missing(reason)),
            Err(HubError::Store(error)) => {
                Err(AmqpError::new(condition::INTERNAL, error.to_string()))
            }
        }
    }

    /// All hubs, by name.
    pub(crate) fn all(&self) -> Vec<Arc<OpenHub>> {
        self.refresh();
        self.hubs.reading().values().cloned().collect()
    }

    /// Creates a hub.
    ///
    /// # Errors
    /// There is one of that name, its declaration breaks a rule, or it cannot be remembered.
    pub(crate) fn create(&self, hub: &Hub) -> Result<Arc<OpenHub>, HubError> {
        check(hub).map_err(HubError::Invalid)?;
        self.refresh();
        let mut hubs = self.hubs.writing();
        let key = hub.name.to_ascii_lowercase();
        if hubs.contains_key(&key) {
            return Err(HubError::Exists(hub.name.clone()));
        }
        let now_ms = self.now_ms();
        let groups = hub.consumer_groups.iter();
        let about = About {
            created_ms: now_ms,
            retention_ms: hub.retention_ms,
            groups: groups.map(|name| (name.clone(), now_ms)).collect(),
        };
        let remembered = about.remember();
        let settings = log_settings(&remembered);
        let id = Uuid::new_v4().as_u128();
        let created = self
            .store
            .create(&hub.name, id, hub.partitions, settings, remembered)?;
        let stream = created.ok_or_else(|| HubError::Exists(hub.name.clone()))?;
        let opened = Arc::new(OpenHub::new(stream, self.is_bridged));
        hubs.insert(key, Arc::clone(&opened));
        Ok(opened)
    }

    /// Deletes a hub with its events; false if there is none.
    ///
    /// # Errors
    /// The deletion cannot be remembered.
    pub(crate) fn delete(&self, name: &str) -> Result<bool, StoreError> {
        self.refresh();
        let mut hubs = self.hubs.writing();
        let key = name.to_ascii_lowercase();
        let Some(hub) = hubs.get(&key) else {
            return Ok(false);
        };
        self.store.delete(hub.name())?;
        hub.receivers.evict(None);
        hubs.remove(&key);
        Ok(true)
    }

    /// Creates a consumer group.
    ///
    /// # Errors
    /// There is one of that name, its name breaks a rule, or it cannot be remembered.
    pub(crate) fn create_group(&self, hub: &OpenHub, name: &str) -> Result<(), HubError> {
        check_name(name, MAX_GROUP_NAME).map_err(HubError::Invalid)?;
        if hub.has_group(name) {
            return Err(HubError::Exists(name.to_owned()));
        }
        if hub.about().groups.len() >= MAX_GROUPS {
            let reason = format!("a hub has at most {MAX_GROUPS} consumer groups");
            return Err(HubError::Invalid(reason));
        }
        let now_ms = self.now_ms();
        hub.update(&self.store, |about| {
            about.groups.insert(name.to_owned(), now_ms);
        })?;
        Ok(())
    }

    /// Deletes a consumer group; its receivers are driven away.
    ///
    /// # Errors
    /// The deletion cannot be remembered.
    pub(crate) fn delete_group(&self, hub: &OpenHub, name: &str) -> Result<(), StoreError> {
        hub.update(&self.store, |about| {
            about
                .groups
                .retain(|known, _| !known.eq_ignore_ascii_case(name));
        })?;
        hub.receivers.evict(Some(name));
        Ok(())
    }

    /// Drops what hubs do not keep any longer.
    ///
    /// # Errors
    /// A log cannot be changed; the others are cleaned all the same.
    pub(crate) fn clean_up(&self) -> Result<(), StoreError> {
        let now_ms = self.now_ms();
        let mut result = Ok(());
        for hub in self.all() {
            for partition in hub.stream.partitions() {
                result = partition.enforce_retention(now_ms).map(drop).and(result);
            }
        }
        result
    }
}

/// Checks a declaration.
pub(crate) fn check(hub: &Hub) -> Result<(), String> {
    check_name(&hub.name, MAX_HUB_NAME)?;
    if !(1..=MAX_PARTITIONS).contains(&hub.partitions) {
        return Err(format!(
            "the hub `{}` has {} partitions; use 1 to {MAX_PARTITIONS}",
            hub.name, hub.partitions
        ));
    }
    if hub.consumer_groups.len() > MAX_GROUPS {
        return Err(format!(
            "the hub `{}` has {} consumer groups; use at most {MAX_GROUPS}",
            hub.name,
            hub.consumer_groups.len()
        ));
    }
    for (index, group) in hub.consumer_groups.iter().enumerate() {
        if group.eq_ignore_ascii_case(super::hub::DEFAULT_GROUP) {
            return Err(format!(
                "the hub `{}` declares the consumer group `{group}`, which every hub has; leave it out",
                hub.name
            ));
        }
        check_name(group, MAX_GROUP_NAME)?;
        let mut others = hub.consumer_groups.iter().take(index);
        if others.any(|other| other.eq_ignore_ascii_case(group)) {
            return Err(format!(
                "the hub `{}` declares the consumer group `{group}` twice",
                hub.name
            ));
        }
    }
    Ok(())
}

/// Letters, digits, `.`, `-`, `_`; a letter or digit first and last.
fn check_name(name: &str, longest: usize) -> Result<(), String> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    let edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = name.as_bytes();
    if bytes.len() <= longest
        && edge(bytes.first())
        && edge(bytes.last())
        && bytes.iter().copied().all(allowed)
    {
        return Ok(());
    }
    Err(format!(
        "the name `{name}` is not 1 to {longest} letters, digits, `.`, `-` and `_` that begin and end with a letter or digit"
    ))
}
