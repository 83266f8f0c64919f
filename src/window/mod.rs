//! Windows over records.
//!
//! Programs say of each record its key, its time and the arguments of aggregates; the crate `ssectl_window` knows what
//! event time is; what closes becomes a record again. Flags and scenarios both make a [`Plan`], and a [`Plan`] opens the
//! [`Operator`](crate::engine::Operator) that the engine runs.

mod aggregates;
mod digest;
mod fold;
mod inputs;
mod lineage;
mod numbers;
mod operator;
mod plan;
mod results;
mod silence;
#[cfg(test)]
mod tests;
pub mod words;

pub use aggregates::{AggregateError, Aggregates, Piece};
pub(crate) use inputs::Inputs;
pub use plan::{Plan, Programs};
pub use ssectl_window::{Accumulation, Amount, Late, SettingError, Settings, Type, WatermarkKind};
