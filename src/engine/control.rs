//! How a running pipeline is told things, and how it tells things.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

/// Something a user may want to know while the pipeline goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The pipeline's name.
    pub pipeline: String,
    /// A lower-case fragment.
    pub message: String,
    /// Whether something is not as it should be.
    pub warns: bool,
}

/// The handles that every pipeline of a run shares.
#[derive(Clone)]
pub struct Control {
    /// Cancelled: stop reading, write and commit what was read.
    pub stop: CancellationToken,
    /// Receives notices; must not block.
    pub notify: Arc<dyn Fn(Notice) + Send + Sync>,
}

impl Control {
    /// A control nobody ever uses: runs until the sources end.
    pub fn detached() -> Self {
        Self {
            stop: CancellationToken::new(),
            notify: Arc::new(|_| {}),
        }
    }
}
