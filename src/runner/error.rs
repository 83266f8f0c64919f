//! Why a scenario could not be run.

use ssectl_adapter::Error;

/// Why a scenario could not be run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The target's configuration is wrong, or it cannot be reached.
    #[error("target: {0}")]
    Target(#[source] Error),
    /// The scenario needs what the target does not have.
    #[error("the scenario does not fit the target `{target}`:{}", lines(.mismatches))]
    Mismatch {
        /// The adapter's name.
        target: String,
        /// Each with what to change.
        mismatches: Vec<String>,
    },
    /// A stream could not be made or opened.
    #[error("stream `{stream}`: {source}")]
    Stream {
        /// Its name in the scenario, or its address.
        stream: String,
        /// Why.
        #[source]
        source: Error,
    },
    /// A pipeline's source or sink could not be set up.
    #[error("pipeline `{pipeline}`: {message}")]
    Pipeline {
        /// Its name.
        pipeline: String,
        /// Why.
        message: String,
    },
}

impl RunError {
    pub(super) fn target(error: Error) -> Self {
        Self::Target(error)
    }

    pub(super) fn stream(name: &str) -> impl FnOnce(Error) -> Self {
        let stream = name.to_owned();
        move |source| Self::Stream { stream, source }
    }

    pub(crate) fn pipeline(name: &str, message: impl std::fmt::Display) -> Self {
        Self::Pipeline {
            pipeline: name.to_owned(),
            message: message.to_string(),
        }
    }

    /// The adapter's error below, if there is one.
    pub fn adapter(&self) -> Option<&Error> {
        match self {
            Self::Target(error) | Self::Stream { source: error, .. } => Some(error),
            _ => None,
        }
    }
}

fn lines(all: &[String]) -> String {
    all.iter().map(|line| format!("\n  {line}")).collect()
}
