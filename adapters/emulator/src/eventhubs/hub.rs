//! One hub: what is known about it, and its partitions.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, RwLock};

use super::amqp::{AmqpError, condition};
use super::events::{self, Batch};
use super::receivers::Receivers;
use super::{exchange, partition_key};
use crate::interchange;
use crate::store::{
    Attributes, Frame, LogSettings, NewFrame, Partition, RwLockExt, Store, StoreError, Stream,
};

/// The consumer group that every hub has.
pub(crate) const DEFAULT_GROUP: &str = "$Default";

/// How long events are kept unless somebody says otherwise: 7 days, the most of the service's Standard tier.
pub(super) const DEFAULT_RETENTION_MS: i64 = 7 * 24 * 3600 * 1000;

/// How the store's attributes are called in which a hub remembers itself. The retention has the name that Kafka uses.
mod key {
    pub(super) const RETENTION: &str = "retention.ms";
    pub(super) const GROUP: &str = "eventhubs.group.";
}

/// A hub as somebody declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hub {
    /// Its name: 1 to 256 letters, digits, `.`, `-`, `_`; case is kept, but does not matter.
    pub name: String,
    /// Partitions, 1 to 32.
    pub partitions: u32,
    /// Consumer groups besides `$Default`.
    pub consumer_groups: Vec<String>,
    /// How long events are kept, in milliseconds; negative: for ever.
    pub retention_ms: i64,
}

impl Hub {
    /// A hub with the default group only, which keeps its events for 7 days.
    pub fn new(name: impl Into<String>, partitions: u32) -> Self {
        Self {
            name: name.into(),
            partitions,
            consumer_groups: Vec::new(),
            retention_ms: DEFAULT_RETENTION_MS,
        }
    }
}

/// A hub that exists.
#[derive(Debug)]
pub(crate) struct OpenHub {
    pub(crate) stream: Arc<Stream>,
    pub(crate) receivers: Receivers,
    /// Whether other dialects have it, too.
    pub(crate) is_bridged: bool,
    about: RwLock<About>,
    /// Where the next event without a key goes.
    next: AtomicU32,
}

/// What users say of a hub.
#[derive(Clone, Debug)]
pub(crate) struct About {
    /// When it was created, Unix milliseconds.
    pub(crate) created_ms: i64,
    pub(crate) retention_ms: i64,
    /// Consumer groups, the default one left out: when they were created, by name.
    pub(crate) groups: BTreeMap<String, i64>,
}

/// What is known of a partition's events.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PartitionState {
    /// The first sequence number there is.
    pub(crate) begin: i64,
    /// The last one given, or -1.
    pub(crate) last: i64,
    /// When the last event was enqueued, Unix milliseconds; 0 if never.
    pub(crate) last_enqueued_ms: i64,
}

impl PartitionState {
    /// Whether there is no event.
    pub(crate) fn is_empty(&self) -> bool {
        self.last < self.begin
    }
}

/// The settings of a hub's log.
pub(super) fn log_settings(attributes: &Attributes) -> LogSettings {
    let retention_ms = About::recall(attributes, 0).retention_ms;
    LogSettings {
        retention_ms: (retention_ms >= 0).then_some(retention_ms),
        ..LogSettings::default()
    }
}

impl About {
    pub(super) fn remember(&self) -> Attributes {
        let own = (key::RETENTION.to_owned(), self.retention_ms.to_string());
        std::iter::once(own).chain(self.remember_groups()).collect()
    }

    fn remember_groups(&self) -> impl Iterator<Item = (String, String)> {
        let groups = self.groups.iter();
        groups.map(|(name, created)| (format!("{}{name}", key::GROUP), created.to_string()))
    }

    pub(super) fn recall(attributes: &Attributes, created_ms: i64) -> Self {
        let number = |text: &String| text.parse().ok();
        let groups = attributes.iter().filter_map(|(name, created)| {
            let name = name.strip_prefix(key::GROUP)?;
            Some((name.to_owned(), number(created).unwrap_or_default()))
        });
        Self {
            created_ms,
            retention_ms: attributes
                .get(key::RETENTION)
                .and_then(number)
                .unwrap_or(DEFAULT_RETENTION_MS),
            groups: groups.collect(),
        }
    }
}

impl OpenHub {
    /// The hub that a stream is.
    pub(super) fn new(stream: Arc<Stream>, is_bridged: bool) -> Self {
        let about = About::recall(&stream.attributes(), stream.created_ms());
        Self {
            stream,
            receivers: Receivers::default(),
            is_bridged,
            about: RwLock::new(about),
            next: AtomicU32::new(0),
        }
    }

    /// Its name, in the case that it was created with.
    pub(crate) fn name(&self) -> &str {
        self.stream.name()
    }

