//! Which messages are ours for now, and until when.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The leases of one reader, by receipt handle.
#[derive(Debug, Default)]
pub(crate) struct Leases {
    held: Mutex<HashMap<String, Lease>>,
}

#[derive(Debug, Clone, Copy)]
struct Lease {
    taken: Instant,
    until: Instant,
}

/// A lease to be extended, and by how much from now on.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Due {
    pub(crate) receipt: String,
    pub(crate) extension: Duration,
}

/// No extension is longer, so that a crash hides nothing for longer.
const LONGEST_EXTENSION: Duration = Duration::from_secs(600);

impl Leases {
    /// Notes messages that were received now and are ours for `timeout`.
    pub(crate) fn add<'a>(
        &self,
        receipts: impl Iterator<Item = &'a str>,
        now: Instant,
        timeout: Duration,
    ) {
        let lease = Lease {
            taken: now,
            until: now + timeout,
        };
        self.held()
            .extend(receipts.map(|receipt| (receipt.to_owned(), lease)));
    }

    /// Forgets what was deleted, given back or lost.
    pub(crate) fn remove<'a>(&self, receipts: impl Iterator<Item = &'a str>) {
        let mut held = self.held();
        for receipt in receipts {
            held.remove(receipt);
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.held().len()
    }

    /// All receipts.
    pub(crate) fn receipts(&self) -> Vec<String> {
        self.held().keys().cloned().collect()
    }

    /// What must be extended now: less than half of the time-out is left. Each time it is extended by
    /// as long as it has been held, so that what takes long costs few requests.
    pub(crate) fn due(&self, now: Instant, timeout: Duration) -> Vec<Due> {
        let soon = now + timeout / 2;
        let due = |lease: &Lease| lease.until <= soon && lease.until > now;
        let held = self.held();
        let due = held.iter().filter(|(_, lease)| due(lease));
        due.map(|(receipt, lease)| Due {
            receipt: receipt.clone(),
            extension: extension(now.duration_since(lease.taken), timeout),
        })
        .filter(|due| !due.extension.is_zero())
        .collect()
    }

    /// Notes that leases were extended.
    pub(crate) fn extended<'a>(&self, due: impl Iterator<Item = &'a Due>, now: Instant) {
        let mut held = self.held();
        for Due { receipt, extension } in due {
            // It may have been deleted meanwhile.
            if let Some(lease) = held.get_mut(receipt) {
                lease.until = now + *extension;
            }
        }
    }

    fn held(&self) -> std::sync::MutexGuard<'_, HashMap<String, Lease>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// In whole seconds, and not beyond what SQS allows in all.
fn extension(held: Duration, timeout: Duration) -> Duration {
    let left = crate::config::LONGEST_VISIBILITY.saturating_sub(held);
    let wanted = held.clamp(timeout, timeout.max(LONGEST_EXTENSION));
    Duration::from_secs(wanted.min(left).as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(60);

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    fn due(leases: &Leases, now: Instant) -> Vec<(String, u64)> {
        let mut due: Vec<_> = leases
            .due(now, TIMEOUT)
            .into_iter()
            .map(|due| (due.receipt, due.extension.as_secs()))
            .collect();
        due.sort();
        due
    }

    #[tokio::test]
    async fn a_lease_is_extended_when_half_of_it_is_over() {
        let (leases, start) = (Leases::default(), Instant::now());
        leases.add(["a"].into_iter(), start, TIMEOUT);
        leases.add(["b"].into_iter(), start + seconds(10), TIMEOUT);
        assert_eq!(due(&leases, start + seconds(29)), []);
        assert_eq!(due(&leases, start + seconds(30)), [("a".to_owned(), 60)]);
        let all = leases.due(start + seconds(30), TIMEOUT);
        leases.extended(all.iter(), start + seconds(30));
        assert_eq!(due(&leases, start + seconds(40)), [("b".to_owned(), 60)]);
        assert_eq!(
            due(&leases, start + seconds(61)),
            [("a".to_owned(), 61), ("b".to_owned(), 60)]
        );
    }

    #[tokio::test]
    async fn what_is_done_is_not_extended() {
        let (leases, start) = (Leases::default(), Instant::now());
        leases.add(["a", "b"].into_iter(), start, TIMEOUT);
        let all = leases.due(start + seconds(40), TIMEOUT);
        leases.remove(["a"].into_iter());
        leases.extended(all.iter(), start + seconds(40));
        assert_eq!(leases.receipts(), ["b"]);
    }

    #[tokio::test]
    async fn a_lease_that_ran_out_is_not_ours_to_extend() {
        let (leases, start) = (Leases::default(), Instant::now());
        leases.add(["a"].into_iter(), start, TIMEOUT);
        assert_eq!(due(&leases, start + TIMEOUT), []);
    }

    #[test]
    fn extensions_grow_up_to_a_limit_and_end_after_twelve_hours() {
        for (held, wanted) in [
            (0, 60),
            (59, 60),
            (90, 90),
            (900, 600),
            (43_100, 100),
            (43_200, 0),
        ] {
            assert_eq!(
                extension(seconds(held), TIMEOUT),
                seconds(wanted),
                "held for {held} s"
            );
        }
        let long = seconds(3600);
        assert_eq!(extension(seconds(1800), long), long);
    }
}
