//! The aggregates of a step, and what they do with an event.

use std::cmp::Ordering;
use std::fmt;
use std::io::Write;
use std::sync::Arc;

use ssectl_json::Value as Json;

use super::accumulator::Accumulator;
use super::kind::Kind;
use super::moment::{self, Moment};
use super::parse::{Aggregate, Reduce};
use super::state::State;
use super::total::{Total, write_double};
use crate::{Aggregator, InputError, Time};

/// The programs of a `reduce`. States are JSON values.
pub trait Fold: Send + Sync {
    /// Appends the state before the first event.
    ///
    /// # Errors
    /// The program fails, with its message.
    fn start(&self, out: &mut Vec<u8>) -> Result<(), String>;

    /// Appends the state after one more event, of which `value` is the record.
    ///
    /// # Errors
    /// As [`Fold::start`].
    fn update(&self, state: &[u8], value: &[u8], out: &mut Vec<u8>) -> Result<(), String>;

    /// Appends the state after the events of two states.
    ///
    /// # Errors
    /// As [`Fold::start`], and where there is no program for it: see [`Aggregates::can_merge`].
    fn merge(&self, state: &[u8], other: &[u8], out: &mut Vec<u8>) -> Result<(), String>;
}

/// The aggregates of a step. Cheap to clone.
#[derive(Clone)]
pub struct Aggregates(Arc<[Planned]>);

struct Planned {
    kind: Kind,
    name: String,
    /// What comes before the value in a result: the name as a JSON string, and a colon.
    label: Vec<u8>,
    /// Whether it counts events without looking at a value.
    bare: bool,
    can_merge: bool,
    fold: Option<Arc<dyn Fold>>,
}

impl fmt::Debug for Aggregates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds = self.0.iter().map(|planned| (&planned.name, planned.kind));
        f.debug_map().entries(kinds).finish()
    }
}

impl Aggregates {
    /// The aggregates in the order in which they are written; `compile` makes the programs of each `reduce`.
    ///
    /// # Errors
    /// What `compile` returns.
    pub fn new<E>(
        aggregates: &[Aggregate],
        mut compile: impl FnMut(&Reduce) -> Result<Arc<dyn Fold>, E>,
    ) -> Result<Self, E> {
        let plan = |aggregate: &Aggregate| {
            let mut label = Vec::new();
            ssectl_json::write_string(&aggregate.name, &mut label);
            label.push(b':');
            let reduce = aggregate.reduce.as_ref();
            Ok(Planned {
                kind: aggregate.kind,
                name: aggregate.name.clone(),
                label,
                bare: aggregate.argument.is_none(),
                can_merge: reduce.is_none_or(|reduce| reduce.merge.is_some()),
                fold: reduce.map(&mut compile).transpose()?,
            })
        };
        aggregates
            .iter()
            .map(plan)
            .collect::<Result<_, E>>()
            .map(Self)
    }

    /// Whether accumulators can be merged, as sessions must be: not with a `reduce` that does not say how.
    pub fn can_merge(&self) -> bool {
        self.0.iter().all(|planned| planned.can_merge)
    }

    /// Whether `accumulator` belongs to these aggregates, and not to others that stood here before.
    pub fn fits(&self, accumulator: &Accumulator) -> bool {
        let kinds = self.0.iter().map(|planned| planned.kind);
        self.0.len() == accumulator.0.len()
            && kinds
                .zip(&accumulator.0)
                .all(|(kind, state)| state.fits(kind))
    }
}

impl Aggregator for Aggregates {
    type Accumulator = Accumulator;

    fn accumulator(&self) -> Accumulator {
        let states = self.0.iter().map(|planned| State::new(planned.kind));
        Accumulator(states.collect())
    }

    #[inline]
    fn check(&self, inputs: &[Option<&[u8]>]) -> Result<(), InputError> {
        let mut pairs = self.0.iter().zip(inputs);
        pairs.try_for_each(|(planned, input)| planned.check(*input))
    }

    #[inline]
    fn add(
        &self,
        accumulator: &mut Accumulator,
        time: Time,
        inputs: &[Option<&[u8]>],
    ) -> Result<(), InputError> {
        self.check(inputs)?;
        let states = accumulator.0.iter_mut().zip(inputs);
        for (planned, (state, input)) in self.0.iter().zip(states) {
            planned.add(state, time, *input)?;
        }
        Ok(())
    }

    fn merge(&self, accumulator: &mut Accumulator, other: &Accumulator) -> Result<(), InputError> {
        let states = accumulator.0.iter_mut().zip(&other.0);
        for (planned, (state, other)) in self.0.iter().zip(states) {
            planned.merge(state, other)?;
        }
        Ok(())
    }

    fn write(&self, accumulator: &Accumulator, out: &mut Vec<u8>) -> Result<(), InputError> {
        for (at, (planned, state)) in self.0.iter().zip(&accumulator.0).enumerate() {
            if at > 0 {
                out.push(b',');
            }
            out.extend_from_slice(&planned.label);
            planned.write(state, out)?;
        }
        Ok(())
    }

    fn order_matters(&self) -> bool {
        self.0.iter().any(|planned| planned.kind == Kind::Reduce)
    }
}

impl Planned {
    #[inline]
    fn check(&self, input: Option<&[u8]>) -> Result<(), InputError> {
        let Some(json) = present(input) else {
            return Ok(());
        };
        match self.kind {
            Kind::Sum | Kind::Average | Kind::Percentile(_) => match json.first() {
                Some(b'-' | b'0'..=b'9') => Ok(()),
                _ => Err(self.refuse(json, "is not a number; convert it, such as with `tonumber`, or leave it out with `numbers`")),
            },
            // What is no scalar has to be read, to be compared.
            Kind::Min | Kind::Max | Kind::Distinct | Kind::ApproxDistinct | Kind::Top(_)
                if matches!(json.first(), Some(b'[' | b'{')) && Json::parse(json).is_none() =>
            {
                Err(self.refuse(json, "is nested deeper than 512, too deep to be compared"))
            }
            _ => Ok(()),
        }
    }

