//! A bounded buffer that lets records out by event time.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use super::merge::{InputId, Timed};

/// Holds up to a number of records and lets out the one of the earliest event time first.
#[derive(Debug)]
pub(super) struct Reorder<T> {
    capacity: usize,
    heap: BinaryHeap<Reverse<Entry<T>>>,
}

/// Compares by time, input and line; a record without event time by its turn.
#[derive(Debug)]
struct Entry<T>(Timed<T>);

impl<T> Reorder<T> {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            heap: BinaryHeap::new(),
        }
    }

    pub(super) fn push(&mut self, record: Timed<T>) {
        self.heap.push(Reverse(Entry(record)));
    }

    /// The first record if there are more than may be held.
    pub(super) fn pop_surplus(&mut self) -> Option<Timed<T>> {
        (self.heap.len() > self.capacity)
            .then(|| self.pop())
            .flatten()
    }

    /// The first record, if there is one.
    pub(super) fn pop(&mut self) -> Option<Timed<T>> {
        self.heap.pop().map(|Reverse(Entry(record))| record)
    }
}

impl<T> Entry<T> {
    fn key(&self) -> (Option<i128>, InputId, u64) {
        (self.0.time_ns.or(self.0.turn_ns), self.0.input, self.0.line)
    }
}

impl<T> Ord for Entry<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl<T> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<T> Eq for Entry<T> {}
