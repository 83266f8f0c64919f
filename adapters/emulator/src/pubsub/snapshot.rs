//! Snapshots: what a subscription had acknowledged at a time.

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};

use serde::{Deserialize, Serialize};

use super::names::DELETED_TOPIC;
use super::proto::pubsub as pb;
use super::topic::{Topic, decode_text, encode};
use crate::interchange::offsets::Acked;
use crate::store::{Change, RwLockExt, Store, StoreError};

/// The table of snapshots by name; its number is part of the data directory's format.
const SNAPSHOTS: u8 = 64;

/// One snapshot.
#[derive(Debug)]
pub(super) struct Snapshot {
    about: RwLock<pb::Snapshot>,
    topic: Arc<Topic>,
    acked: Acked,
}

/// What is remembered of it.
#[derive(Serialize, Deserialize)]
struct Fact {
    about: String,
    stream: String,
    floor: i64,
    ranges: Vec<(i64, i64)>,
}

impl Snapshot {
    /// A snapshot of what is acknowledged.
    pub(super) fn new(about: pb::Snapshot, topic: Arc<Topic>, acked: Acked) -> Self {
        Self {
            about: RwLock::new(about),
            topic,
            acked,
        }
    }

    /// All that the store remembers, by name; `topics` are by stream.
    ///
    /// # Errors
    /// The table was written by something else.
    pub(super) fn all(
        store: &Store,
        topics: &BTreeMap<String, Arc<Topic>>,
    ) -> Result<BTreeMap<String, Arc<Self>>, StoreError> {
        let recall = |(name, fact): (String, Fact)| {
            let topic = Arc::clone(topics.get(&fact.stream)?);
            let mut acked = Acked::starting(fact.floor);
            let ranges = fact.ranges.into_iter();
            ranges.for_each(|(from, to)| acked.insert(from, to));
            let about = decode_text(&fact.about)?;
            Some((name, Arc::new(Self::new(about, topic, acked))))
        };
        let facts = store.facts().table(SNAPSHOTS)?;
        Ok(facts.into_iter().filter_map(recall).collect())
    }

    /// As it is shown.
    pub(super) fn about(&self) -> pb::Snapshot {
        let mut about = self.about.reading().clone();
        if self.topic.is_deleted() {
            about.topic = DELETED_TOPIC.to_owned();
        }
        about
    }

    /// When its time is over, Unix milliseconds.
    pub(super) fn expires_ms(&self) -> i64 {
        let expires = self.about.reading().expire_time;
        expires.map_or(i64::MAX, |time| time.seconds.saturating_mul(1000))
    }

    /// Its topic.
    pub(super) fn topic(&self) -> &Arc<Topic> {
        &self.topic
    }

    /// What was acknowledged.
    pub(super) fn acked(&self) -> &Acked {
        &self.acked
    }

    /// Remembers it, as it is shown from now on.
    ///
    /// # Errors
    /// It cannot be remembered; it is as before then.
    pub(super) fn remember(&self, store: &Store, about: pb::Snapshot) -> Result<(), StoreError> {
        let fact = Fact {
            about: encode(&about),
            stream: self.topic.stream().name().to_owned(),
            floor: self.acked.floor(),
            ranges: self.acked.ranges().collect(),
        };
        let change = Change::put(SNAPSHOTS, about.name.clone(), &fact);
        store.facts().apply(vec![change])?;
        *self.about.writing() = about;
        Ok(())
    }

    /// Forgets it.
    ///
    /// # Errors
    /// That cannot be remembered.
    pub(super) fn forget(&self, store: &Store) -> Result<(), StoreError> {
        let name = self.about.reading().name.clone();
        store.facts().apply(vec![Change::remove(SNAPSHOTS, name)])
    }
}
