//! What became of a run.

use std::collections::BTreeMap;

use crate::engine::{Counts, PipelineError, Tallied};
use crate::scenario::Verdict;
use crate::verify::Contents;

/// What became of a run.
#[derive(Debug)]
pub struct Report {
    /// The scenario's name.
    pub scenario: String,
    /// Where it ran.
    pub target: String,
    /// The declared streams.
    pub streams: Vec<StreamReport>,
    /// In the order of the file.
    pub pipelines: Vec<PipelineReport>,
    /// In the order of the file; empty when a pipeline failed.
    pub expectations: Vec<Verdict>,
    /// What the run wrote to each declared stream, if that was to be read back and could be.
    pub contents: BTreeMap<String, Contents>,
    /// How often something was tried again outside of the pipelines: to open streams, to read them back.
    pub retries: u64,
}

/// A declared stream.
#[derive(Debug)]
pub struct StreamReport {
    /// Its name.
    pub name: String,
    /// Whether the run made it, or it was there.
    pub created: bool,
}

/// What became of a pipeline.
#[derive(Debug)]
pub struct PipelineReport {
    /// Its name.
    pub name: String,
    /// Its records.
    pub counts: Counts,
    /// What its steps counted.
    pub tallies: Vec<Tallied>,
    /// Why it stopped, if it failed.
    pub error: Option<PipelineError>,
}

impl Report {
    /// Whether every pipeline came to its end, no record vanished and every expectation holds.
    pub fn passed(&self) -> bool {
        self.pipelines
            .iter()
            .all(|pipeline| pipeline.error.is_none() && pipeline.counts.missing() == 0)
            && self.expectations.iter().all(|verdict| verdict.passed)
    }
}
