//! How pipelines hang together: unused streams, circles, sources that never end or are not there.

use std::collections::{BTreeSet, HashMap};

use super::{Address, Scenario};
use crate::document::{Faults, Place, quote};

/// What of a pipeline matters to the others; known also when other parts of it are faulty.
pub(super) struct Link {
    pub(super) name: String,
    /// Where the source is written.
    pub(super) source: Place,
    /// The streams it reads, and where they are named.
    pub(super) reads: Vec<(Address, Place)>,
    /// The sink and the dead letters.
    pub(super) writes: Vec<Address>,
    /// If the source never ends: how to end it.
    pub(super) endless: Option<&'static str>,
}

/// Reports what only shows when all pipelines are looked at together. With expectations, every
/// source must end: they are checked after the run.
pub(super) fn check(links: &[Link], has_expectations: bool, faults: &mut Faults) {
    if has_expectations {
        endless_sources(links, faults);
    }
    missing_files(links, faults);
    cycles(links, faults);
}

/// Warns of streams that a scenario without faults does not use as one would expect.
pub(super) fn warn(scenario: &Scenario, links: &[Link], faults: &mut Faults) {
    let writes = links.iter().flat_map(|link| &link.writes);
    let written: BTreeSet<&str> = writes.filter_map(Address::declared).collect();
    let reads = links.iter().flat_map(|link| &link.reads);
    let read: BTreeSet<&str> = reads
        .filter_map(|(address, _)| address.declared())
        .collect();
    for stream in &scenario.streams {
        let name = stream.name.as_str();
        if !written.contains(name) && !read.contains(name) {
            let message = format!("stream {} is declared but never used", quote(name));
            faults
                .warning(&stream.place, message)
                .hint("remove it, or name it in a pipeline");
        }
    }
    for expectation in &scenario.expectations {
        if !written.contains(expectation.stream.as_str()) {
            let message = format!("no pipeline writes {}", quote(&expectation.stream));
            faults
                .warning(&expectation.place, message)
                .hint("its expectations only see what is in the stream already");
        }
    }
}

fn endless_sources(links: &[Link], faults: &mut Faults) {
    for link in links {
        if let Some(hint) = link.endless {
            faults
                .error(
                    &link.source,
                    "the source never ends, so what is expected could never be checked",
                )
                .hint(hint);
        }
    }
}

/// A `file:` source must be there, unless another pipeline writes it.
fn missing_files(links: &[Link], faults: &mut Faults) {
    for (address, place) in links.iter().flat_map(|link| &link.reads) {
        let Address::Uri(uri) = address else {
            continue;
        };
        let is_missing = uri.scheme == "file" && !std::path::Path::new(&uri.path).exists();
        if is_missing && !links.iter().any(|link| link.writes.contains(address)) {
            faults
                .error(place, format!("file {} is not there", quote(&uri.path)))
                .hint("relative paths start from the scenario's folder");
        }
    }
}

/// Pipelines that in the end read what they write would never come to rest.
fn cycles(links: &[Link], faults: &mut Faults) {
    let mut left: BTreeSet<usize> = (0..links.len()).collect();
    loop {
        peel(links, &mut left);
        let Some(cycle) = cycle_in(links, &left) else {
            return;
        };
        let names = cycle.iter().chain(&cycle[..1]);
        let names: Vec<&str> = names.map(|index| links[*index].name.as_str()).collect();
        faults
            .error(
                &links[cycle[0]].source,
                format!("pipelines run in a circle: {}", names.join(" -> ")),
            )
            .hint("let one of them write to another stream");
        left.retain(|index| !cycle.contains(index));
    }
}

/// Takes away every pipeline all of whose sources no pipeline that is left writes, until none is.
fn peel(links: &[Link], left: &mut BTreeSet<usize>) {
    let mut writers: HashMap<String, usize> = HashMap::new();
    let mut readers: HashMap<String, Vec<usize>> = HashMap::new();
    for index in left.iter() {
        for address in &links[*index].writes {
            *writers.entry(address.to_string()).or_default() += 1;
        }
        for (address, _) in &links[*index].reads {
            let readers = readers.entry(address.to_string()).or_default();
            readers.push(*index);
        }
    }
    // How many of its sources each pipeline waits for.
    let mut waits: HashMap<usize, usize> = HashMap::new();
    for index in left.iter() {
        let reads = links[*index].reads.iter();
        let written = reads.filter(|(address, _)| writers.contains_key(&address.to_string()));
        waits.insert(*index, written.count());
    }
    let waiting = waits.iter();
    let mut free: Vec<usize> = waiting
        .filter(|(_, count)| **count == 0)
        .map(|(index, _)| *index)
        .collect();
    while let Some(index) = free.pop() {
        left.remove(&index);
        for address in &links[index].writes {
            let address = address.to_string();
            let count = writers.entry(address.clone()).or_default();
            *count = count.saturating_sub(1);
            if *count > 0 {
                continue;
            }
            for reader in readers.remove(&address).into_iter().flatten() {
                let count = waits.entry(reader).or_default();
                *count = count.saturating_sub(1);
                if *count == 0 {
                    free.push(reader);
                }
            }
        }
    }
}

/// A cycle among pipelines that each read what another one of them writes, the first one first.
fn cycle_in(links: &[Link], left: &BTreeSet<usize>) -> Option<Vec<usize>> {
    let mut way = vec![*left.first()?];
    loop {
        let sources = &links[way[way.len() - 1]].reads;
        let writes = |index: &&usize| {
            let writes = &links[**index].writes;
            sources.iter().any(|(source, _)| writes.contains(source))
        };
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
