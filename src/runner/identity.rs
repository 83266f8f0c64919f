//! What tells the records of a declared stream apart, for those who write it and those who read it.

use super::pipelines::encoding;
use crate::engine::{Delivery, Encoding, Ids, Repeats};
use crate::scenario::{Pipeline, Scenario};

/// What leaves out the records of a stream that come again: by its `id`, else by the ids that its writers give.
pub(super) fn repeats(scenario: &Scenario, stream: &str, encoding: Encoding) -> Option<Repeats> {
    if let Some(id) = &scenario.stream(stream)?.id {
        return Some(Repeats::new(id.program.clone(), encoding));
    }
    scenario.identifies(stream).then(Repeats::by_header)
}

/// What gives the results of a pipeline their ids.
pub(super) fn ids(scenario: &Scenario, pipeline: &Pipeline) -> Option<Ids> {
    if pipeline.delivery != Delivery::EffectivelyOnce {
        return None;
    }
    let stream = pipeline.sink.to.declared();
    let id = stream.and_then(|stream| scenario.stream(stream)?.id.as_ref());
    Some(match id {
        Some(id) => Ids::of_program(id.program.clone(), encoding(pipeline.sink.format)),
        None => Ids::of_origins(),
    })
}
