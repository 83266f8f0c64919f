//! A service to test against: the one that `SSECTL_TEST_PUBSUB` names, else the emulator.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use google_cloud_auth::credentials::anonymous;
use google_cloud_pubsub::client::{SubscriptionAdmin, TopicAdmin};
use serde_json::{Value, json};
use ssectl_adapter::{
    Adapter, Capabilities, Commit, Fetched, Limit, Options, Range, Record, SinkSpec, Source,
    SourceSpec, StreamSpec, Target,
};
use ssectl_emulator::pubsub::{Config, Emulator};
use ssectl_testkit::Harness;

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
        options.extend(self::options(more));
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
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970");
    let count = MADE.fetch_add(1, Ordering::Relaxed);
    format!("{name}-{:x}-{count}", now.as_nanos())
}

/// Makes a topic.
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
    admin.create(&spec).await.expect("a fresh topic");
    spec.name
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
        let admin = self.target(json!({})).admin().expect("an admin");
        // Already gone is as good.
        admin.delete(stream).await.ok();
    }
}

/// Writes to a topic.
pub(crate) fn sink_of(stream: &str) -> SinkSpec {
    SinkSpec {
        stream: stream.to_owned(),
    }
}

/// Reads a topic as no group.
pub(crate) fn reader_of(stream: &str, range: Range) -> SourceSpec {
    SourceSpec {
        stream: stream.to_owned(),
        range,
        ..SourceSpec::default()
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

/// A record of text.
pub(crate) fn keyed(key: &str, value: &str) -> Record {
    Record {
        key: Some(key.to_owned().into()),
        ..Record::from_value(value.to_owned())
    }
}

/// `0`, `1`, `2` ... without keys.
pub(crate) fn numbered(numbers: std::ops::Range<usize>) -> Vec<Record> {
    numbers.map(|n| Record::from_value(n.to_string())).collect()
}

/// The value of a record as text.
pub(crate) fn text(record: &Record) -> String {
    String::from_utf8(record.value.clone().expect("a value").to_vec()).expect("text")
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

/// Writes records, none of which may be refused.
pub(crate) async fn write(target: &dyn Target, stream: &str, records: &[Record]) {
    let mut sink = target.sink(&sink_of(stream)).await.expect("a sink");
    let written = sink.write(records).await.expect("a write");
    assert!(written.rejected.is_empty(), "{:?}", written.rejected);
    sink.close().await.expect("the sink closes");
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
        if let Fetched::Batch(batch) = source.fetch(limit).await.expect("a fetch") {
            records.extend(batch.records);
            commit.merge(batch.commit);
        }
    }
    (records, commit)
}

/// Everything up to the end of a source, each batch committed before the next is fetched.
pub(crate) async fn consume(source: &mut dyn Source) -> Vec<Record> {
    let mut records = Vec::new();
    let deadline = Instant::now() + Duration::from_secs(120);
    while Instant::now() < deadline {
        match source.fetch(Limit::default()).await.expect("a fetch") {
            Fetched::Batch(batch) => {
                records.extend(batch.records);
                source.commit(&batch.commit).await.expect("a commit");
            }
            Fetched::Idle => {}
            Fetched::End => return records,
        }
    }
    panic!("no end after {} records", records.len());
}

/// Everything that a read gives up to its end.
pub(crate) async fn read(target: &dyn Target, spec: SourceSpec) -> Vec<Record> {
    let mut source = target.source(&spec).await.expect("a source");
    let records = consume(source.as_mut()).await;
    source.close().await.expect("the source closes");
    records
}
