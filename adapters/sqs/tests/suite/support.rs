//! A service to test against: the one that `SSECTL_TEST_SQS` names, else the emulator.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use serde_json::{Value, json};
use ssectl_adapter::{
    Adapter, Capabilities, Commit, Fetched, Limit, Options, Range, Record, SinkSpec, Source,
    SourceSpec, StreamSpec, Target,
};
use ssectl_emulator::aws::{Config, Emulator};
use ssectl_testkit::Harness;

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
        options.extend(self::options(more));
        target(&options)
    }
}

/// A target, which must be a valid one.
pub(crate) fn target(options: &Options) -> Arc<dyn Target> {
    ssectl_adapter_sqs::adapter()
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

/// Writes to a queue.
pub(crate) fn sink_of(stream: &str) -> SinkSpec {
    SinkSpec {
        stream: stream.to_owned(),
    }
}

/// Reads a queue as no group: what was read comes back when the source closes.
pub(crate) fn reader_of(stream: &str, range: Range) -> SourceSpec {
    SourceSpec {
        stream: stream.to_owned(),
        range,
        ..SourceSpec::default()
    }
}

/// Reads a queue as a group: what is committed is deleted.
pub(crate) fn consumer_of(stream: &str, range: Range) -> SourceSpec {
    SourceSpec {
        group: Some("consumers".to_owned()),
        ..reader_of(stream, range)
    }
}

/// A record of text.
pub(crate) fn keyed(key: &str, value: &str) -> Record {
    Record {
        key: Some(key.to_owned().into()),
        ..Record::from_value(value.to_owned())
    }
}

/// The value of a record as text.
pub(crate) fn text(record: &Record) -> String {
    String::from_utf8(record.value.clone().expect("a value").to_vec()).expect("text")
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
