//! What a test gives the suite.

use std::sync::Arc;

use async_trait::async_trait;
use ssectl_adapter::{Capabilities, Target};

/// A way to streams of one adapter. The suite makes one harness per case.
#[async_trait]
pub trait Harness: Send + Sync + 'static {
    /// What the adapter claims; the cases hold it to each claim.
    fn capabilities(&self) -> Capabilities;

    /// A target opened anew: as after a restart of the process, it shares nothing with targets
    /// that were opened before but the streams themselves.
    async fn target(&self) -> Arc<dyn Target>;

    /// Makes an empty stream of a name that was never used before, and answers the name.
    async fn create(&self, partitions: u32) -> String;

    /// Deletes a stream that a case made; one that is gone already is no error.
    async fn delete(&self, stream: &str);
}
