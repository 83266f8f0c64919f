//! Running pipelines: source, steps, sink, and the one place where commits happen.
//!
//! A [`Pipeline`] reads batches, runs its [`Steps`] on them on as many cores as there are, puts
//! the results back in order and writes them. Only when the sink has the records, the source's
//! positions are committed. Nothing here prints, reads arguments or looks at the clock on the
//! wall for a result.

mod control;
mod dead_letter;
mod delivery;
mod error;
mod pipeline;
mod reader;
mod repeats;
mod retold;
mod retry;
mod stats;
mod steps;
mod take;
#[cfg(test)]
mod tests;
pub mod trial;
mod writer;

pub use control::{Control, Notice};
pub use dead_letter::dead_letter;
pub use delivery::Delivery;
pub use error::{PipelineError, RecordError};
pub use pipeline::{OnError, Pipeline, Settings};
pub use repeats::Repeats;
pub use retry::{Backoff, Patience, Tries};
pub use stats::{Counts, Stats, tried_again};
pub use steps::{Encoding, Step, Steps};
pub use take::Take;
