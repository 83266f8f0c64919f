//! A namespace whose hubs are topics.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use serde_json::{Value, json};
use ssectl_adapter::{Adapter, Capabilities, StreamSpec, Target};
use ssectl_emulator::eventhubs::{AccessKey, Config, Emulator};
use ssectl_testkit::Harness;
use tempfile::TempDir;

/// What clients say, and the emulator compares.
const KEY: &str = "c2VjcmV0";

/// An emulator of Event Hubs of our own.
pub(crate) struct Namespace {
    emulator: Emulator,
    /// Where its certificate is.
    directory: TempDir,
    is_tls: bool,
    made: AtomicU32,
}

impl Namespace {
    /// Reached with `SASL_PLAINTEXT`.
    pub(crate) fn plain() -> Self {
        Self::start(false)
    }

    /// Reached with `SASL_SSL`.
    pub(crate) fn tls() -> Self {
        Self::start(true)
    }

    fn start(is_tls: bool) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let config = Config {
            auto_create: false,
            access_key: Some(AccessKey {
                name: "root".to_owned(),
                key: KEY.to_owned(),
            }),
            certificate_file: is_tls.then(|| directory.path().join("certificate.pem")),
            ..Config::default()
        };
        Self {
            emulator: Emulator::start(config).expect("the emulator starts"),
            directory,
            is_tls,
            made: AtomicU32::new(0),
        }
    }

    fn options(&self) -> Value {
        let address = self.emulator.address();
        let password =
            format!("Endpoint=sb://{address}/;SharedAccessKeyName=root;SharedAccessKey={KEY}");
        let mut options = json!({
            "brokers": address.to_string(),
            "sasl": { "mechanism": "PLAIN", "username": "$ConnectionString", "password": password },
        });
        if self.is_tls {
            options["tls"] = json!({ "ca": self.directory.path().join("certificate.pem") });
        }
        options
    }

    fn open(&self) -> Arc<dyn Target> {
        let Value::Object(options) = self.options() else {
            unreachable!("options are a map");
        };
        let target = ssectl_adapter_kafka::adapter().target(&options);
        target.expect("valid options")
    }
}

#[async_trait]
impl Harness for Namespace {
    fn capabilities(&self) -> Capabilities {
        ssectl_adapter_kafka::adapter().capabilities()
    }

    async fn target(&self) -> Arc<dyn Target> {
        self.open()
    }

    async fn create(&self, partitions: u32) -> String {
        let count = self.made.fetch_add(1, Ordering::Relaxed);
        let spec = StreamSpec {
            name: format!("hub-{count}"),
            partitions: Some(partitions),
            // Records of the suite are years old, which a week's retention would not keep.
            config: [("retention.ms".to_owned(), "-1".to_owned())].into(),
            ..StreamSpec::default()
        };
        let admin = self.open().admin().expect("an admin");
        admin.create(&spec).await.expect("a fresh hub");
        spec.name
    }

    async fn delete(&self, stream: &str) {
        let admin = self.open().admin().expect("an admin");
        // Already gone is as good.
        admin.delete(stream).await.ok();
    }
}
