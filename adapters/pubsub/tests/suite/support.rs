//! A service to test against: the one that `SSECTL_TEST_PUBSUB` names, else the emulator.

use std::sync::Arc;

use async_trait::async_trait;
use google_cloud_auth::credentials::anonymous;
use google_cloud_pubsub::client::{SubscriptionAdmin, TopicAdmin};
use serde_json::{Value, json};
use ssectl_adapter::{Adapter, Capabilities, Options, Range, Record, SourceSpec, Target};
use ssectl_emulator::pubsub::{Config, Emulator};
use ssectl_testkit::{Harness, support};

pub(crate) use ssectl_testkit::support::{
    consume, fresh, keyed, make, options, reader_of, sink_of, take, text, write,
};

/// The project of all tests.
pub(crate) const PROJECT: &str = "tests-of-ssectl";

/// Topics of a service.
pub(crate) struct Topics {
    pub(crate) endpoint: String,
    /// Kept alive for as long as the topics are used.
    _emulator: Option<Emulator>,
}

impl Topics {
    /// Those of `SSECTL_TEST_PUBSUB`, or of an emulator of our own.
    pub(crate) fn start() -> Self {
        match std::env::var("SSECTL_TEST_PUBSUB") {
            Ok(endpoint) => Self {
                endpoint,
                _emulator: None,
            },
            Err(_) => Self::emulated(Config::default()),
        }
    }

    /// Those of an emulator, for what other services leave out.
    pub(crate) fn emulated(config: Config) -> Self {
        let emulator = Emulator::start(config).expect("the emulator starts");
        Self {
            endpoint: format!("http://{}", emulator.address()),
            _emulator: Some(emulator),
        }
    }

    /// A target of it, with more options.
    pub(crate) fn target(&self, more: Value) -> Arc<dyn Target> {
        let mut options = options(json!({ "endpoint": self.endpoint, "project": PROJECT }));
        options.extend(support::options(more));
        target(&options)
    }

    /// Google's own client, as any other program has it.
    pub(crate) async fn topics(&self) -> TopicAdmin {
        let builder = TopicAdmin::builder().with_endpoint(&self.endpoint);
        let client = builder
            .with_credentials(anonymous::Builder::new().build())
            .build();
        client.await.expect("a client")
    }

    /// The same for subscriptions.
    pub(crate) async fn subscriptions(&self) -> SubscriptionAdmin {
        let builder = SubscriptionAdmin::builder().with_endpoint(&self.endpoint);
        let client = builder
            .with_credentials(anonymous::Builder::new().build())
            .build();
        client.await.expect("a client")
    }

    /// The short names of a topic's subscriptions.
    pub(crate) async fn subscriptions_of(&self, topic: &str) -> Vec<String> {
        let asked = self
            .topics()
            .await
            .list_topic_subscriptions()
            .set_topic(topic_name(topic))
            .send();
        let names = asked.await.expect("a list").subscriptions;
        let short = |name: &String| name.rsplit('/').next().unwrap_or(name).to_owned();
        names.iter().map(short).collect()
    }
}

/// The full name of a topic.
pub(crate) fn topic_name(topic: &str) -> String {
    format!("projects/{PROJECT}/topics/{topic}")
}

/// The full name of a subscription.
pub(crate) fn subscription_name(subscription: &str) -> String {
    format!("projects/{PROJECT}/subscriptions/{subscription}")
}

/// A target, which must be a valid one.
pub(crate) fn target(options: &Options) -> Arc<dyn Target> {
    ssectl_adapter_pubsub::adapter()
        .target(options)
        .expect("valid options")
}

#[async_trait]
impl Harness for Topics {
    fn capabilities(&self) -> Capabilities {
        ssectl_adapter_pubsub::adapter().capabilities()
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

/// Reads a topic as a group: what is committed is acknowledged.
pub(crate) fn consumer_of(stream: &str, range: Range) -> SourceSpec {
    SourceSpec {
        group: Some("consumers".to_owned()),
        ..reader_of(stream, range)
    }
}

/// `stored`, with an end or without.
pub(crate) fn stored(to: Option<ssectl_adapter::Bound>) -> Range {
    Range {
        from: ssectl_adapter::Bound::Stored,
        to,
    }
}

/// `0`, `1`, `2` ... without keys.
pub(crate) fn numbered(numbers: std::ops::Range<usize>) -> Vec<Record> {
    numbers.map(|n| Record::from_value(n.to_string())).collect()
}

/// The values as numbers, in ascending order.
pub(crate) fn numbers(records: &[Record]) -> Vec<usize> {
    let mut all: Vec<_> = records
        .iter()
        .map(|r| text(r).parse().expect("a number"))
        .collect();
    all.sort_unstable();
    all
}

/// Everything that a read gives up to its end.
pub(crate) async fn read(target: &dyn Target, spec: SourceSpec) -> Vec<Record> {
    let mut source = target.source(&spec).await.expect("a source");
    let records = consume(source.as_mut()).await;
    source.close().await.expect("the source closes");
    records
}
