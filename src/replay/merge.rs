//! One order for the records of several recordings.
//!
//! # What order means when a recording is not sorted
//!
//! A recording shows in which order events *arrived*, and its event times may jump back: that is
//! what late events are. Sorting them away would replay something that never happened. So by
//! default ([`Order::AsRecorded`]) the lines of one recording keep their order, and a line goes out
//! when its *turn* comes: the latest event time up to and including that line. Recordings are
//! merged by turn; equal turns go by the order of the inputs. A late line has the turn of the line
//! before it, and so follows it at once, as it did when it was recorded. Nothing is dropped and
//! nothing overtakes within a recording.
//!
//! [`Order::ByTime`] sorts by event time instead, as far as a buffer of a given number of records
//! reaches.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, VecDeque};

use super::reorder::Reorder;

/// How the records of several inputs become one sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Each input keeps its own order; inputs are merged by the latest event time each has reached.
    AsRecorded,
    /// Sorted by event time, then by input, then by line, as far as a buffer of this many records
    /// reaches.
    ///
    /// A record that comes more than that many records too late goes out at once, late, and is
    /// counted.
    ByTime {
        /// The most records to hold back at a time.
        buffer: usize,
    },
}

/// Names an input of a [`Merge`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InputId(usize);

impl InputId {
    /// The place of the input in the order in which inputs were added, from 0.
    pub fn index(self) -> usize {
        self.0
    }
}

/// A record with its place in time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timed<T> {
    /// Where it is from.
    pub input: InputId,
    /// Its number within its input, from 0.
    pub line: u64,
    /// When its event happened, in nanoseconds since 1970; `None` if it does not say.
    pub time_ns: Option<i128>,
    /// The event time whose turn it is: never earlier than that of the record before. `None` before
    /// the first known event time.
    pub turn_ns: Option<i128>,
    /// The record.
    pub record: T,
}

/// What [`Merge::pull`] has to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next<T> {
    /// The next record.
    Record(Timed<T>),
    /// To go on, this input must get records by [`Merge::push`], or be declared at its end by
    /// [`Merge::finish`].
    Need(InputId),
    /// All inputs are at their ends and all records are out.
    End,
}

/// Merges the records of several inputs by event time. Holds what was pushed and is not out yet,
/// and no more.
#[derive(Debug)]
pub struct Merge<T> {
    inputs: Vec<Input<T>>,
    /// The turn of the first record of each input that has one.
    heads: BinaryHeap<Reverse<(Option<i128>, InputId)>>,
    /// The inputs that have no record and are not at their end.
    dry: BTreeSet<InputId>,
    reorder: Option<Reorder<T>>,
    /// The latest event time that is out.
    reached_ns: Option<i128>,
    out_of_order: u64,
}

#[derive(Debug)]
struct Input<T> {
    records: VecDeque<Timed<T>>,
    turn_ns: Option<i128>,
    lines: u64,
    at_end: bool,
}

impl<T> Merge<T> {
    /// A merge without inputs yet.
    pub fn new(order: Order) -> Self {
        let reorder = match order {
            Order::AsRecorded => None,
            Order::ByTime { buffer } => Some(Reorder::new(buffer)),
        };
        Self {
            inputs: Vec::new(),
            heads: BinaryHeap::new(),
            dry: BTreeSet::new(),
            reorder,
            reached_ns: None,
            out_of_order: 0,
        }
    }

    /// Adds an input. At equal event times, inputs added earlier go first.
    pub fn add_input(&mut self) -> InputId {
        let id = InputId(self.inputs.len());
        self.inputs.push(Input {
            records: VecDeque::new(),
            turn_ns: None,
            lines: 0,
            at_end: false,
        });
        self.dry.insert(id);
        id
    }

    /// Appends a record to an input. One without event time stays with the one before it.
    pub fn push(&mut self, id: InputId, time_ns: Option<i128>, record: T) {
        let input = &mut self.inputs[id.0];
        input.turn_ns = input.turn_ns.max(time_ns);
        let turn_ns = input.turn_ns;
        input.records.push_back(Timed {
            input: id,
            line: input.lines,
            time_ns,
            turn_ns,
            record,
        });
        input.lines += 1;
        if input.records.len() == 1 {
            self.heads.push(Reverse((turn_ns, id)));
            self.dry.remove(&id);
        }
    }

