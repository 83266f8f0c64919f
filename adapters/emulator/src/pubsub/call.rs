//! What an operation knows of its request.

use std::sync::Arc;

use tokio::time::Instant;

use super::service::PubSub;

/// One request.
#[derive(Debug)]
pub(super) struct Call {
    /// What it works on.
    pub(super) service: Arc<PubSub>,
    /// When the client stops waiting.
    pub(super) deadline: Option<Instant>,
}
