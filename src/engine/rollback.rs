//! Going on after a transaction was rolled back.
//!
//! A group that moves partitions, or a broker that gives a transaction up, undoes what was written since the last commit.
//! Nothing is lost by that: the ends are opened again, and the pipeline goes on behind that commit. Whoever was fenced by a
//! successor ends instead.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use ssectl_adapter::{Error, ErrorKind};
use tokio::sync::watch;

use super::control::Control;
use super::error::PipelineError;
use super::input::Input;
use super::pipeline::{Pipeline, Settings};
use super::repeats::Repeats;
use super::retry::Patience;
use super::state::State;
use super::stats::Stats;
use super::steps::Steps;
use super::together::{Ends, Together};
use ssectl_trace::PipelineTrace;

impl Pipeline {
    /// Runs, and opens its ends again as often as it is rolled back. Only steps that do not remember can be run again.
    pub(super) async fn run_on(
        self,
        together: Together,
        control: &Control,
    ) -> Result<(), PipelineError> {
        let stats = self.stats.clone();
        let patience = Patience::counted(&self.name, control, self.settings.backoff, stats.clone());
        let mut tries = patience.tries();
        let mut pipeline = self;
        loop {
            let again = Again::of(&pipeline);
            let committed = stats.committed.load(Relaxed);
            let error = match pipeline.run_once(control).await {
                Err(error) if !control.stop.is_cancelled() => error,
                ended => return ended,
            };
            let (Some(undone), Some(again)) = (undone(&error), again) else {
                return Err(error);
            };
            if stats.committed.load(Relaxed) > committed {
                tries.worked();
            }
            let paused = tries
                .failed("going on behind the last commit", undone)
                .await;
            if paused.is_err() {
                return Err(error);
            }
            stats.roll_back();
            let opened = patience.with("opening", || together.open()).await;
            pipeline = again.with(opened.map_err(PipelineError::Source)?);
        }
    }
}

/// What a rollback was, as an error after which it goes on.
fn undone(error: &PipelineError) -> Option<Error> {
    let below = error.adapter()?;
    let rolled_back = below.kind() == ErrorKind::Aborted;
    rolled_back.then(|| Error::new(ErrorKind::Aborted, below.to_string()).temporary())
}

/// A pipeline without its ends.
struct Again {
    name: String,
    input: String,
    repeats: Option<Repeats>,
    steps: Steps,
    bound: watch::Receiver<bool>,
    stats: Arc<Stats>,
    trace: Option<PipelineTrace>,
    settings: Settings,
}

impl Again {
    /// What of a pipeline outlives its ends; none if it has no input.
    fn of(pipeline: &Pipeline) -> Option<Self> {
        let input = pipeline.inputs.first()?;
        Some(Self {
            name: pipeline.name.clone(),
            input: input.name.clone(),
            repeats: input.repeats.as_ref().map(Repeats::renewed),
            steps: input.steps.clone(),
            bound: input.bound.clone(),
            stats: pipeline.stats.clone(),
            trace: pipeline.trace.clone(),
            settings: pipeline.settings,
        })
    }

    /// With ends that were opened anew.
    fn with(self, ends: Ends) -> Pipeline {
        Pipeline {
            name: self.name,
            inputs: vec![Input {
                name: self.input,
                source: ends.source,
                repeats: self.repeats,
                steps: self.steps,
                bound: self.bound,
            }],
            then: Vec::new(),
            on_error: ends.on_error,
            sink: ends.sink,
            ids: None,
            sides: ends.sides,
            state: State::default(),
            together: None,
            stats: self.stats,
            trace: self.trace,
            settings: self.settings,
        }
    }
}
