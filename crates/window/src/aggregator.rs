//! What the operator asks of aggregates.

use ssectl_state::Value;

use crate::Time;

/// An event that an aggregate cannot take, such as text to a sum.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InputError(pub String);

/// The aggregates of a window: how its state begins, takes events, and is written.
pub trait Aggregator: Send {
    /// What is remembered of a key in a window.
    type Accumulator: Value;

    /// The state before the first event.
    fn accumulator(&self) -> Self::Accumulator;

    /// Whether [`Aggregator::add`] takes these inputs, as far as that can be said without a state.
    ///
    /// # Errors
    /// One of the inputs is not of the right kind.
    fn check(&self, inputs: &[Option<&[u8]>]) -> Result<(), InputError>;

    /// Takes an event in.
    ///
    /// # Errors
    /// As [`Aggregator::check`], or a program fails.
    fn add(
        &self,
        accumulator: &mut Self::Accumulator,
        time: Time,
        inputs: &[Option<&[u8]>],
    ) -> Result<(), InputError>;

    /// Takes in all that `other` remembers.
    ///
    /// # Errors
    /// A program fails, or its states cannot be merged.
    fn merge(
        &self,
        accumulator: &mut Self::Accumulator,
        other: &Self::Accumulator,
    ) -> Result<(), InputError>;

    /// Appends the members of the result, such as `"n":3,"total":12.5`.
    ///
    /// # Errors
    /// A program fails.
    fn write(&self, accumulator: &Self::Accumulator, out: &mut Vec<u8>) -> Result<(), InputError>;

    /// Whether another order of the same events can give another result.
    fn order_matters(&self) -> bool;
}
