//! A table that records are enriched from.

use super::{Expr, Read};
use crate::document::Place;
use crate::engine::Missing;

/// Each record gets the row of a table that belongs to it.
#[derive(Clone, Debug)]
pub struct Enrich {
    /// What is looked up.
    pub by: Expr,
    /// The table.
    pub with: Read,
    /// What a row is found by.
    pub key: Expr,
    /// What of a row is taken.
    pub value: Expr,
    /// The member of the record that it becomes.
    pub member: String,
    /// What happens to a record that no row belongs to.
    pub missing: Missing,
    /// Whether the table is read on while records are enriched.
    pub follow: bool,
    /// Where the table is named.
    pub place: Place,
}
