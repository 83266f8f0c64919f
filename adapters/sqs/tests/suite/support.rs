//! A service to test against: the one that `SSECTL_TEST_SQS` names.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use serde_json::{Value, json};
use ssectl_adapter::{
    Adapter, Capabilities, Commit, Fetched, Limit, Options, Range, Record, SinkSpec, Source,
    SourceSpec, StreamSpec, Target,
};
use ssectl_testkit::Harness;

/// Queues of a service.
pub(crate) struct Queues {
    endpoint: String,
}

impl Queues {
    /// Those of `SSECTL_TEST_SQS`.
    pub(crate) fn find() -> Self {
        let endpoint = std::env::var("SSECTL_TEST_SQS");
        Self {
            endpoint: endpoint.expect("SSECTL_TEST_SQS names a service, as tests/peers/sqs.sh starts one"),
        }
    }

    /// A target of it, with more options.
    pub(crate) fn target(&self, more: Value) -> Arc<dyn Target> {
        let mut options = options(json!({ "endpoint": self.endpoint }));
        options.extend(self::options(more));
        target(&options)
    }
}

/// A target, which must be a valid one.
pub(crate) fn target(options: &Options) -> Arc<dyn Target> {
    ssectl_adapter_sqs::adapter().target(options).expect("valid options")
}

/// JSON as options.
pub(crate) fn options(json: Value) -> Options {
    match json {
        Value::Object(options) => options,
        other => panic!("no map of options: {other}"),
    }
}

/// A name that no other test uses, now or later.
pub(crate) fn fresh(name: &str) -> String {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    let count = MADE.fetch_add(1, Ordering::Relaxed);
    format!("{name}-{:x}-{count}", now.as_nanos())
}

/// Makes a queue.
pub(crate) async fn make(target: &dyn Target, name: &str, config: &[(&str, &str)]) -> String {
    let spec = StreamSpec {
        name: name.to_owned(),
        config: config
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        ..StreamSpec::default()
    };
    let admin = target.admin().expect("an admin");
    admin.create(&spec).await.expect("a fresh queue");
    spec.name
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
        let admin = self.target(json!({})).admin().expect("an admin");
        // Already gone is as good.
        admin.delete(stream).await.ok();
    }
}
