//! Steps that relate records to others of the same key.

use std::sync::Arc;

use super::Read;
use crate::document::Place;
use crate::relate::Plan;

/// A `dedupe`, `join` or `as-of`.
#[derive(Clone, Debug)]
pub struct Related {
    /// Its name in the file.
    pub name: &'static str,
    /// What runs.
    pub plan: Arc<Plan>,
    /// The right source of a join.
    pub with: Option<Read>,
    /// The programs over the records of the pipeline, and where they are written.
    pub programs: Vec<(String, Place)>,
    /// Those over the records of the right source.
    pub partner_programs: Vec<(String, Place)>,
    /// Where it is written; of a join, where its right source is.
    pub place: Place,
}
