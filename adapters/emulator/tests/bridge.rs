//! One log for all: Kinesis and SQS over the same streams, in virtual time and over restarts.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use ssectl_emulator::Bridge;
use ssectl_emulator::aws::{Config, Emulator};
use ssectl_emulator::store::{Fsync, ManualClock, Medium};

const REGION: &str = "us-east-1";

/// The services of AWS over a shared store.
struct Services {
    emulator: Emulator,
    clock: Arc<ManualClock>,
}

impl Services {
    fn start(medium: Medium) -> Self {
        let clock = Arc::new(ManualClock::new(1_700_000_000_000));
        let bridge = Bridge::open(medium, Arc::clone(&clock) as _, 2).expect("a store");
        let config = Config {
            bridge: Some(bridge),
            clock: Arc::clone(&clock) as _,
            ..Config::default()
        };
        let emulator = Emulator::start(config).expect("a free port");
        Self { emulator, clock }
    }

    fn in_memory() -> Self {
        Self::start(Medium::Memory { limit: 1 << 30 })
    }

    fn on_disk(path: &Path) -> Self {
        let fsync = Fsync::Every(Duration::from_secs(1));
        let path = path.to_owned();
        Self::start(Medium::Directory { path, fsync })
    }

    fn call(&self, service: &str, operation: &str, parameters: Value) -> Result<Value, String> {
        let parameters = parameters.to_string();
        let answer = self
            .emulator
            .call(service, REGION, operation, parameters.as_bytes())?;
        Ok(match answer.as_slice() {
            [] => Value::Null,
            answer => serde_json::from_slice(answer).expect("a document"),
        })
    }

    fn create_stream(&self, name: &str, shards: u32) {
        let parameters = json!({"StreamName": name, "ShardCount": shards});
        self.call("kinesis", "CreateStream", parameters)
            .expect("a new stream");
    }

    fn put(&self, stream: &str, key: &str, data: &str) {
        let data = STANDARD.encode(data);
        let parameters = json!({"StreamName": stream, "PartitionKey": key, "Data": data});
        self.call("kinesis", "PutRecord", parameters)
            .expect("a record is taken");
    }

