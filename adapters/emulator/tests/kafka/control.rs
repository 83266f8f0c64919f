//! HTTP on the port of Kafka.

use std::io::{Read, Write};
use std::net::TcpStream;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::MetadataRequest;
use ssectl_emulator::kafka::{Config, Emulator};
use ssectl_emulator::store::{Fsync, Medium};

use super::client::*;
use super::offsets::{commit, committed};

/// The whole answer to a request without a body.
fn http(emulator: &Emulator, request_line: &str) -> String {
    let mut stream = TcpStream::connect(emulator.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(stream, "{request_line} HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn topics(client: &mut Client) -> usize {
    client
        .call(12, &MetadataRequest::default().with_topics(None))
        .topics
        .len()
}

#[test]
fn reset_deletes_topics_groups_and_offsets_also_on_disk() {
    let dir = tempfile::tempdir().unwrap();
    let config = || Config {
        medium: Medium::Directory {
            path: dir.path().to_owned(),
            fsync: Fsync::EveryAppend,
        },
        ..Config::default()
    };
    let emulator = Emulator::start(config()).unwrap();
    let mut client = Client::of(&emulator);
    client.create_topic("t", 2, &[]);
    client.produce("t", 0, batch(ANYBODY, &["a"]));
    assert_eq!(commit(&mut client, -1, &text(""), 0, 1), 0);
    assert_eq!(committed(&emulator, 0), 1);
    assert!(http(&emulator, "POST /_ssectl/reset").starts_with("HTTP/1.1 200 OK\r\n"));
    assert_eq!(topics(&mut client), 0);
    assert_eq!(committed(&emulator, 0), -1);
    drop(emulator);
    let emulator = Emulator::start(config()).unwrap();
    let mut client = Client::of(&emulator);
    assert_eq!(topics(&mut client), 0);
    assert_eq!(committed(&emulator, 0), -1);
    client.create_topic("t", 1, &[]);
    assert_eq!(client.fetch("t", 0, 0, false).high_watermark, 0);
    let gone = client.fetch("t", 1, 0, false).error_code;
    assert_eq!(gone, ResponseError::UnknownTopicOrPartition.code());
}

#[test]
fn health_is_told_and_other_paths_are_explained() {
    let emulator = start();
    assert!(http(&emulator, "GET /health").ends_with(r#"{"status":"healthy"}"#));
    assert!(http(&emulator, "GET /").contains("404 Not Found"));
    assert!(http(&emulator, "GET /").contains("this port speaks Kafka"));
    assert!(http(&emulator, "GET /_ssectl/reset").contains("404 Not Found"));
}

#[test]
fn a_head_without_an_end_closes_the_connection() {
    let emulator = start();
    let mut stream = TcpStream::connect(emulator.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(b"GET /").unwrap();
    // The emulator may close before it has read all of it.
    let _ = stream.write_all(&[b'x'; 64 * 1024]);
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest);
    assert_eq!(topics(&mut Client::of(&emulator)), 0);
}
