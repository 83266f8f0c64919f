//! How pipelines hang together: unused streams, cycles, and reads that never end.

use std::collections::{BTreeSet, HashMap};

use super::{Address, OnError, Pipeline, Scenario, SourceKind};
use crate::document::{Faults, quote};

/// Reports what only shows when all pipelines are looked at together.
pub(super) fn check(scenario: &Scenario, faults: &mut Faults) {
    unused_streams(scenario, faults);
    unwritten_expectations(scenario, faults);
    endless_sources(scenario, faults);
    missing_files(scenario, faults);
    cycles(scenario, faults);
}

/// The streams that a pipeline writes: its sink and its dead letters.
fn outputs(pipeline: &Pipeline) -> impl Iterator<Item = &Address> {
    let dead_letter = match &pipeline.on_error {
        OnError::DeadLetter(address) => Some(address),
        OnError::Fail | OnError::Skip => None,
    };
    std::iter::once(&pipeline.sink.to).chain(dead_letter)
}

fn input(pipeline: &Pipeline) -> Option<&Address> {
    match &pipeline.source.kind {
        SourceKind::Read(read) => Some(&read.from),
        SourceKind::Generate(_) | SourceKind::Replay(_) => None,
    }
}

fn written(scenario: &Scenario) -> BTreeSet<&str> {
    let outputs = scenario.pipelines.iter().flat_map(outputs);
    outputs.filter_map(Address::declared).collect()
}

fn unused_streams(scenario: &Scenario, faults: &mut Faults) {
    let mut used = written(scenario);
    let inputs = scenario.pipelines.iter().filter_map(input);
    used.extend(inputs.filter_map(Address::declared));
    for stream in &scenario.streams {
        if !used.contains(stream.name.as_str()) {
            let message = format!("stream {} is declared but never used", quote(&stream.name));
            faults
                .warning(&stream.place, message)
                .hint("remove it, or name it in a pipeline");
        }
    }
}

fn unwritten_expectations(scenario: &Scenario, faults: &mut Faults) {
    let written = written(scenario);
    for expectation in &scenario.expectations {
        if !written.contains(expectation.stream.as_str()) {
            let message = format!("no pipeline writes {}", quote(&expectation.stream));
            faults
                .warning(&expectation.place, message)
                .hint("its expectations only see what is in the stream already");
        }
    }
}

/// With expectations, every source must end: they are checked after the run.
fn endless_sources(scenario: &Scenario, faults: &mut Faults) {
    if scenario.expectations.is_empty() {
        return;
    }
    for pipeline in &scenario.pipelines {
        let hint = match &pipeline.source.kind {
            SourceKind::Generate(spec) if spec.count.is_none() && spec.duration.is_none() => {
                "give it a `count` or a `duration`"
            }
            SourceKind::Replay(replay) if replay.repeat => "remove `loop: true`",
            _ => continue,
        };
        faults
            .error(
                &pipeline.source.place,
                "the source never ends, so what is expected could never be checked",
            )
            .hint(hint);
    }
}

/// A `file:` source must be there, unless another pipeline writes it.
fn missing_files(scenario: &Scenario, faults: &mut Faults) {
    let outputs: Vec<&Address> = scenario.pipelines.iter().flat_map(outputs).collect();
    for pipeline in &scenario.pipelines {
        let Some(address @ Address::Uri(uri)) = input(pipeline) else {
            continue;
        };
        let is_missing = uri.scheme == "file" && !std::path::Path::new(&uri.path).exists();
        if is_missing && !outputs.contains(&address) {
            let message = format!("file {} is not there", quote(&uri.path));
            faults
                .error(&pipeline.source.place, message)
                .hint("relative paths start from the scenario's folder");
        }
    }
}

/// Pipelines that in the end read what they write would never come to rest.
fn cycles(scenario: &Scenario, faults: &mut Faults) {
    let mut left: BTreeSet<usize> = (0..scenario.pipelines.len()).collect();
    loop {
        peel(scenario, &mut left);
        let Some(cycle) = cycle_in(scenario, &left) else {
            return;
        };
        let first = &scenario.pipelines[cycle[0]];
        let names = cycle.iter().chain(&cycle[..1]);
        let names: Vec<&str> = names
            .map(|index| scenario.pipelines[*index].name.as_str())
            .collect();
        faults
            .error(
                &first.source.place,
                format!("pipelines run in a circle: {}", names.join(" -> ")),
            )
            .hint("let one of them write to another stream");
        left.retain(|index| !cycle.contains(index));
    }
}

/// Takes away every pipeline whose source no pipeline that is left writes, until none is.
fn peel(scenario: &Scenario, left: &mut BTreeSet<usize>) {
    let mut writers: HashMap<String, usize> = HashMap::new();
    let mut readers: HashMap<String, Vec<usize>> = HashMap::new();
    for index in left.iter() {
        let pipeline = &scenario.pipelines[*index];
        for output in outputs(pipeline) {
            *writers.entry(output.to_string()).or_default() += 1;
        }
        let input = input(pipeline).map(Address::to_string).unwrap_or_default();
        readers.entry(input).or_default().push(*index);
    }
    let unwritten = |source: &&String| !writers.contains_key(*source);
    let sources: Vec<String> = readers.keys().filter(unwritten).cloned().collect();
    let mut free: Vec<usize> = sources
        .iter()
        .filter_map(|source| readers.remove(source))
        .flatten()
        .collect();
    while let Some(index) = free.pop() {
        left.remove(&index);
        for output in outputs(&scenario.pipelines[index]) {
            let output = output.to_string();
            let count = writers.entry(output.clone()).or_default();
            *count = count.saturating_sub(1);
            if *count == 0 {
                free.extend(readers.remove(&output).into_iter().flatten());
            }
        }
    }
}

/// A cycle among pipelines that each read what another one of them writes, the first one first.
fn cycle_in(scenario: &Scenario, left: &BTreeSet<usize>) -> Option<Vec<usize>> {
    let mut way = vec![*left.first()?];
    loop {
        let source = input(&scenario.pipelines[way[way.len() - 1]])?;
        let writes = |index: &&usize| outputs(&scenario.pipelines[**index]).any(|o| o == source);
        let writer = *left.iter().find(writes)?;
        if let Some(start) = way.iter().position(|index| *index == writer) {
            let mut cycle: Vec<usize> = way.drain(start..).rev().collect();
            let least = cycle.iter().enumerate().min_by_key(|(_, index)| **index);
            let least = least.map_or(0, |(position, _)| position);
            cycle.rotate_left(least);
            return Some(cycle);
        }
        way.push(writer);
    }
}
