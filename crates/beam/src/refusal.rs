//! What another engine cannot do.

/// Why a pipeline cannot be compiled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {why}")]
pub struct Refusal {
    /// The part of the pipeline, such as `late: {side}`.
    pub what: String,
    /// The rule of the other engine that it does not fit into, and what to do instead if there is anything.
    pub why: String,
}

impl Refusal {
    pub(crate) fn new(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            why: why.into(),
        }
    }
}
