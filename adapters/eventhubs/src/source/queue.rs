//! Events between the links that bring them and the fetch that takes them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use ssectl_adapter::{Batch, Commit, Error, Fault, Limit, Origin, Partition, Position, Record};
use tokio::sync::Notify;

use crate::checkpoint::{Checkpoint, Checkpoints, Positions};

/// Links wait once so many bytes are held.
const MOST_BYTES: usize = 16 << 20;
/// And once so many events are.
const MOST_EVENTS: usize = 16_384;

/// Offsets that are remembered for checkpoints, per partition.
const MOST_HANDED: usize = 1024;

/// An event that was read.
pub(super) struct Item {
    pub(super) number: i64,
    pub(super) offset: Option<String>,
    /// The record, or what is no record and why.
    pub(super) record: Result<Record, (Origin, Option<Bytes>, Error)>,
}

impl Item {
    fn size(&self) -> usize {
        match &self.record {
            Ok(record) => record.size(),
            Err((_, raw, _)) => raw.as_ref().map_or(0, Bytes::len),
        }
    }
}

/// A partition that is read.
#[derive(Debug)]
pub(super) struct Slot {
    /// The next event that a link is to bring.
    pub(super) next: i64,
    /// The first that is not to be read, if there is one.
    pub(super) end: Option<i64>,
    /// Which link feeds it; what others bring is not taken.
    pub(super) link: u64,
    /// Where that link began.
    begun: Option<i64>,
    /// How many events that link may have on the way.
    pub(super) prefetch: u16,
    /// Whether the partition is known to leave numbers out.
    pub(super) sparse: bool,
    /// The first event that was read since the partition came to us; what is before is not ours to commit.
    pub(super) first: i64,
    /// Offsets of what was handed over, for checkpoints: of the last events of batches.
    handed: VecDeque<(i64, String)>,
    /// Events of it that wait to be handed over.
    waiting: usize,
}

impl Slot {
    pub(super) fn new(next: i64, end: Option<i64>) -> Self {
        Self {
            next,
            end,
            link: 0,
            begun: None,
            prefetch: 0,
            sparse: false,
            first: next,
            handed: VecDeque::new(),
            waiting: 0,
        }
    }

    pub(super) fn is_done(&self) -> bool {
        self.end.is_some_and(|end| self.next >= end)
    }

    /// Another link is to feed the partition. When the last one brought nothing, this one asks for half as
    /// much at once: of what is on the way when a connection breaks, the client hands over nothing.
    pub(super) fn feed_by(&mut self, link: u64, most: u16) {
        self.prefetch = match self.begun.map(|begun| self.next - begun) {
            Some(0) => (self.prefetch / 2).max(1),
            Some(brought) if brought < i64::from(most) => self.prefetch,
            _ => most,
        };
        self.begun = Some(self.next);
        self.link = link;
    }
}

#[derive(Default)]
pub(super) struct State {
    pub(super) slots: BTreeMap<Partition, Slot>,
    items: VecDeque<(Partition, Item)>,
    bytes: usize,
    /// What ended a link, until fetch tells it.
    failed: Option<Error>,
}

/// Shared by a source and its links.
#[derive(Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    filled: Notify,
    drained: Notify,
}

impl Queue {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an event; false when the link no longer feeds the partition. Waits while too much is held.
    pub(super) async fn push(&self, id: &Partition, link: u64, item: Item) -> bool {
        loop {
            let drained = self.drained.notified();
            {
                let mut state = self.state();
                if !state.is_fed_by(id, link) {
                    return false;
                }
                if state.has_room() {
                    state.add(id, item);
                    drop(state);
                    self.filled.notify_one();
                    return true;
                }
            }
            drained.await;
        }
    }

    /// Notes that a link has ended.
    pub(super) fn fail(&self, id: &Partition, link: u64, error: Error) {
        let mut state = self.state();
        if state.is_fed_by(id, link) {
            state.failed.get_or_insert(error);
            drop(state);
            self.filled.notify_one();
        }
    }

    /// Wakes whoever waits for events: there may be none left to wait for.
    pub(super) fn wake(&self) {
        self.filled.notify_one();
    }

    /// Waits until something was added. May wake for nothing.
    pub(super) async fn wait(&self) {
        self.filled.notified().await;
    }

    /// What is there, within a limit.
    pub(super) fn take(&self, limit: Limit) -> Option<Batch> {
        let batch = self.state().take(limit);
        if batch.is_some() {
            self.drained.notify_waiters();
        }
        batch
    }

    /// What ended a link.
    pub(super) fn take_error(&self) -> Option<Error> {
        self.state().failed.take()
    }
}

impl State {
    fn is_fed_by(&self, id: &Partition, link: u64) -> bool {
        self.slots.get(id).is_some_and(|slot| slot.link == link)
    }

