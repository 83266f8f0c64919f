//! All streams.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use tokio::sync::watch;
use uuid::Uuid;

use super::about::{ATTRIBUTE, About, attribute_in};
use super::account::Account;
use super::stream::DataStream;
use super::subscriptions::Subscriptions;
use super::{error, names};
use crate::aws::AwsError;
use crate::faults::Faults;
use crate::interchange;
use crate::store::{LockExt, LogSettings, RwLockExt, Store, StoreError};

/// Streams by region and name.
type Streams = BTreeMap<(String, String), Arc<DataStream>>;

/// What is up to whoever starts the emulator.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    /// How long a stream is CREATING, UPDATING or DELETING.
    pub(crate) transition: Duration,
    /// Whether the throughput of a shard is bounded as at AWS.
    pub(crate) enforce_limits: bool,
    /// What goes wrong on purpose.
    pub(crate) faults: Faults,
    /// Whether streams are those of the other dialects.
    pub(crate) is_bridged: bool,
}

/// Kinesis.
#[derive(Debug)]
pub(crate) struct Kinesis {
    store: Arc<Store>,
    streams: RwLock<Streams>,
    settings: Settings,
    accounts: Mutex<BTreeMap<String, Account>>,
    pub(super) subscriptions: Subscriptions,
    stopped: watch::Receiver<bool>,
}

impl Kinesis {
    /// Opens the streams that are in the store. What waits ends when `stopped` becomes true.
    pub(crate) fn open(
        store: Arc<Store>,
        settings: Settings,
        stopped: watch::Receiver<bool>,
    ) -> Self {
        let own = store.streams().into_iter();
        let own = own.filter(|stream| names::is_stored(stream.name()));
        let streams = own.filter_map(DataStream::open).map(|stream| {
            let about = stream.about();
            ((about.region.clone(), about.name.clone()), Arc::new(stream))
        });
        Self {
            streams: RwLock::new(streams.collect()),
            store,
            settings,
            accounts: Mutex::default(),
            subscriptions: Subscriptions::default(),
            stopped,
        }
    }

    /// Where everything is kept.
    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    /// Unix milliseconds.
    pub(super) fn now_ms(&self) -> i64 {
        self.store.clock().now_ms()
    }

    /// When a change that begins now is over, Unix milliseconds.
    pub(super) fn change_end_ms(&self) -> i64 {
        let transition = i64::try_from(self.settings.transition.as_millis()).unwrap_or(i64::MAX);
        self.now_ms().saturating_add(transition)
    }

    /// Whether the throughput of a shard is bounded.
    pub(super) fn enforces_limits(&self) -> bool {
        self.settings.enforce_limits
    }

    /// What goes wrong on purpose.
    pub(super) fn faults(&self) -> &Faults {
        &self.settings.faults
    }

    /// Tells when the emulator ends.
    pub(super) fn stopped(&self) -> watch::Receiver<bool> {
        self.stopped.clone()
    }

    /// What holds for the account in a region.
    pub(super) fn account<T>(&self, region: &str, use_it: impl FnOnce(&mut Account) -> T) -> T {
        use_it(self.accounts.locked().entry(region.to_owned()).or_default())
    }

    /// The stream of that name.
    pub(super) fn stream(&self, region: &str, name: &str) -> Option<Arc<DataStream>> {
        let key = (region.to_owned(), name.to_owned());
        let found = match self.settings.is_bridged {
            true => self.shared(key)?,
            false => self.streams.reading().get(&key).cloned()?,
        };
        if !found.about().is_gone(self.now_ms()) {
            return Some(found);
        }
        // A failure leaves it to be deleted later; it is gone for users all the same.
        drop(self.remove(&found));
        None
    }

    /// What a region sees of the stream of that name which all dialects have.
    fn shared(&self, key: (String, String)) -> Option<Arc<DataStream>> {
        let stream = interchange::stream(&self.store, &key.1);
        let mut streams = self.streams.writing();
        let known = streams.get(&key);
        if let (Some(known), Some(stream)) = (known, &stream)
            && known.id() == stream.id()
        {
            return Some(Arc::clone(known));
        }
        // It was deleted in another dialect.
        streams.remove(&key);
        let opened = Arc::new(DataStream::shared(stream?, &key.0));
        streams.insert(key, Arc::clone(&opened));
        Some(opened)
    }

