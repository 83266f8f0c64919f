//! Trying again when an adapter says that it may help.

use std::time::Duration;

use ssectl_adapter::Error;

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
            message: format!("{error}; {doing} again in {wait:?}"),
        });
        tokio::time::sleep(wait).await;
        Ok(())
    }
}

/// The waits of one series of failures.
#[derive(Debug)]
pub(super) struct Waits {
    backoff: Backoff,
    next: Duration,
    waited: Duration,
}

impl Backoff {
    pub(super) fn waits(self) -> Waits {
        Waits {
            backoff: self,
            next: self.first,
            waited: Duration::ZERO,
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
        Some(wait)
    }

    /// A success: the next failure starts a new series.
    pub(super) fn reset(&mut self) {
        *self = self.backoff.waits();
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
}
