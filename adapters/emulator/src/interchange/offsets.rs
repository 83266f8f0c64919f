//! Which offsets of a log are done with: a set of ranges.

use std::collections::BTreeMap;

/// All offsets below a floor, and ranges above it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Acked {
    floor: i64,
    /// From the first offset of a range to the one behind its last; they neither overlap nor touch.
    ranges: BTreeMap<i64, i64>,
}

impl Acked {
    /// All offsets below `floor`.
    pub(crate) fn starting(floor: i64) -> Self {
        Self {
            floor,
            ranges: BTreeMap::new(),
        }
    }

    /// The first offset that is not acknowledged.
    pub(crate) fn floor(&self) -> i64 {
        self.floor
    }

    /// The ranges above the floor.
    pub(crate) fn ranges(&self) -> impl Iterator<Item = (i64, i64)> {
        self.ranges.iter().map(|(from, to)| (*from, *to))
    }

    /// How many ranges there are.
    pub(crate) fn range_count(&self) -> u64 {
        self.ranges.len() as u64
    }

    /// Whether this offset is acknowledged.
    pub(crate) fn contains(&self, offset: i64) -> bool {
        let before = || self.ranges.range(..=offset).next_back();
        offset < self.floor || before().is_some_and(|(_, to)| offset < *to)
    }

    /// Whether all of `from..to` are.
    pub(crate) fn contains_all(&self, from: i64, to: i64) -> bool {
        let from = from.max(self.floor);
        let before = || self.ranges.range(..=from).next_back();
        from >= to || before().is_some_and(|(_, end)| to <= *end)
    }

    /// The first offset from `from` on that is not acknowledged.
    pub(crate) fn next_left(&self, from: i64) -> i64 {
        let from = from.max(self.floor);
        match self.ranges.range(..=from).next_back() {
            Some((_, end)) if *end > from => *end,
            _ => from,
        }
    }

    /// Adds the offsets `from..to`.
    pub(crate) fn insert(&mut self, from: i64, to: i64) {
        let (mut from, mut to) = (from.max(self.floor), to);
        if from >= to {
            return;
        }
        if let Some((start, end)) = self.ranges.range(..=from).next_back()
            && *end >= from
        {
            (from, to) = (*start, to.max(*end));
        }
        while let Some((start, end)) = self.ranges.range(from..=to).next() {
            let (start, end) = (*start, *end);
            self.ranges.remove(&start);
            to = to.max(end);
        }
        if from == self.floor {
            self.floor = to;
        } else {
            self.ranges.insert(from, to);
        }
    }

    /// Forgets that offsets from `from` on are acknowledged.
    pub(crate) fn forget_from(&mut self, from: i64) {
        let later = self.ranges.split_off(&from);
        drop(later);
        if let Some((_, end)) = self.ranges.range_mut(..from).next_back() {
            *end = (*end).min(from);
        }
        self.floor = self.floor.min(from);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_set(steps in prop::collection::vec((any::<bool>(), 0..60i64, 0..8i64), 1..60)) {
            let (mut acked, mut model) = (Acked::starting(0), BTreeSet::new());
            for (adds, from, length) in steps {
                if adds {
                    acked.insert(from, from + length);
                    model.extend(from..from + length);
                } else {
                    acked.forget_from(from);
                    model.retain(|offset| *offset < from);
                }
                for offset in 0..70 {
                    prop_assert_eq!(acked.contains(offset), model.contains(&offset));
                }
                let first = (0..).find(|offset| !model.contains(offset)).unwrap();
                prop_assert_eq!(acked.floor(), first);
                let next = (from..).find(|offset| !model.contains(offset)).unwrap();
                prop_assert_eq!(acked.next_left(from), next);
                prop_assert_eq!(
                    acked.contains_all(from, from + length),
                    (from..from + length).all(|offset| model.contains(&offset))
                );
                let ranges: Vec<_> = acked.ranges().collect();
                prop_assert!(ranges.windows(2).all(|pair| pair[0].1 < pair[1].0));
            }
        }
    }
}
