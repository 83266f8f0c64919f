//! Making and looking at streams.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde::Serialize;

use crate::{Partition, Position, Range, Result};

/// A stream to be made.
#[derive(Debug, Clone, Default)]
pub struct StreamSpec {
    /// Its name.
    pub name: String,
    /// How many partitions; the target's default when not said.
    pub partitions: Option<u32>,
    /// Settings in the target's own words (`retention.ms=60000`).
    pub config: BTreeMap<String, String>,
    /// Labels for people and bills, where the target has any.
    pub tags: BTreeMap<String, String>,
    /// Keep records whatever their timestamps, unless `config` says otherwise: recorded and
    /// made-up events lie in the past, and a broker's usual retention would delete them at once.
    pub keep_all: bool,
}

/// What is known of a stream.
#[derive(Debug, Clone, Serialize)]
pub struct StreamInfo {
    /// Its name.
    pub name: String,
    /// One entry per partition; at least one.
    pub partitions: Vec<PartitionInfo>,
    /// Settings that differ from the target's defaults.
    pub config: BTreeMap<String, String>,
}

/// What is known of a partition.
#[derive(Debug, Clone, Serialize)]
pub struct PartitionInfo {
    /// Its name.
    pub id: Partition,
    /// The oldest record that can be read.
    pub start: Position,
    /// The next record to be written.
    pub end: Position,
}

/// A count that may honestly not be known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Backlog {
    /// So many records.
    Records(u64),
    /// Not known, and why; never shown as 0.
    Unknown(String),
}

/// How far a group is behind in one partition.
#[derive(Debug, Clone, Serialize)]
pub struct Lag {
    /// The partition.
    pub partition: Partition,
    /// What the group committed: the next record it will read.
    pub committed: Position,
    /// The next record to be written.
    pub end: Position,
    /// The records between the two.
    pub backlog: Backlog,
}

/// The administrative side of a target.
#[async_trait]
pub trait Admin: Send + Sync {
    /// Makes a stream; `AlreadyExists` when it is there.
    async fn create(&self, stream: &StreamSpec) -> Result<()>;

    /// The names of all streams, sorted.
    async fn list(&self) -> Result<Vec<String>>;

    /// One stream; `NotFound` when it is not there.
    async fn describe(&self, stream: &str) -> Result<StreamInfo>;

    /// Deletes a stream and all its records; `NotFound` when it is not there. When it answers
    /// Ok, a stream of that name can be made anew.
    async fn delete(&self, stream: &str) -> Result<()>;

    /// How far a group is behind, per partition.
    async fn lag(&self, stream: &str, group: &str) -> Result<Vec<Lag>>;

    /// Moves what a group will read next to the start of the range in every partition.
    async fn seek(&self, stream: &str, group: &str, to: &Range) -> Result<()>;
}
