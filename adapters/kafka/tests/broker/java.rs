//! Agreement with the Java clients.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::json;
use ssectl_adapter::{Fetched, Limit, Record, Target};

use crate::support::{Broker, create, peers, sink_of, target, whole};

/// Java's own producer and ours put the same keys into the same partitions.
#[tokio::test]
#[ignore = "needs Apache Kafka: tests/peers/install.sh kafka"]
async fn keys_go_where_the_java_producer_sends_them() {
    let broker = Broker::start();
    let target = target(json!({ "brokers": broker.fact("BOOTSTRAP") }));
    let keys: Vec<_> = (0..500)
        .map(|n| format!("{}-é-{n}", "k".repeat(n % 11)))
        .collect();
    for stream in ["java", "ours"] {
        create(target.as_ref(), stream, 13).await;
    }
    let lines: String = keys.iter().map(|key| format!("{key}\tvalue\n")).collect();
    produce_with_java(broker.fact("BOOTSTRAP"), "java", &lines);
    let records: Vec<_> = keys
        .iter()
        .map(|key| Record {
            key: Some(key.clone().into()),
            ..Record::from_value("value")
        })
        .collect();
    let mut sink = target.sink(&sink_of("ours")).await.expect("a sink");
    sink.write(&records).await.expect("a write");
    let theirs = homes(target.as_ref(), "java").await;
    assert_eq!(theirs.len(), 500);
    assert_eq!(homes(target.as_ref(), "ours").await, theirs);
}

async fn homes(target: &dyn Target, stream: &str) -> BTreeSet<(Vec<u8>, String)> {
    let mut source = target.source(&whole(stream)).await.expect("a source");
    let mut homes = BTreeSet::new();
    loop {
        match source.fetch(Limit::default()).await.expect("a fetch") {
            Fetched::Batch(batch) => homes.extend(batch.records.into_iter().map(|record| {
                let key = record.key.expect("a key").to_vec();
                (key, record.origin.partition.as_str().to_owned())
            })),
            Fetched::Idle => {}
            Fetched::End => return homes,
        }
    }
}

fn produce_with_java(address: &str, stream: &str, lines: &str) {
    use std::io::Write;
    let mut child = Command::new(peers().join("tools.sh"))
        .args([
            "kafka-console-producer",
            "--bootstrap-server",
            address,
            "--topic",
            stream,
        ])
        .args(["--property", "parse.key=true"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("Kafka's console producer");
    let mut pipe = child.stdin.take().expect("a pipe");
    pipe.write_all(lines.as_bytes()).expect("it reads");
    drop(pipe);
    assert!(child.wait().expect("it ends").success());
}
