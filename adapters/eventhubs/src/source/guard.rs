//! What may come next in a partition.
//!
//! Sequence numbers of a partition rise by one. After a lost connection the client may attach again
//! where it first began, and tell nobody; then numbers come twice, or some are missing. So every number
//! is looked at before its event counts.

/// Whether an event counts.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is the next one.
    Take,
    /// It was read before.
    Repeated,
    /// Some are missing before it, and it does not count: attach again and see whether they exist.
    Jump,
    /// Some before it are no more in the hub: this is the first event that the service has for us.
    Gap,
}

/// The state of one link.
#[derive(Debug)]
pub(super) struct Guard {
    /// The number that is due.
    next: i64,
    /// Whether this link has brought an event.
    begun: bool,
    /// Whether the hub is known to leave numbers out, as one with log compaction does.
    sparse: bool,
}

impl Guard {
    /// For a link that was asked for events from `next` on.
    pub(super) fn new(next: i64, sparse: bool) -> Self {
        Self {
            next,
            begun: false,
            sparse,
        }
    }

    /// The number that is due.
    pub(super) fn next(&self) -> i64 {
        self.next
    }

    /// Looks at a number. What is taken, or comes after a gap, is no longer due.
    pub(super) fn admit(&mut self, number: i64) -> Verdict {
        if number < self.next {
            return Verdict::Repeated;
        }
        let verdict = match number == self.next {
            true => Verdict::Take,
            false if self.begun && !self.sparse => return Verdict::Jump,
            false => Verdict::Gap,
        };
        self.begun = true;
        self.next = number.saturating_add(1);
        verdict
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdicts(guard: &mut Guard, numbers: &[i64]) -> Vec<Verdict> {
        numbers.iter().map(|number| guard.admit(*number)).collect()
    }

    #[test]
    fn numbers_that_rise_by_one_are_taken() {
        let mut guard = Guard::new(5, false);
        let all = verdicts(&mut guard, &[5, 6, 7]);
        assert!(all.iter().all(|verdict| *verdict == Verdict::Take));
        assert_eq!(guard.next(), 8);
    }

    #[test]
    fn a_silent_replay_is_dropped() {
        let mut guard = Guard::new(0, false);
        let all = verdicts(&mut guard, &[0, 1, 2, 0, 1, 2, 3]);
        assert_eq!(
            all[3..6],
            [Verdict::Repeated, Verdict::Repeated, Verdict::Repeated]
        );
        assert_eq!(all[6], Verdict::Take);
    }

    #[test]
    fn a_silent_loss_is_noticed_and_its_event_does_not_count() {
        let mut guard = Guard::new(0, false);
        assert_eq!(
            verdicts(&mut guard, &[0, 1, 9]),
            [Verdict::Take, Verdict::Take, Verdict::Jump]
        );
        assert_eq!(guard.next(), 2);
    }

    #[test]
    fn what_a_fresh_link_begins_with_is_what_there_is() {
        let mut guard = Guard::new(2, false);
        assert_eq!(
            verdicts(&mut guard, &[9, 10, 12]),
            [Verdict::Gap, Verdict::Take, Verdict::Jump]
        );
        let mut guard = Guard::new(11, true);
        assert_eq!(
            verdicts(&mut guard, &[12, 14, 15]),
            [Verdict::Gap, Verdict::Gap, Verdict::Take]
        );
    }
}
