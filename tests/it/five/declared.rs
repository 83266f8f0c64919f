//! Streams that are declared in a file, reset, and faults of such files.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;

use crate::command::{run, run_in};
use crate::emulator::Emulator;

const STREAMS: &str = "
kafka:
  orders: {partitions: 3, config: {retention.ms: 60000}}
pubsub:
  project: lab
  schemas: {order: {type: PROTOCOL_BUFFER, definition: 'syntax = \"proto3\"; message Order { string id = 1; }'}}
  topics: {orders: , dead: {labels: {a: b}}, checked: {schemaSettings: {schema: order, encoding: JSON}}}
  subscriptions:
    billing: {topic: orders, enableMessageOrdering: true, deadLetterPolicy: {deadLetterTopic: dead}}
kinesis:
  orders: {shards: 2}
  any: {on-demand: true}
sqs:
  orders: {VisibilityTimeout: 10}
  orders.fifo: {FifoQueue: true}
eventhubs:
  orders: {partitions: 4, consumer-groups: [billing]}
";

/// A service, its port, and how `ssectl` names it.
const SERVICES: [(&str, &str, &str); 5] = [
    (
        "kafka",
        "--kafka-port",
        "{adapter: kafka, brokers: 'ADDRESS'}",
    ),
    (
        "pubsub",
        "--pubsub-port",
        "{adapter: pubsub, endpoint: 'http://ADDRESS', project: lab}",
    ),
    (
        "kinesis",
        "--aws-port",
        "{adapter: kinesis, endpoint: 'http://ADDRESS'}",
    ),
    (
        "sqs",
        "--aws-port",
        "{adapter: sqs, endpoint: 'http://ADDRESS'}",
    ),
    (
        "eventhubs",
        "--eventhubs-port",
        "{adapter: eventhubs, endpoint: 'amqp://ADDRESS'}",
    ),
];

fn post(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("it listens");
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("text");
    answer
}

#[test]
fn streams_of_a_file_are_there_until_a_reset_on_every_service() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("streams.yaml");
    fs::write(&file, STREAMS).expect("written");
    let file = file.to_str().expect("a path of text");
    for (service, port_flag, target) in SERVICES {
        let emulator = Emulator::with(service, &[port_flag, "0", "--streams", file]);
        let target = target.replace("ADDRESS", emulator.address());
        let config = format!("targets:\n  lab: {target}\n");
        fs::write(folder.path().join("ssectl.yaml"), config).expect("written");
        let list = || {
            let done = run_in(folder.path(), &["streams", "list", "lab"], "").ended(0);
            done.out()
        };
        let listed = list();
        assert!(
            listed.lines().any(|line| line.starts_with("orders")),
            "{service}: {listed}"
        );
        let answer = post(emulator.address(), "/_ssectl/reset");
        assert!(answer.starts_with("HTTP/1.1 200"), "{service}: {answer}");
        // Clients of Event Hubs have no call that makes a hub, so the declared ones are made anew.
        let again = service == "eventhubs";
        assert_eq!(list().contains("orders"), again, "{service}: {}", list());
    }
}

#[test]
fn faults_of_the_file_are_told_with_their_places() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("streams.yaml");
    fs::write(
        &file,
        "kafka:\n  orders: {partitons: 3}\nkinesis: {clicks: {shards: many}}\n",
    )
    .expect("written");
    let file = file.to_str().expect("a path of text");
    let done = run(&["emulator", "--streams", file], "").ended(6);
    assert!(done.err().contains("streams.yaml:2:12"), "{}", done.err());
    assert!(done.err().contains("`partitons`"), "{}", done.err());
    assert!(done.err().contains("streams.yaml:3:28"), "{}", done.err());
}

#[test]
fn what_a_service_refuses_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("streams.yaml");
    fs::write(&file, "sqs: {orders: {VisibilityTimeout: 99999999}}").expect("written");
    let file = file.to_str().expect("a path of text");
    let arguments = [
        "emulator",
        "--only",
        "sqs",
        "--aws-port",
        "0",
        "--streams",
        file,
    ];
    let done = run(&arguments, "").ended(6);
    assert!(
        done.err().contains("queue `orders`: InvalidAttributeValue"),
        "{}",
        done.err()
    );
}
