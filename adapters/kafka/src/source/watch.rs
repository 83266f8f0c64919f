//! Looking at the topic now and then while it is followed.

use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use rdkafka::error::RDKafkaErrorCode as Code;
use rdkafka::metadata::MetadataPartition;

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

/// What a look finds.
pub(super) enum Found {
    /// The topic has these partitions.
    Partitions(Vec<i32>),
    /// There is no such topic.
    Nothing,
    /// No broker said.
    NoAnswer,
}

/// Looks at the topic. This also makes librdkafka compare its id with the one it knows.
pub(super) fn look(consumer: &GroupConsumer, topic: &str) -> Found {
    let answer = consumer.client().fetch_metadata(Some(topic), PATIENCE);
    let metadata = match answer {
        Ok(metadata) => metadata,
        Err(error) => {
            log::debug!("looking at `{topic}`: {error}");
            return Found::NoAnswer;
        }
    };
    let Some(found) = metadata.topics().first() else {
        return Found::NoAnswer;
    };
    match found.error().map(Code::from) {
        None => Found::Partitions(
            found
                .partitions()
                .iter()
                .map(MetadataPartition::id)
                .collect(),
        ),
        Some(Code::UnknownTopicOrPartition | Code::UnknownTopic) => Found::Nothing,
        Some(_) => Found::NoAnswer,
    }
}
