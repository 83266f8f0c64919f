//! How often a shard may be asked for records.

use std::time::Duration;

use tokio::time::Instant;

/// A bucket that holds the requests of one second (Kinesis developer guide, "Quotas and limits": five GetRecords
/// requests a second per shard).
#[derive(Debug)]
pub(super) struct ReadPace {
    every: Duration,
    /// When the requests so far are worked off.
    free: Instant,
}

impl ReadPace {
    pub(super) fn new(per_second: u8) -> Self {
        Self {
            every: Duration::from_secs(1) / u32::from(per_second.max(1)),
            free: Instant::now(),
        }
    }

    /// Waits until the next request may be sent.
    pub(super) async fn admit(&mut self) {
        let now = Instant::now();
        self.free = self.free.max(now) + self.every;
        let spare = Duration::from_secs(1);
        tokio::time::sleep_until((self.free - spare).max(now)).await;
    }

    /// Waits as long as makes sense after an answer without records.
    pub(super) async fn rest(&mut self) {
        self.free = self.free.max(Instant::now());
        tokio::time::sleep(self.every).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_second_may_be_used_at_once_and_no_more() {
        let (mut pace, start) = (ReadPace::new(5), Instant::now());
        for _ in 0..5 {
            pace.admit().await;
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
        for _ in 0..10 {
            pace.admit().await;
        }
        assert_eq!(start.elapsed(), Duration::from_secs(2));
    }
}
