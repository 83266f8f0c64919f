//! Where the pipelines of a run keep their state, and where they go on.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use ssectl_adapter::Partition;
use ssectl_state::StoreSpec;

use super::error::RunError;
use super::notice;
use super::pipelines::Opener;
use crate::engine::{STATE_MEMORY, State};
use crate::scenario::{Address, Pipeline, SourceKind, Step};

/// Where state is kept, and how much of it in memory.
#[derive(Debug, Clone)]
pub struct StateOptions {
    /// The directory; without one, state ends with the run.
    pub dir: Option<PathBuf>,
    /// Bytes of memory that the state of a pipeline may take; the rest is on disk.
    pub memory: usize,
    /// The stream that its changes go to, so that another machine can take over: an address, or a name at the target.
    pub changelog: Option<String>,
}

impl Default for StateOptions {
    fn default() -> Self {
        Self {
            dir: None,
            memory: STATE_MEMORY,
            changelog: None,
        }
    }
}

impl Opener<'_> {
    /// The state of the pipeline, as its last checkpoint left it.
    pub(super) async fn state(&self) -> Result<State, RunError> {
        let StateOptions { dir, memory, .. } = &self.runner.state;
        let Some(dir) = dir else {
            return Ok(State::temporary(*memory));
        };
        if let SourceKind::Read(read) = &self.pipeline.source.kind
            && matches!(&read.from, Address::Uri(uri) if uri.scheme == "stdio")
        {
            return Err(self.fault(
                "stdin cannot be read again from a checkpoint on; read a file or a stream, or leave `--state` out",
            ));
        }
        let log = self.changelog(dir).await?;
        let opened = State::open(dir, &self.spec_of_state(), &self.reads_at());
        let mut state = opened.map_err(|error| self.fault(error))?;
        if let Some((log, found)) = log {
            let told = state.log_to(log, &found).await;
            told.map_err(|error| match error.adapter() {
                Some(below) => self.fault(format!("{error}: {below}")),
                None => self.fault(&error),
            })?;
        }
        self.say_where(&state);
        Ok(state)
    }

    /// The state of a pipeline whose positions are committed with its results: it goes on from the checkpoint whose
    /// number was committed with them.
    pub(super) fn state_within_transactions(
        &self,
        notes: &BTreeMap<Partition, String>,
    ) -> Result<State, RunError> {
        let StateOptions { dir, memory, .. } = &self.runner.state;
        let mut steps = self.pipeline.steps.iter();
        match dir {
            Some(dir) if steps.any(Step::remembers) => {
                let notes = notes.values().map(String::as_str);
                let opened = State::open_noted(dir, &self.spec_of_state(), &self.reads_at(), notes);
                let state = opened.map_err(|error| self.fault(error))?;
                self.say_where(&state);
                Ok(state)
            }
            _ => Ok(State::temporary(*memory)),
        }
    }

    /// What was not kept cannot be in a transaction.
    pub(super) fn refuse_forgetting(&self) -> Result<(), RunError> {
        if self.runner.state.changelog.is_some() {
            return Err(self.fault(
                "`--changelog` is no part of a transaction: leave it out here, or `delivery: exactly-once`",
            ));
        }
        let mut steps = self.pipeline.steps.iter();
        if self.runner.state.dir.is_none() && steps.any(Step::remembers) {
            return Err(self.fault(
                "`delivery: exactly-once` with steps that remember needs `--state DIR`: what they remember is kept with each transaction",
            ));
        }
        Ok(())
    }

    pub(super) fn spec_of_state(&self) -> StoreSpec {
        StoreSpec {
            pipeline: self.pipeline.name.clone(),
            fingerprint: fingerprint(self.pipeline),
            memory: self.runner.state.memory,
        }
    }

    /// Says from which checkpoint it goes on, if there is one.
    fn say_where(&self, state: &State) {
        let Some(number) = state.restored() else {
            return;
        };
        let whence = match state.is_from_elsewhere() {
            true => "; its positions are of another target and mean nothing here",
            false => "",
        };
        let end = match state.had_ended() {
            true => {
                ", at which it had come to its end: what comes for the windows that closed there is late"
            }
            false => "",
        };
        let line = format!(
            "{}: goes on from checkpoint {number}{end}{whence}",
            self.pipeline.name
        );
        notice(&self.runner.control, &self.scenario.name, line);
    }

    /// Where the pipeline reads: positions that are of elsewhere mean nothing.
    fn reads_at(&self) -> String {
        match &self.pipeline.source.kind {
            SourceKind::Generate(_) | SourceKind::Replay(_) => String::new(),
            SourceKind::Read(read) => match &read.from {
                Address::Declared(_) => self.home.describe(),
                Address::Uri(uri) => uri.to_string(),
            },
        }
    }
}

/// What tells the steps of a pipeline from others as far as their state goes.
fn fingerprint(pipeline: &Pipeline) -> String {
    let mut text = String::new();
    for step in &pipeline.steps {
        let _ = write!(text, "{};", step.name());
        if let Step::Window(window) = step {
            let programs = window.programs().into_iter().map(|(program, _)| program);
            let _ = write!(text, "{:?}{:?};", programs.collect::<Vec<_>>(), window.plan);
        }
    }
    text
}
