//! Between the thread that reads and the task that asks: bounded by records and by bytes.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ssectl_adapter::{Error, ErrorKind, Fault, Limit, Record, Result};
use tokio::sync::Notify;

/// Once this many records wait to be asked for, the thread reads no more.
const RECORDS: usize = 32_768;
/// The same in bytes of keys, values and headers.
const BYTES: usize = 8 << 20;

/// Records that were read in one go.
struct Chunk {
    records: std::vec::IntoIter<Record>,
    /// What came behind the last of them and is no record.
    fault: Option<Fault>,
    bytes: usize,
    /// The assignment they were read under.
    generation: u64,
}

/// A part of what waits, in its order.
#[derive(Debug, Default)]
pub(super) struct Portion {
    pub(super) records: Vec<Record>,
    /// Each with its place among the records.
    pub(super) faults: Vec<Fault>,
}

/// What the task is told.
pub(super) enum Taken {
    /// At least one record or fault.
    Some(Portion),
    /// Nothing yet.
    Nothing,
    /// Nothing any more.
    End,
}

#[derive(Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    room: Condvar,
    filled: Notify,
}

#[derive(Default)]
struct State {
    chunks: VecDeque<Chunk>,
    /// Chunks that were added since the beginning.
    added: u64,
    records: usize,
    bytes: usize,
    /// A temporary error, told once.
    trouble: Option<Error>,
    outcome: Option<Outcome>,
    closed: bool,
}

enum Outcome {
    End,
    Failed(Option<Error>),
}

