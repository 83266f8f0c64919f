//! Each step against its definition, on whole inputs, for every interleaving of partitions.

use std::collections::BTreeMap;

use proptest::prelude::*;
use ssectl_state::Space;

use super::*;
use crate::Time;

/// An event: its partition, time, source, and key.
type Given = (u32, Time, u8, u8);

/// What came out: results as (time, left, right), and outcomes by event.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    results: Vec<(Time, usize, Option<usize>)>,
    outcomes: BTreeMap<usize, Outcome>,
}

fn number(payload: &[u8]) -> usize {
    usize::from_be_bytes(payload.try_into().expect("eight bytes"))
}

/// Runs events, given by partition, interleaved as `turns` say.
fn run<R: Relation>(relation: R, delay: Time, given: &[Given], turns: &[usize]) -> Seen {
    let timing = Timing {
        delay,
        ..Timing::default()
    };
    let mut relate = Relate::open(relation, timing, &Space::default()).expect("a state");
    let mut seen = Seen::default();
    let mut out = |found: Found<'_>| match found {
        Found::Result { time, left, right } => {
            seen.results.push((time, number(left), right.map(number)));
        }
        Found::Settled(outcome, payload) => {
            let before = seen.outcomes.insert(number(payload), outcome);
            assert_eq!(before, None, "settled twice");
        }
    };
    let count = given.iter().map(|event| event.0 + 1).max().unwrap_or(1);
    let ids: Vec<u32> = (0..count).collect();
    relate.partitions(&ids, &mut out).expect("partitions");
    let mut queues: Vec<Vec<usize>> = vec![Vec::new(); ids.len()];
    for (index, event) in given.iter().enumerate().rev() {
        queues[event.0 as usize].push(index);
    }
    let mut turns = turns.iter().cycle();
    while queues.iter().any(|queue| !queue.is_empty()) {
        let turn = turns.next().copied().unwrap_or_default() % queues.len();
        let going = (turn..queues.len()).chain(0..turn);
        let Some(queue) = going.into_iter().find(|queue| !queues[*queue].is_empty()) else {
            break;
        };
        let index = queues[queue].pop().expect("not empty");
        let (partition, time, source, key) = given[index];
        let item = Item {
            time,
            source,
            key: &[key],
            payload: &index.to_be_bytes(),
        };
        assert!(relate.event(partition, item, &mut out).expect("taken"));
        if queues[queue].is_empty() {
            relate.end_partition(partition, &mut out).expect("ended");
        }
    }
    relate.end(&mut out).expect("the end");
    seen
}

fn space() -> Space {
    Space::default()
}

/// Events in the order of the merge: by the watermark after them, the partition, the turn; with that watermark.
fn merged(given: &[Given], delay: Time) -> Vec<(Time, usize)> {
    let mut newest: BTreeMap<u32, Time> = BTreeMap::new();
    let mut order: Vec<(Time, u32, usize)> = Vec::new();
    for (index, event) in given.iter().enumerate() {
        let newest = newest.entry(event.0).or_insert(Time::MIN);
        *newest = (*newest).max(event.1);
        order.push((newest.saturating_sub(delay), event.0, index));
    }
    order.sort_unstable();
    order
        .into_iter()
        .map(|(mark, _, index)| (mark, index))
        .collect()
}

fn events() -> impl Strategy<Value = Vec<Given>> {
    prop::collection::vec((0u32..3, -20i64..40, 0u8..2, 0u8..3), 0..40)
}

fn turns() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(0usize..3, 1..30)
}

fn sorted<T: Ord>(mut all: Vec<T>) -> Vec<T> {
    all.sort_unstable();
    all
}