    fn has_room(&self) -> bool {
        self.items.is_empty() || (self.bytes < MOST_BYTES && self.items.len() < MOST_EVENTS)
    }

    fn add(&mut self, id: &Partition, item: Item) {
        if let Some(slot) = self.slots.get_mut(id) {
            slot.next = item.number.saturating_add(1);
            slot.waiting += 1;
            self.bytes += item.size();
            self.items.push_back((id.clone(), item));
        }
    }

    /// Forgets a partition, with what was read of it and not handed over.
    pub(super) fn remove(&mut self, id: &Partition) {
        self.slots.remove(id);
        self.items.retain(|(of, _)| of != id);
        self.bytes = self.items.iter().map(|(_, item)| item.size()).sum();
    }

    /// Fixes where partitions end. What was read of later events is not handed over.
    pub(super) fn bound(&mut self, ends: &Positions) {
        for (id, slot) in &mut self.slots {
            slot.end = ends.get(id.as_str()).copied();
        }
        let end = |id: &Partition| ends.get(id.as_str()).copied().unwrap_or(i64::MAX);
        self.items.retain(|(id, item)| item.number < end(id));
        for (id, slot) in &mut self.slots {
            slot.waiting = self.items.iter().filter(|(of, _)| of == id).count();
        }
        self.bytes = self.items.iter().map(|(_, item)| item.size()).sum();
    }

    /// Whether every partition is read to its end, and all was handed over.
    pub(super) fn is_done(&self) -> bool {
        self.items.is_empty() && self.slots.values().all(Slot::is_done)
    }

    /// The partitions that are not read to their end, or not handed over up to there.
    pub(super) fn open(&self) -> Vec<Partition> {
        let slots = self.slots.iter();
        let open = slots.filter(|(_, slot)| !slot.is_done() || slot.waiting > 0);
        open.map(|(id, _)| id.clone()).collect()
    }

    fn take(&mut self, limit: Limit) -> Option<Batch> {
        let mut batch = Batch::default();
        let mut bytes = 0;
        let mut last: BTreeMap<Partition, (i64, Option<String>)> = BTreeMap::new();
        while let Some((_, next)) = self.items.front() {
            let count = batch.records.len() + batch.faults.len();
            let size = next.size();
            if count >= limit.records.max(1) || (count > 0 && bytes + size > limit.bytes) {
                break;
            }
            let Some((id, item)) = self.items.pop_front() else {
                break;
            };
            bytes += size;
            self.bytes -= size;
            if let Some(slot) = self.slots.get_mut(&id) {
                slot.waiting -= 1;
            }
            last.insert(id, (item.number.saturating_add(1), item.offset));
            match item.record {
                Ok(record) => batch.records.push(record),
                Err((origin, raw, error)) => batch.faults.push(Fault {
                    origin,
                    index: batch.records.len(),
                    raw,
                    cut_from: None,
                    error,
                }),
            }
        }
        if last.is_empty() {
            return None;
        }
        batch.commit = self.token(last);
        Some(batch)
    }

    /// What commits a batch: the next event of each partition.
    fn token(&mut self, last: BTreeMap<Partition, (i64, Option<String>)>) -> Commit {
        let mut positions = BTreeMap::new();
        for (id, (next, offset)) in last {
            let Some(slot) = self.slots.get_mut(&id) else {
                continue;
            };
            if let Some(offset) = offset {
                slot.hand(next, offset);
            }
            positions.insert(id, Position::Offset(next));
        }
        Commit::UpTo(positions)
    }

    /// The part of a token that is ours to commit.
    pub(super) fn checkpoints(&mut self, commit: &Commit) -> Checkpoints {
        let Commit::UpTo(positions) = commit else {
            return Checkpoints::new();
        };
        let mut checkpoints = Checkpoints::new();
        for (id, slot) in &mut self.slots {
            if let Some(Position::Offset(next)) = positions.get(id)
                && *next >= slot.first
            {
                let offset = slot.offset_before(*next);
                checkpoints.insert(
                    id.as_str().to_owned(),
                    Checkpoint {
                        next: *next,
                        offset,
                    },
                );
            }
        }
        checkpoints
    }
}

impl Slot {
    /// Remembers an offset; nobody commits so many batches late.
    fn hand(&mut self, next: i64, offset: String) {
        if self.handed.len() >= MOST_HANDED {
            self.handed.pop_front();
        }
        self.handed.push_back((next, offset));
    }

    /// The offset of the last event before `next`; forgets older ones.
    fn offset_before(&mut self, next: i64) -> Option<String> {
        while self
            .handed
            .front()
            .is_some_and(|(number, _)| *number < next)
        {
            self.handed.pop_front();
        }
        let (number, offset) = self.handed.front()?;
        (*number == next).then(|| offset.clone())
    }
}

