//! The configuration of a topic: what can be set, to what, and what it means.
//!
//! Names, defaults and ranges are those of Apache Kafka 4 (<https://kafka.apache.org/documentation/#topicconfigs>), with
//! one exception: records are kept for ever unless a topic says otherwise. What the emulator does not honour cannot be
//! set to anything but what it does anyway.

use std::collections::BTreeMap;

use crate::store::{Attributes, LogSettings};

/// The type of a value, as DescribeConfigs tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Boolean,
    String,
    Int,
    Long,
    Double,
    List,
}

/// What values a key may have.
#[derive(Clone, Copy, Debug)]
enum Rule {
    /// A whole number in this range.
    Whole(i64, i64),
    /// A fraction from 0 to 1.
    Share,
    /// One of these.
    OneOf(&'static [&'static str]),
    /// A list of these, not empty.
    SomeOf(&'static [&'static str]),
    /// Only the default, because the emulator does nothing else.
    Fixed,
}

/// One key.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) kind: Type,
    pub(crate) default: &'static str,
    rule: Rule,
    pub(crate) doc: &'static str,
}

const fn key(
    name: &'static str,
    kind: Type,
    default: &'static str,
    rule: Rule,
    doc: &'static str,
) -> Key {
    Key {
        name,
        kind,
        default,
        rule,
        doc,
    }
}

const INT: i64 = i32::MAX as i64;
const LONG: i64 = i64::MAX;

/// Every key there is, by name.
#[rustfmt::skip]
pub(crate) const KEYS: &[Key] = &[
    key("cleanup.policy", Type::List, "delete", Rule::SomeOf(&["compact", "delete"]), "Whether old segments are deleted, compacted, or both."),
    key("compression.gzip.level", Type::Int, "-1", Rule::Fixed, "Batches are kept as the producer compressed them."),
    key("compression.lz4.level", Type::Int, "9", Rule::Fixed, "Batches are kept as the producer compressed them."),
    key("compression.type", Type::String, "producer", Rule::Fixed, "Batches are kept as the producer compressed them."),
    key("compression.zstd.level", Type::Int, "3", Rule::Fixed, "Batches are kept as the producer compressed them."),
    key("delete.retention.ms", Type::Long, "86400000", Rule::Whole(0, LONG), "How long compaction keeps tombstones."),
    key("file.delete.delay.ms", Type::Long, "60000", Rule::Fixed, "Files are deleted at once."),
    key("flush.messages", Type::Long, "9223372036854775807", Rule::Fixed, "When records reach the disk is a setting of the emulator."),
    key("flush.ms", Type::Long, "9223372036854775807", Rule::Fixed, "When records reach the disk is a setting of the emulator."),
    key("follower.replication.throttled.replicas", Type::List, "", Rule::Fixed, "There is one broker."),
    key("index.interval.bytes", Type::Int, "4096", Rule::Fixed, "How dense the index of a segment is."),
    key("leader.replication.throttled.replicas", Type::List, "", Rule::Fixed, "There is one broker."),
    key("local.retention.bytes", Type::Long, "-2", Rule::Fixed, "There is no tiered storage."),
    key("local.retention.ms", Type::Long, "-2", Rule::Fixed, "There is no tiered storage."),
    key("max.compaction.lag.ms", Type::Long, "9223372036854775807", Rule::Whole(1, LONG), "After how long a record is compacted at the latest."),
    key("max.message.bytes", Type::Int, "1048588", Rule::Whole(0, INT), "The largest record batch."),
    key("message.timestamp.after.max.ms", Type::Long, "3600000", Rule::Whole(0, LONG), "How far a record's time may lie ahead of the broker's."),
    key("message.timestamp.before.max.ms", Type::Long, "9223372036854775807", Rule::Whole(0, LONG), "How far a record's time may lie behind the broker's."),
    key("message.timestamp.type", Type::String, "CreateTime", Rule::OneOf(&["CreateTime", "LogAppendTime"]), "Whose time records get: the producer's or the broker's."),
    key("min.cleanable.dirty.ratio", Type::Double, "0.5", Rule::Share, "How much of the log must be new before it is compacted."),
    key("min.compaction.lag.ms", Type::Long, "0", Rule::Whole(0, LONG), "How long a record is not compacted."),
    key("min.insync.replicas", Type::Int, "1", Rule::Whole(1, INT), "How many replicas must have a record when acks is all; there is one."),
    key("preallocate", Type::Boolean, "false", Rule::Fixed, "Segments grow as they are written."),
    key("remote.log.copy.disable", Type::Boolean, "false", Rule::Fixed, "There is no tiered storage."),
    key("remote.log.delete.on.disable", Type::Boolean, "false", Rule::Fixed, "There is no tiered storage."),
    key("remote.storage.enable", Type::Boolean, "false", Rule::Fixed, "There is no tiered storage."),
    key("retention.bytes", Type::Long, "-1", Rule::Whole(-1, LONG), "How many bytes of a partition are kept at least."),
    key("retention.ms", Type::Long, "-1", Rule::Whole(-1, LONG), "How long records are kept; -1 for ever."),
    key("segment.bytes", Type::Int, "1073741824", Rule::Whole(1024 * 1024, INT), "The size of a segment."),
    key("segment.index.bytes", Type::Int, "10485760", Rule::Fixed, "The index of a segment grows with it."),
    key("segment.jitter.ms", Type::Long, "0", Rule::Fixed, "Segments are closed on time."),
    key("segment.ms", Type::Long, "604800000", Rule::Whole(1, LONG), "After how long a segment is closed even if it is not full."),
    key("unclean.leader.election.enable", Type::Boolean, "false", Rule::Fixed, "There is one broker."),
];

