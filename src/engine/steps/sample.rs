//! A share of the records, chosen by what they are and not by when they come.
//!
//! A record is taken when its hash is below the share of all hashes. So the same records are taken in every run, on
//! every target and however they are ordered, and a larger share of the same seed has all of a smaller one.

use ssectl_adapter::Record;
use twox_hash::XxHash64;

use super::{Encoding, RecordError, eval};
use crate::expr::{Outputs, Program};

/// Which share of the records is taken.
#[derive(Clone)]
pub struct Sample {
    /// From 0 to 1.
    share: f64,
    seed: u64,
    by: Option<Program>,
}

impl Sample {
    /// A share from 0 to 1. Records for which `by` gives the same go the same way; without it those with the same key
    /// and value do.
    pub fn new(share: f64, seed: u64, by: Option<Program>) -> Self {
        Self { share, seed, by }
    }

    pub(super) fn takes(
        &self,
        record: &Record,
        encoding: Encoding,
        buffer: &mut Outputs,
    ) -> Result<bool, RecordError> {
        let hash = match &self.by {
            Some(by) => {
                buffer.clear();
                eval(record, encoding, |input| by.eval(input, buffer))?;
                let first = buffer.get(0).map_or(&b"null"[..], |first| first.json());
                XxHash64::oneshot(self.seed, first)
            }
            None => self.hash(record),
        };
        // A share of 1 is 2^64, which every hash is below.
        Ok((hash as f64) < self.share * 2f64.powi(64) || self.share >= 1.0)
    }

    /// XXH64 of the value, with that of the key as its seed.
    fn hash(&self, record: &Record) -> u64 {
        let key = record.key.as_deref();
        let seed = key.map_or(self.seed, |key| XxHash64::oneshot(self.seed, key));
        XxHash64::oneshot(seed, record.value.as_deref().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(share: f64, seed: u64) -> Vec<u32> {
        let sample = Sample::new(share, seed, None);
        let takes = |n: &u32| {
            let record = Record::from_value(format!("{{\"n\":{n}}}"));
            let takes = sample.takes(&record, Encoding::Json, &mut Outputs::default());
            takes.expect("nothing to fail")
        };
        (0..10_000).filter(takes).collect()
    }

    #[test]
    fn a_share_is_about_as_large_as_it_says() {
        assert_eq!(taken(0.0, 1).len(), 0);
        assert_eq!(taken(1.0, 1).len(), 10_000);
        let tenth = taken(0.1, 1).len();
        assert!((900..1100).contains(&tenth), "{tenth}");
    }

    #[test]
    fn a_larger_share_has_all_of_a_smaller_one_and_another_seed_has_others() {
        let (small, large) = (taken(0.1, 7), taken(0.3, 7));
        assert!(small.iter().all(|n| large.contains(n)));
        assert_ne!(small, taken(0.1, 8));
    }
}
