//! What must hold after a run, as it is written.

use schemars::JsonSchema;

use super::{FilePath, Jq, OneOrMore};

/// What must hold for the records of a stream after the run.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Expect {
    /// How many records there are: a number, or `min` and `max`.
    pub count: Option<Count>,
    /// True of every record.
    pub every: Option<OneOrMore<Jq>>,
    /// True of at least one record.
    pub some: Option<OneOrMore<Jq>>,
    /// A file with the same records.
    pub equals: Option<Equals>,
    /// What never decreases among the records of a key.
    pub order: Option<KeyOrder>,
    /// What a record is: `json` (the default) or `text`.
    pub format: Option<ExpectFormat>,
}

/// A number of records.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub enum Count {
    /// Exactly so many.
    Exactly(u64),
    /// Between two numbers.
    Between(Bounds),
}

/// Bounds, both included.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Bounds {
    /// At least so many.
    pub min: Option<u64>,
    /// At most so many.
    pub max: Option<u64>,
}

/// The records that a stream must have.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub enum Equals {
    /// A file of records, in any order.
    File(FilePath),
    /// A file of records, and whether order counts.
    Ordered(EqualsFile),
}

/// A file of records, and whether order counts.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct EqualsFile {
    /// NDJSON (or lines of text); relative paths start from the scenario's folder.
    pub file: FilePath,
    /// `any` (the default), or `exact`: each partition has the order of the file.
    pub order: Option<EqualsOrder>,
}

/// Whether the order of records counts.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
pub enum EqualsOrder {
    /// The same records, each as often, in any order.
    Any,
    /// Also, the records of each partition have the order of the file.
    Exact,
}

/// Among the records of a key, `by` never decreases.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct KeyOrder {
    /// The key: `$key` for the record's key, or a program over its value.
    pub key: Jq,
    /// What must not decrease, such as `.seq`.
    pub by: Jq,
}

/// What the bytes of a record are.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
pub enum ExpectFormat {
    /// One JSON value.
    Json,
    /// Text: programs see a string.
    Text,
}
