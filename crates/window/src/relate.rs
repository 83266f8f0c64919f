//! Steps that relate records to others of the same key: leaving out those that come again, and joins.
//!
//! Events are taken in the order that [`WindowOperator`](crate::WindowOperator) has them in: that of the watermark of
//! their partition after them. So results do not depend on how partitions and sources interleave.
//! Payloads are bytes that nobody looks into here.

mod as_of;
mod dedupe;
mod interval;
mod sequence;
#[cfg(test)]
mod tests;

pub use as_of::{AsOf, AsOfSpec};
pub use dedupe::{Dedupe, DedupeSpec};
pub use interval::{IntervalJoin, IntervalSpec};
pub use sequence::{Item, Relate, Relation, Timing};

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is in a result.
    Used,
    /// It found no partner.
    Unmatched,
    /// One of the same key came before it.
    Repeated,
    /// It came after all that it could have been related to was forgotten.
    Late,
}

/// What is done with a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found<'a> {
    /// An event that goes on, by its payload, with its partner.
    Result {
        /// When it happened: of a pair, the later of both times.
        time: crate::Time,
        /// The payload of the event.
        left: &'a [u8],
        /// That of its partner.
        right: Option<&'a [u8]>,
    },
    /// What became of an event, by its payload; once for each event.
    Settled(Outcome, &'a [u8]),
}
