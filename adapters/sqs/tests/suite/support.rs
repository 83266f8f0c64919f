//! A service to test against: the one that `SSECTL_TEST_SQS` names, else the emulator.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};
use ssectl_adapter::{Adapter, Capabilities, Options, Range, SourceSpec, Target};
use ssectl_emulator::aws::{Config, Emulator};
use ssectl_testkit::{Harness, support};

pub(crate) use ssectl_testkit::support::{
    consume, fresh, keyed, make, options, reader_of, sink_of, take, text, write,
};

/// Queues of a service.
pub(crate) struct Queues {
    pub(crate) endpoint: String,
    /// Kept alive for as long as the queues are used.
    _emulator: Option<Emulator>,
}

impl Queues {
    /// Those of `SSECTL_TEST_SQS`, or of an emulator of our own.
    pub(crate) fn start() -> Self {
        match std::env::var("SSECTL_TEST_SQS") {
            Ok(endpoint) => Self {
                endpoint,
                _emulator: None,
            },
            Err(_) => Self::emulated(),
        }
    }

    /// Those of an emulator, for what other services leave out.
    pub(crate) fn emulated() -> Self {
        let emulator = Emulator::start(Config::default()).expect("the emulator starts");
        Self {
            endpoint: format!("http://{}", emulator.address()),
            _emulator: Some(emulator),
        }
    }

    /// A target of it, with more options.
    pub(crate) fn target(&self, more: Value) -> Arc<dyn Target> {
        let mut options = options(json!({ "endpoint": self.endpoint }));
        options.extend(support::options(more));
        target(&options)
    }
}

/// A target, which must be a valid one.
pub(crate) fn target(options: &Options) -> Arc<dyn Target> {
    ssectl_adapter_sqs::adapter()
        .target(options)
        .expect("valid options")
}

#[async_trait]
impl Harness for Queues {
    fn capabilities(&self) -> Capabilities {
        ssectl_adapter_sqs::adapter().capabilities()
    }

    async fn target(&self) -> Arc<dyn Target> {
        self.target(json!({}))
    }

    async fn create(&self, _partitions: u32) -> String {
        make(self.target(json!({})).as_ref(), &fresh("test"), &[]).await
    }

    async fn delete(&self, stream: &str) {
        support::delete(self.target(json!({})).as_ref(), stream).await;
    }
}

/// Reads a queue as a group: what is committed is deleted.
pub(crate) fn consumer_of(stream: &str, range: Range) -> SourceSpec {
    SourceSpec {
        group: Some("consumers".to_owned()),
        ..reader_of(stream, range)
    }
}