    /// The streams of a region, by name.
    pub(super) fn streams(&self, region: &str) -> Vec<Arc<DataStream>> {
        if self.settings.is_bridged {
            let all = interchange::streams(&self.store);
            let named = all.filter(|stream| names::is_name(stream.name()));
            let own = named.filter_map(|stream| self.stream(region, stream.name()));
            return own.collect();
        }
        let (streams, now_ms) = (self.streams.reading(), self.now_ms());
        let first = (region.to_owned(), String::new());
        let own = streams
            .range(first..)
            .take_while(|((of, _), _)| of == region);
        own.map(|(_, stream)| Arc::clone(stream))
            .filter(|stream| !stream.about().is_gone(now_ms))
            .collect()
    }

    /// Creates a stream; false if there is one of that name.
    ///
    /// # Errors
    /// It cannot be remembered.
    pub(super) fn create(&self, about: &About) -> Result<bool, AwsError> {
        if self.settings.is_bridged {
            return self.create_shared(about);
        }
        let mut streams = self.streams.writing();
        let key = (about.region.clone(), about.name.clone());
        if streams.contains_key(&key) {
            return Ok(false);
        }
        let created = self.store.create(
            &names::stored(&about.region, &about.name),
            Uuid::new_v4().as_u128(),
            about.shards.len() as u32,
            about.log_settings(),
            about.remember(ATTRIBUTE),
        );
        let created = created.map_err(|error| error::internal(error.to_string()))?;
        let stream = created.and_then(DataStream::open);
        let stream =
            stream.ok_or_else(|| error::internal("the store has a stream of that name"))?;
        streams.insert(key, Arc::new(stream));
        Ok(true)
    }

    /// Creates a stream that all dialects have.
    fn create_shared(&self, about: &About) -> Result<bool, AwsError> {
        let remembered = about.remember(&attribute_in(&about.region));
        let (id, shards) = (Uuid::new_v4().as_u128(), about.shards.len() as u32);
        let settings = LogSettings::default();
        let created = self
            .store
            .create(&about.name, id, shards, settings, remembered);
        let created = created.map_err(|error| error::internal(error.to_string()))?;
        Ok(created.is_some())
    }

    /// Removes a stream with its records.
    ///
    /// # Errors
    /// The removal cannot be remembered.
    pub(super) fn remove(&self, stream: &DataStream) -> Result<(), StoreError> {
        let about = stream.about();
        let mut streams = self.streams.writing();
        let key = (about.region.clone(), about.name.clone());
        if streams
            .get(&key)
            .is_some_and(|known| known.id() == stream.id())
        {
            self.store.delete(stream.stream().name())?;
            streams.remove(&key);
        }
        drop(streams);
        // Subscribers learn that it is gone.
        stream.wake();
        Ok(())
    }

    /// Removes all streams.
    ///
    /// # Errors
    /// A removal cannot be remembered.
    pub(crate) fn reset(&self) -> Result<(), StoreError> {
        self.accounts.locked().clear();
        let streams: Vec<_> = self.streams.reading().values().cloned().collect();
        if self.settings.is_bridged {
            interchange::delete_all(&self.store)?;
        }
        streams.iter().try_for_each(|stream| self.remove(stream))
    }

    /// Drops records that are old, and streams whose deletion is over.
    ///
    /// # Errors
    /// A log cannot be written; others are cleaned all the same.
    pub(crate) fn clean_up(&self) -> Result<(), StoreError> {
        let now_ms = self.now_ms();
        let streams: Vec<_> = self.streams.reading().values().cloned().collect();
        let mut result = Ok(());
        for stream in streams {
            if stream.about().is_gone(now_ms) {
                result = result.and(self.remove(&stream));
                continue;
            }
            for log in stream.stream().partitions() {
                result = result.and(log.enforce_retention(now_ms).map(drop));
            }
        }
        result
    }
}
