//! Who is subscribed to which shard: one connection for each consumer and shard, the latest.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;

use crate::store::LockExt;

/// How long a subscription lasts, in milliseconds.
pub(super) const LIFETIME_MS: i64 = 300_000;

/// How soon after a subscription the next one is refused, in milliseconds.
const PAUSE_MS: i64 = 5_000;

/// A consumer of a stream, and a shard.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Subscriber {
    pub(super) stream_id: u128,
    pub(super) consumer: String,
    pub(super) shard: u32,
}

/// The latest subscription of each.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions(Mutex<HashMap<Subscriber, Subscribed>>);

#[derive(Debug)]
struct Subscribed {
    since_ms: i64,
    replaced: Arc<Notify>,
}

impl Subscriptions {
    /// Begins a subscription, which ends an earlier one; what is returned tells when a later one ends it. `None` if the
    /// earlier one is too young.
    pub(super) fn begin(&self, subscriber: Subscriber, now_ms: i64) -> Option<Arc<Notify>> {
        let mut all = self.0.locked();
        all.retain(|_, subscribed| now_ms - subscribed.since_ms <= LIFETIME_MS);
        let earlier = all.get(&subscriber);
        if earlier.is_some_and(|earlier| now_ms - earlier.since_ms < PAUSE_MS) {
            return None;
        }
        let replaced = Arc::new(Notify::new());
        let subscribed = Subscribed {
            since_ms: now_ms,
            replaced: Arc::clone(&replaced),
        };
        if let Some(earlier) = all.insert(subscriber, subscribed) {
            earlier.replaced.notify_one();
        }
        Some(replaced)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subscriber(shard: u32) -> Subscriber {
        Subscriber {
            stream_id: 1,
            consumer: "c".to_owned(),
            shard,
        }
    }

    #[test]
    fn a_later_subscription_ends_the_earlier_one() {
        let all = Subscriptions::default();
        let first = all.begin(subscriber(0), 0).unwrap();
        assert!(all.begin(subscriber(1), 0).is_some());
        assert!(all.begin(subscriber(0), 4999).is_none());
        assert!(all.begin(subscriber(0), 5000).is_some());
        let mut ended = std::pin::pin!(first.notified());
        assert!(ended.as_mut().enable());
    }
}
