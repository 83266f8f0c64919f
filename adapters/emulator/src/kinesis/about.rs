//! What is known of a stream besides its records; it is remembered as one document.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::hash::HashRange;
use super::sequence::Sequence;
use crate::store::{Attributes, LogSettings};

/// The attribute of the store's stream that holds it.
pub(super) const ATTRIBUTE: &str = "kinesis";

/// The same of a stream that other dialects have, too: every region sees it, each in its own way.
pub(super) fn attribute_in(region: &str) -> String {
    format!("{ATTRIBUTE}.{region}")
}

/// Milliseconds of an hour.
pub(super) const HOUR_MS: i64 = 3_600_000;

/// A stream, as users see it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct About {
    pub(super) region: String,
    pub(super) name: String,
    /// Unix milliseconds.
    pub(super) created_ms: i64,
    pub(super) on_demand: bool,
    pub(super) retention_hours: i64,
    /// Records from before then are gone, although the retention may have been made longer since.
    pub(super) floor_ms: i64,
    pub(super) max_record_kib: i64,
    pub(super) warm_mibps: Option<i64>,
    /// The key that records count as encrypted with.
    pub(super) key_id: Option<String>,
    /// Shard-level metrics that are switched on.
    pub(super) metrics: BTreeSet<String>,
    pub(super) policy: Option<String>,
    pub(super) tags: BTreeMap<String, String>,
    /// By number.
    pub(super) shards: Vec<Shard>,
    /// By name.
    pub(super) consumers: BTreeMap<String, Consumer>,
    /// What it is going through, and until when, Unix milliseconds.
    pub(super) change: Option<(Status, i64)>,
    /// When UpdateShardCount was called lately, Unix milliseconds.
    pub(super) scaled_ms: Vec<i64>,
    /// Whether other dialects have the stream, too: its shards stay what they are, and another one drops old records.
    #[serde(skip)]
    pub(super) is_shared: bool,
}

/// What a stream or a consumer is going through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Status {
    Creating,
    Active,
    Updating,
    Deleting,
}

impl Status {
    /// As AWS calls it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Creating => "CREATING",
            Self::Active => "ACTIVE",
            Self::Updating => "UPDATING",
            Self::Deleting => "DELETING",
        }
    }
}

/// A shard.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Shard {
    pub(super) range: HashRange,
    /// Unix milliseconds.
    pub(super) created_ms: i64,
    /// Unix seconds, greater than those of its parents.
    pub(super) created_s: u64,
    /// One for a split, two for a merge.
    pub(super) parents: Vec<u32>,
    pub(super) closed: Option<Closed>,
}

/// The end of a shard.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Closed {
    /// Unix milliseconds.
    pub(super) at_ms: i64,
    /// One past the offset of its last record.
    pub(super) end: i64,
}

/// A registered consumer of a stream.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Consumer {
    /// Unix milliseconds.
    pub(super) created_ms: i64,
    pub(super) policy: Option<String>,
    pub(super) tags: BTreeMap<String, String>,
    /// What it is going through, and until when, Unix milliseconds.
    pub(super) change: Option<(Status, i64)>,
}

impl About {
    /// A new stream with that many shards.
    pub(super) fn new(region: &str, name: &str, shards: u32, now_ms: i64) -> Self {
        let shards = HashRange::even(shards).into_iter();
        Self {
            region: region.to_owned(),
            name: name.to_owned(),
            created_ms: now_ms,
            on_demand: false,
            retention_hours: 24,
            floor_ms: 0,
            max_record_kib: 1024,
            warm_mibps: None,
            key_id: None,
            metrics: BTreeSet::new(),
            policy: None,
            tags: BTreeMap::new(),
            shards: shards.map(|range| Shard::new(range, now_ms)).collect(),
            consumers: BTreeMap::new(),
            change: None,
            scaled_ms: Vec::new(),
            is_shared: false,
        }
    }

    /// Reads what an attribute remembers; `None` if it was written by something else.
    pub(super) fn recall(attributes: &Attributes, attribute: &str) -> Option<Self> {
        serde_json::from_str(attributes.get(attribute)?).ok()
    }

