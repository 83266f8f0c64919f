//! What must hold after a run.

use std::path::PathBuf;

use super::{Expr, Format};
use crate::document::Place;

/// What must hold for the records of a stream after a run.
#[derive(Clone, Debug)]
pub struct Expectation {
    /// The stream, declared under `streams`.
    pub stream: String,
    /// What a record is in it: JSON or text.
    pub format: Format,
    /// How many there are.
    pub count: Option<Count>,
    /// Each of these is true of every record.
    pub every: Vec<Expr>,
    /// Each of these is true of at least one record.
    pub some: Vec<Expr>,
    /// The records themselves.
    pub equals: Option<Equals>,
    /// What never decreases per key.
    pub order: Option<KeyOrder>,
    /// Where it is declared.
    pub place: Place,
}

/// Bounds of a number of records, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// At least so many.
    pub min: u64,
    /// At most so many, if there is a limit.
    pub max: Option<u64>,
}

/// A file that a stream must have the records of.
#[derive(Clone, Debug)]
pub struct Equals {
    /// NDJSON, or lines of text; it is there.
    pub file: PathBuf,
    /// Whether order counts.
    pub order: EqualsOrder,
    /// Where it is written.
    pub place: Place,
}

/// Whether the order of records counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EqualsOrder {
    /// The same records, each as often; in any order.
    #[default]
    Any,
    /// Also, the records of each partition have the order of the file.
    Exact,
}

/// Per key, `by` never decreases.
#[derive(Clone, Debug)]
pub struct KeyOrder {
    /// The key: `$key`, or a program over the record.
    pub key: Expr,
    /// What must not decrease, by jq's order of values.
    pub by: Expr,
}
