//! Splitting and merging shards.

use std::sync::Arc;

use super::about::{About, Closed, Shard};
use super::hash::HashRange;
use crate::store::Partition;

/// Shards of a stream while they are cut and joined; nobody writes meanwhile.
#[derive(Debug)]
pub(super) struct Resharding<'a> {
    about: &'a mut About,
    logs: &'a [Arc<Partition>],
    now_ms: i64,
}

impl<'a> Resharding<'a> {
    /// The shards of `about`, whose records are in `logs`.
    pub(super) fn new(about: &'a mut About, logs: &'a [Arc<Partition>], now_ms: i64) -> Self {
        Self {
            about,
            logs,
            now_ms,
        }
    }

    /// What is known of the stream.
    pub(super) fn about(&self) -> &About {
        self.about
    }

    /// The same, to change it.
    pub(super) fn about_mut(&mut self) -> &mut About {
        self.about
    }

    /// Splits an open shard in two, the second of which begins with `at`.
    pub(super) fn split(&mut self, shard: u32, at: u128) {
        let range = self.about.shards[shard as usize].range;
        let (first, last) = (range.first, range.last);
        for range in [
            HashRange {
                first,
                last: at - 1,
            },
            HashRange { first: at, last },
        ] {
            self.add(range, &[shard]);
        }
        self.close(shard);
    }

    /// Merges two open shards that are next to each other.
    pub(super) fn merge(&mut self, one: u32, other: u32) {
        let range = |shard: u32| self.about.shards[shard as usize].range;
        self.add(range(one).joined(range(other)), &[one, other]);
        self.close(one);
        self.close(other);
    }

    /// Splits and merges until there are `count` open shards of about the same size.
    pub(super) fn spread(&mut self, count: u32) {
        let targets = HashRange::even(count);
        for target in &targets[1..] {
            self.cut(target.first, u128::from(count));
        }
        for target in targets {
            self.join(target, u128::from(count));
        }
    }

    /// Splits the open shard that has `at` in its middle; one that begins as near as `slack` is left alone.
    fn cut(&mut self, at: u128, slack: u128) {
        let has = |range: HashRange| {
            range.contains(at) && at - range.first > slack && range.last - at > slack
        };
        let found = self.about.open_shards().find(|(_, shard)| has(shard.range));
        if let Some((number, _)) = found {
            self.split(number, at);
        }
    }

    /// Merges the open shards whose middle is in `target`.
    fn join(&mut self, target: HashRange, slack: u128) {
        let is_inside = |range: HashRange| {
            range.first.saturating_add(slack) >= target.first
                && range.last.saturating_sub(slack) <= target.last
        };
        loop {
            let open = self.about.open_shards();
            let mut inside: Vec<_> = open
                .filter(|(_, shard)| is_inside(shard.range))
                .map(|(number, shard)| (shard.range.first, number))
                .collect();
            inside.sort_unstable();
            match inside[..] {
                [(_, one), (_, other), ..] => self.merge(one, other),
                _ => break,
            }
        }
    }

    fn add(&mut self, range: HashRange, parents: &[u32]) {
        let of_number = |number: &u32| (*number, &self.about.shards[*number as usize]);
        let parents: Vec<_> = parents.iter().map(of_number).collect();
        let child = Shard::child(range, &parents, self.now_ms);
        self.about.shards.push(child);
    }

    fn close(&mut self, shard: u32) {
        // A shard that was made a moment ago has no log yet, and no records.
        let log = self.logs.get(shard as usize);
        self.about.shards[shard as usize].closed = Some(Closed {
            at_ms: self.now_ms,
            end: log.map_or(0, |log| log.bounds().1),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spread(about: &mut About, count: u32) -> Vec<HashRange> {
        Resharding::new(about, &[], 1000).spread(count);
        let mut open: Vec<_> = about.open_shards().map(|(_, shard)| shard.range).collect();
        open.sort_unstable_by_key(|range| range.first);
        open
    }

    #[test]
    fn spreading_gives_so_many_even_shards() {
        for (before, after) in [
            (1, 2),
            (2, 1),
            (3, 6),
            (6, 3),
            (2, 3),
            (3, 2),
            (4, 4),
            (5, 8),
            (100, 37),
        ] {
            let mut about = About::new("r", "s", before, 0);
            let open = spread(&mut about, after);
            assert_eq!(open.len(), after as usize, "{before} to {after}");
            assert_eq!((open[0].first, open[open.len() - 1].last), (0, u128::MAX));
            assert!(open.windows(2).all(|two| two[0].is_next_to(two[1])));
            for (range, even) in open.iter().zip(HashRange::even(after)) {
                assert!(
                    range.first.abs_diff(even.first) <= 200,
                    "{before} to {after}"
                );
            }
        }
    }

    #[test]
    fn doubling_splits_each_shard_once() {
        let mut about = About::new("r", "s", 3, 0);
        spread(&mut about, 6);
        assert_eq!(about.shards.len(), 9);
        assert!(about.shards[..3].iter().all(|shard| shard.closed.is_some()));
        spread(&mut about, 3);
        assert_eq!(about.shards.len(), 12);
        assert!(
            about.shards[9..]
                .iter()
                .all(|shard| shard.parents.len() == 2)
        );
    }

    #[test]
    fn children_follow_their_parents() {
        let mut about = About::new("r", "s", 1, 5000);
        let mut resharding = Resharding::new(&mut about, &[], 5000);
        resharding.split(0, 1 << 127);
        resharding.merge(1, 2);
        let text = |number: u32| {
            about.shards[number as usize]
                .first_sequence(number)
                .to_string()
        };
        assert!(about.shards[0].last_sequence(0).unwrap().to_string() < text(1));
        assert!(text(2) < text(3));
        assert_eq!(about.shards[3].parents, [1, 2]);
        assert_eq!(about.shards[3].range, HashRange::even(1)[0]);
    }
}
