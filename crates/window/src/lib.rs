//! Event time without input or output: watermarks, windows, triggers and aggregates.
//!
//! Results are a pure function of the sequence of each partition and of the specification: never of the clock on the
//! wall, the size of batches, or how partitions were interleaved.

pub mod aggregate;
mod aggregator;
mod event;

pub use aggregator::{Aggregator, InputError};
pub use event::{Event, Fate, Pane, PaneKind, Time};
