//! How well a replay keeps its schedule.

use std::fmt;
use std::time::Duration;

/// Buckets per power of two: a quantile is at most 1/32 too high.
const STEPS: usize = 32;
const STEP_BITS: u32 = STEPS.trailing_zeros();

/// The distribution of lateness: how long after its time each record was sent.
///
/// Needs the same memory for any number of records. Quantiles are exact below 32 ns and at most 3.2
/// % too high above; the maximum is exact.
#[derive(Debug, Clone)]
pub struct Drift {
    /// One per nanosecond below `STEPS`, then `STEPS` per power of two.
    buckets: Vec<u64>,
    records: u64,
    max_ns: u64,
}

impl Default for Drift {
    fn default() -> Self {
        Self {
            buckets: vec![0; STEPS * (1 + 64 - STEP_BITS as usize)],
            records: 0,
            max_ns: 0,
        }
    }
}

impl Drift {
    /// Counts a record that was sent this long after its time.
    pub fn record(&mut self, lateness: Duration) {
        let ns = u64::try_from(lateness.as_nanos()).unwrap_or(u64::MAX);
        self.buckets[bucket(ns)] += 1;
        self.records += 1;
        self.max_ns = self.max_ns.max(ns);
    }

    /// How many records were counted.
    pub fn records(&self) -> u64 {
        self.records
    }

    /// The lateness that a share of the records, such as 0.99, did not exceed; 0 if there are none.
    pub fn quantile(&self, share: f64) -> Duration {
        let rank = ((self.records as f64 * share).ceil() as u64).clamp(1, self.records.max(1));
        let mut seen = 0;
        for (index, count) in self.buckets.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return Duration::from_nanos(upper_end(index).min(self.max_ns));
            }
        }
        Duration::ZERO
    }

    /// The worst lateness.
    pub fn max(&self) -> Duration {
        Duration::from_nanos(self.max_ns)
    }
}

fn bucket(ns: u64) -> usize {
    let shift = ns
        .checked_ilog2()
        .map_or(0, |log| log.saturating_sub(STEP_BITS));
    shift as usize * STEPS + (ns >> shift) as usize
}

/// The largest number that falls into a bucket.
fn upper_end(index: usize) -> u64 {
    if index < 2 * STEPS {
        return index as u64;
    }
    let shift = index / STEPS - 1;
    let first = ((index % STEPS + STEPS) as u64) << shift;
    first + ((1 << shift) - 1)
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |duration: Duration| duration.as_secs_f64() * 1e3;
        let (p50, p99) = (ms(self.quantile(0.5)), ms(self.quantile(0.99)));
        write!(
            f,
            "p50 {p50:.3} ms, p99 {p99:.3} ms, max {:.3} ms",
            ms(self.max())
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_in_the_bucket_that_ends_just_above_it() {
        let numbers = (0..10_000).chain((0..64).flat_map(|log| {
            let power = 1u64 << log;
            [power - 1, power, power + power / 3, power + (power - 1)]
        }));
        for ns in numbers.chain([u64::MAX]) {
            let end = upper_end(bucket(ns));
            assert!(end >= ns && end - ns <= ns / STEPS as u64, "{ns} {end}");
            assert!(bucket(ns) < Drift::default().buckets.len());
        }
    }

    #[test]
    fn quantiles_are_close_and_the_maximum_is_exact() {
        let mut drift = Drift::default();
        for micros in 1..=1_000 {
            drift.record(Duration::from_micros(micros));
        }
        for (share, micros) in [(0.5, 500.0), (0.99, 990.0), (0.001, 1.0)] {
            let found = drift.quantile(share).as_secs_f64() * 1e6;
            assert!(
                (micros..=micros * 1.032).contains(&found),
                "{share}: {found}"
            );
        }
        assert_eq!(drift.max(), Duration::from_micros(1_000));
        assert_eq!(drift.quantile(1.0), Duration::from_micros(1_000));
        assert_eq!(drift.records(), 1_000);
    }

    #[test]
    fn nothing_sent_is_no_drift() {
        assert_eq!(Drift::default().quantile(0.99), Duration::ZERO);
        assert_eq!(
            Drift::default().to_string(),
            "p50 0.000 ms, p99 0.000 ms, max 0.000 ms"
        );
    }
}