proptest! {
    #[test]
    fn dedupe_is_as_defined(given in events(), horizon in 1i64..15, delay in 0i64..60, turns in turns()) {
        let dedupe = || Dedupe::open(DedupeSpec { horizon }, &space()).expect("a state");
        let found = run(dedupe(), delay, &given, &turns);
        let mut kept: Vec<usize> = Vec::new();
        let mut outcomes = BTreeMap::new();
        for (mark, index) in merged(&given, delay) {
            let (_, time, _, key) = given[index];
            let near = |other: &usize| given[*other].3 == key && (given[*other].1 - time).abs() < horizon;
            let outcome = if time + horizon < mark {
                Outcome::Late
            } else if kept.iter().any(near) {
                Outcome::Repeated
            } else {
                kept.push(index);
                Outcome::Used
            };
            outcomes.insert(index, outcome);
        }
        let results: Vec<usize> = found.results.iter().map(|result| result.1).collect();
        prop_assert_eq!(results, kept);
        prop_assert_eq!(&found.outcomes, &outcomes);
        prop_assert_eq!(run(dedupe(), delay, &given, &[0]), found);
    }

    #[test]
    fn interval_joins_are_as_defined(
        given in events(), before in -5i64..10, width in 0i64..15, left: bool, delay in 0i64..60, turns in turns(),
    ) {
        let spec = IntervalSpec { before, after: width - before, left };
        let join = || IntervalJoin::open(spec, &space()).expect("a state");
        let found = run(join(), delay, &given, &turns);
        let on_time: Vec<usize> = merged(&given, delay)
            .into_iter()
            .filter(|(mark, index)| given[*index].1 >= *mark)
            .map(|(_, index)| index)
            .collect();
        let (mut results, mut used) = (Vec::new(), std::collections::BTreeSet::new());
        for l in on_time.iter().filter(|index| given[**index].2 == 0) {
            let mut alone = true;
            for r in on_time.iter().filter(|index| given[**index].2 == 1) {
                let apart = given[*r].1 - given[*l].1;
                if given[*l].3 == given[*r].3 && (-spec.before..=spec.after).contains(&apart) {
                    alone = false;
                    used.extend([*l, *r]);
                    results.push((given[*l].1.max(given[*r].1), *l, Some(*r)));
                }
            }
            if alone && left {
                used.insert(*l);
                results.push((given[*l].1, *l, None));
            }
        }
        prop_assert_eq!(sorted(found.results.clone()), sorted(results));
        for index in 0..given.len() {
            let outcome = if !on_time.contains(&index) {
                Outcome::Late
            } else if used.contains(&index) {
                Outcome::Used
            } else {
                Outcome::Unmatched
            };
            prop_assert_eq!(found.outcomes.get(&index), Some(&outcome), "event {}", index);
        }
        prop_assert_eq!(run(join(), delay, &given, &[0]), found);
    }

    #[test]
    fn as_of_joins_are_as_defined(
        given in events(), tolerance in prop_oneof![0i64..20, Just(Time::MAX)], left: bool, delay in 0i64..60, turns in turns(),
    ) {
        let spec = AsOfSpec { tolerance, left };
        let join = || AsOf::open(spec, &space()).expect("a state");
        let found = run(join(), delay, &given, &turns);
        let on_time: Vec<usize> = merged(&given, delay)
            .into_iter()
            .filter(|(mark, index)| given[*index].1 >= *mark)
            .map(|(_, index)| index)
            .collect();
        let mut results = Vec::new();
        for l in on_time.iter().filter(|index| given[**index].2 == 0) {
            let (_, time, _, key) = given[*l];
            let rights = on_time.iter().enumerate().filter(|(_, r)| {
                let (_, other, source, of) = given[**r];
                source == 1 && of == key && other <= time && other >= time.saturating_sub(tolerance)
            });
            // The last one of the greatest time, in the order of the merge.
            let version = rights.max_by_key(|(turn, r)| (given[**r].1, *turn)).map(|(_, r)| *r);
            if version.is_some() || left {
                results.push((time, *l, version));
            }
        }
        prop_assert_eq!(sorted(found.results.clone()), sorted(results));
        prop_assert_eq!(found.outcomes.len(), given.len());
        prop_assert!(found.results.is_sorted_by_key(|result| result.0));
        prop_assert_eq!(run(join(), delay, &given, &[0]), found);
    }
}

#[test]
fn a_key_goes_on_once_per_horizon() {
    let times = [0, 3, 9, 10, 12, 25, 20];
    let given: Vec<Given> = times.iter().map(|time| (0, *time, 0, 0)).collect();
    let dedupe = Dedupe::open(DedupeSpec { horizon: 10 }, &space()).expect("a state");
    let found = run(dedupe, 5, &given, &[0]);
    let went: Vec<Time> = found.results.iter().map(|result| result.0).collect();
    assert_eq!(went, [0, 10, 25]);
}
