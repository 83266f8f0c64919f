//! Which partitions are ours, how far each was read, and where each ends.

use std::collections::BTreeMap;
use std::sync::Arc;

use rdkafka::consumer::ConsumerGroupMetadata;
use ssectl_adapter::{Commit, Origin, Partition, Position};

use super::queue::Portion;
use crate::cluster::Offsets;

/// The state that the reading thread and the asking task share.
#[derive(Default)]
pub(super) struct Assignment {
    /// Rises when partitions are lost or ends are fixed, so that records read before can be told.
    pub(super) generation: u64,
    pub(super) slots: BTreeMap<i32, Slot>,
    /// The ends of all partitions, ours or not, once the read is bounded.
    pub(super) ends: Option<Offsets>,
    /// The ends were set while the thread was reading, and it has not seen them yet.
    pub(super) ends_are_new: bool,
    /// There was an assignment, be it an empty one.
    pub(super) known: bool,
    /// Who we were in the group when it dealt out the partitions.
    pub(super) membership: Option<Arc<ConsumerGroupMetadata>>,
}

/// One partition of ours.
pub(super) struct Slot {
    pub(super) name: Partition,
    /// The generation in which it became ours.
    pub(super) since: u64,
    /// Where we began; commits before it belong to an earlier owner.
    pub(super) first: i64,
    /// The next offset to read.
    pub(super) next: i64,
    /// The first offset not to read.
    pub(super) end: Option<i64>,
    pub(super) done: bool,
    /// Once it is done: all of it was handed over when so many chunks of the queue were.
    drained: Option<u64>,
}

impl Slot {
    /// Whether what was read there is of this partition and not beyond its end.
    fn holds(&self, origin: &Origin) -> bool {
        let beyond = match (&origin.position, self.end) {
            (Position::Offset(offset), Some(end)) => *offset >= end,
            _ => false,
        };
        self.name == origin.partition && !beyond
    }
}

impl Assignment {
    /// Makes exactly these partitions ours; those we hold go on where they are.
    pub(super) fn replace(&mut self, starts: &Offsets) {
        self.remove(|partition| !starts.contains_key(&partition));
        self.add(starts);
    }

    /// Adds partitions to ours.
    pub(super) fn add(&mut self, starts: &Offsets) {
        self.known = true;
        for (partition, start) in starts {
            // A partition that the ends do not know came after they were fixed.
            let ends = self.ends.as_ref();
            let end = ends.map(|ends| ends.get(partition).copied().unwrap_or(*start));
            self.slots.entry(*partition).or_insert_with(|| Slot {
                name: Partition::from(partition.to_string()),
                since: self.generation,
                first: *start,
                next: *start,
                end,
                done: end.is_some_and(|end| *start >= end),
                drained: None,
            });
        }
    }

    /// Lets go of partitions.
    pub(super) fn remove(&mut self, gone: impl Fn(i32) -> bool) {
        let before = self.slots.len();
        self.slots.retain(|partition, _| !gone(*partition));
        if self.slots.len() < before {
            self.generation += 1;
        }
    }

    /// Fixes the ends; the first call decides. Records read before may be beyond them.
    pub(super) fn bound(&mut self, ends: Offsets) {
        if self.ends.is_some() {
            return;
        }
        for (partition, slot) in &mut self.slots {
            let end = ends.get(partition).copied().unwrap_or(slot.next);
            slot.end = Some(end);
            slot.done = slot.next >= end;
        }
        self.ends = Some(ends);
        self.ends_are_new = true;
        self.generation += 1;
    }

    /// The partitions of ends that were fixed since [`Self::take_new_ends`].
    pub(super) fn newly_bounded(&self) -> Option<Vec<i32>> {
        let ends = self.ends.as_ref().filter(|_| self.ends_are_new)?;
        Some(ends.keys().copied().collect())
    }

    /// Whether ends were fixed since the last call.
    pub(super) fn take_new_ends(&mut self) -> bool {
        std::mem::take(&mut self.ends_are_new)
    }

