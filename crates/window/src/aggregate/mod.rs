//! Aggregates: what is said about all the values of a key in a window.
//!
//! [`Aggregate::parse`] reads one as people write it, such as `sum(.amount)`; [`Aggregates`] are those of a step, with
//! an [`Accumulator`] per key and window. But for `reduce`, results do not depend on the order of events, nor on how
//! accumulators were merged:
//! - `sum` and `avg` add numbers as the decimals that JSON writes, exactly, and round once, at the end: a sum of
//!   integers has all its digits, any other is the nearest double;
//! - `min` and `max` use jq's order; `first`, `last` and `collect` the time of events; where these are equal, bytes decide;
//! - `distinct`, `approx_distinct` and `top` take values as equal that are so in jq, such as `1` and `1.0`;
//! - `percentile` and `median` are exact up to [`EXACT_VALUES`] values and by nearest rank; beyond, within
//!   [`RELATIVE_ERROR`].
//!
//! `null` is skipped by all of them but `collect`, `reduce`, and `count` without an argument, as in SQL; of no other
//! value there is no result but `null`, 0 or `[]`.

mod accumulator;
mod cardinality;
mod codec;
mod decimal;
mod extreme;
mod kind;
mod moment;
mod parse;
mod plan;
mod quantiles;
mod state;
mod tally;
#[cfg(test)]
mod tests;
mod total;

pub use accumulator::Accumulator;
pub use kind::Kind;
pub use parse::{Aggregate, ParseError, Reduce, Source};
pub use plan::{Aggregates, Fold};
pub use quantiles::{EXACT_VALUES, Quantile, RELATIVE_ERROR};
