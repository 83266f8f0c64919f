//! The steps of a pipeline, as they are written.

mod flow;

pub use flow::{FlatMapStep, KeyByStep, RateStep, SampleStep, WordCase, WordsStep};
