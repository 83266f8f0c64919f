//! How often each value came: for exact numbers of distinct values, and for the most frequent ones.

use std::collections::HashMap;
use std::io::Write;

use ssectl_state::Corrupt;

use super::codec::{Reader, put_bytes, put_number};

/// Counts by the canonical text of a value.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    counts: HashMap<Box<[u8]>, u64>,
    /// Bytes of the texts.
    bytes: usize,
}

/// What an entry takes besides its text, roughly.
const ENTRY: usize = 40;

impl Tally {
    pub(super) fn add(&mut self, value: &[u8], count: u64) {
        if let Some(known) = self.counts.get_mut(value) {
            *known += count;
        } else {
            self.bytes += value.len();
            self.counts.insert(value.into(), count);
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for (value, count) in &other.counts {
            self.add(value, *count);
        }
    }

    /// How many different values there are.
    pub(super) fn distinct(&self) -> usize {
        self.counts.len()
    }

    /// Appends the `most` frequent values as an array, the most frequent first; of those that came equally often, the one
    /// that is less in jq.
    pub(super) fn write_top(&self, most: usize, out: &mut Vec<u8>) {
        let mut entries: Vec<_> = self.counts.iter().collect();
        entries.sort_unstable_by(|(a, often), (b, seldom)| {
            seldom.cmp(often).then_with(|| ssectl_json::compare(a, b))
        });
        out.push(b'[');
        for (at, (value, count)) in entries.into_iter().take(most).enumerate() {
            if at > 0 {
                out.push(b',');
            }
            out.extend_from_slice(b"{\"value\":");
            out.extend_from_slice(value);
            // Writing to memory does not fail.
            let _ = write!(out, ",\"count\":{count}}}");
        }
        out.push(b']');
    }

    /// Bytes of memory beyond its own.
    pub(super) fn heap(&self) -> usize {
        self.bytes + self.counts.len() * ENTRY
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        let mut entries: Vec<_> = self.counts.iter().collect();
        entries.sort_unstable();
        put_number(entries.len() as u64, out);
        for (value, count) in entries {
            put_bytes(value, out);
            put_number(*count, out);
        }
    }

    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, Corrupt> {
        let mut tally = Self::default();
        for _ in 0..reader.number()? {
            let value = reader.bytes()?;
            tally.add(value, reader.number()?);
        }
        Ok(tally)
    }
}
