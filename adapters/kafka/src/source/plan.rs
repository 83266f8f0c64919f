//! What a source was asked to read, and where reading a partition begins.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rdkafka::consumer::{Consumer, ConsumerContext};
use rdkafka::{Offset, TopicPartitionList};
use ssectl_adapter::{Bound, Error, ErrorKind, Partition, Position, Result, SourceSpec};

use super::group::GroupConsumer;
use crate::bounds;
use crate::cluster::{Cluster, Offsets, Which};
use crate::config::{KafkaConfig, OffsetReset};
use crate::error::from_client;

/// A read, as far as it is known before the first record.
pub(super) struct Plan {
    pub(super) cluster: Arc<Cluster>,
    pub(super) topic: String,
    pub(super) group: Option<String>,
    /// The partitions that were asked for by name; without any, a group shares all of them.
    pub(super) named: bool,
    /// The asked partitions, or all.
    pub(super) partitions: Vec<i32>,
    /// Where to begin whatever is committed; `None` goes by what is committed.
    starts: Option<Offsets>,
    /// Partitions that were begun: if they come again, what is committed counts.
    begun: BTreeSet<i32>,
    reset: OffsetReset,
}

impl Plan {
    /// Looks up the topic and the start. Blocks.
    pub(super) fn new(
        cluster: Arc<Cluster>,
        config: &KafkaConfig,
        spec: &SourceSpec,
    ) -> Result<Self> {
        let all = cluster.partitions(&spec.stream)?;
        let partitions = choose(&spec.stream, all, &spec.partitions)?;
        let group = spec
            .group
            .as_deref()
            .or(config.group.as_ref().map(|group| group.as_str()));
        let stored = spec.range.from == Bound::Stored && group.is_some();
        let mut starts = if stored {
            None
        } else {
            let from = &spec.range.from;
            let reset = config.offset_reset;
            Some(bounds::starts(
                &cluster,
                &spec.stream,
                &partitions,
                from,
                reset,
            )?)
        };
        if !spec.at.is_empty() {
            let at = bounds::within(&cluster, &spec.stream, kept(spec), config.offset_reset)?;
            starts.get_or_insert_with(Offsets::new).extend(at);
        }
        Ok(Self {
            topic: spec.stream.clone(),
            group: group.map(str::to_owned),
            named: !spec.partitions.is_empty(),
            partitions,
            starts,
            begun: BTreeSet::new(),
            reset: config.offset_reset,
            cluster,
        })
    }

    /// Whether the group deals out the partitions.
    pub(super) fn shares(&self) -> bool {
        self.group.is_some() && !self.named
    }

    /// Whether the read is of all partitions, those to come as well, and nobody deals them out.
    pub(super) fn takes_all(&self) -> bool {
        self.group.is_none() && !self.named
    }

    /// Where the range ends now.
    pub(super) fn ends(&self, to: &Bound) -> Result<Offsets> {
        bounds::ends(&self.cluster, &self.topic, &self.partitions, to)
    }

    /// Where to begin partitions that came to us; those we hold go on. Blocks.
    pub(super) fn positions(
        &mut self,
        consumer: &GroupConsumer,
        partitions: &[i32],
        held: &Offsets,
    ) -> Result<Offsets> {
        let mut positions = Offsets::new();
        let mut stored = Vec::new();
        for partition in partitions {
            let asked = self
                .starts
                .as_ref()
                .and_then(|starts| starts.get(partition));
            match (held.get(partition), asked) {
                (Some(next), _) => {
                    positions.insert(*partition, *next);
                }
                (None, Some(start)) if !self.begun.contains(partition) => {
                    positions.insert(*partition, *start);
                }
                _ => stored.push(*partition),
            }
        }
        positions.extend(self.stored(consumer, &stored)?);
        self.begun.extend(partitions);
        Ok(positions)
    }

    /// What the group committed, or the oldest record.
    fn stored(&self, consumer: &GroupConsumer, partitions: &[i32]) -> Result<Offsets> {
        if partitions.is_empty() {
            return Ok(Offsets::new());
        }
        let mut offsets = self
            .cluster
            .offsets(&self.topic, partitions, Which::First)?;
        if self.group.is_some() {
            let committed = committed(consumer, &self.cluster, &self.topic, partitions)?;
            let committed = bounds::within(&self.cluster, &self.topic, committed, self.reset)?;
            offsets.extend(committed);
        }
        Ok(offsets)
    }
}

/// The offsets of a checkpoint.
fn kept(spec: &SourceSpec) -> Offsets {
    let at = spec.at.iter().filter_map(|(partition, position)| {
        let partition = partition.as_str().parse::<i32>().ok()?;
        match position {
            Position::Offset(next) => Some((partition, *next)),
            _ => None,
        }
    });
    at.collect()
}

/// What the consumer's group committed; partitions without a commit are left out. Blocks.
pub(crate) fn committed<C: Consumer<X>, X: ConsumerContext>(
    consumer: &C,
    cluster: &Cluster,
    topic: &str,
    partitions: &[i32],
) -> Result<Offsets> {
    let list = ask(consumer, cluster, topic, partitions)?;
    let mut offsets = Offsets::new();
    for element in list.elements() {
        if let Offset::Offset(next) = element.offset() {
            offsets.insert(element.partition(), next);
        }
    }
    Ok(offsets)
}

/// The notes beside what the consumer's group committed. Blocks.
pub(crate) fn notes<C: Consumer<X>, X: ConsumerContext>(
    consumer: &C,
    cluster: &Cluster,
    topic: &str,
    partitions: &[i32],
) -> Result<BTreeMap<Partition, String>> {
    let list = ask(consumer, cluster, topic, partitions)?;
    let elements = list.elements();
    let noted = elements
        .iter()
        .filter(|element| matches!(element.offset(), Offset::Offset(_)));
    let notes = noted.map(|element| {
        let partition = Partition::from(element.partition().to_string());
        (partition, element.metadata().to_owned())
    });
    Ok(notes.filter(|(_, note)| !note.is_empty()).collect())
}

fn ask<C: Consumer<X>, X: ConsumerContext>(
    consumer: &C,
    cluster: &Cluster,
    topic: &str,
    partitions: &[i32],
) -> Result<TopicPartitionList> {
    let failed = |error: &_| from_client("cannot ask what the group has committed", error);
    let mut list = TopicPartitionList::with_capacity(partitions.len());
    for partition in partitions {
        list.add_partition(topic, *partition);
    }
    let list = consumer.committed_offsets(list, cluster.patience());
    let list = list.map_err(|error| failed(&error))?;
    for element in list.elements() {
        element.error().map_err(|error| failed(&error))?;
    }
    Ok(list)
}

fn choose(topic: &str, all: Vec<i32>, asked: &[String]) -> Result<Vec<i32>> {
    if asked.is_empty() {
        return Ok(all);
    }
    let known = |name: &String| name.parse().ok().filter(|id| all.contains(id));
    let chosen = asked.iter().map(|name| {
        known(name).ok_or_else(|| {
            Error::new(
                ErrorKind::NotFound,
                format!("topic `{topic}` has no partition `{name}`"),
            )
            .hint(format!("it has 0 to {}", all.len().saturating_sub(1)))
        })
    });
    chosen.collect()
}
