//! Counters of single steps: which way of a route records took, how often a cache had the answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

/// A counter of one step; handles to the same counter are cheap.
#[derive(Debug, Clone, Default)]
pub struct Tally(Arc<AtomicU64>);

impl Tally {
    /// So many more.
    pub(super) fn add(&self, count: usize) {
        self.0.fetch_add(count as u64, Relaxed);
    }
}

/// The counters of a pipeline's steps, in the order in which they were made.
#[derive(Debug, Default)]
pub(super) struct Tallies(Mutex<Vec<(String, String, Tally)>>);

/// What a counter of a step says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tallied {
    /// Which step, such as `2-route`; `read` for what was read of each of several sources.
    pub step: String,
    /// What is counted.
    pub what: String,
    /// How many.
    pub count: u64,
}

impl Tallies {
    pub(super) fn make(&self, step: &str, what: &str) -> Tally {
        let tally = Tally::default();
        let made = (step.to_owned(), what.to_owned(), tally.clone());
        let mut tallies = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tallies.push(made);
        tally
    }

    pub(super) fn read(&self) -> Vec<Tallied> {
        let tallies = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let read = tallies.iter().map(|(step, what, tally)| Tallied {
            step: step.clone(),
            what: what.clone(),
            count: tally.0.load(Relaxed),
        });
        read.collect()
    }
}

impl Tallied {
    /// The counters in one line per step, for people: `2-route: 5 large, 3 rest`.
    pub fn lines(tallies: &[Self]) -> Vec<String> {
        let steps = tallies.chunk_by(|a, b| a.step == b.step);
        let lines = steps.map(|step| {
            let counts = step
                .iter()
                .map(|tallied| format!("{} {}", tallied.count, tallied.what));
            format!(
                "{}: {}",
                step[0].step,
                counts.collect::<Vec<_>>().join(", ")
            )
        });
        lines.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_told_by_step() {
        let tallies = Tallies::default();
        let [large, rest, hits] = [
            ("1-route", "large"),
            ("1-route", "rest"),
            ("2-enrich", "hits"),
        ]
        .map(|(step, what)| tallies.make(step, what));
        large.add(2);
        large.add(3);
        hits.add(7);
        drop(rest);
        let lines = Tallied::lines(&tallies.read());
        assert_eq!(lines, ["1-route: 5 large, 0 rest", "2-enrich: 7 hits"]);
    }
}
