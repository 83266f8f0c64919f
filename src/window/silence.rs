//! Which partitions have not been heard of for a while, by a clock that is passed in.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// When partitions were heard of last.
pub(super) struct Silence {
    /// How long is a silence.
    least: Duration,
    heard: BTreeMap<u32, Instant>,
}

impl Silence {
    pub(super) fn new(least: Duration) -> Self {
        Self {
            least,
            heard: BTreeMap::new(),
        }
    }

    /// A partition said something.
    pub(super) fn heard(&mut self, partition: u32, now: Instant) {
        self.heard.insert(partition, now);
    }

    /// There are only these partitions from now on; a new one was heard of now.
    pub(super) fn only(&mut self, partitions: &[u32], now: Instant) {
        self.heard.retain(|known, _| partitions.contains(known));
        for partition in partitions {
            self.heard.entry(*partition).or_insert(now);
        }
    }

    /// Those that have fallen silent since the last call, in their order.
    pub(super) fn fallen(&mut self, now: Instant) -> Vec<u32> {
        let silent = |heard: &Instant| now.duration_since(*heard) >= self.least;
        let fallen = self.heard.iter().filter(|(_, heard)| silent(heard));
        let fallen: Vec<u32> = fallen.map(|(partition, _)| *partition).collect();
        self.heard.retain(|_, heard| !silent(heard));
        fallen
    }

    /// When the next one may fall silent. A partition that is heard of again may be as early as that.
    pub(super) fn due(&self, now: Instant) -> Instant {
        self.heard.values().min().copied().unwrap_or(now) + self.least
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_falls_silent_once_until_it_is_heard_of_again() {
        let (start, second) = (Instant::now(), Duration::from_secs(1));
        let at = |seconds: u32| start + second * seconds;
        let mut silence = Silence::new(10 * second);
        silence.only(&[1, 2], at(0));
        silence.heard(2, at(4));
        assert_eq!(
            (silence.fallen(at(9)), silence.due(at(9))),
            (vec![], at(10))
        );
        assert_eq!(
            (silence.fallen(at(10)), silence.due(at(10))),
            (vec![1], at(14))
        );
        assert_eq!(
            (silence.fallen(at(14)), silence.due(at(14))),
            (vec![2], at(24))
        );
        assert!(silence.fallen(at(24)).is_empty());
        silence.heard(1, at(25));
        silence.only(&[1, 3], at(26));
        assert_eq!(
            (silence.fallen(at(36)), silence.due(at(36))),
            (vec![1, 3], at(46))
        );
    }
}
