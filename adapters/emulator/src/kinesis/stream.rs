//! One stream: what is known of it, its shards, and who waits for records.

use std::sync::{Arc, Mutex, RwLock, RwLockReadGuard};

use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use super::about::{ATTRIBUTE, About, attribute_in};
use super::error;
use super::limits::Throughput;
use super::names::ShardId;
use crate::aws::{ACCOUNT, AwsError};
use crate::store::{
    LockExt, Partition, RwLockExt, Store, StoreError, Stream, Subscription, Waiter,
};

/// A stream of Kinesis.
#[derive(Debug)]
pub(crate) struct DataStream {
    stream: Arc<Stream>,
    /// The attribute of the stream that remembers what users know of it.
    attribute: String,
    inside: RwLock<Inside>,
    grown: Arc<Notify>,
    /// What rings when other dialects write.
    _bells: Vec<Subscription>,
    throughput: Mutex<Vec<Throughput>>,
}

/// What changes together.
#[derive(Debug)]
pub(super) struct Inside {
    pub(super) about: Arc<About>,
    /// By number; there may be more than `about` knows of after a crash.
    pub(super) logs: Vec<Arc<Partition>>,
    /// Last hash key and number of the open shards, in order.
    open: Vec<(u128, u32)>,
}

impl Inside {
    fn new(about: Arc<About>, logs: Vec<Arc<Partition>>) -> Self {
        let mut open: Vec<_> = about
            .open_shards()
            .map(|(number, shard)| (shard.range.last, number))
            .collect();
        open.sort_unstable();
        Self { about, logs, open }
    }

    /// The number of the open shard that takes a hash key.
    pub(super) fn route(&self, hash: u128) -> Option<u32> {
        let place = self.open.partition_point(|(last, _)| *last < hash);
        self.open.get(place).map(|(_, number)| *number)
    }
}

impl DataStream {
    /// Opens the stream that a stream of the store is; `None` if it was written by something else.
    pub(super) fn open(stream: Arc<Stream>) -> Option<Self> {
        let about = About::recall(&stream.attributes(), ATTRIBUTE)?;
        Some(Self::new(stream, ATTRIBUTE.to_owned(), about))
    }

    /// What a region sees of a stream that other dialects have, too.
    pub(super) fn shared(stream: Arc<Stream>, region: &str) -> Self {
        let attribute = attribute_in(region);
        let known = About::recall(&stream.attributes(), &attribute);
        let mut about = known.unwrap_or_else(|| {
            let shards = stream.partition_count();
            About::new(region, stream.name(), shards, stream.created_ms())
        });
        about.is_shared = true;
        let mut shared = Self::new(stream, attribute, about);
        let grown = Arc::clone(&shared.grown);
        let waiter = Arc::new(Waiter::calling(move || grown.notify_waiters()));
        let logs = shared.stream.partitions();
        shared._bells = logs.iter().map(|log| log.subscribe(&waiter)).collect();
        shared
    }

    fn new(stream: Arc<Stream>, attribute: String, about: About) -> Self {
        let inside = Inside::new(Arc::new(about), stream.partitions());
        Self {
            stream,
            attribute,
            inside: RwLock::new(inside),
            grown: Arc::default(),
            _bells: Vec::new(),
            throughput: Mutex::default(),
        }
    }

    /// What users know of it.
    pub(super) fn about(&self) -> Arc<About> {
        Arc::clone(&self.inside.reading().about)
    }

    /// What it is; nothing of it changes until this is dropped.
    pub(super) fn inside(&self) -> RwLockReadGuard<'_, Inside> {
        self.inside.reading()
    }

    /// Where the records of a shard are.
    pub(super) fn log(&self, number: u32) -> Option<Arc<Partition>> {
        self.inside.reading().logs.get(number as usize).cloned()
    }

    /// The stream of the store.
    pub(super) fn stream(&self) -> &Stream {
        &self.stream
    }

    /// A number that no other stream ever had.
    pub(super) fn id(&self) -> u128 {
        self.stream.id()
    }

    /// Changes what is known of it, and remembers that. Nobody writes meanwhile.
    ///
    /// # Errors
    /// `change` refuses, or the change cannot be remembered; nothing changed then.
    pub(super) fn update<T>(
        &self,
        store: &Store,
        change: impl FnOnce(&mut About, &[Arc<Partition>]) -> Result<T, AwsError>,
    ) -> Result<T, AwsError> {
        let mut inside = self.inside.writing();
        let mut about = About::clone(&inside.about);
        let result = change(&mut about, &inside.logs)?;
        self.remember(store, &about)
            .map_err(|error| error::store(error, &about.name))?;
        *inside = Inside::new(Arc::new(about), self.stream.partitions());
        drop(inside);
        self.wake();
        Ok(result)
    }

    fn remember(&self, store: &Store, about: &About) -> Result<(), StoreError> {
        let remembered = about.remember(&self.attribute);
        if about.is_shared {
            return store.amend(&self.stream, |attributes| attributes.extend(remembered));
        }
        let (settings, shards) = (about.log_settings(), about.shards.len() as u32);
        if shards > self.stream.partition_count() {
            store.grow(&self.stream, shards, settings)?;
        }
        store.configure(&self.stream, settings, remembered)
    }

    /// Completes when there may be new records, or a shard was closed. Call it before looking.
    pub(super) fn grown(&self) -> Notified<'_> {
        self.grown.notified()
    }

    /// Wakes all who wait.
    pub(super) fn wake(&self) {
        self.grown.notify_waiters();
    }

    /// Takes what a request needs of a shard's throughput.
    ///
    /// # Errors
    /// It is used up.
    pub(super) fn take(
        &self,
        shard: u32,
        take: impl FnOnce(&mut Throughput) -> bool,
    ) -> Result<(), AwsError> {
        let mut shards = self.throughput.locked();
        let number = shard as usize;
        if shards.len() <= number {
            shards.resize_with(number + 1, Throughput::default);
        }
        match take(&mut shards[number]) {
            true => Ok(()),
            false => Err(self.rate_exceeded(shard)),
        }
    }

    /// The error of a shard that has too much to do.
    pub(super) fn rate_exceeded(&self, shard: u32) -> AwsError {
        let message = format!(
            "Rate exceeded for shard {} in stream {} under account {ACCOUNT}.",
            ShardId(shard),
            self.about().name
        );
        error::kinesis("ProvisionedThroughputExceededException", message)
    }
}