    /// What users say of it.
    pub(crate) fn about(&self) -> About {
        self.about.reading().clone()
    }

    /// Whether there is such a consumer group; case does not matter.
    pub(crate) fn has_group(&self, name: &str) -> bool {
        name.eq_ignore_ascii_case(DEFAULT_GROUP) || self.group(name).is_some()
    }

    /// A consumer group as it was created: its name, and when.
    pub(crate) fn group(&self, name: &str) -> Option<(String, i64)> {
        let about = self.about.reading();
        if name.eq_ignore_ascii_case(DEFAULT_GROUP) {
            return Some((DEFAULT_GROUP.to_owned(), about.created_ms));
        }
        let mut groups = about.groups.iter();
        let found = groups.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(name, created_ms)| (name.clone(), *created_ms))
    }

    /// Changes what is known of it, and remembers that.
    ///
    /// # Errors
    /// The change cannot be remembered; nothing changed then.
    pub(crate) fn update(
        &self,
        store: &Store,
        change: impl FnOnce(&mut About),
    ) -> Result<(), StoreError> {
        let mut about = self.about.writing();
        let mut new = about.clone();
        change(&mut new);
        if new.retention_ms == about.retention_ms {
            store.amend(&self.stream, |attributes| {
                attributes.retain(|name, _| !name.starts_with(key::GROUP));
                attributes.extend(new.remember_groups());
            })?;
        } else {
            let mut remembered = self.stream.attributes();
            remembered.extend(new.remember());
            store.configure(&self.stream, log_settings(&remembered), remembered)?;
        }
        *about = new;
        Ok(())
    }

    /// One of its partitions.
    ///
    /// # Errors
    /// There is none of that number.
    pub(crate) fn partition(&self, number: &str) -> Result<(u32, Arc<Partition>), AmqpError> {
        let count = self.stream.partition_count();
        let wanted = number.parse::<i32>().ok();
        let found = wanted.and_then(|number| Some((number as u32, self.stream.partition(number)?)));
        found.ok_or_else(|| {
            let reason = format!(
                "The specified partition '{number}' is invalid for an EventHub partition sender or receiver. It should be between 0 and {}.",
                count - 1
            );
            AmqpError::new(condition::ARGUMENT_RANGE, reason)
        })
    }

    /// The partition of an event that names none: by its key, or one after the other.
    pub(crate) fn choose(&self, key: Option<&str>) -> u32 {
        let count = self.stream.partition_count().max(1);
        match key {
            Some(key) => partition_key::partition_of(key, count),
            None => self.next.fetch_add(1, Ordering::Relaxed) % count,
        }
    }

    /// Puts events into a partition.
    ///
    /// # Errors
    /// The store refuses.
    pub(crate) fn append(
        &self,
        number: u32,
        batch: &Batch,
        now_ms: i64,
    ) -> Result<i64, StoreError> {
        let partition = self.stream.partition(number as i32);
        let partition = partition.ok_or(StoreError::Deleted)?;
        let frame = NewFrame {
            format: events::FORMAT,
            offsets: batch.count(),
            max_timestamp: now_ms,
            payload: batch.payload(),
            forced: false,
        };
        let base = partition.append(frame, now_ms, |_, _| {})?;
        partition.wake();
        Ok(base)
    }
}

/// What is known of a partition's events.
pub(crate) fn state_of(partition: &Partition) -> PartitionState {
    let (begin, next) = partition.bounds();
    let last_enqueued_ms = match next {
        0 => 0,
        _ => partition.max_timestamp().max(0),
    };
    PartitionState {
        begin,
        last: next - 1,
        last_enqueued_ms,
    }
}

/// A frame's events from sequence number `from` on, with their stamps, whatever dialect wrote it.
pub(crate) fn events_of(
    frame: Frame,
    from: i64,
    is_bridged: bool,
) -> impl Iterator<Item = (events::Stamp, events::Event)> {
    let header = frame.header;
    let foreign = match header.format {
        events::FORMAT => Vec::new(),
        _ => interchange::records_of(&frame),
    };
    let own = match header.format {
        events::FORMAT => Some(events::events(frame.payload)),
        _ => None,
    };
    let own = own.into_iter().flatten().zip(header.base_offset..);
    let own = own.map(move |(event, sequence_number)| {
        let stamp = events::Stamp {
            sequence_number,
            enqueued_ms: header.max_timestamp,
        };
        (stamp, event)
    });
    let foreign = foreign.into_iter().map(move |record| {
        let stamp = events::Stamp {
            sequence_number: record.offset,
            enqueued_ms: record.timestamp_ms,
        };
        (stamp, exchange::event_of(record, is_bridged))
    });
    own.chain(foreign)
        .skip_while(move |(stamp, _)| stamp.sequence_number < from)
}
