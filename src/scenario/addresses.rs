//! The addresses in a scenario, held against what this build and its configuration know.

use super::{Address, OnError, Pipeline, Scenario};
use crate::document::{Fault, Faults, Place, list, meant, quote};

impl Scenario {
    /// Faults for every address whose scheme is none of `known`: the adapters of this build and the
    /// configured targets.
    pub fn check_schemes(&self, known: &[&str]) -> Vec<Fault> {
        let mut faults = Faults::default();
        for (address, place) in self.pipelines.iter().flat_map(addresses) {
            let Address::Uri(uri) = address else { continue };
            let scheme = uri.scheme.as_str();
            if known.contains(&scheme) {
                continue;
            }
            faults
                .error(
                    place,
                    format!("unknown adapter or target {}", quote(scheme)),
                )
                .hint_with(|| {
                    let knows = format!("there is {}", list(known.iter().copied()));
                    Some(match meant(scheme, known.iter().copied()) {
                        Some(near) => format!("did you mean `{near}`? {knows}"),
                        None => knows,
                    })
                });
        }
        faults.iter().cloned().collect()
    }
}

/// Every address of a pipeline with its place.
fn addresses(pipeline: &Pipeline) -> impl Iterator<Item = (&Address, &Place)> {
    let reads = pipeline.reads().map(|(read, place)| (&read.from, place));
    let dead_letters = match &pipeline.on_error {
        OnError::DeadLetter { to, place } => Some((to, place)),
        OnError::Fail | OnError::Skip => None,
    };
    let sink = (&pipeline.sink.to, &pipeline.sink.place);
    reads
        .chain([sink])
        .chain(dead_letters)
        .chain(pipeline.sides())
}
