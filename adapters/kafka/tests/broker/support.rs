//! A real Apache Kafka of our own, to log in to, to stop and to start again.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;

use serde_json::Value;
use ssectl_adapter::{Adapter, Range, Record, SinkSpec, SourceSpec, StreamSpec, Target};
use tempfile::TempDir;

/// One broker; killed when dropped.
pub(crate) struct Broker {
    data: TempDir,
    facts: BTreeMap<String, String>,
}

impl Broker {
    /// Starts it, with listeners for every way to log in.
    pub(crate) fn start() -> Self {
        let mut broker = Self {
            data: tempfile::tempdir().expect("a directory"),
            facts: BTreeMap::new(),
        };
        broker.run("start", &["--sasl"]);
        broker
    }

    /// What `tests/peers/kafka.sh` told: `BOOTSTRAP`, `SASL_BOOTSTRAP`, `CA_FILE` ...
    pub(crate) fn fact(&self, name: &str) -> &str {
        &self.facts[name]
    }

    /// Ends it properly and starts it again.
    pub(crate) fn restart(&mut self) {
        self.run("restart", &[]);
    }

    /// As a power cut does.
    pub(crate) fn kill(&mut self) {
        self.run("kill", &[]);
    }

    /// Starts it again with what it had stored.
    pub(crate) fn start_again(&mut self) {
        self.run("start", &[]);
    }

    fn run(&mut self, action: &str, more: &[&str]) {
        let script = script();
        let output = Command::new(&script)
            .arg(action)
            .arg("--data")
            .arg(self.data.path())
            .args(more)
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .unwrap_or_else(|error| panic!("{}: {error}", script.display()));
        assert!(
            output.status.success(),
            "{} {action} failed",
            script.display()
        );
        let text = String::from_utf8(output.stdout).expect("text");
        let pairs = text.lines().filter_map(|line| line.split_once('='));
        self.facts
            .extend(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        // Not to be waited for, and no reason to panic while panicking.
        let kill = Command::new(script())
            .arg("kill")
            .arg("--data")
            .arg(self.data.path())
            .status();
        kill.ok();
    }
}

/// The folder of the scripts that install and run foreign programs.
pub(crate) fn peers() -> PathBuf {
    match std::env::var_os("SSECTL_PEERS_HOME") {
        Some(home) => home.into(),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/peers"),
    }
}

fn script() -> PathBuf {
    peers().join("kafka.sh")
}

/// A target, which must be a valid one.
pub(crate) fn target(options: Value) -> Arc<dyn Target> {
    let Value::Object(options) = options else {
        panic!("no map of options");
    };
    let target = ssectl_adapter_kafka::adapter().target(&options);
    target.expect("valid options")
}

/// Makes a topic.
pub(crate) async fn create(target: &dyn Target, name: &str, partitions: u32) {
    let spec = StreamSpec {
        name: name.to_owned(),
        partitions: Some(partitions),
        ..StreamSpec::default()
    };
    let admin = target.admin().expect("an admin");
    admin.create(&spec).await.expect("a fresh topic");
}

/// Writes to a topic.
pub(crate) fn sink_of(stream: &str) -> SinkSpec {
    SinkSpec {
        stream: stream.to_owned(),
        ..SinkSpec::default()
    }
}

/// Reads all that a topic holds.
pub(crate) fn whole(stream: &str) -> SourceSpec {
    SourceSpec {
        stream: stream.to_owned(),
        range: Range::all(),
        ..SourceSpec::default()
    }
}

/// Numbers as values, with fifty keys in turn.
pub(crate) fn numbered(numbers: std::ops::Range<usize>) -> Vec<Record> {
    numbers
        .map(|number| Record {
            key: Some(format!("key-{}", number % 50).into()),
            ..Record::from_value(number.to_string())
        })
        .collect()
}

/// The number in a value.
pub(crate) fn number(record: &Record) -> usize {
    let text = std::str::from_utf8(record.value.as_deref().expect("a value")).expect("text");
    text.parse().expect("a number")
}
