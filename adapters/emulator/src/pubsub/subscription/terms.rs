//! What a subscription promises its messages, from the form in which it is shown.

use std::sync::Arc;

use prost_types::Duration;

use crate::pubsub::filter::Filter;
use crate::pubsub::proto::pubsub as pb;

/// How long messages are kept by default: seven days.
pub(in crate::pubsub) const RETENTION_MS: i64 = 7 * 24 * 3_600_000;

/// Attempts before a message goes to the dead letters, where the policy does not say.
const ATTEMPTS: u32 = 5;

/// What holds for the messages of a subscription. Times are in milliseconds.
#[derive(Clone, Debug)]
pub(in crate::pubsub) struct Terms {
    /// The ack deadline.
    pub(in crate::pubsub) lease_ms: i64,
    /// Messages with the same ordering key come in order.
    pub(in crate::pubsub) ordered: bool,
    /// Ack ids hold for one lease, and what was acknowledged does not come again.
    pub(in crate::pubsub) exactly_once: bool,
    /// Which messages there are.
    pub(super) filter: Option<Arc<Filter>>,
    /// After so many attempts a message goes to this topic.
    pub(in crate::pubsub) dead_letters: Option<(u32, String)>,
    /// The least and the greatest pause before a message comes again.
    pub(super) back_off: Option<(i64, i64)>,
    /// How long messages are kept.
    pub(super) retention_ms: i64,
    /// Whether acknowledged ones are, too.
    pub(super) retains_acked: bool,
}

impl Terms {
    /// The terms of a subscription, which was checked when it was made.
    pub(super) fn of(about: &pb::Subscription) -> Self {
        let dead_letters = about.dead_letter_policy.as_ref();
        let dead_letters = dead_letters.filter(|policy| !policy.dead_letter_topic.is_empty());
        let attempts = |policy: &pb::DeadLetterPolicy| match policy.max_delivery_attempts {
            0 => ATTEMPTS,
            attempts => attempts.unsigned_abs(),
        };
        let filter = Some(&about.filter).filter(|filter| !filter.is_empty());
        Self {
            lease_ms: i64::from(about.ack_deadline_seconds) * 1000,
            ordered: about.enable_message_ordering,
            exactly_once: about.enable_exactly_once_delivery,
            filter: filter.and_then(|filter| Filter::parse(filter).ok().map(Arc::new)),
            dead_letters: dead_letters
                .map(|policy| (attempts(policy), policy.dead_letter_topic.clone())),
            back_off: about.retry_policy.as_ref().map(|policy| {
                let least = millis(policy.minimum_backoff, 10_000);
                (least, millis(policy.maximum_backoff, 600_000).max(least))
            }),
            retention_ms: millis(about.message_retention_duration, RETENTION_MS),
            retains_acked: about.retain_acked_messages,
        }
    }

    /// How long a message waits after so many attempts.
    pub(super) fn pause_ms(&self, attempts: u32) -> i64 {
        let Some((least, most)) = self.back_off else {
            return 0;
        };
        let doublings = attempts.saturating_sub(1).min(30);
        least.saturating_mul(1 << doublings).min(most)
    }

    /// Whether a message that was delivered so often is not delivered again.
    pub(super) fn exhausts(&self, attempts: u32) -> bool {
        self.dead_letters
            .as_ref()
            .is_some_and(|(most, _)| attempts >= *most)
    }
}

/// A duration in milliseconds, or `default` if there is none.
pub(in crate::pubsub) fn millis(duration: Option<Duration>, default: i64) -> i64 {
    duration.map_or(default, |duration| {
        duration
            .seconds
            .saturating_mul(1000)
            .saturating_add(i64::from(duration.nanos) / 1_000_000)
    })
}
