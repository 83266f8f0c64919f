//! Whether a scenario gives the same on several targets.
//!
//! A run leaves [`Contents`] of its streams: the same records give the same contents, in whatever
//! order, partitions or times a target keeps them. [`compare`] holds those of several targets
//! against each other.

mod contents;
mod diff;
mod tally;

pub use contents::{Contents, Digest};
pub use diff::{Comparison, Difference, Outcome, compare};
pub use tally::Tally;

use ssectl_adapter::{Capabilities, Order};

use crate::scenario::Scenario;

/// What of a scenario's results cannot be compared on a target, one fragment each.
pub fn limits(scenario: &Scenario, target: &Capabilities) -> Vec<String> {
    let mut limits = Vec::new();
    if target.order < Order::PerKey {
        limits.push("order is not compared, the target does not keep it".to_owned());
    }
    if !target.fan_out {
        let names = scenario.streams.iter().map(|stream| stream.name.as_str());
        // What is expected of a stream is read from a copy, where pipelines read it too.
        let expected = |name: &str| scenario.expectations.iter().any(|e| e.stream == name);
        let read = names.filter(|name| scenario.reads(name) && !expected(name));
        limits.extend(read.map(|name| {
            format!("`{name}` is not compared, the pipeline that reads it takes its records away")
        }));
    }
    limits
}
