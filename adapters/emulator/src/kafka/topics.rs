//! The topics of the cluster, over the streams of the store.

use std::sync::Arc;

use uuid::Uuid;

use crate::store::{LogSettings, Store, Stream};

/// The format number of a record batch of version 2 in a store's frame.
pub(crate) const RECORD_BATCH: u8 = 1;

/// All topics.
#[derive(Debug)]
pub(crate) struct Topics {
    store: Store,
}

impl Topics {
    /// The topics that `store` has.
    pub(crate) fn new(store: Store) -> Self {
        Self { store }
    }

    /// The topic of that name.
    pub(crate) fn get(&self, name: &str) -> Option<Arc<Stream>> {
        self.store.stream(name)
    }

    /// The topic of that id.
    pub(crate) fn by_id(&self, id: Uuid) -> Option<Arc<Stream>> {
        self.all()
            .into_iter()
            .find(|topic| topic.id() == id.as_u128())
    }

    /// All topics, by name.
    pub(crate) fn all(&self) -> Vec<Arc<Stream>> {
        self.store.streams()
    }

    /// Creates a topic, or returns the one that has the name already.
    pub(crate) fn get_or_create(&self, name: &str, partitions: u32) -> Option<Arc<Stream>> {
        let id = Uuid::new_v4().as_u128();
        self.store
            .create(name, id, partitions, LogSettings::default())
            .or_else(|| self.get(name))
    }

    /// Wakes every waiting reader.
    pub(crate) fn wake_all(&self) {
        for topic in self.all() {
            let partitions = i32::try_from(topic.partition_count()).unwrap_or(i32::MAX);
            (0..partitions)
                .filter_map(|number| topic.partition(number))
                .for_each(|partition| partition.wake());
        }
    }
}

/// Whether `name` is one that Kafka allows: 1 to 249 of `[a-zA-Z0-9._-]`, and not `.` or `..`.
pub(crate) fn is_valid_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    !name.is_empty()
        && name.len() <= 249
        && name != "."
        && name != ".."
        && name.bytes().all(allowed)
}