    /// The partition has nothing more at the moment: with a fixed end that is the end.
    pub(super) fn reached_end(&mut self, partition: i32) {
        // What was told before the thread has seen new ends may be about less.
        let counts = !self.ends_are_new;
        if let Some(slot) = self.slots.get_mut(&partition) {
            slot.done |= counts && slot.end.is_some();
        }
    }

    /// All that was read is in the queue, behind so many chunks in all.
    pub(super) fn queued(&mut self, chunks: u64) {
        for slot in self.slots.values_mut().filter(|slot| slot.done) {
            slot.drained.get_or_insert(chunks);
        }
    }

    /// Partitions of which not all was handed over, when so many chunks were.
    pub(super) fn open(&self, taken: u64) -> Vec<Partition> {
        let slots = self.slots.values();
        let open = slots.filter(|slot| slot.drained.is_none_or(|chunks| taken < chunks));
        open.map(|slot| slot.name.clone()).collect()
    }

    /// Whether everything up to the ends was read.
    pub(super) fn is_done(&self) -> bool {
        let bounded = self.ends.is_some() && !self.ends_are_new;
        self.known && bounded && self.slots.values().all(|slot| slot.done)
    }

    /// All our partitions, with the next offset of each.
    pub(super) fn positions(&self) -> Offsets {
        let slots = self.slots.iter();
        slots
            .map(|(partition, slot)| (*partition, slot.next))
            .collect()
    }

    /// Partitions that are to be read on, with where.
    pub(super) fn active(&self) -> Offsets {
        let active = self.slots.iter().filter(|(_, slot)| !slot.done);
        active
            .map(|(partition, slot)| (*partition, slot.next))
            .collect()
    }

    /// Partitions that were read to their end.
    pub(super) fn finished(&self) -> Offsets {
        let finished = self.slots.iter().filter(|(_, slot)| slot.done);
        finished
            .map(|(partition, slot)| (*partition, slot.next))
            .collect()
    }

    /// Drops what was read before its partition went to others or its end was fixed.
    pub(super) fn keep_ours(&self, generation: u64, portion: &mut Portion) {
        if generation == self.generation {
            return;
        }
        let ours = |origin: &Origin| {
            let mut slots = self.slots.values();
            slots.any(|slot| slot.since <= generation && slot.holds(origin))
        };
        portion.records.retain(|record| ours(&record.origin));
        portion.faults.retain(|fault| ours(&fault.origin));
        // A fault stands behind all records that were read in the same go.
        for fault in &mut portion.faults {
            fault.index = portion.records.len();
        }
    }

    /// What of a token is ours to commit.
    pub(super) fn committable(&self, commit: &Commit) -> Offsets {
        let (Commit::UpTo(positions) | Commit::Noted { positions, .. }) = commit else {
            return Offsets::new();
        };
        let ours =
            self.slots
                .iter()
                .filter_map(|(partition, slot)| match positions.get(&slot.name) {
                    Some(Position::Offset(next)) if *next >= slot.first => {
                        Some((*partition, *next))
                    }
                    _ => None,
                });
        ours.collect()
    }

