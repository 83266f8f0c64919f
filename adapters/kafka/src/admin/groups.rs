//! What groups have committed. Everything here blocks.

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use ssectl_adapter::{Backlog, Bound, Lag, Partition, Position, Result};

use crate::bounds;
use crate::cluster::{Cluster, Which, list};
use crate::config::KafkaConfig;
use crate::error::from_outsider;
use crate::monitor::{Context, Monitor};
use crate::properties;
use crate::source::committed;

/// A client that speaks for a group without joining it.
pub(crate) fn outsider(config: &KafkaConfig, group: &str) -> Result<BaseConsumer<Context<()>>> {
    let context = Context {
        monitor: Monitor::new(config),
        own: (),
    };
    let mut properties = properties::consumer(config, group);
    // A name of a member would make the commit one of that member.
    properties.remove("group.instance.id");
    properties
        .create_with_context(context)
        .map_err(properties::refused)
}

/// How far a group is behind.
pub(super) fn lag(
    cluster: &Cluster,
    config: &KafkaConfig,
    topic: &str,
    group: &str,
) -> Result<Vec<Lag>> {
    let partitions = cluster.partitions(topic)?;
    let consumer = outsider(config, group)?;
    let committed = committed(&consumer, cluster, topic, &partitions)?;
    let first = cluster.offsets(topic, &partitions, Which::First)?;
    let end = cluster.offsets(topic, &partitions, Which::End)?;
    let lag = first
        .iter()
        .zip(end.values())
        .map(|((partition, first), end)| {
            let committed = committed.get(partition).copied();
            Lag {
                partition: Partition::from(partition.to_string()),
                committed: committed.map_or(Position::None, Position::Offset),
                end: Position::Offset(*end),
                backlog: backlog(committed, *first, *end, group),
            }
        });
    Ok(lag.collect())
}

/// The offsets from the committed one to the end. Fewer records may be left of them: compaction and
/// the markers of transactions take offsets too.
fn backlog(committed: Option<i64>, first: i64, end: i64, group: &str) -> Backlog {
    match committed {
        None => Backlog::Unknown(format!("group `{group}` has committed nothing")),
        Some(next) if next > end => Backlog::Unknown(format!(
            "group `{group}` has committed {next}, behind the end: was the topic made anew?"
        )),
        Some(next) => Backlog::Records(u64::try_from(end - next.max(first)).unwrap_or(0)),
    }
}

/// Commits the start of a range for a group that nobody reads as.
pub(super) fn seek(
    cluster: &Cluster,
    config: &KafkaConfig,
    topic: &str,
    group: &str,
    to: &Bound,
) -> Result<()> {
    let partitions = cluster.partitions(topic)?;
    if *to == Bound::Stored {
        return Ok(());
    }
    let starts = bounds::starts(cluster, topic, &partitions, to, config.offset_reset)?;
    let consumer = outsider(config, group)?;
    // Asking first finds the group's coordinator; a commit alone would not wait for it.
    committed(&consumer, cluster, topic, &partitions)?;
    let outcome = list(topic, &starts).and_then(|list| consumer.commit(&list, CommitMode::Sync));
    outcome.map_err(|error| from_outsider(group, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_backlog_is_what_can_still_be_read() {
        assert_eq!(backlog(Some(4), 0, 10, "g"), Backlog::Records(6));
        assert_eq!(backlog(Some(4), 7, 10, "g"), Backlog::Records(3));
        assert_eq!(backlog(Some(10), 0, 10, "g"), Backlog::Records(0));
    }

    #[test]
    fn what_is_not_known_is_not_zero() {
        for committed in [None, Some(11)] {
            assert!(matches!(
                backlog(committed, 0, 10, "g"),
                Backlog::Unknown(_)
            ));
        }
    }
}
