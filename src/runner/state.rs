//! Where the pipelines of a run keep their state, and where they go on.

use std::fmt::Write as _;
use std::path::PathBuf;

use ssectl_state::StoreSpec;

use super::error::RunError;
use super::notice;
use super::pipelines::Opener;
use crate::engine::{STATE_MEMORY, State};
use crate::scenario::{Address, Pipeline, Source, Step};

/// Where state is kept, and how much of it in memory.
#[derive(Debug, Clone)]
pub struct StateOptions {
    /// The directory; without one, state ends with the run.
    pub dir: Option<PathBuf>,
    /// Bytes of memory that the state of a pipeline may take; the rest is on disk.
    pub memory: usize,
}

impl Default for StateOptions {
    fn default() -> Self {
        Self {
            dir: None,
            memory: STATE_MEMORY,
        }
    }
}

impl Opener<'_> {
    /// The state of the pipeline, as its last checkpoint left it.
    pub(super) fn state(&self) -> Result<State, RunError> {
        let StateOptions { dir, memory } = &self.runner.state;
        let Some(dir) = dir else {
            return Ok(State::temporary(*memory));
        };
        let pipeline = self.pipeline;
        let is_stdin = |from: &Address| matches!(from, Address::Uri(uri) if uri.scheme == "stdio");
        let partners = pipeline.steps.iter().filter_map(Step::partner);
        let mut reads = pipeline.sources().filter_map(Source::read).chain(partners);
        if reads.any(|(read, _)| is_stdin(&read.from)) {
            return Err(self.fault(
                "stdin cannot be read again from a checkpoint on; read a file or a stream, or leave `--state` out",
            ));
        }
        let spec = StoreSpec {
            pipeline: pipeline.name.clone(),
            fingerprint: fingerprint(pipeline),
            memory: *memory,
        };
        let state = State::open(dir, &spec, &self.reads_at()).map_err(|error| self.fault(error))?;
        if let Some(number) = state.restored() {
            let whence = match state.is_from_elsewhere() {
                true => "; its positions are of another target and mean nothing here",
                false => "",
            };
            let line = format!(
                "{}: goes on from checkpoint {number}{whence}",
                pipeline.name
            );
            notice(&self.runner.control, &self.scenario.name, line);
        }
        Ok(state)
    }

    /// The state of a pipeline whose positions are kept with its results: what its steps remember would not be.
    pub(super) fn state_within_transactions(&self) -> Result<State, RunError> {
        let mut steps = self.pipeline.steps.iter();
        match &self.runner.state.dir {
            Some(_) if steps.any(|step| step.remembers()) => Err(self.fault(
                "`delivery: exactly-once` keeps positions in transactions, and `--state` keeps them with what windows remember; use one of the two",
            )),
            _ => Ok(State::temporary(self.runner.state.memory)),
        }
    }

    /// Where the pipeline reads: positions that are of elsewhere mean nothing.
    fn reads_at(&self) -> String {
        let partners = self.pipeline.steps.iter().filter_map(Step::partner);
        let sources = self.pipeline.sources().filter_map(Source::read);
        let places = sources.chain(partners).map(|(read, _)| match &read.from {
            Address::Declared(_) => self.home.describe(),
            Address::Uri(uri) => uri.to_string(),
        });
        let mut places: Vec<String> = places.collect();
        places.dedup();
        places.join(", ")
    }
}

/// What tells the steps of a pipeline from others as far as their state goes.
fn fingerprint(pipeline: &Pipeline) -> String {
    let mut text = String::new();
    for step in &pipeline.steps {
        let _ = write!(text, "{};", step.name());
        if !step.remembers() {
            continue;
        }
        let programs = step.programs().into_iter().chain(step.table_programs());
        let programs: Vec<&str> = programs.map(|(program, _)| program).collect();
        let _ = match step {
            Step::Window(window) => write!(text, "{programs:?}{:?};", window.plan),
            Step::Related(related) => write!(text, "{programs:?}{:?};", related.plan),
            _ => Ok(()),
        };
    }
    text
}
