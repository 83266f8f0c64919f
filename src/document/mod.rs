//! YAML files whose every value knows its place: read within bounds, interpolated, held against a schema.
//!
//! Scenario files and configuration files are read here the same way. Nothing stops at the first
//! fault: each step adds what it finds to [`Faults`] and leaves the rest to the next one.

mod build;
mod editor;
mod excerpt;
mod fault;
mod interpolate;
mod node;
mod parse;
mod read;
mod secret;
mod shape;
mod syntax;
#[cfg(test)]
mod tests;
mod text;
mod trace;

pub use editor::schema_with_interpolation;
pub use fault::{Added, Fault, Faults, Severity};
pub use interpolate::{Env, Lookup, interpolate};
pub use node::{Entry, Key, Node, Scalar, Typed, Value};
pub use parse::parse;
pub use read::{MAX_BYTES, read};
pub(crate) use secret::mark_secrets;
pub use secret::{is_secret, redact_uri};
pub use shape::Shape;
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

/// Names in backticks, for "the fields are `a`, `b`"; of very many, the first ones.
pub(crate) fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    const MOST: usize = 24;
    let mut names = names.into_iter();
    let mut shown: Vec<String> = names.by_ref().take(MOST).map(quote).collect();
    match names.count() {
        0 => {}
        more => shown.push(format!("and {more} more")),
    }
    shown.join(", ")
}

/// The known name that a wrong one was probably meant to be.
pub(crate) fn meant<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let known: Vec<&str> = known.into_iter().collect();
    ssectl_adapter::closest(name, known.iter().copied()).or_else(|| {
        known
            .into_iter()
            .find(|known| strsim::damerau_levenshtein(name, known) == 1)
    })
}