    /// Data by partition key, of all shards.
    fn records(&self, stream: &str) -> Vec<(String, String)> {
        let shards = self.call("kinesis", "ListShards", json!({"StreamName": stream}));
        let shards = shards.expect("there is one");
        let mut found = Vec::new();
        for shard in shards["Shards"].as_array().expect("a list") {
            let parameters = json!({"StreamName": stream, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"});
            let iterator = self
                .call("kinesis", "GetShardIterator", parameters)
                .expect("an iterator");
            let records = self
                .call("kinesis", "GetRecords", iterator)
                .expect("records");
            for record in records["Records"].as_array().expect("a list") {
                let text = |name: &str| record[name].as_str().expect("text").to_owned();
                let data = STANDARD.decode(text("Data")).expect("base64");
                found.push((text("PartitionKey"), String::from_utf8(data).expect("text")));
            }
        }
        found.sort();
        found
    }

    fn url(&self, queue: &str) -> Result<String, String> {
        let answer = self.call("sqs", "GetQueueUrl", json!({"QueueName": queue}))?;
        Ok(answer["QueueUrl"].as_str().expect("text").to_owned())
    }

    fn send(&self, queue: &str, parameters: Value) {
        let mut parameters = parameters;
        parameters["QueueUrl"] = self.url(queue).expect("there is one").into();
        self.call("sqs", "SendMessage", parameters)
            .expect("a message is taken");
    }

    /// Up to `limit` messages, which are leased for half a minute.
    fn receive(&self, queue: &str, limit: u32) -> Vec<Value> {
        let parameters = json!({
            "QueueUrl": self.url(queue).expect("there is one"),
            "MaxNumberOfMessages": limit,
            "MessageAttributeNames": ["All"],
            "MessageSystemAttributeNames": ["All"],
        });
        let answer = self
            .call("sqs", "ReceiveMessage", parameters)
            .expect("an answer");
        answer["Messages"].as_array().cloned().unwrap_or_default()
    }

    fn delete(&self, queue: &str, message: &Value) {
        let url = self.url(queue).expect("there is one");
        let parameters = json!({"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"]});
        self.call("sqs", "DeleteMessage", parameters)
            .expect("it is leased");
    }
}

fn bodies(messages: &[Value]) -> Vec<&str> {
    let mut bodies: Vec<_> = messages
        .iter()
        .filter_map(|message| message["Body"].as_str())
        .collect();
    bodies.sort_unstable();
    bodies
}

#[test]
fn a_stream_is_a_queue_and_a_fifo_queue_each_at_its_own_pace() {
    let services = Services::in_memory();
    services.create_stream("orders", 3);
    services.put("orders", "k", "one");
    let standard = services.receive("orders", 10);
    assert_eq!(bodies(&standard), ["one"]);
    assert_eq!(
        standard[0]["MessageAttributes"]["ssectl.key"]["StringValue"],
        "k"
    );
    services.delete("orders", &standard[0]);
    let fifo = services.receive("orders.fifo", 10);
    assert_eq!(bodies(&fifo), ["one"]);
    assert_eq!(fifo[0]["Attributes"]["MessageGroupId"], "k");
    assert!(services.receive("orders", 10).is_empty());
}

#[test]
fn a_queue_is_a_stream_and_a_message_a_record_in_it() {
    let services = Services::in_memory();
    services
        .call(
            "sqs",
            "CreateQueue",
            json!({"QueueName": "jobs", "Attributes": {"VisibilityTimeout": "7"}}),
        )
        .unwrap();
    services.send("jobs", json!({"MessageBody": "plain"}));
    services.send(
        "jobs.fifo",
        json!({"MessageBody": "keyed", "MessageGroupId": "g", "MessageDeduplicationId": "d"}),
    );
    services.send(
        "jobs.fifo",
        json!({"MessageBody": "again", "MessageGroupId": "g", "MessageDeduplicationId": "d"}),
    );
    let records = services.records("jobs");
    assert_eq!(records.len(), 2, "{records:?}");
    assert_eq!(records[0], ("g".to_owned(), "keyed".to_owned()));
    assert!(records[1].0.starts_with("no-key:") && records[1].1 == "plain");
    assert_eq!(bodies(&services.receive("jobs", 10)), ["keyed", "plain"]);
    // The queue has the options of the first who asked for it.
    services.clock.advance(Duration::from_secs(8));
    assert_eq!(bodies(&services.receive("jobs", 10)), ["keyed", "plain"]);
}

#[test]
fn what_was_deleted_stays_so_over_a_restart_and_nothing_else_is_missing() {
    let directory = tempfile::tempdir().unwrap();
    let services = Services::on_disk(directory.path());
    services.create_stream("orders", 2);
    (0..6).for_each(|number| {
        services.put("orders", &number.to_string(), &format!("before {number}"))
    });
    let received = services.receive("orders", 2);
    received
        .iter()
        .for_each(|message| services.delete("orders", message));
    services.put("orders", "k", "not looked at");
    services.emulator.shutdown();
    let services = Services::on_disk(directory.path());
    services.put("orders", "k", "after");
    let mut left = services.receive("orders", 10);
    left.extend(services.receive("orders", 10));
    assert_eq!(left.len(), 6, "{left:?}");
    let (gone, left) = (bodies(&received), bodies(&left));
    assert!(
        gone.iter().all(|body| !left.contains(body)),
        "{gone:?} {left:?}"
    );
    assert!(left.contains(&"not looked at") && left.contains(&"after"));
    assert_eq!(services.records("orders").len(), 8);
}

#[test]
fn a_stream_that_is_deleted_on_one_side_is_gone_on_the_other() {
    let services = Services::in_memory();
    services.create_stream("orders", 1);
    services.put("orders", "k", "old");
    assert_eq!(services.receive("orders", 1).len(), 1);
    services
        .call("kinesis", "DeleteStream", json!({"StreamName": "orders"}))
        .unwrap();
    assert!(
        services
            .url("orders")
            .unwrap_err()
            .contains("NonExistentQueue")
    );
    services.create_stream("orders", 1);
    assert!(services.receive("orders", 1).is_empty());
    let url = services.url("orders").unwrap();
    services
        .call("sqs", "DeleteQueue", json!({"QueueUrl": url}))
        .unwrap();
    let error = services.call(
        "kinesis",
        "DescribeStreamSummary",
        json!({"StreamName": "orders"}),
    );
    assert!(error.unwrap_err().starts_with("ResourceNotFoundException"));
}

#[test]
fn shards_stay_because_they_are_partitions_of_others() {
    let services = Services::in_memory();
    services.create_stream("orders", 2);
    let parameters =
        json!({"StreamName": "orders", "TargetShardCount": 4, "ScalingType": "UNIFORM_SCALING"});
    let refused = services
        .call("kinesis", "UpdateShardCount", parameters)
        .unwrap_err();
    assert!(
        refused.starts_with("InvalidArgumentException") && refused.contains("bridged"),
        "{refused}"
    );
}

#[test]
fn old_records_stay_because_another_dialect_may_keep_them() {
    let services = Services::in_memory();
    services.create_stream("orders", 1);
    services.put("orders", "k", "old");
    services.clock.advance(Duration::from_secs(30 * 3600));
    assert_eq!(services.records("orders").len(), 1);
    assert_eq!(bodies(&services.receive("orders", 1)), ["old"]);
}