/// The key of that name.
pub(crate) fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

impl Key {
    /// Checks a value; says what is wrong with it.
    pub(crate) fn check(&self, value: &str) -> Result<(), String> {
        let wrong = |expected: String| {
            Err(format!(
                "Invalid value {value} for configuration {}: {expected}",
                self.name
            ))
        };
        match self.rule {
            Rule::Whole(min, max) => match value.trim().parse::<i64>() {
                Err(_) => wrong(format!("Not a number of type {}", self.kind.name())),
                Ok(number) if number < min => wrong(format!("Value must be at least {min}")),
                Ok(number) if number > max => wrong(format!("Value must be at most {max}")),
                Ok(_) => Ok(()),
            },
            Rule::Share => match value.trim().parse::<f64>() {
                Ok(number) if (0.0..=1.0).contains(&number) => Ok(()),
                _ => wrong("Value must be a number from 0 to 1".to_owned()),
            },
            Rule::OneOf(allowed) if allowed.contains(&value) => Ok(()),
            Rule::OneOf(allowed) => wrong(format!("String must be one of: {}", allowed.join(", "))),
            Rule::SomeOf(allowed) => {
                let all_known = items(value).all(|item| allowed.contains(&item))
                    && items(value).next().is_some();
                if all_known {
                    Ok(())
                } else {
                    wrong(format!("String must be one of: {}", allowed.join(", ")))
                }
            }
            Rule::Fixed if value == self.default => Ok(()),
            Rule::Fixed => wrong(format!(
                "the emulator supports only `{}`. {}",
                self.default, self.doc
            )),
        }
    }
}

impl Type {
    /// Its number in DescribeConfigs.
    pub(crate) fn code(self) -> i8 {
        match self {
            Self::Boolean => 1,
            Self::String => 2,
            Self::Int => 3,
            Self::Long => 5,
            Self::Double => 6,
            Self::List => 7,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Boolean => "BOOLEAN",
            Self::String => "STRING",
            Self::Int => "INT",
            Self::Long => "LONG",
            Self::Double => "DOUBLE",
            Self::List => "LIST",
        }
    }
}

/// The items of a list value.
fn items(value: &str) -> impl Iterator<Item = &str> {
    value
        .split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
}

/// The configuration of one topic, ready to be used.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TopicConfig {
    pub(crate) compact: bool,
    pub(crate) deletes: bool,
    pub(crate) delete_retention_ms: i64,
    pub(crate) max_message_bytes: usize,
    pub(crate) timestamp_after_max_ms: i64,
    pub(crate) timestamp_before_max_ms: i64,
    pub(crate) log_append_time: bool,
    pub(crate) min_cleanable_dirty_ratio: f64,
    pub(crate) min_compaction_lag_ms: i64,
    pub(crate) max_compaction_lag_ms: i64,
    pub(crate) min_insync_replicas: i64,
    pub(crate) log: LogSettings,
}

/// Checks every entry; says what is wrong with the first that does not hold.
pub(crate) fn check(overrides: &BTreeMap<String, String>) -> Result<(), String> {
    let check = |(name, value): (&String, &String)| match find(name) {
        Some(key) => key.check(value),
        None => Err(format!("Unknown topic config name: {name}")),
    };
    overrides.iter().try_for_each(check)
}

/// The entries among a stream's attributes; other dialects keep theirs beside them.
pub(crate) fn entries(mut attributes: Attributes) -> Attributes {
    attributes.retain(|name, _| find(name).is_some());
    attributes
}

/// A stream's attributes with other entries.
pub(crate) fn merged(mut attributes: Attributes, entries: Attributes) -> Attributes {
    attributes.retain(|name, _| find(name).is_none());
    attributes.extend(entries);
    attributes
}

impl TopicConfig {
    /// The configuration of a topic that has these entries set, all of which were checked.
    pub(crate) fn new(overrides: &Attributes) -> Self {
        let text = |name: &str| match overrides.get(name) {
            Some(value) => value.trim(),
            None => find(name).map_or("", |key| key.default),
        };
        let whole = |name: &str| text(name).parse::<i64>().unwrap_or_default();
        let limit = |name: &str| Some(whole(name)).filter(|value| *value >= 0);
        let policies: Vec<_> = items(text("cleanup.policy")).collect();
        let deletes = policies.contains(&"delete");
        Self {
            compact: policies.contains(&"compact"),
            deletes,
            delete_retention_ms: whole("delete.retention.ms"),
            max_message_bytes: usize::try_from(whole("max.message.bytes")).unwrap_or_default(),
            timestamp_after_max_ms: whole("message.timestamp.after.max.ms"),
            timestamp_before_max_ms: whole("message.timestamp.before.max.ms"),
            log_append_time: text("message.timestamp.type") == "LogAppendTime",
            min_cleanable_dirty_ratio: text("min.cleanable.dirty.ratio")
                .parse()
                .unwrap_or_default(),
            min_compaction_lag_ms: whole("min.compaction.lag.ms"),
            max_compaction_lag_ms: whole("max.compaction.lag.ms"),
            min_insync_replicas: whole("min.insync.replicas"),
            log: LogSettings {
                segment_bytes: u64::try_from(whole("segment.bytes")).unwrap_or_default(),
                segment_ms: whole("segment.ms"),
                retention_ms: limit("retention.ms").filter(|_| deletes),
                retention_bytes: limit("retention.bytes")
                    .and_then(|bytes| u64::try_from(bytes).ok())
                    .filter(|_| deletes),
            },
        }
    }
}
