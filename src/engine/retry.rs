//! Trying again when an adapter says that it may help.

use std::error::Error as _;
use std::time::Duration;

use ssectl_adapter::Error;
use tokio::time::Instant;

use super::control::{Control, Notice};

/// Waits that double up to a limit, and an end to patience.
#[derive(Debug, Clone, Copy)]
pub struct Backoff {
    /// The first wait.
    pub first: Duration,
    /// No wait is longer.
    pub longest: Duration,
    /// Give up after so much waiting without a success.
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

/// Who is trying, for notices.
#[derive(Clone)]
pub(super) struct Trier {
    pub(super) pipeline: String,
    pub(super) control: Control,
}

impl Trier {
    /// Waits after a temporary error, and says so; gives any other error back, and this one too
    /// when patience is at its end.
    pub(super) async fn pause(
        &self,
        doing: &str,
        error: Error,
        waits: &mut Waits,
    ) -> Result<(), Error> {
        let wait = if error.is_temporary() {
            waits.next()
        } else {
            None
        };
        let Some(wait) = wait else {
            return Err(error);
        };
        (self.control.notify)(Notice {
            pipeline: self.pipeline.clone(),
            warns: true,
            message: format!("{}; {doing} again in {wait:?}", with_causes(&error)),
        });
        tokio::time::sleep(wait).await;
        Ok(())
    }
}

/// Tries again what fails for now, and says so.
#[derive(Clone)]
pub struct Patience {
    trier: Trier,
    backoff: Backoff,
    /// Give up when so much time has passed since the first try, whether waited or worked.
    limit: Duration,
}

impl Patience {
    /// As patient as a pipeline; `name` is who waits, for notices.
    pub fn new(name: &str, control: &Control) -> Self {
        Self {
            trier: Trier {
                pipeline: name.to_owned(),
                control: control.clone(),
            },
            backoff: Backoff::default(),
            limit: Duration::MAX,
        }
    }

    /// Gives up after two seconds: for what a person waits for at the start.
    pub fn brief(name: &str, control: &Control) -> Self {
        Self {
            limit: Duration::from_secs(2),
            ..Self::new(name, control)
        }
    }

    /// The tries at one thing.
    pub fn tries(&self) -> Tries<'_> {
        Tries {
            patience: self,
            start: Instant::now(),
            failures: 0,
            waits: self.backoff.waits(),
        }
    }

    /// Tries until it works, fails for good, or patience is at its end.
    ///
    /// # Errors
    /// Those of the last try.
    pub async fn with<T, F: Future<Output = Result<T, Error>>>(
        &self,
        doing: &str,
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
pub struct Tries<'a> {
    patience: &'a Patience,
    start: Instant,
    failures: u32,
    waits: Waits,
}

impl Tries<'_> {
    /// Waits after a failure, before the next try.
    ///
    /// # Errors
    /// The error itself, if another try is not worth while.
    pub async fn failed(&mut self, doing: &str, error: Error) -> Result<(), Error> {
        // One failure is no rule, however long it took: an answer may have been lost on its way.
        if self.failures > 0 && self.start.elapsed() >= self.patience.limit {
            return Err(error);
        }
        self.failures += 1;
        let trier = &self.patience.trier;
        trier.pause(doing, error, &mut self.waits).await
    }
}

/// The error and what is below it, in one line.
fn with_causes(error: &Error) -> String {
    let causes = std::iter::successors(error.source(), |&cause| cause.source());
    causes.fold(error.to_string(), |line, cause| format!("{line}: {cause}"))
}

/// The waits of one series of failures.
#[derive(Debug)]
pub(super) struct Waits {
    backoff: Backoff,
    next: Duration,
    waited: Duration,
    last: Option<Instant>,
}

impl Backoff {
    pub(super) fn waits(self) -> Waits {
        Waits {
            backoff: self,
            next: self.first,
            waited: Duration::ZERO,
            last: None,
        }
    }
}

impl Waits {
    /// How long to wait before the next try, or `None` when it is time to give up.
    pub(super) fn next(&mut self) -> Option<Duration> {
        if self.waited >= self.backoff.patience {
            return None;
        }
        let wait = self.next;
        self.waited += wait;
        self.next = (wait * 2).min(self.backoff.longest);
        self.last = Some(Instant::now());
        Some(wait)
    }

    /// A success: the next failure starts a new series.
    pub(super) fn reset(&mut self) {
        *self = self.backoff.waits();
    }

    /// No failure, but nothing that works either: only after a while without failures it counts as a success.
    pub(super) fn pass(&mut self) {
        let calm = 2 * self.backoff.longest;
        if self.last.is_some_and(|last| last.elapsed() > calm) {
            self.reset();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_up_to_the_limit_and_then_gives_up() {
        let backoff = Backoff {
            first: Duration::from_secs(1),
            longest: Duration::from_secs(3),
            patience: Duration::from_secs(8),
        };
        let mut waits = backoff.waits();
        let all: Vec<_> = std::iter::from_fn(|| waits.next())
            .map(|wait| wait.as_secs())
            .collect();
        assert_eq!(all, [1, 2, 3, 3]);
        waits.reset();
        assert_eq!(waits.next(), Some(Duration::from_secs(1)));
    }

    #[tokio::test(start_paused = true)]
    async fn silence_between_failures_is_no_success_until_it_lasts() {
        let mut waits = Backoff::default().waits();
        let mut last = Duration::ZERO;
        for _ in 0..8 {
            last = waits.next().expect("patience");
            tokio::time::advance(last).await;
            waits.pass();
        }
        assert_eq!(last, Backoff::default().longest);
        tokio::time::advance(2 * Backoff::default().longest).await;
        waits.pass();
        assert_eq!(waits.next(), Some(Backoff::default().first));
    }

    #[test]
    fn notices_name_the_causes() {
        let error = Error::new(ssectl_adapter::ErrorKind::Unavailable, "cannot reach `x`")
            .caused_by(Error::new(ssectl_adapter::ErrorKind::Other, "refused"));
        assert_eq!(with_causes(&error), "cannot reach `x`: refused");
    }
}
