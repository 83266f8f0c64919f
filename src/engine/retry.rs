//! Trying again when an adapter says that it may help.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use ssectl_adapter::Error;
use tokio::time::Instant;

use super::control::Control;
use super::retold::Retold;
use super::stats::{Stats, add};

/// Waits that double up to a limit, and an end to patience.
#[derive(Debug, Clone, Copy)]
pub struct Backoff {
    /// The first wait.
    pub first: Duration,
    /// No wait is longer.
    pub longest: Duration,
    /// Give up when failures have gone on for so long without a success.
    pub patience: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            first: Duration::from_millis(100),
            longest: Duration::from_secs(5),
            patience: Duration::from_secs(120),
        }
    }
}

/// Tries again what fails for now, says so, and counts it.
#[derive(Clone)]
pub struct Patience {
    backoff: Backoff,
    retold: Arc<Retold>,
    stats: Arc<Stats>,
}

impl Patience {
    /// As patient as a pipeline; `name` is who waits, for notices.
    pub fn new(name: &str, control: &Control) -> Self {
        Self::counted(name, control, Backoff::default(), Arc::default())
    }

    /// Counts its tries in these.
    pub(super) fn counted(
        name: &str,
        control: &Control,
        backoff: Backoff,
        stats: Arc<Stats>,
    ) -> Self {
        Self {
            backoff,
            retold: Arc::new(Retold::new(name, control)),
            stats,
        }
    }

    /// The same, but it gives up after two seconds: for what a person waits for at the start.
    #[must_use]
    pub fn briefly(&self) -> Self {
        let mut brief = self.clone();
        brief.backoff.patience = Duration::from_secs(2);
        brief
    }

    /// How often something was tried again so far.
    pub fn retries(&self) -> u64 {
        self.stats.retries.load(Relaxed)
    }

    /// The tries at one thing.
    pub fn tries(&self) -> Tries {
        Tries {
            patience: self.clone(),
            next: self.backoff.first,
            series: None,
        }
    }

    /// Tries until it works, fails for good, or patience is at its end.
    ///
    /// # Errors
    /// Those of the last try.
    pub async fn with<T, F: Future<Output = Result<T, Error>>>(
        &self,
        doing: &'static str,
        attempt: impl Fn() -> F,
    ) -> Result<T, Error> {
        let mut tries = self.tries();
        loop {
            match attempt().await {
                Ok(done) => return Ok(done),
                Err(error) => tries.failed(doing, error).await?,
            }
        }
    }
}

/// The tries at one thing so far.
pub struct Tries {
    patience: Patience,
    next: Duration,
    series: Option<Series>,
}

/// Failures without a success between them.
struct Series {
    first: Instant,
    last: Instant,
}

impl Tries {
    /// Waits after a failure, before the next try, and says so.
    ///
    /// # Errors
    /// The error itself, if another try is not worth while: it is not temporary, or failures have gone on for too long.
    pub async fn failed(&mut self, doing: &'static str, error: Error) -> Result<(), Error> {
        let wait = match error.is_temporary() {
            true => self.next_wait(),
            false => None,
        };
        let Some(wait) = wait else {
            return Err(error);
        };
        add(&self.patience.stats.retries, 1);
        self.patience.retold.tell(doing, &error, wait);
        tokio::time::sleep(wait).await;
        Ok(())
    }

    /// A success: the next failure begins a new series.
    pub fn worked(&mut self) {
        self.next = self.patience.backoff.first;
        self.series = None;
    }

    /// No failure, but nothing that works either: only after a while without failures it counts as a success.
    pub(super) fn idle(&mut self) {
        let calm = 2 * self.patience.backoff.longest;
        if (self.series.as_ref()).is_some_and(|series| series.last.elapsed() > calm) {
            self.worked();
        }
    }

    /// How long to wait before the next try, or `None` when it is time to give up.
    fn next_wait(&mut self) -> Option<Duration> {
        let now = Instant::now();
        let first = self.series.as_ref().map_or(now, |series| series.first);
        let Backoff {
            longest, patience, ..
        } = self.patience.backoff;
        if now - first >= patience {
            return None;
        }
        self.series = Some(Series { first, last: now });
        let wait = self.next;
        self.next = (wait * 2).min(longest);
        Some(wait)
    }
}

#[cfg(test)]
mod tests {
    use ssectl_adapter::ErrorKind;

    use super::*;

    fn tries(backoff: Backoff) -> Tries {
        Patience::counted("test", &Control::detached(), backoff, Arc::default()).tries()
    }

    fn outage() -> Error {
        Error::new(ErrorKind::Unavailable, "away").temporary()
    }

    #[tokio::test(start_paused = true)]
    async fn waits_double_up_to_the_limit_until_patience_ends() {
        let mut tries = tries(Backoff {
            first: Duration::from_secs(1),
            longest: Duration::from_secs(3),
            patience: Duration::from_secs(8),
        });
        let mut waits = Vec::new();
        loop {
            let before = Instant::now();
            if tries.failed("trying", outage()).await.is_err() {
                break;
            }
            waits.push(before.elapsed().as_secs());
        }
        assert_eq!(waits, [1, 2, 3, 3]);
        assert_eq!(tries.patience.retries(), 4);
        tries.worked();
        let before = Instant::now();
        tries.failed("trying", outage()).await.expect("patience");
        assert_eq!(before.elapsed(), Duration::from_secs(1));
    }

    /// However long it takes to fail: that a machine is slow is no reason not to try again.
    #[tokio::test(start_paused = true)]
    async fn the_first_failure_is_always_tried_again() {
        let mut tries = tries(Backoff::default());
        tries.patience = tries.patience.briefly();
        tokio::time::advance(Duration::from_secs(60)).await;
        tries.failed("opening", outage()).await.expect("patience");
        tokio::time::advance(Duration::from_secs(60)).await;
        tries.failed("opening", outage()).await.expect_err("enough");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_temporary_is_not_tried_again() {
        let wrong = Error::new(ErrorKind::Authentication, "who are you");
        let mut tries = tries(Backoff::default());
        tries.failed("trying", wrong).await.expect_err("for good");
        assert_eq!(tries.patience.retries(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn silence_between_failures_is_no_success_until_it_lasts() {
        let Backoff { first, longest, .. } = Backoff::default();
        let mut tries = tries(Backoff::default());
        for _ in 0..8 {
            tries.failed("trying", outage()).await.expect("patience");
            tries.idle();
        }
        assert_eq!(tries.next, longest);
        tokio::time::advance(3 * longest).await;
        tries.idle();
        assert_eq!(tries.next, first);
    }
}
