//! A named list of partitions.

use std::sync::{Arc, RwLock};

use super::Partition;
use super::sync::RwLockExt;

/// A stream: what Kafka calls a topic.
#[derive(Debug)]
pub struct Stream {
    name: String,
    id: u128,
    partitions: RwLock<Vec<Arc<Partition>>>,
}

impl Stream {
    pub(crate) fn new(name: String, id: u128, partitions: Vec<Arc<Partition>>) -> Self {
        Self {
            name,
            id,
            partitions: RwLock::new(partitions),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A number that no other stream ever had, even one of the same name.
    pub fn id(&self) -> u128 {
        self.id
    }

    /// How many partitions it has.
    pub fn partition_count(&self) -> usize {
        self.partitions.reading().len()
    }

    /// One of its partitions.
    pub fn partition(&self, number: i32) -> Option<Arc<Partition>> {
        let number = usize::try_from(number).ok()?;
        self.partitions.reading().get(number).cloned()
    }
}
