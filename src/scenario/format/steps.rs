//! The steps of a pipeline, as they are written.

mod enrich;
mod flow;

pub use enrich::{Enrich, EnrichStep, Missing, Table};
pub use flow::{FlatMapStep, KeyByStep, RateStep, SampleStep, WordCase, WordsStep};
