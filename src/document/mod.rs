//! YAML files whose every value knows its place: read within bounds, interpolated, held against a schema.
//!
//! Scenario files and configuration files are read here the same way. Nothing stops at the first
//! fault: each step adds what it finds to [`Faults`] and leaves the rest to the next one.

mod excerpt;
mod fault;
mod interpolate;
mod node;
mod parse;
mod read;
mod secret;
mod shape;
mod text;
mod trace;

pub use fault::{Added, Fault, Faults, Severity};
pub use interpolate::{Env, Lookup, interpolate};
pub use node::{Entry, Key, Node, Scalar, Typed, Value};
pub use parse::parse;
pub use read::{MAX_BYTES, read};
pub use secret::{is_secret, redact_uri};
pub use shape::{Shape, schema_with_interpolation};
pub use text::{Place, Text};

/// A value as it is shown in a message: in backticks, on one line, no longer than a glance.
pub(crate) fn quote(value: &str) -> String {
    const LONGEST: usize = 60;
    let mut shown: String = value
        .chars()
        .take(LONGEST)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect();
    if value.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    format!("`{shown}`")
}

/// Names in backticks, for "it knows `a`, `b`".
pub(crate) fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(quote).collect::<Vec<_>>().join(", ")
}
