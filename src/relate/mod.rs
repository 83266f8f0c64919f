//! Records related to others of the same key: `dedupe`, `join` and `as-of`.
//!
//! Programs say of each record its key and its time; the module `relate` of the crate `ssectl_window` knows which belong
//! together; what it finds becomes records again. A [`Plan`] opens the [`Operator`](crate::engine::Operator) that the
//! engine runs.

mod operator;
mod payload;
mod plan;

pub use plan::{Kind, Partner, Plan};
pub use ssectl_window::relate::{AsOfSpec, DedupeSpec, IntervalSpec, Timing};
