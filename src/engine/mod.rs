//! Running pipelines: source, steps, sink, and the one place where commits happen.
//!
//! A [`Pipeline`] reads batches, runs its [`Steps`] on them on as many cores as there are, puts
//! the results back in order, takes them through the steps that remember ([`Operator`]) and writes them. Only when the sink has the records, the source's
//! positions are committed. Nothing here prints, reads arguments or looks at the clock on the
//! wall for a result.

mod changelog;
mod control;
mod dead_letter;
mod delivery;
mod error;
mod ids;
mod input;
mod keyed;
mod lookup;
mod notes;
mod numbers;
mod operator;
mod pace;
mod pipeline;
mod reader;
mod repeats;
mod retold;
mod retry;
mod rollback;
mod rows;
mod segments;
mod skip;
mod spool;
mod state;
mod stats;
mod steps;
mod take;
mod tallies;
#[cfg(test)]
mod tests;
mod together;
mod trace;
pub mod trial;
mod workers;
mod writer;

pub use changelog::{Changelog, Found};
pub use control::{Control, Notice};
pub use dead_letter::dead_letter;
pub use delivery::Delivery;
pub use error::{ChangelogError, PipelineError, RecordError};
pub use ids::Ids;
pub use input::Input;
pub use lookup::{Ask, CacheSpec, Lookup, LookupTallies};
pub use operator::{
    Arrival, Digest, Digester, Emitter, Fate, Known, Open, Operator, OperatorError,
};
pub use pace::{PacedSink, PacedSource};
pub use pipeline::{OnError, Pipeline, Settings, Side};
pub use repeats::Repeats;
pub use retry::{Backoff, Patience, Tries};
pub use rows::{AfterTables, Rows, TableSource};
pub use segments::Segment;
pub use state::{STATE_MEMORY, State};
pub use stats::{Counts, Stats, tried_again};
pub use steps::{Branch, Case, Encoding, Enrich, Missing, Route, Sample, Step, Steps, Table, Way};
pub(crate) use steps::{Members, eval};
pub use take::Take;
pub use tallies::{Tallied, Tally};
pub use together::{Ends, Together};
pub use trace::Notes;
