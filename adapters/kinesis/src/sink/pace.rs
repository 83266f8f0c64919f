//! What a shard takes in a second, kept to from the first time that it was asked for more.

use std::time::Duration;

use tokio::time::Instant;

/// Limits of a shard (Kinesis developer guide, "Quotas and limits"): records and bytes a second.
const RECORDS: f64 = 1000.0;
const BYTES: f64 = (1 << 20) as f64;

/// The pace of one shard. Other services than Amazon's may have no limits, and Amazon's may be shared with others or
/// be higher than we know, so nothing is held up before a shard has refused something.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// When what was sent is worked off; none while the shard takes everything.
    free: Option<Instant>,
}

impl Pace {
    /// The shard had too much.
    pub(super) fn throttled(&mut self) {
        self.free.get_or_insert_with(Instant::now);
    }

    /// Waits until a request of that size may be sent.
    pub(super) async fn admit(&mut self, records: usize, bytes: usize) {
        if let Some(free) = self.free {
            let start = free.max(Instant::now());
            self.free = Some(start + cost(records, bytes));
            tokio::time::sleep_until(start).await;
        }
    }
}

/// How long a shard needs for a request.
fn cost(records: usize, bytes: usize) -> Duration {
    Duration::from_secs_f64((records as f64 / RECORDS).max(bytes as f64 / BYTES))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_shard_that_takes_everything_is_not_held_up() {
        let (mut pace, start) = (Pace::default(), Instant::now());
        for _ in 0..100 {
            pace.admit(500, 1 << 20).await;
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_refusal_the_limits_are_kept() {
        let (mut pace, start) = (Pace::default(), Instant::now());
        pace.throttled();
        for _ in 0..5 {
            pace.admit(500, 100).await;
        }
        assert!(
            start.elapsed() >= Duration::from_millis(2000),
            "{:?}",
            start.elapsed()
        );
        pace.admit(1, 3 << 20).await;
        pace.admit(1, 1).await;
        assert!(
            start.elapsed() >= Duration::from_millis(5500),
            "{:?}",
            start.elapsed()
        );
    }
}
