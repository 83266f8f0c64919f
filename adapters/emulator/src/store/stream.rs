//! A named list of partitions.

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};

use serde::{Deserialize, Serialize};

use super::{Partition, RwLockExt};

/// A stream: what Kafka calls a topic.
#[derive(Debug)]
pub struct Stream {
    name: String,
    id: u128,
    created_ms: i64,
    partitions: RwLock<Vec<Arc<Partition>>>,
    attributes: RwLock<Attributes>,
}

/// Settings of a stream as the dialect that created it knows them.
pub type Attributes = BTreeMap<String, String>;

/// What is remembered of a stream.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StreamFact {
    pub(crate) id: u128,
    pub(crate) created_ms: i64,
    pub(crate) partitions: u32,
    pub(crate) attributes: Attributes,
}

impl Stream {
    pub(crate) fn new(name: String, fact: StreamFact, partitions: Vec<Arc<Partition>>) -> Self {
        let StreamFact {
            id,
            created_ms,
            attributes,
            ..
        } = fact;
        let (partitions, attributes) = (RwLock::new(partitions), RwLock::new(attributes));
        Self {
            name,
            id,
            created_ms,
            partitions,
            attributes,
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

    /// When it was created, Unix milliseconds.
    pub fn created_ms(&self) -> i64 {
        self.created_ms
    }

    /// How many partitions it has.
    pub fn partition_count(&self) -> u32 {
        self.partitions.reading().len() as u32
    }

    /// One of its partitions.
    pub fn partition(&self, number: i32) -> Option<Arc<Partition>> {
        let number = usize::try_from(number).ok()?;
        self.partitions.reading().get(number).cloned()
    }

    /// All its partitions, by number.
    pub fn partitions(&self) -> Vec<Arc<Partition>> {
        self.partitions.reading().clone()
    }

    /// Its settings.
    pub fn attributes(&self) -> Attributes {
        self.attributes.reading().clone()
    }

    pub(crate) fn add_partitions(&self, new: Vec<Arc<Partition>>) {
        self.partitions.writing().extend(new);
    }

    pub(crate) fn set_attributes(&self, attributes: Attributes) {
        *self.attributes.writing() = attributes;
    }

    /// What is to be remembered, with another number of partitions or other attributes.
    pub(crate) fn fact(&self, partitions: u32, attributes: Attributes) -> StreamFact {
        StreamFact {
            id: self.id,
            created_ms: self.created_ms,
            partitions,
            attributes,
        }
    }
}
