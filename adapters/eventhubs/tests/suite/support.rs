//! A service to test against: the one that `SSECTL_TEST_EVENTHUBS` names, else the emulator.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use serde_json::{Value, json};
use ssectl_adapter::{
    Adapter, Capabilities, Commit, Fetched, Limit, Options, Record, Source, StreamSpec, Target,
};
use ssectl_emulator::eventhubs::{Config, Emulator};
use ssectl_testkit::{Harness, support};
use tempfile::TempDir;

pub(crate) use ssectl_testkit::support::{fresh, options, reader_of, sink_of, text, write};

/// Hubs of a service, and a place for checkpoints.
pub(crate) struct Hubs {
    pub(crate) endpoint: String,
    checkpoints: TempDir,
    /// Kept alive for as long as the hubs are used.
    _emulator: Option<Emulator>,
}

impl Hubs {
    /// Those of `SSECTL_TEST_EVENTHUBS`, or of an emulator of our own.
    pub(crate) fn start() -> Self {
        match std::env::var("SSECTL_TEST_EVENTHUBS") {
            Ok(endpoint) => Self {
                endpoint,
                checkpoints: tempfile::tempdir().expect("a folder"),
                _emulator: None,
            },
            Err(_) => Self::emulated(),
        }
    }

    /// Those of an emulator that makes no hub by itself, as the service makes none.
    pub(crate) fn emulated() -> Self {
        let config = Config {
            auto_create: false,
            ..Config::default()
        };
        let emulator = Emulator::start(config).expect("the emulator starts");
        Self {
            endpoint: format!("amqp://{}", emulator.address()),
            checkpoints: tempfile::tempdir().expect("a folder"),
            _emulator: Some(emulator),
        }
    }

    /// The options of a target of it, and more.
    pub(crate) fn options(&self, more: Value) -> Options {
        let mut options = options(json!({
            "endpoint": self.endpoint,
            "checkpoint-dir": self.checkpoints.path(),
        }));
        options.extend(support::options(more));
        options
    }

    /// A target of it, with more options.
    pub(crate) fn target(&self, more: Value) -> Arc<dyn Target> {
        target(&self.options(more))
    }
}

/// A target, which must be a valid one.
pub(crate) fn target(options: &Options) -> Arc<dyn Target> {
    ssectl_adapter_eventhubs::adapter()
        .target(options)
        .expect("valid options")
}

/// Makes a hub.
pub(crate) async fn make(target: &dyn Target, name: &str, partitions: u32) -> String {
    let spec = StreamSpec {
        name: name.to_owned(),
        partitions: Some(partitions),
        ..StreamSpec::default()
    };
    let admin = target.admin().expect("an admin");
    admin.create(&spec).await.expect("a fresh hub");
    spec.name
}

#[async_trait]
impl Harness for Hubs {
    fn capabilities(&self) -> Capabilities {
        ssectl_adapter_eventhubs::adapter().capabilities()
    }

    async fn target(&self) -> Arc<dyn Target> {
        self.target(json!({}))
    }

    async fn create(&self, partitions: u32) -> String {
        make(self.target(json!({})).as_ref(), &fresh("test"), partitions).await
    }

    async fn delete(&self, stream: &str) {
        support::delete(self.target(json!({})).as_ref(), stream).await;
    }
}

/// So many records, and the token that commits them.
pub(crate) async fn take(source: &mut dyn Source, count: usize) -> (Vec<Record>, Commit) {
    let (mut records, mut commit) = (Vec::new(), Commit::Nothing);
    let deadline = Instant::now() + Duration::from_secs(60);
    while records.len() < count {
        assert!(
            Instant::now() < deadline,
            "only {} of {count} records",
            records.len()
        );
        let limit = Limit {
            records: count - records.len(),
            ..Limit::default()
        };
        match source.fetch(limit).await {
            Ok(Fetched::Batch(batch)) => {
                records.extend(batch.records);
                commit.merge(batch.commit);
            }
            Ok(_) => {}
            // What the engine does too.
            Err(error) => assert!(error.is_temporary(), "{error}"),
        }
    }
    (records, commit)
}

/// `0`, `1`, `2` ... as values.
pub(crate) fn numbered(numbers: std::ops::Range<usize>) -> Vec<Record> {
    numbers
        .map(|number| Record::from_value(number.to_string()))
        .collect()
}
