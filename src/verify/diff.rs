//! Holding what several targets have against each other.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::contents::Same;
use super::{Contents, Digest};

/// So many records or keys of a difference are shown.
const SHOWN: usize = 10;

/// What a scenario left behind on one target.
#[derive(Debug)]
pub struct Outcome {
    /// The target's name.
    pub target: String,
    /// Whether the target keeps the records of a key in order.
    pub ordered: bool,
    /// The streams that could be read back.
    pub streams: BTreeMap<String, Contents>,
}

/// What several targets have in common, and what not.
#[derive(Debug)]
pub struct Comparison {
    /// The streams that could be read back on every target.
    pub streams: Vec<String>,
    /// One digest of those streams for each target, in the order given.
    pub digests: Vec<Digest>,
    /// Each difference to the first target.
    pub differences: Vec<Difference>,
}

/// What one stream of one target has that the first target has not, or the other way round.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The target.
    pub target: String,
    /// The stream.
    pub stream: String,
    /// How many records, or keys, it is about.
    pub count: u64,
    /// What they are: `records missing`, `records unexpected`, `keys in another order`.
    pub what: &'static str,
    /// Some of them.
    pub examples: Vec<String>,
}

/// Compares the streams that every target could read back with those of the first target.
pub fn compare(outcomes: &[Outcome]) -> Comparison {
    let streams = common(outcomes);
    let digests = outcomes.iter().map(|outcome| {
        let parts = streams.iter().filter_map(|name| {
            let contents = outcome.streams.get(name)?;
            Some((name.as_str(), contents.digest()))
        });
        Digest::of(parts)
    });
    let mut differences = Vec::new();
    if let [first, others @ ..] = outcomes {
        for other in others {
            for name in &streams {
                differences.extend(differences_of(name, first, other));
            }
        }
    }
    Comparison {
        digests: digests.collect(),
        differences,
        streams,
    }
}

fn common(outcomes: &[Outcome]) -> Vec<String> {
    let names = outcomes
        .iter()
        .map(|outcome| outcome.streams.keys().cloned().collect::<BTreeSet<_>>());
    let common = names.reduce(|all, names| &all & &names);
    common.unwrap_or_default().into_iter().collect()
}

fn differences_of(stream: &str, first: &Outcome, other: &Outcome) -> Vec<Difference> {
    let (Some(wanted), Some(found)) = (first.streams.get(stream), other.streams.get(stream)) else {
        return Vec::new();
    };
    let difference = |count, what, examples| Difference {
        target: other.target.clone(),
        stream: stream.to_owned(),
        count,
        what,
        examples,
    };
    let missing = beyond(wanted, found);
    let unexpected = beyond(found, wanted);
    if missing.0 + unexpected.0 == 0 {
        let keys = match first.ordered && other.ordered {
            true => wanted.keys_in_another_order(found),
            false => Vec::new(),
        };
        let count = keys.len() as u64;
        let shown = keys.into_iter().take(SHOWN).collect();
        return Vec::from_iter(
            (count > 0).then(|| difference(count, "keys in another order", shown)),
        );
    }
    [
        (missing, "records missing"),
        (unexpected, "records unexpected"),
    ]
    .into_iter()
    .filter(|((count, _), _)| *count > 0)
    .map(|((count, examples), what)| difference(count, what, examples))
    .collect()
}

/// How many records `one` has beyond those of `other`, and some of them.
fn beyond(one: &Contents, other: &Contents) -> (u64, Vec<String>) {
    let mut total = 0;
    let mut examples = Vec::new();
    for (form, Same { times, shown }) in one.records() {
        let others = other.records().get(form).map_or(0, |same| same.times);
        let more = times.saturating_sub(others);
        total += more;
        if more > 0 && examples.len() < SHOWN {
            examples.push(shown.clone());
        }
    }
    (total, examples)
}

#[cfg(test)]
mod tests {
    use ssectl_adapter::Record;

    use super::*;

    fn outcome(target: &str, ordered: bool, streams: &[(&str, &[&str])]) -> Outcome {
        let contents = |values: &[&str]| {
            let mut contents = Contents::default();
            for value in values {
                contents.add(&Record {
                    key: Some("k".into()),
                    ..Record::from_value((*value).to_owned())
                });
            }
            contents
        };
        Outcome {
            target: target.to_owned(),
            ordered,
            streams: streams
                .iter()
                .map(|(name, values)| ((*name).to_owned(), contents(values)))
                .collect(),
        }
    }

    #[test]
    fn only_streams_of_all_targets_are_compared() {
        let comparison = compare(&[
            outcome("a", true, &[("in", &["1"]), ("out", &["1", "2"])]),
            outcome("b", false, &[("out", &["2", "1"])]),
        ]);
        assert_eq!(comparison.streams, ["out"]);
        assert_eq!(comparison.digests[0], comparison.digests[1]);
        assert_eq!(comparison.differences, []);
    }

    #[test]
    fn order_counts_where_both_targets_keep_it() {
        let comparison = compare(&[
            outcome("a", true, &[("out", &["1", "2"])]),
            outcome("b", true, &[("out", &["2", "1"])]),
        ]);
        let [difference] = &comparison.differences[..] else {
            panic!("{comparison:?}")
        };
        assert_eq!(
            (difference.count, difference.what),
            (1, "keys in another order")
        );
        assert_eq!(difference.examples, ["k"]);
    }

    #[test]
    fn records_that_differ_are_named() {
        let comparison = compare(&[
            outcome("a", true, &[("out", &["1", "2", "2"])]),
            outcome("b", true, &[("out", &["2", "3"])]),
        ]);
        let found: Vec<_> = comparison
            .differences
            .iter()
            .map(|d| (d.target.as_str(), d.count, d.what, d.examples.join("; ")))
            .collect();
        assert_eq!(
            found,
            [
                ("b", 2, "records missing", "key=k 1; key=k 2".to_owned()),
                ("b", 1, "records unexpected", "key=k 3".to_owned()),
            ]
        );
    }
}
