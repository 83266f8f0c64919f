//! What a trace is to know of a pipeline.

use super::pipelines::Opener;
use super::segments::sides;
use super::segments::step_name;
use crate::scenario::{OnError, Pipeline, Source, SourceKind, Step};
use ssectl_trace::{Flow, PipelineTrace, StepNote};

impl Opener<'_> {
    /// Makes the pipeline known to the trace, if there is one.
    pub(super) fn trace(&self) -> Option<PipelineTrace> {
        let tracer = self.runner.tracer.as_ref()?;
        Some(tracer.pipeline(flow(self.pipeline)))
    }
}

/// What a source is called.
fn source(source: &Source) -> String {
    match &source.kind {
        SourceKind::Generate(_) => "generate".to_owned(),
        SourceKind::Replay(replay) => {
            let files = replay.files.iter().map(|file| file.display().to_string());
            files.collect::<Vec<_>>().join(", ")
        }
        SourceKind::Read(read) => read.from.to_string(),
    }
}

fn flow(pipeline: &Pipeline) -> Flow {
    let partners = pipeline.steps.iter().filter_map(|step| match step {
        Step::Related(related) => Some(related.with.as_ref()?.from.to_string()),
        _ => None,
    });
    let outputs = std::iter::once(&pipeline.sink.to).chain(sides(pipeline));
    Flow {
        number: 0,
        name: pipeline.name.clone(),
        inputs: pipeline.sources().map(source).chain(partners).collect(),
        outputs: outputs.map(ToString::to_string).collect(),
        bad: match &pipeline.on_error {
            OnError::Fail => "fail".to_owned(),
            OnError::Skip => "skip".to_owned(),
            OnError::DeadLetter { to, .. } => to.to_string(),
        },
        steps: pipeline.steps.iter().enumerate().map(note).collect(),
    }
}

fn note((index, step): (usize, &Step)) -> StepNote {
    let programs = step.programs();
    let text = programs.iter().map(|(text, _)| *text);
    StepNote {
        name: step_name(index, step).into(),
        place: step.place().to_string(),
        text: text.collect::<Vec<_>>().join("; "),
    }
}