    fn refuse(&self, json: &[u8], why: &str) -> InputError {
        const SHOWN: usize = 40;
        let text = String::from_utf8_lossy(json);
        let shown: String = text.chars().take(SHOWN).collect();
        let cut = if shown.len() < text.len() { "…" } else { "" };
        InputError(format!("aggregate `{}`: `{shown}{cut}` {why}", self.name))
    }

    fn add(&self, state: &mut State, time: Time, input: Option<&[u8]>) -> Result<(), InputError> {
        match state {
            State::Count(count) if self.bare => *count += 1,
            State::All(all) => all.push(Moment::new(time, input.unwrap_or(b"null"))),
            State::Folded(folded) => self.fold(folded, input.unwrap_or(b"null"))?,
            _ => {
                if let Some(json) = present(input) {
                    self.add_value(state, time, json);
                }
            }
        }
        Ok(())
    }

    fn add_value(&self, state: &mut State, time: Time, json: &[u8]) {
        // Numbers are ASCII, and checked to be numbers before.
        let number = || std::str::from_utf8(json).unwrap_or("0");
        match state {
            State::Count(count) => *count += 1,
            State::Total(total) => total.add(number()),
            State::Least(extreme) => extreme.offer(json, Ordering::Less),
            State::Greatest(extreme) => extreme.offer(json, Ordering::Greater),
            State::First(edge) => moment::offer(edge, time, json, Ordering::Less),
            State::Last(edge) => moment::offer(edge, time, json, Ordering::Greater),
            State::Tally(tally) => with_canonical(json, |value| tally.add(value, 1)),
            State::Cardinality(set) => with_canonical(json, |value| set.add(value)),
            State::Quantiles(quantiles) => quantiles.add(number().parse().unwrap_or(0.0)),
            State::All(_) | State::Folded(_) => {}
        }
    }

    fn fold(&self, folded: &mut Option<Box<[u8]>>, value: &[u8]) -> Result<(), InputError> {
        let Some(fold) = &self.fold else {
            return Ok(());
        };
        let mut next = Vec::new();
        let result = match folded {
            Some(state) => fold.update(state, value, &mut next),
            None => {
                let mut start = Vec::new();
                fold.start(&mut start)
                    .and_then(|()| fold.update(&start, value, &mut next))
            }
        };
        result.map_err(|message| self.failed(&message))?;
        *folded = Some(next.into());
        Ok(())
    }

    fn merge(&self, state: &mut State, other: &State) -> Result<(), InputError> {
        let (State::Folded(mine), State::Folded(theirs)) = (&mut *state, other) else {
            state.merge(other);
            return Ok(());
        };
        match (&*mine, theirs, &self.fold) {
            (Some(state), Some(other), Some(fold)) => {
                let mut merged = Vec::new();
                fold.merge(state, other, &mut merged)
                    .map_err(|message| self.failed(&message))?;
                *mine = Some(merged.into());
            }
            (None, Some(_), _) => mine.clone_from(theirs),
            _ => {}
        }
        Ok(())
    }

    fn write(&self, state: &State, out: &mut Vec<u8>) -> Result<(), InputError> {
        match (state, self.kind) {
            (State::Count(count), _) => number(*count, out),
            (State::Total(total), Kind::Average) => Total::write_average(total, out),
            (State::Total(total), _) => Total::write_sum(total, out),
            (State::Least(extreme) | State::Greatest(extreme), _) => {
                or_null(extreme.text().as_deref(), out);
            }
            (State::First(edge) | State::Last(edge), _) => {
                or_null(edge.as_ref().map(|moment| &*moment.value), out);
            }
            (State::All(all), _) => moment::write_sorted(all, out),
            (State::Tally(tally), Kind::Top(most)) => tally.write_top(most, out),
            (State::Tally(tally), _) => number(tally.distinct() as u64, out),
            (State::Cardinality(set), _) => number(set.estimate(), out),
            (State::Quantiles(quantiles), Kind::Percentile(quantile)) => {
                write_double(quantiles.quantile(quantile).unwrap_or(f64::NAN), out);
            }
            (State::Quantiles(_), _) => out.extend_from_slice(b"null"),
            (State::Folded(Some(json)), _) => out.extend_from_slice(json),
            (State::Folded(None), _) => {
                let start = self.fold.as_ref().map_or(Ok(()), |fold| fold.start(out));
                start.map_err(|message| self.failed(&message))?;
            }
        }
        Ok(())
    }

    fn failed(&self, message: &str) -> InputError {
        InputError(format!("aggregate `{}`: {message}", self.name))
    }
}

/// An argument that is there and not null.
#[inline]
fn present(input: Option<&[u8]>) -> Option<&[u8]> {
    input.filter(|json| *json != b"null")
}

/// Calls `with` with the text that equal values share.
fn with_canonical(json: &[u8], with: impl FnOnce(&[u8])) {
    let mut canonical = Vec::with_capacity(json.len());
    if ssectl_json::canonical(json, &mut canonical) {
        with(&canonical);
    } else {
        with(json);
    }
}

fn number(number: u64, out: &mut Vec<u8>) {
    // Writing to memory does not fail.
    let _ = write!(out, "{number}");
}

fn or_null(json: Option<&[u8]>, out: &mut Vec<u8>) {
    out.extend_from_slice(json.unwrap_or(b"null"));
}