impl Queue {
    /// Waits until there is room, or the time is over, or the source is closed.
    pub(super) fn wait_for_room(&self, patience: Duration) -> bool {
        let full =
            |state: &mut State| !state.closed && (state.records >= RECORDS || state.bytes >= BYTES);
        let waited = self.room.wait_timeout_while(self.state(), patience, full);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    /// Waits that long, or until the source is closed.
    pub(super) fn wait_for_close(&self, patience: Duration) {
        let open = |state: &mut State| !state.closed;
        drop(self.room.wait_timeout_while(self.state(), patience, open));
    }

    /// Adds records that were read in one go, and what came behind them that is none.
    pub(super) fn push(
        &self,
        records: Vec<Record>,
        fault: Option<Fault>,
        bytes: usize,
        generation: u64,
    ) {
        let mut state = self.state();
        state.records += records.len();
        state.bytes += bytes;
        state.added += 1;
        state.chunks.push_back(Chunk {
            records: records.into_iter(),
            fault,
            bytes,
            generation,
        });
        self.filled.notify_one();
    }

    /// How many chunks were added and how many of them were taken whole, since the beginning.
    pub(super) fn progress(&self) -> (u64, u64) {
        let state = self.state();
        (state.added, state.added - state.chunks.len() as u64)
    }

    /// Tells the task about something that may pass.
    pub(super) fn trouble(&self, error: Error) {
        self.state().trouble = Some(error);
        self.filled.notify_one();
    }

    /// Says that no more records come.
    pub(super) fn end(&self) {
        self.state().outcome.get_or_insert(Outcome::End);
        self.filled.notify_one();
    }

    /// Says that no more records come, and why.
    pub(super) fn fail(&self, error: Error) {
        self.state()
            .outcome
            .get_or_insert(Outcome::Failed(Some(error)));
        self.filled.notify_one();
    }

    /// Whether no more records are to come.
    pub(super) fn is_over(&self) -> bool {
        self.state().outcome.is_some()
    }

    /// Tells the thread to leave.
    pub(super) fn close(&self) {
        self.state().closed = true;
        self.room.notify_all();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.state().closed
    }

    /// Waits for something to take. Cancel-safe.
    pub(super) async fn wait(&self) {
        self.filled.notified().await;
    }

    /// Takes records within the limit, without those that `keep` removes.
    pub(super) fn take(&self, limit: Limit, keep: impl Fn(u64, &mut Portion)) -> Result<Taken> {
        let mut state = self.state();
        let mut taken = Portion::default();
        let mut bytes = 0;
        while let Some(mut chunk) = state.chunks.pop_front() {
            let before = (chunk.records.len(), chunk.bytes);
            let mut portion = portion(&mut chunk, limit, taken.records.len(), &mut bytes);
            state.records -= before.0 - chunk.records.len();
            state.bytes -= before.1 - chunk.bytes;
            keep(chunk.generation, &mut portion);
            taken.append(portion);
            if chunk.records.len() > 0 {
                state.chunks.push_front(chunk);
                break;
            }
        }
        self.room.notify_all();
        if !taken.is_empty() {
            return Ok(Taken::Some(taken));
        }
        state.answer()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn answer(&mut self) -> Result<Taken> {
        if let Some(error) = self.trouble.take() {
            return Err(error);
        }
        match &mut self.outcome {
            None => Ok(Taken::Nothing),
            Some(Outcome::End) => Ok(Taken::End),
            Some(Outcome::Failed(error)) => Err(error
                .take()
                .unwrap_or_else(|| Error::new(ErrorKind::Other, "this read has failed before"))),
        }
    }
}

impl Portion {
    pub(super) fn is_empty(&self) -> bool {
        self.records.is_empty() && self.faults.is_empty()
    }

    fn append(&mut self, mut later: Self) {
        let before = self.records.len();
        if self.records.is_empty() {
            self.records = later.records;
        } else {
            self.records.append(&mut later.records);
        }
        self.faults
            .extend(later.faults.into_iter().map(|fault| Fault {
                index: before + fault.index,
                ..fault
            }));
    }
}

/// What fits of a chunk; all of it, if it does, in the allocation it has.
fn portion(chunk: &mut Chunk, limit: Limit, have: usize, bytes: &mut usize) -> Portion {
    let fits = have + chunk.records.len() <= limit.records && *bytes + chunk.bytes <= limit.bytes;
    let records: Vec<Record> = if fits {
        *bytes += std::mem::take(&mut chunk.bytes);
        std::mem::take(&mut chunk.records).collect()
    } else {
        part(chunk, limit, have, bytes)
    };
    let fault = chunk.fault.take_if(|_| chunk.records.len() == 0);
    let faults = fault.map(|fault| Fault {
        index: records.len(),
        ..fault
    });
    Portion {
        faults: faults.into_iter().collect(),
        records,
    }
}

/// The first records of a chunk that fit beside `have` others; the very first always fits.
fn part(chunk: &mut Chunk, limit: Limit, have: usize, bytes: &mut usize) -> Vec<Record> {
    let mut taken = Vec::new();
    while have + taken.len() < limit.records
        && let Some(size) = chunk.records.as_slice().first().map(Record::size)
        && (have + taken.len() == 0 || *bytes + size <= limit.bytes)
    {
        taken.extend(chunk.records.next());
        *bytes += size;
        chunk.bytes -= size;
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(sizes: &[usize]) -> Vec<Record> {
        sizes
            .iter()
            .map(|size| Record::from_value(vec![0; *size]))
            .collect()
    }

    fn push(queue: &Queue, sizes: &[usize], generation: u64) {
        queue.push(records(sizes), None, sizes.iter().sum(), generation);
    }

    fn take(queue: &Queue, count: usize, bytes: usize) -> Vec<usize> {
        let limit = Limit {
            records: count,
            bytes,
            wait: Duration::ZERO,
        };
        match queue.take(limit, |_, _| {}).expect("no trouble") {
            Taken::Some(taken) => taken.records.iter().map(Record::size).collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn small_chunks_join_and_large_ones_are_split() {
        let queue = Queue::default();
        push(&queue, &[1, 2], 0);
        push(&queue, &[3, 4, 5], 0);
        assert_eq!(take(&queue, 3, 100), [1, 2, 3]);
        assert_eq!(take(&queue, 100, 8), [4]);
        assert_eq!(take(&queue, 100, 1), [5]);
        assert_eq!(take(&queue, 100, 100), [0; 0]);
        let state = queue.state();
        assert_eq!((state.records, state.bytes), (0, 0));
    }

    #[test]
    fn a_full_queue_has_no_room_until_something_is_taken() {
        let queue = Queue::default();
        assert!(queue.wait_for_room(Duration::ZERO));
        push(&queue, &[BYTES, 1], 0);
        assert!(!queue.wait_for_room(Duration::ZERO));
        take(&queue, 1, usize::MAX);
        assert!(queue.wait_for_room(Duration::ZERO));
    }

    #[test]
    fn refused_records_are_dropped() {
        let queue = Queue::default();
        push(&queue, &[1], 1);
        push(&queue, &[2], 2);
        let taken = queue.take(Limit::default(), |generation, portion| {
            if generation == 1 {
                portion.records.clear();
            }
        });
        let Ok(Taken::Some(taken)) = taken else {
            panic!("one record is left");
        };
        assert_eq!(taken.records.len(), 1);
    }

    #[test]
    fn a_fault_keeps_its_place_among_the_records() {
        let queue = Queue::default();
        let fault = || Fault {
            origin: ssectl_adapter::Origin::default(),
            index: 0,
            raw: None,
            cut_from: None,
            error: Error::new(ErrorKind::Data, "no record"),
        };
        queue.push(records(&[1, 1, 1]), Some(fault()), 3, 0);
        push(&queue, &[1, 1], 0);
        queue.push(Vec::new(), Some(fault()), 0, 0);
        assert_eq!(take(&queue, 1, 9), [1]);
        let Ok(Taken::Some(taken)) = queue.take(Limit::default(), |_, _| {}) else {
            panic!("four records are left");
        };
        let places: Vec<_> = taken.faults.iter().map(|fault| fault.index).collect();
        assert_eq!((taken.records.len(), places), (4, vec![2, 4]));
    }

    #[test]
    fn records_come_before_trouble_and_trouble_before_the_end() {
        let queue = Queue::default();
        push(&queue, &[1], 0);
        queue.trouble(Error::new(ErrorKind::Unavailable, "away"));
        queue.end();
        queue.fail(Error::new(ErrorKind::Other, "too late"));
        assert_eq!(take(&queue, 9, 9), [1]);
        let next = || queue.take(Limit::default(), |_, _| {});
        assert!(next().is_err_and(|error| error.kind() == ErrorKind::Unavailable));
        assert!(matches!(next(), Ok(Taken::End)));
        assert!(matches!(next(), Ok(Taken::End)));
    }
}
