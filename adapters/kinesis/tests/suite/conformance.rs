//! The suite of all adapters: as records are by default, and with their times.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::json;
use ssectl_adapter::{Adapter, Capabilities, Target};
use ssectl_testkit::Harness;

use crate::support::{Streams, options};

ssectl_testkit::suite! {
    harness: Streams::start(),
    not_applicable: [
        timestamps_survive,
        times_include_the_first_and_exclude_the_last,
    ],
}

/// Streams whose records keep their times.
struct Timed(Streams);

#[async_trait]
impl Harness for Timed {
    fn capabilities(&self) -> Capabilities {
        let options = options(json!({"envelope": "with-times"}));
        ssectl_adapter_kinesis::adapter().capabilities_with(&options)
    }

    async fn target(&self) -> Arc<dyn Target> {
        self.0.target(json!({"envelope": "with-times"}))
    }

    async fn create(&self, partitions: u32) -> String {
        self.0.create(partitions).await
    }

    async fn delete(&self, stream: &str) {
        self.0.delete(stream).await;
    }
}

mod with_times {
    use super::{Streams, Timed};

    ssectl_testkit::suite! {
        harness: Timed(Streams::start()),
        not_applicable: [],
    }
}
