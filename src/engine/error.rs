//! Why a pipeline stopped.

use ssectl_adapter::{Error, Origin};
use ssectl_state::StateError;

use crate::expr::EvalError;

/// What is wrong with one record.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// A program failed on it.
    #[error("{0}")]
    Expression(EvalError),
    /// The source could not read it, or the sink did not take it.
    #[error("{0}")]
    Adapter(#[from] Error),
    /// A step does not take it.
    #[error("{0}")]
    Refused(String),
}

impl RecordError {
    /// How to fix it, where that is known.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Expression(_) | Self::Refused(_) => None,
            Self::Adapter(error) => error.hint_text(),
        }
    }
}

/// Why a pipeline stopped before its end.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// The source failed.
    #[error("cannot read")]
    Source(#[source] Error),
    /// The sink failed.
    #[error("cannot write")]
    Sink(#[source] Error),
    /// The sink of dead letters failed.
    #[error("cannot write a dead letter")]
    DeadLetter(#[source] Error),
    /// The source would not take a commit.
    #[error("cannot commit")]
    Commit(#[source] Error),
    /// A bad record, and the policy is to fail.
    #[error("bad record at {}", place(.origin))]
    Record {
        /// Where it was read.
        origin: Box<Origin>,
        /// What is wrong with it.
        #[source]
        error: RecordError,
    },
    /// A step that remembers cannot go on.
    #[error("a step cannot go on")]
    Step(#[source] RecordError),
    /// What steps remember cannot be read or written.
    #[error(transparent)]
    State(#[from] StateError),
    /// The stream of what steps remember failed.
    #[error("cannot write the changelog")]
    Changelog(#[source] Error),
    /// Results that are too many for the memory cannot wait on the disk.
    #[error("results cannot wait on the disk")]
    Spool(#[source] std::io::Error),
    /// A step has a record for a side stream that the pipeline was not given; a defect of ours.
    #[error("the pipeline has no side stream `{0}`")]
    NoSide(String),
    /// A worker thread panicked; a defect of ours.
    #[error("a worker stopped unexpectedly: {0}")]
    Worker(String),
}

/// Why a changelog cannot be gone on from.
#[derive(Debug, thiserror::Error)]
pub enum ChangelogError {
    /// The stream cannot be read.
    #[error("cannot read the changelog: {0}")]
    Stream(#[from] Error),
    /// The state cannot be made from it.
    #[error(transparent)]
    State(#[from] StateError),
}

impl PipelineError {
    /// The adapter's error below, if that is what it is.
    pub fn adapter(&self) -> Option<&Error> {
        match self {
            Self::Source(error)
            | Self::Sink(error)
            | Self::DeadLetter(error)
            | Self::Changelog(error)
            | Self::Commit(error) => Some(error),
            Self::Record {
                error: RecordError::Adapter(error),
                ..
            } => Some(error),
            _ => None,
        }
    }
}

/// `words[1]@17`, `data.json:17`; a made record has no place.
pub(super) fn place(origin: &Origin) -> String {
    let Origin {
        stream,
        partition,
        position,
    } = origin;
    match (stream.is_empty(), partition.as_str().is_empty()) {
        (true, _) => "the source".to_owned(),
        (false, true) => format!("{stream}:{position}"),
        (false, false) => format!("{stream}[{partition}]@{position}"),
    }
}
