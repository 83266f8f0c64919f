//! A service to test against: the one that `SSECTL_TEST_KINESIS` names, else the emulator.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::config::{BehaviorVersion, Credentials, Region};
use serde_json::{Value, json};
use ssectl_adapter::{
    Adapter, Bound, Capabilities, Fetched, Limit, Options, Range, Record, Source, SourceSpec,
    StreamSpec, Target,
};
use ssectl_emulator::aws::{Config, Emulator};
use ssectl_testkit::{Harness, support};
use tempfile::TempDir;

pub(crate) use ssectl_testkit::support::{
    consume, fresh, keyed, options, reader_of, sink_of, take, text, write,
};

/// Streams of a service, and a folder for checkpoints.
pub(crate) struct Streams {
    pub(crate) endpoint: String,
    pub(crate) checkpoints: TempDir,
    /// Kept alive for as long as the streams are used.
    _emulator: Option<Emulator>,
}

impl Streams {
    /// Those of `SSECTL_TEST_KINESIS`, or of an emulator of our own.
    pub(crate) fn start() -> Self {
        match std::env::var("SSECTL_TEST_KINESIS") {
            Ok(endpoint) => Self {
                endpoint,
                checkpoints: TempDir::new().expect("a folder"),
                _emulator: None,
            },
            Err(_) => Self::emulated(Config::default()),
        }
    }

    /// Those of an emulator that is set up for a test, with limits, faults or a clock of its own.
    pub(crate) fn emulated(config: Config) -> Self {
        let emulator = Emulator::start(config).expect("the emulator starts");
        Self {
            endpoint: format!("http://{}", emulator.address()),
            checkpoints: TempDir::new().expect("a folder"),
            _emulator: Some(emulator),
        }
    }

    /// A target of it, with more options.
    pub(crate) fn target(&self, more: Value) -> Arc<dyn Target> {
        let folder = self.checkpoints.path().to_str().expect("a path of text");
        let mut options = options(
            json!({ "endpoint": self.endpoint, "checkpoint-dir": folder, "reads-per-second": 50 }),
        );
        options.extend(support::options(more));
        target(&options)
    }

    /// The SDK's own client: another program.
    pub(crate) fn client(&self) -> Client {
        let config = aws_sdk_kinesis::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .endpoint_url(&self.endpoint)
            .credentials_provider(Credentials::new("x", "x", None, None, "test"));
        Client::from_conf(config.build())
    }
}

/// A target, which must be a valid one.
pub(crate) fn target(options: &Options) -> Arc<dyn Target> {
    ssectl_adapter_kinesis::adapter()
        .target(options)
        .expect("valid options")
}

/// Makes a stream.
pub(crate) async fn make(target: &dyn Target, shards: u32, config: &[(&str, &str)]) -> String {
    let spec = StreamSpec {
        name: fresh("test"),
        partitions: Some(shards),
        config: config
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        ..StreamSpec::default()
    };
    let admin = target.admin().expect("an admin");
    admin.create(&spec).await.expect("a fresh stream");
    spec.name
}

#[async_trait]
impl Harness for Streams {
    fn capabilities(&self) -> Capabilities {
        ssectl_adapter_kinesis::adapter().capabilities()
    }

    async fn target(&self) -> Arc<dyn Target> {
        self.target(json!({}))
    }

    async fn create(&self, partitions: u32) -> String {
        make(self.target(json!({})).as_ref(), partitions, &[]).await
    }

    async fn delete(&self, stream: &str) {
        support::delete(self.target(json!({})).as_ref(), stream).await;
    }
}

/// Reads on where the group committed.
pub(crate) fn member_of(stream: &str, to: Option<Bound>) -> SourceSpec {
    SourceSpec {
        group: Some("readers".to_owned()),
        ..reader_of(
            stream,
            Range {
                from: Bound::Stored,
                to,
            },
        )
    }
}

/// Numbered values of so many keys in turn.
pub(crate) fn numbered(numbers: std::ops::Range<usize>, keys: usize) -> Vec<Record> {
    numbers
        .map(|number| keyed(&format!("key {}", number % keys), &number.to_string()))
        .collect()
}

/// Writes records as the engine does: again what was refused for now, until all are taken. Answers how often.
pub(crate) async fn write_patiently(
    target: &dyn Target,
    stream: &str,
    records: &[Record],
) -> usize {
    let mut sink = loop {
        match target.sink(&sink_of(stream)).await {
            Ok(sink) => break sink,
            Err(error) => assert!(error.is_temporary(), "{error}"),
        }
    };
    let mut left = records.to_vec();
    let deadline = Instant::now() + Duration::from_secs(120);
    for times in 1.. {
        assert!(
            Instant::now() < deadline,
            "{} records are still refused",
            left.len()
        );
        let written = match sink.write(&left).await {
            Ok(written) => written,
            Err(error) if error.is_temporary() => continue,
            Err(error) => panic!("{error}"),
        };
        assert!(
            written
                .rejected
                .iter()
                .all(|refused| refused.error.is_temporary())
        );
        left = written
            .rejected
            .iter()
            .map(|refused| left[refused.index].clone())
            .collect();
        if left.is_empty() {
            return times;
        }
    }
    unreachable!("the loop above has no end")
}

/// Everything up to the end of a source that may fail for now; answers how often it did.
pub(crate) async fn read_patiently(source: &mut dyn Source) -> (Vec<Record>, usize) {
    let (mut records, mut failures) = (Vec::new(), 0);
    let deadline = Instant::now() + Duration::from_secs(120);
    while Instant::now() < deadline {
        match source.fetch(Limit::default()).await {
            Ok(Fetched::Batch(batch)) => records.extend(batch.records),
            Ok(Fetched::Idle) => {}
            Ok(Fetched::End) => return (records, failures),
            Err(error) => {
                assert!(error.is_temporary(), "{error}");
                failures += 1;
            }
        }
    }
    panic!("no end after {} records", records.len());
}

/// Everything that a stream holds.
pub(crate) async fn read_all(target: &dyn Target, stream: &str) -> Vec<Record> {
    let source = target.source(&reader_of(stream, Range::all())).await;
    let mut source = source.expect("a source");
    let records = consume(source.as_mut()).await;
    source.close().await.expect("the source closes");
    records
}

/// Asserts that the numbered records are all there, those of each key in their order.
pub(crate) fn assert_in_order(records: &[Record], count: usize) {
    let mut last = BTreeMap::new();
    for record in records {
        let number: usize = text(record).parse().expect("a number");
        let before = last.insert(record.key.clone(), number);
        assert!(before < Some(number), "{number} came after {before:?}");
    }
    assert_eq!(records.len(), count);
}