/// A queue that source and links hold together.
pub(super) type SharedQueue = Arc<Queue>;

#[cfg(test)]
mod tests {
    use super::*;

    fn item(number: i64) -> Item {
        Item {
            number,
            offset: Some(format!("at-{number}")),
            record: Ok(Record::from_value(number.to_string())),
        }
    }

    fn id(name: &str) -> Partition {
        Partition::from(name)
    }

    fn queue(ids: &[&str]) -> Queue {
        let queue = Queue::default();
        for name in ids {
            queue.state().slots.insert(id(name), Slot::new(0, None));
        }
        queue
    }

    fn limit(records: usize) -> Limit {
        Limit {
            records,
            ..Limit::default()
        }
    }

    #[tokio::test]
    async fn a_batch_commits_the_next_event_of_each_partition() {
        let queue = queue(&["0", "1"]);
        for (name, number) in [("0", 0), ("1", 0), ("0", 1), ("0", 2)] {
            assert!(queue.push(&id(name), 0, item(number)).await);
        }
        let batch = queue.take(limit(3)).expect("three");
        let checkpoints = queue.state().checkpoints(&batch.commit);
        let at = |next, offset: &str| Checkpoint {
            next,
            offset: Some(offset.to_owned()),
        };
        assert_eq!(checkpoints["0"], at(2, "at-1"));
        assert_eq!(checkpoints["1"], at(1, "at-0"));
        assert_eq!(queue.take(limit(3)).expect("one").records.len(), 1);
        assert!(queue.take(limit(3)).is_none());
    }

    #[tokio::test]
    async fn what_was_lost_is_neither_handed_over_nor_committed() {
        let queue = queue(&["0", "1"]);
        queue.push(&id("0"), 0, item(0)).await;
        let batch = queue.take(limit(1)).expect("one");
        queue.push(&id("0"), 0, item(1)).await;
        queue.push(&id("1"), 0, item(0)).await;
        queue.state().remove(&id("0"));
        assert!(queue.state().checkpoints(&batch.commit).is_empty());
        let left = queue.take(limit(9)).expect("the other's");
        assert_eq!(left.records.len(), 1);
        assert!(!queue.push(&id("0"), 0, item(2)).await);
        // It comes back further on: the old token does not take it backwards.
        queue.state().slots.insert(id("0"), Slot::new(50, None));
        assert!(queue.state().checkpoints(&batch.commit).is_empty());
    }

    #[tokio::test]
    async fn a_partition_is_open_until_its_end_was_handed_over() {
        let queue = queue(&["0", "1"]);
        for number in 0..3 {
            queue.push(&id("0"), 0, item(number)).await;
        }
        let ends = Positions::from([("0".to_owned(), 2), ("1".to_owned(), 0)]);
        queue.state().bound(&ends);
        assert_eq!(queue.state().open(), [id("0")]);
        queue.take(limit(1)).expect("one");
        assert_eq!(queue.state().open(), [id("0")]);
        queue.take(limit(1)).expect("the last");
        assert!(queue.state().open().is_empty());
    }

    #[tokio::test]
    async fn an_old_link_feeds_nothing() {
        let queue = queue(&["0"]);
        queue.state().slots.get_mut(&id("0")).expect("there").link = 2;
        assert!(!queue.push(&id("0"), 1, item(0)).await);
        queue.fail(
            &id("0"),
            1,
            Error::new(ssectl_adapter::ErrorKind::Other, "late"),
        );
        assert!(queue.take_error().is_none());
    }

    #[test]
    fn links_that_bring_nothing_make_the_next_ask_for_less() {
        let mut slot = Slot::new(7, None);
        let mut prefetches = Vec::new();
        for (link, brought) in [(1, 0), (2, 0), (3, 4), (4, 0), (5, 10), (6, 0)] {
            slot.feed_by(link, 10);
            prefetches.push(slot.prefetch);
            slot.next += brought;
        }
        assert_eq!(prefetches, [10, 5, 2, 2, 1, 10]);
        slot.prefetch = 1;
        slot.feed_by(7, 10);
        assert_eq!(slot.prefetch, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn links_wait_while_too_much_is_held() {
        let queue = Arc::new(queue(&["0"]));
        let large = |number| Item {
            record: Ok(Record::from_value(vec![0; MOST_BYTES])),
            ..item(number)
        };
        queue.push(&id("0"), 0, large(0)).await;
        let pushing = tokio::spawn({
            let queue = queue.clone();
            async move { queue.push(&id("0"), 0, large(1)).await }
        });
        tokio::task::yield_now().await;
        assert!(!pushing.is_finished());
        assert_eq!(queue.take(limit(9)).expect("one").records.len(), 1);
        assert!(pushing.await.expect("no panic"));
    }
}