    /// Where we began each partition.
    pub(super) fn firsts(&self) -> Offsets {
        let slots = self.slots.iter();
        slots
            .map(|(partition, slot)| (*partition, slot.first))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::commit::tests::{fault, portion, record};
    use super::super::commit::token;
    use super::*;

    fn offsets(pairs: &[(i32, i64)]) -> Offsets {
        pairs.iter().copied().collect()
    }

    #[test]
    fn records_of_a_lost_partition_are_dropped_and_not_committed() {
        let mut ours = Assignment::default();
        ours.add(&offsets(&[(0, 0), (1, 0)]));
        let read = [record("0", 3), record("1", 4)];
        let generation = ours.generation;
        ours.replace(&offsets(&[(1, 0)]));
        let mut kept = portion(&read);
        ours.keep_ours(generation, &mut kept);
        assert_eq!(kept.records, [record("1", 4)]);
        assert_eq!(
            ours.committable(&token(&portion(&read))),
            offsets(&[(1, 5)])
        );
    }

    #[test]
    fn a_partition_that_came_back_is_not_committed_backwards() {
        let mut ours = Assignment::default();
        ours.add(&offsets(&[(0, 0)]));
        let old = token(&portion(&[record("0", 300)]));
        let generation = ours.generation;
        ours.remove(|_| true);
        ours.add(&offsets(&[(0, 500)]));
        assert_eq!(ours.committable(&old), Offsets::new());
        let mut kept = portion(&[record("0", 301)]);
        ours.keep_ours(generation, &mut kept);
        assert!(kept.is_empty());
    }

    #[test]
    fn a_partition_that_stays_goes_on_where_it_was() {
        let mut ours = Assignment::default();
        ours.add(&offsets(&[(0, 0)]));
        ours.slots.get_mut(&0).expect("ours").next = 42;
        ours.replace(&offsets(&[(0, 7), (1, 7)]));
        assert_eq!(ours.active(), offsets(&[(0, 42), (1, 7)]));
    }

    #[test]
    fn a_bounded_read_is_done_when_every_partition_is() {
        let mut ours = Assignment::default();
        assert!(!ours.is_done());
        ours.add(&offsets(&[(0, 0), (1, 5)]));
        ours.bound(offsets(&[(0, 10), (1, 5)]));
        ours.reached_end(0);
        assert!(!ours.is_done());
        assert!(ours.take_new_ends() && !ours.take_new_ends());
        assert!(!ours.is_done());
        assert_eq!(ours.active(), offsets(&[(0, 0)]));
        ours.reached_end(0);
        assert!(ours.is_done());
    }

    #[test]
    fn records_that_were_read_before_the_end_was_fixed_are_cut_off_at_it() {
        let mut ours = Assignment::default();
        ours.add(&offsets(&[(0, 0)]));
        let generation = ours.generation;
        ours.slots.get_mut(&0).expect("ours").next = 12;
        ours.bound(offsets(&[(0, 10)]));
        let mut kept = portion(&[record("0", 9), record("0", 10), record("0", 11)]);
        kept.faults = [8, 12].map(|offset| fault("0", offset)).into();
        ours.keep_ours(generation, &mut kept);
        assert_eq!(kept.records, [record("0", 9)]);
        assert_eq!(kept.faults.len(), 1);
        assert_eq!(ours.active(), Offsets::new());
    }

    #[test]
    fn a_partition_that_came_after_the_ends_were_fixed_holds_nothing_to_read() {
        let mut ours = Assignment::default();
        ours.add(&offsets(&[(0, 10)]));
        ours.bound(offsets(&[(0, 10)]));
        assert_eq!(ours.newly_bounded(), Some(vec![0]));
        ours.take_new_ends();
        ours.add(&offsets(&[(1, 0)]));
        assert_eq!(ours.newly_bounded(), None);
        assert!(ours.is_done());
    }

    #[test]
    fn a_partition_is_open_until_the_last_of_it_was_handed_over() {
        let mut ours = Assignment::default();
        ours.add(&offsets(&[(0, 0), (1, 0)]));
        ours.bound(offsets(&[(0, 0), (1, 9)]));
        ours.take_new_ends();
        let names = |taken: u64, ours: &Assignment| -> Vec<String> {
            let open = ours.open(taken);
            open.iter().map(ToString::to_string).collect()
        };
        assert_eq!(names(7, &ours), ["0", "1"]);
        ours.queued(7);
        assert_eq!(names(6, &ours), ["0", "1"]);
        assert_eq!(names(7, &ours), ["1"]);
        ours.reached_end(1);
        ours.queued(9);
        assert_eq!(names(8, &ours), ["1"]);
        assert_eq!(names(9, &ours), [""; 0]);
    }

    #[test]
    fn the_end_of_a_partition_means_nothing_to_a_read_without_end() {
        let mut ours = Assignment::default();
        ours.add(&offsets(&[(0, 0)]));
        ours.reached_end(0);
        assert_eq!(ours.active(), offsets(&[(0, 0)]));
    }
}
