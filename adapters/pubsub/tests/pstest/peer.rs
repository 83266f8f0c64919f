//! Topics of pstest, and a target whose reads without a group have subscriptions made in advance.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use serde_json::json;
use ssectl_adapter::{
    Adapter, Admin, Capabilities, Commit, Fetched, Limit, Options, Result, Sink, SinkSpec, Source,
    SourceSpec, Target,
};
use ssectl_testkit::Harness;

/// The project of all tests.
const PROJECT: &str = "tests";
/// Reads of a topic that name no group.
const READS: u32 = 8;

/// A pstest.
pub(crate) struct Peer {
    grpc: String,
    control: String,
}

impl Peer {
    /// The one that `SSECTL_TEST_PSTEST` names.
    pub(crate) fn new() -> Self {
        let said = std::env::var("SSECTL_TEST_PSTEST").expect("SSECTL_TEST_PSTEST names a pstest");
        let (grpc, control) = said.split_once(' ').expect("two addresses");
        Self {
            grpc: grpc.to_owned(),
            control: control.to_owned(),
        }
    }

    /// A target of it, with ordering keys or without.
    pub(crate) fn adapted(&self, ordering: bool) -> Arc<dyn Target> {
        let target = ssectl_adapter_pubsub::adapter().target(&options(json!({
            "endpoint": format!("http://{}", self.grpc),
            "project": PROJECT,
            "data-only": true,
            "ordering": ordering,
            // It cannot be asked, and is slow to begin where it holds much.
            "quiet": "5s",
        })));
        target.expect("valid options")
    }

    /// Makes a topic with subscriptions.
    pub(crate) fn make(&self, topic: &str, subscriptions: &[String], ordering: bool) {
        let of_all: String = subscriptions
            .iter()
            .map(|name| format!("&subscription=projects/{PROJECT}/subscriptions/{name}"))
            .collect();
        let path =
            format!("/topics?name=projects/{PROJECT}/topics/{topic}&ordering={ordering}{of_all}");
        let mut stream = TcpStream::connect(&self.control).expect("pstest listens");
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: pstest\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("text");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}

/// A name that no other test uses.
pub(crate) fn fresh(name: &str) -> String {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .expect("after 1970");
    format!(
        "{name}-{:x}-{}",
        now.as_nanos(),
        MADE.fetch_add(1, Ordering::Relaxed)
    )
}

fn options(json: serde_json::Value) -> Options {
    match json {
        serde_json::Value::Object(options) => options,
        other => panic!("no map of options: {other}"),
    }
}

#[async_trait]
impl Harness for Peer {
    fn capabilities(&self) -> Capabilities {
        ssectl_adapter_pubsub::adapter().capabilities_with(&options(json!({"data-only": true})))
    }

    async fn target(&self) -> Arc<dyn Target> {
        Arc::new(Named {
            target: self.adapted(false),
        })
    }

    async fn create(&self, _partitions: u32) -> String {
        let topic = fresh("test");
        let reads = (0..READS).map(|number| format!("{topic}.read-{number}"));
        let groups = ["group", "one", "other"].map(|group| format!("{topic}-{group}"));
        self.make(&topic, &reads.chain(groups).collect::<Vec<_>>(), false);
        topic
    }

    async fn delete(&self, _stream: &str) {
        // They end with the service.
    }
}

/// The number of a topic's next read.
fn next_read(topic: &str) -> u32 {
    static READS_OF: Mutex<BTreeMap<String, u32>> = Mutex::new(BTreeMap::new());
    let mut reads = READS_OF.lock().unwrap_or_else(PoisonError::into_inner);
    let next = reads.entry(topic.to_owned()).or_default();
    *next += 1;
    assert!(
        *next <= READS,
        "`{topic}` is read more often than it has subscriptions"
    );
    *next - 1
}

/// A target each of whose reads without a group has a subscription of its own.
struct Named {
    target: Arc<dyn Target>,
}

#[async_trait]
impl Target for Named {
    async fn source(&self, spec: &SourceSpec) -> Result<Box<dyn Source>> {
        if spec.group.is_some() {
            return self.target.source(spec).await;
        }
        let group = Some(format!("{}.read-{}", spec.stream, next_read(&spec.stream)));
        let source = self
            .target
            .source(&SourceSpec {
                group,
                ..spec.clone()
            })
            .await?;
        Ok(Box::new(Once(source)))
    }

    async fn sink(&self, spec: &SinkSpec) -> Result<Box<dyn Sink>> {
        self.target.sink(spec).await
    }

    fn admin(&self) -> Result<Box<dyn Admin>> {
        self.target.admin()
    }

    fn describe(&self) -> String {
        self.target.describe()
    }

    async fn probe(&self) -> Result<String> {
        self.target.probe().await
    }
}

/// A read that commits to nobody: what it has handed over is done.
struct Once(Box<dyn Source>);

#[async_trait]
impl Source for Once {
    async fn fetch(&mut self, limit: Limit) -> Result<Fetched> {
        let mut fetched = self.0.fetch(limit).await?;
        if let Fetched::Batch(batch) = &mut fetched {
            self.0.commit(&std::mem::take(&mut batch.commit)).await?;
        }
        Ok(fetched)
    }

    async fn bound(&mut self) -> Result<()> {
        self.0.bound().await
    }

    async fn commit(&mut self, _commit: &Commit) -> Result<()> {
        Ok(())
    }

    async fn close(self: Box<Self>) -> Result<()> {
        self.0.close().await
    }
}
