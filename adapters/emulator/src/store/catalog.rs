//! All streams of one emulator.

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};

use super::log::Log;
use super::sync::RwLockExt;
use super::{Budget, Clock, LogSettings, Partition, Stream};

/// A set of streams.
#[derive(Debug)]
pub struct Store {
    clock: Arc<dyn Clock>,
    budget: Arc<Budget>,
    streams: RwLock<BTreeMap<String, Arc<Stream>>>,
}

impl Store {
    /// A store that keeps everything in memory, at most what `budget` allows.
    pub fn in_memory(clock: Arc<dyn Clock>, budget: Budget) -> Self {
        Self {
            clock,
            budget: Arc::new(budget),
            streams: RwLock::default(),
        }
    }

    /// The store's clock.
    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// The stream of that name.
    pub fn stream(&self, name: &str) -> Option<Arc<Stream>> {
        self.streams.reading().get(name).cloned()
    }

    /// All streams, by name.
    pub fn streams(&self) -> Vec<Arc<Stream>> {
        self.streams.reading().values().cloned().collect()
    }

    /// Creates a stream, or returns `None` if the name is taken.
    pub fn create(
        &self,
        name: &str,
        id: u128,
        partitions: u32,
        settings: LogSettings,
    ) -> Option<Arc<Stream>> {
        let mut streams = self.streams.writing();
        if streams.contains_key(name) {
            return None;
        }
        let new_partition =
            |_| Arc::new(Partition::new(Log::new(settings, Arc::clone(&self.budget))));
        let partitions = (0..partitions).map(new_partition).collect();
        let stream = Arc::new(Stream::new(name.to_owned(), id, partitions));
        streams.insert(name.to_owned(), Arc::clone(&stream));
        Some(stream)
    }
}
