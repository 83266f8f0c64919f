//! One queue: what is known about it, and its messages.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, RwLock};

use super::attributes::{self, Values};
use super::exchange::TRANSCODER;
use super::{LOG_SETTINGS, dead_letters};
use crate::interchange::references;
use crate::queue::{LeaseQueue, Receipt};
use crate::store::{Attributes, LockExt, RwLockExt, Store, StoreError, Stream};

/// How long the answer to a receive request attempt is remembered.
const ATTEMPT_MS: i64 = 5 * 60 * 1000;

/// Attempts that are remembered at most.
const ATTEMPTS: usize = 10_000;

/// A queue of SQS.
#[derive(Debug)]
pub(crate) struct Queue {
    pub(super) region: String,
    pub(super) name: String,
    pub(super) messages: LeaseQueue,
    about: RwLock<About>,
    purged_ms: Mutex<Option<i64>>,
    attempts: Mutex<HashMap<String, (i64, Vec<Receipt>)>>,
}

/// What users say of a queue.
#[derive(Clone, Debug, Default)]
pub(super) struct About {
    /// Attributes that are set, defaults included.
    pub(super) attributes: Arc<Values>,
    pub(super) tags: BTreeMap<String, String>,
    /// Unix seconds.
    pub(super) created: i64,
    /// Unix seconds.
    pub(super) modified: i64,
}

impl About {
    /// The form in which the store remembers it.
    pub(super) fn remember(&self, region: &str, name: &str) -> Attributes {
        let own = [
            ("region", region.to_owned()),
            ("name", name.to_owned()),
            ("created", self.created.to_string()),
            ("modified", self.modified.to_string()),
        ];
        let own = own.map(|(key, value)| (key.to_owned(), value));
        let prefixed = |prefix: &'static str| {
            move |(key, value): (&String, &String)| (format!("{prefix}{key}"), value.clone())
        };
        let attributes = self.attributes.iter().map(prefixed("attribute."));
        let tags = self.tags.iter().map(prefixed("tag."));
        own.into_iter().chain(attributes).chain(tags).collect()
    }

    /// A queue of which nobody said anything.
    pub(super) fn usual(name: &str, now_ms: i64) -> Self {
        Self {
            attributes: Arc::new(attributes::defaults(name.ends_with(".fifo"))),
            tags: BTreeMap::new(),
            created: now_ms / 1000,
            modified: now_ms / 1000,
        }
    }

    fn recall(remembered: &Attributes) -> Self {
        let with = |prefix: &str| -> BTreeMap<String, String> {
            let entries = remembered.iter();
            let entries =
                entries.filter_map(|(key, value)| Some((key.strip_prefix(prefix)?, value)));
            entries
                .map(|(key, value)| (key.to_owned(), value.clone()))
                .collect()
        };
        Self {
            attributes: Arc::new(with("attribute.")),
            tags: with("tag."),
            created: attributes::number(remembered, "created"),
            modified: attributes::number(remembered, "modified"),
        }
    }
}

impl Queue {
    /// Opens the queue that a stream is.
    pub(super) fn open(store: Arc<Store>, stream: Arc<Stream>) -> Result<Self, StoreError> {
        let remembered = stream.attributes();
        let about = About::recall(&remembered);
        let text = |key: &str| remembered.get(key).cloned().unwrap_or_default();
        let settings = attributes::settings(&about.attributes);
        Ok(Self {
            region: text("region"),
            name: text("name"),
            messages: LeaseQueue::open_as(store, stream, settings, Some(TRANSCODER))?,
            about: RwLock::new(about),
            purged_ms: Mutex::default(),
            attempts: Mutex::default(),
        })
    }

    /// The attributes that are set.
    pub(super) fn attributes(&self) -> Arc<Values> {
        Arc::clone(&self.about.reading().attributes)
    }

    /// What users say of it.
    pub(super) fn about(&self) -> About {
        self.about.reading().clone()
    }

    /// Whether it is a FIFO queue.
    pub(super) fn is_fifo(&self) -> bool {
        attributes::is(&self.attributes(), "FifoQueue", "true")
    }

    /// Its ARN.
    pub(super) fn arn(&self) -> String {
        dead_letters::arn(&self.region, &self.name)
    }

    /// A number that no other queue ever had.
    pub(super) fn id(&self) -> u128 {
        self.messages.stream().id()
    }

    /// Changes what is known of it, and remembers that.
    ///
    /// # Errors
    /// `change` refuses, or the change cannot be remembered; nothing changed then.
    pub(super) fn update<E: From<StoreError>>(
        &self,
        store: &Store,
        change: impl FnOnce(&mut About) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut about = self.about.writing();
        let mut new = about.clone();
        change(&mut new)?;
        let mut remembered = new.remember(&self.region, &self.name);
        remembered.extend(references::kept(self.messages.stream()));
        store.configure(self.messages.stream(), LOG_SETTINGS, remembered)?;
        if about.attributes != new.attributes {
            self.messages
                .configure(attributes::settings(&new.attributes));
        }
        *about = new;
        Ok(())
    }

    /// When it was purged last, if that was less than `pause_ms` ago; otherwise it counts as purged now.
    pub(super) fn purged_within(&self, pause_ms: i64, now_ms: i64) -> bool {
        let mut purged = self.purged_ms.locked();
        let is_recent = purged.is_some_and(|at| now_ms < at + pause_ms);
        if !is_recent {
            *purged = Some(now_ms);
        }
        is_recent
    }

    /// What an attempt of the last five minutes received.
    pub(super) fn attempt(&self, id: &str, now_ms: i64) -> Option<Vec<Receipt>> {
        let attempts = self.attempts.locked();
        let (at, receipts) = attempts.get(id)?;
        (now_ms < at + ATTEMPT_MS).then(|| receipts.clone())
    }

    /// Remembers what an attempt received.
    pub(super) fn note_attempt(&self, id: String, receipts: Vec<Receipt>, now_ms: i64) {
        let mut attempts = self.attempts.locked();
        attempts.retain(|_, (at, _)| now_ms < *at + ATTEMPT_MS);
        if attempts.len() < ATTEMPTS {
            attempts.insert(id, (now_ms, receipts));
        }
    }

    /// Forgets the attempts that received this; its lease was changed.
    pub(super) fn forget_attempts(&self, receipt: Receipt) {
        let mut attempts = self.attempts.locked();
        attempts.retain(|_, (_, receipts)| !receipts.contains(&receipt));
    }
}