    /// Declares that an input has no more records.
    pub fn finish(&mut self, id: InputId) {
        self.inputs[id.0].at_end = true;
        self.dry.remove(&id);
    }

    /// The next record in order, or what is needed to know it.
    pub fn pull(&mut self) -> Next<T> {
        loop {
            if let Some(record) = self.reorder.as_mut().and_then(Reorder::pop_surplus) {
                return Next::Record(self.let_out(record));
            }
            if let Some(id) = self.dry.first() {
                return Next::Need(*id);
            }
            let merged = self.next_merged();
            match (merged, &mut self.reorder) {
                (Some(record), None) => return Next::Record(self.let_out(record)),
                (Some(record), Some(reorder)) => reorder.push(record),
                (None, reorder) => {
                    return match reorder.as_mut().and_then(Reorder::pop) {
                        Some(record) => Next::Record(self.let_out(record)),
                        None => Next::End,
                    };
                }
            }
        }
    }

    /// How many records went out after one of a later event time: as recorded, those that arrived
    /// late.
    pub fn out_of_order(&self) -> u64 {
        self.out_of_order
    }

    fn next_merged(&mut self) -> Option<Timed<T>> {
        let Reverse((_, id)) = self.heads.pop()?;
        let input = &mut self.inputs[id.0];
        let record = input.records.pop_front();
        if let Some(head) = input.records.front() {
            self.heads.push(Reverse((head.turn_ns, id)));
        } else if !input.at_end {
            self.dry.insert(id);
        }
        record
    }

