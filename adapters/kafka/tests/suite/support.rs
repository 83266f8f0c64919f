//! A cluster to test against: a real one when `SSECTL_TEST_KAFKA` names it, else the emulator.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use serde_json::{Value, json};
use ssectl_adapter::{
    Adapter, Capabilities, Fetched, Limit, Options, Range, Record, SinkSpec, Source, SourceSpec,
    StreamSpec, Target,
};
use ssectl_emulator::kafka::{Config, Emulator};
use ssectl_testkit::Harness;

/// A cluster, and the address to reach it at.
pub(crate) struct Cluster {
    pub(crate) address: String,
    /// How to log in there.
    login: Options,
    /// Kept alive for as long as the cluster is used.
    _emulator: Option<Emulator>,
}

impl Cluster {
    /// The broker of `SSECTL_TEST_KAFKA`, with the options of `SSECTL_TEST_KAFKA_LOGIN` (JSON) if there are some, or an
    /// emulator of our own.
    pub(crate) fn start() -> Self {
        if let Ok(address) = std::env::var("SSECTL_TEST_KAFKA") {
            let login = std::env::var("SSECTL_TEST_KAFKA_LOGIN");
            let login = login.map(|json| serde_json::from_str(&json).expect("a JSON object"));
            return Self {
                address,
                login: login.unwrap_or_default(),
                _emulator: None,
            };
        }
        let config = Config {
            auto_create: false,
            ..Config::default()
        };
        let emulator = Emulator::start(config).expect("the emulator starts");
        Self {
            address: emulator.address().to_string(),
            login: Options::default(),
            _emulator: Some(emulator),
        }
    }

    /// A target of it, with more options.
    pub(crate) fn target(&self, more: Value) -> Arc<dyn Target> {
        let mut options = options(json!({ "brokers": self.address }));
        options.extend(self.login.clone());
        options.extend(self::options(more));
        target(&options)
    }
}

/// A target, which must be a valid one.
pub(crate) fn target(options: &Options) -> Arc<dyn Target> {
    ssectl_adapter_kafka::adapter()
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

/// Makes a topic of a fresh name.
pub(crate) async fn topic(target: &dyn Target, partitions: u32, config: &[(&str, &str)]) -> String {
    let spec = StreamSpec {
        name: fresh("test"),
        partitions: Some(partitions),
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
impl Harness for Cluster {
    fn capabilities(&self) -> Capabilities {
        ssectl_adapter_kafka::adapter().capabilities()
    }

    async fn target(&self) -> Arc<dyn Target> {
        self.target(json!({}))
    }

    async fn create(&self, partitions: u32) -> String {
        // Records of the suite are years old, which the default retention would not keep.
        let keep = [("retention.ms", "-1")];
        topic(self.target(json!({})).as_ref(), partitions, &keep).await
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
        ..SinkSpec::default()
    }
}

/// Reads a part of a topic, as no group.
pub(crate) fn reader_of(stream: &str, range: Range) -> SourceSpec {
    SourceSpec {
        stream: stream.to_owned(),
        range,
        ..SourceSpec::default()
    }
}

/// A record of text.
pub(crate) fn keyed(key: &str, value: &str) -> Record {
    Record {
        key: Some(key.to_owned().into()),
        ..Record::from_value(value.to_owned())
    }
}

/// Writes records, none of which may be refused.
pub(crate) async fn write(target: &dyn Target, stream: &str, records: &[Record]) {
    let mut sink = target.sink(&sink_of(stream)).await.expect("a sink");
    let written = sink.write(records).await.expect("a write");
    assert!(written.rejected.is_empty(), "{:?}", written.rejected);
    sink.close().await.expect("the sink closes");
}

/// Everything up to the end of a source.
pub(crate) async fn until_end(source: &mut dyn Source) -> Vec<Record> {
    let mut records = Vec::new();
    let deadline = Instant::now() + Duration::from_secs(60);
    while Instant::now() < deadline {
        match source.fetch(Limit::default()).await.expect("a fetch") {
            Fetched::Batch(batch) => records.extend(batch.records),
            Fetched::Idle => {}
            Fetched::End => return records,
        }
    }
    panic!("no end after {} records", records.len());
}

/// Everything a topic holds.
pub(crate) async fn read_all(target: &dyn Target, stream: &str) -> Vec<Record> {
    let source = target.source(&reader_of(stream, Range::all())).await;
    until_end(source.expect("a source").as_mut()).await
}
