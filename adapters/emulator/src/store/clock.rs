//! Where the stores and the dialects take the time from.

use std::fmt::Debug;
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::LockExt;

/// The time, injected so that tests move it by hand.
pub trait Clock: Debug + Send + Sync {
    /// Milliseconds since the Unix epoch, for stamps that users see; may jump when the machine's clock is set.
    fn now_ms(&self) -> i64;

    /// Time since an arbitrary start, for time-outs; never goes back.
    fn monotonic(&self) -> Duration;
}

/// The machine's clocks.
#[derive(Debug)]
pub struct SystemClock {
    start: Instant,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self {
            start: Instant::now(),
        }
    }
}

impl Clock for SystemClock {
    fn now_ms(&self) -> i64 {
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }
}

/// A clock that stands still until it is told to move.
#[derive(Debug)]
pub struct ManualClock {
    elapsed: Mutex<Duration>,
    start_ms: i64,
}

impl ManualClock {
    /// A clock that shows `start_ms` milliseconds since the Unix epoch.
    pub fn new(start_ms: i64) -> Self {
        Self {
            elapsed: Mutex::default(),
            start_ms,
        }
    }

    /// Moves both readings forward by `step`.
    pub fn advance(&self, step: Duration) {
        *self.elapsed.locked() += step;
    }
}

impl Clock for ManualClock {
    fn now_ms(&self) -> i64 {
        self.start_ms + i64::try_from(self.monotonic().as_millis()).unwrap_or(i64::MAX)
    }

    fn monotonic(&self) -> Duration {
        *self.elapsed.locked()
    }
}