    fn let_out(&mut self, mut record: Timed<T>) -> Timed<T> {
        if record.time_ns.is_some() && record.time_ns < self.reached_ns {
            self.out_of_order += 1;
        }
        self.reached_ns = self.reached_ns.max(record.time_ns);
        record.turn_ns = self.reached_ns;
        record
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Line = (Option<i128>, &'static str);

    /// Everything that comes out, which must not depend on how many records are pushed at a time.
    fn play<T>(order: Order, recordings: &[Vec<(Option<i128>, T)>]) -> (Vec<Timed<T>>, u64)
    where
        T: Clone + PartialEq + std::fmt::Debug,
    {
        let one_by_one = play_in_batches(order, recordings, 1);
        for batch in [2, 3, 1_000] {
            assert_eq!(
                play_in_batches(order, recordings, batch),
                one_by_one,
                "in batches of {batch}"
            );
        }
        one_by_one
    }

    fn play_in_batches<T: Clone>(
        order: Order,
        recordings: &[Vec<(Option<i128>, T)>],
        batch: usize,
    ) -> (Vec<Timed<T>>, u64) {
        let mut merge = Merge::new(order);
        let mut rest: Vec<_> = recordings
            .iter()
            .map(|lines| (false, lines.iter()))
            .collect();
        rest.iter().for_each(|_| _ = merge.add_input());
        let mut out = Vec::new();
        loop {
            match merge.pull() {
                Next::Record(record) => out.push(record),
                Next::End => return (out, merge.out_of_order()),
                Next::Need(id) => {
                    let (finished, lines) = &mut rest[id.index()];
                    assert!(!*finished, "needs an input that has ended");
                    for (time, record) in lines.by_ref().take(batch) {
                        merge.push(id, *time, record.clone());
                    }
                    if lines.len() == 0 {
                        merge.finish(id);
                        *finished = true;
                    }
                }
            }
        }
    }

    fn names(order: Order, recordings: &[Vec<Line>]) -> String {
        play(order, recordings)
            .0
            .iter()
            .map(|timed| timed.record)
            .collect()
    }

    #[test]
    fn inputs_are_merged_by_time_and_ties_go_by_input_then_line() {
        let recordings = [
            vec![(Some(1), "a"), (Some(5), "b"), (Some(5), "c")],
            vec![
                (Some(1), "d"),
                (Some(3), "e"),
                (Some(5), "f"),
                (Some(9), "g"),
            ],
            vec![],
        ];
        assert_eq!(names(Order::AsRecorded, &recordings), "adebcfg");
        assert_eq!(names(Order::ByTime { buffer: 10 }, &recordings), "adebcfg");
    }

    #[test]
    fn a_late_line_follows_the_line_before_it() {
        let recordings = [
            vec![
                (Some(1), "a"),
                (Some(8), "b"),
                (Some(2), "c"),
                (Some(9), "d"),
            ],
            vec![(Some(3), "E"), (Some(8), "F"), (Some(10), "G")],
        ];
        assert_eq!(names(Order::AsRecorded, &recordings), "aEbcFdG");
        assert_eq!(names(Order::ByTime { buffer: 10 }, &recordings), "acEbFdG");
        let (out, late) = play(Order::AsRecorded, &recordings);
        assert_eq!(late, 1);
        let turns: Vec<_> = out.iter().map(|timed| timed.turn_ns.unwrap()).collect();
        assert_eq!(turns, [1, 3, 8, 8, 8, 9, 10]);
    }

    #[test]
    fn lines_without_time_stay_where_they_are() {
        let recordings = [
            vec![(None, "a"), (Some(4), "b"), (None, "c"), (Some(6), "d")],
            vec![(Some(5), "E")],
        ];
        assert_eq!(names(Order::AsRecorded, &recordings), "abcEd");
        assert_eq!(names(Order::ByTime { buffer: 10 }, &recordings), "abcEd");
        assert_eq!(play(Order::AsRecorded, &recordings).0[0].turn_ns, None);
    }

    #[test]
    fn a_record_beyond_the_buffer_goes_out_late_and_is_counted() {
        let lines: Vec<Line> = vec![
            (Some(2), "b"),
            (Some(3), "c"),
            (Some(4), "d"),
            (Some(1), "a"),
        ];
        assert_eq!(
            names(Order::ByTime { buffer: 3 }, std::slice::from_ref(&lines)),
            "abcd"
        );
        let (out, late) = play(Order::ByTime { buffer: 2 }, &[lines]);
        assert_eq!(
            out.iter().map(|timed| timed.record).collect::<String>(),
            "bacd"
        );
        assert_eq!((late, out[1].turn_ns), (1, Some(2)));
    }

    #[test]
    fn no_inputs_are_an_end() {
        assert_eq!(Merge::<()>::new(Order::AsRecorded).pull(), Next::End);
        assert_eq!(
            Merge::<()>::new(Order::ByTime { buffer: 0 }).pull(),
            Next::End
        );
    }

    fn recordings() -> impl Strategy<Value = Vec<Vec<(Option<i128>, u32)>>> {
        let line = (proptest::option::weighted(0.9, 0..50i128), any::<u32>());
        proptest::collection::vec(proptest::collection::vec(line, 0..30), 0..5)
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn as_recorded_keeps_every_line_in_its_order(recordings in recordings()) {
            let (out, _) = play(Order::AsRecorded, &recordings);
            prop_assert!(out.is_sorted_by_key(|timed| timed.turn_ns));
            for (index, lines) in recordings.iter().enumerate() {
                let mine: Vec<_> = out.iter().filter(|timed| timed.input.index() == index).collect();
                prop_assert!(mine.iter().map(|timed| (timed.time_ns, timed.record)).eq(lines.iter().copied()));
                prop_assert!(mine.iter().map(|timed| timed.line).eq(0..lines.len() as u64));
            }
            // Two records of different inputs go by the turn that each has within its own input.
            let mut turns: Vec<Option<i128>> = vec![None; recordings.len()];
            let mut own = Vec::new();
            for timed in &out {
                let turn = &mut turns[timed.input.index()];
                *turn = (*turn).max(timed.time_ns);
                own.push((*turn, timed.input.index()));
            }
            prop_assert!(own.is_sorted());
        }

        #[test]
        fn by_time_with_a_buffer_for_all_is_a_sort(recordings in recordings(), buffer in 0usize..200) {
            let total: usize = recordings.iter().map(Vec::len).sum();
            let (out, late) = play(Order::ByTime { buffer }, &recordings);
            prop_assert_eq!(out.len(), total);
            if buffer >= total {
                prop_assert_eq!(late, 0);
                let timed = out.iter().filter(|timed| timed.time_ns.is_some());
                prop_assert!(timed.map(|timed| (timed.time_ns, timed.input, timed.line)).is_sorted());
            }
        }
    }
}
