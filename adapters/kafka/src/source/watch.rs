//! Looking at the topic now and then while it is followed.

use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use rdkafka::metadata::{MetadataPartition, MetadataTopic};

use super::group::GroupConsumer;

/// How long a look may take, during which nothing is read; the next one comes soon.
const PATIENCE: Duration = Duration::from_secs(1);

/// Says when it is time for a look.
pub(super) struct Watch {
    /// `None` never looks.
    every: Option<Duration>,
    last: Instant,
}

impl Watch {
    pub(super) fn new(every: Option<Duration>) -> Self {
        Self {
            every,
            last: Instant::now(),
        }
    }

    /// Whether a look is due; it counts as taken.
    pub(super) fn is_due(&mut self) -> bool {
        let due = self.every.is_some_and(|every| self.last.elapsed() >= every);
        if due {
            self.last = Instant::now();
        }
        due
    }
}

/// The partitions that the topic has now; nothing when that cannot be said at the moment.
pub(super) fn partitions(consumer: &GroupConsumer, topic: &str) -> Option<Vec<i32>> {
    let answer = consumer.client().fetch_metadata(Some(topic), PATIENCE);
    let metadata = answer
        .inspect_err(|error| log::debug!("looking for partitions of `{topic}`: {error}"))
        .ok()?;
    let found = metadata.topics().first()?;
    if found.error().is_some() {
        return None;
    }
    Some(ids(found))
}

fn ids(topic: &MetadataTopic) -> Vec<i32> {
    topic
        .partitions()
        .iter()
        .map(MetadataPartition::id)
        .collect()
}