    /// The form in which the store remembers it, in an attribute of that name.
    pub(super) fn remember(&self, attribute: &str) -> Attributes {
        let text = serde_json::to_string(self).expect("plain structs can be written as JSON");
        Attributes::from([(attribute.to_owned(), text)])
    }

    /// How the store keeps its records: in segments that are dropped when all in them is old.
    pub(super) fn log_settings(&self) -> LogSettings {
        LogSettings {
            segment_bytes: 64 << 20,
            segment_ms: HOUR_MS,
            retention_ms: Some(self.retention_hours * HOUR_MS),
            retention_bytes: None,
        }
    }

    /// What it is going through.
    pub(super) fn status(&self, now_ms: i64) -> Status {
        current(self.change, now_ms)
    }

    /// Whether its deletion is over.
    pub(super) fn is_gone(&self, now_ms: i64) -> bool {
        is_over(self.change, now_ms)
    }

    /// Records that came before then, Unix milliseconds, can no longer be read.
    pub(super) fn horizon_ms(&self, now_ms: i64) -> i64 {
        if self.is_shared {
            return 0;
        }
        (now_ms - self.retention_hours * HOUR_MS).max(self.floor_ms)
    }

    /// The shards that take records, with their numbers.
    pub(super) fn open_shards(&self) -> impl Iterator<Item = (u32, &Shard)> {
        (0..)
            .zip(&self.shards)
            .filter(|(_, shard)| shard.closed.is_none())
    }

    /// The shards that a shard was split or merged into, with their numbers.
    pub(super) fn children(&self, number: u32) -> impl Iterator<Item = (u32, &Shard)> {
        (0..)
            .zip(&self.shards)
            .filter(move |(_, shard)| shard.parents.contains(&number))
    }
}

impl Shard {
    /// A shard without parents.
    pub(super) fn new(range: HashRange, now_ms: i64) -> Self {
        Self {
            range,
            created_ms: now_ms,
            created_s: u64::try_from(now_ms / 1000).unwrap_or_default(),
            parents: Vec::new(),
            closed: None,
        }
    }

    /// A shard that comes of others.
    pub(super) fn child(range: HashRange, parents: &[(u32, &Self)], now_ms: i64) -> Self {
        let mut child = Self::new(range, now_ms);
        for (number, parent) in parents {
            child.created_s = child.created_s.max(parent.created_s + 1);
            child.parents.push(*number);
        }
        child
    }

    /// The sequence number of the record at an offset.
    pub(super) fn sequence(&self, number: u32, offset: i64, time_ms: i64) -> Sequence {
        Sequence {
            created_s: self.created_s,
            place: u64::try_from(offset + 1).unwrap_or_default(),
            time_ms: u64::try_from(time_ms).unwrap_or_default(),
            shard: number,
        }
    }

    /// The sequence number that all its records follow.
    pub(super) fn first_sequence(&self, number: u32) -> Sequence {
        self.sequence(number, -1, self.created_ms)
    }

    /// The sequence number after its last record, if it is closed.
    pub(super) fn last_sequence(&self, number: u32) -> Option<Sequence> {
        let closed = self.closed?;
        Some(self.sequence(number, closed.end, closed.at_ms))
    }

    /// Whether it is open, or closed so lately that some of its records may still be read.
    pub(super) fn is_listed(&self, horizon_ms: i64) -> bool {
        self.closed.is_none_or(|closed| closed.at_ms >= horizon_ms)
    }
}

impl Consumer {
    /// What it is going through.
    pub(super) fn status(&self, now_ms: i64) -> Status {
        current(self.change, now_ms)
    }

    /// Whether its deregistration is over.
    pub(super) fn is_gone(&self, now_ms: i64) -> bool {
        is_over(self.change, now_ms)
    }
}

fn current(change: Option<(Status, i64)>, now_ms: i64) -> Status {
    match change {
        Some((status, until)) if now_ms < until || status == Status::Deleting => status,
        _ => Status::Active,
    }
}

fn is_over(change: Option<(Status, i64)>, now_ms: i64) -> bool {
    matches!(change, Some((Status::Deleting, until)) if now_ms >= until)
}
