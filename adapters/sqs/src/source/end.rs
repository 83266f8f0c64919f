//! When a bounded read of a queue is at its end.
//!
//! A queue cannot say what it held at a moment, and its counts are approximate. So a read ends when
//! several requests in a row brought nothing *and* the queue says that all it holds is leased by
//! this reader. When others hold leases, or the counts do not settle, it ends after as long a
//! silence as their leases last: what they give back would have come by then.

use std::time::Duration;

use tokio::time::Instant;

use crate::client::Depth;

/// So many requests in a row must bring nothing.
const EMPTY_REQUESTS: u32 = 2;

/// How long nothing has come.
#[derive(Debug)]
pub(super) struct Silence {
    empty: u32,
    /// How many of them there were when the queue was last asked.
    asked: u32,
    since: Instant,
}

/// What a silence means.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Something may still come.
    GoesOn,
    /// The queue holds nothing that this reader has not read.
    Empty,
    /// The queue claims to hold more, but gives nothing for too long.
    Withheld,
}

impl Silence {
    pub(super) fn since(now: Instant) -> Self {
        Self {
            empty: 0,
            asked: 0,
            since: now,
        }
    }

    /// A request brought so many messages.
    pub(super) fn heard(&mut self, messages: usize, now: Instant) {
        if messages == 0 {
            self.empty += 1;
        } else {
            *self = Self::since(now);
        }
    }

    fn is_quiet(&self) -> bool {
        self.empty >= EMPTY_REQUESTS
    }

    /// Whether it is worth asking the queue how much it holds: once for each request that brought
    /// nothing.
    pub(super) fn wants_depth(&self) -> bool {
        self.is_quiet() && self.asked != self.empty
    }

    /// The queue was asked.
    pub(super) fn has_depth(&mut self) {
        self.asked = self.empty;
    }

    /// The meaning of the silence, when this reader leases `ours` of what the queue holds.
    pub(super) fn verdict(
        &self,
        depth: Depth,
        ours: usize,
        now: Instant,
        patience: Duration,
    ) -> Verdict {
        let Depth {
            visible,
            in_flight,
            delayed,
        } = depth;
        let all_ours = usize::try_from(in_flight).is_ok_and(|count| count <= ours);
        if !self.is_quiet() {
            Verdict::GoesOn
        } else if visible == 0 && delayed == 0 && all_ours {
            Verdict::Empty
        } else if now.duration_since(self.since) >= patience {
            Verdict::Withheld
        } else {
            Verdict::GoesOn
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(60);

    fn depth(visible: u64, in_flight: u64, delayed: u64) -> Depth {
        Depth {
            visible,
            in_flight,
            delayed,
        }
    }

    fn quiet(start: Instant) -> Silence {
        let mut silence = Silence::since(start);
        silence.heard(0, start);
        silence.heard(0, start);
        silence
    }

    #[tokio::test]
    async fn one_empty_request_proves_nothing() {
        let start = Instant::now();
        let mut silence = Silence::since(start);
        silence.heard(0, start);
        assert!(!silence.wants_depth());
        silence.heard(3, start);
        silence.heard(0, start);
        assert_eq!(
            silence.verdict(depth(0, 0, 0), 0, start, PATIENCE),
            Verdict::GoesOn
        );
        silence.heard(0, start);
        assert!(silence.wants_depth());
        assert_eq!(
            silence.verdict(depth(0, 0, 0), 0, start, PATIENCE),
            Verdict::Empty
        );
        silence.has_depth();
        assert!(!silence.wants_depth());
    }

    #[tokio::test]
    async fn our_own_leases_do_not_hold_the_end_up() {
        let start = Instant::now();
        let silence = quiet(start);
        assert_eq!(
            silence.verdict(depth(0, 7, 0), 7, start, PATIENCE),
            Verdict::Empty
        );
    }

    #[tokio::test]
    async fn what_others_hold_is_waited_for_as_long_as_leases_last() {
        let start = Instant::now();
        let silence = quiet(start);
        for left in [depth(0, 8, 0), depth(1, 7, 0), depth(0, 7, 1)] {
            assert_eq!(silence.verdict(left, 7, start, PATIENCE), Verdict::GoesOn);
            assert_eq!(
                silence.verdict(left, 7, start + PATIENCE, PATIENCE),
                Verdict::Withheld
            );
        }
    }
}
