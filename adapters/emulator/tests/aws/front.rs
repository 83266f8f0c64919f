//! HTTP: routing, errors in each protocol, limits, the end.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;
use ssectl_emulator::aws::{Config, Emulator, Limits};

use crate::client::{Client, PATIENCE, SIGNED};
use crate::start;

const JSON: (&str, &str) = ("Content-Type", "application/x-amz-json-1.0");
const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

#[test]
fn errors_of_the_json_protocol_name_their_shape_and_code() {
    let emulator = start();
    let mut client = Client::connect(emulator.address());
    let answer = client
        .try_call("GetQueueUrl", &json!({"QueueName": "none"}))
        .unwrap();
    assert_eq!(answer.status, 400);
    assert_eq!(
        answer.json()["__type"],
        "com.amazonaws.sqs#QueueDoesNotExist"
    );
    let code = answer.header("x-amzn-query-error").unwrap();
    assert_eq!(code, "AWS.SimpleQueueService.NonExistentQueue;Sender");
    assert_eq!(
        answer.header("content-type"),
        Some("application/x-amz-json-1.0")
    );
    assert_eq!(answer.header("x-amzn-requestid").unwrap().len(), 36);
}

#[test]
fn errors_of_the_query_protocol_are_xml() {
    let emulator = start();
    let mut client = Client::connect(emulator.address());
    let body = b"Action=GetQueueUrl&Version=2012-11-05&QueueName=none";
    let answer = client.request("POST", "/", &[SIGNED, FORM], body);
    assert_eq!(answer.status, 400);
    assert!(
        answer
            .body
            .contains("<Type>Sender</Type><Code>AWS.SimpleQueueService.NonExistentQueue</Code>")
    );
    let id = answer.header("x-amzn-requestid").unwrap();
    assert!(
        answer
            .body
            .contains(&format!("<RequestId>{id}</RequestId>"))
    );
}

#[test]
fn a_request_has_to_be_signed() {
    let emulator = start();
    let mut client = Client::connect(emulator.address());
    let answer = client.request(
        "POST",
        "/",
        &[JSON, ("X-Amz-Target", "AmazonSQS.ListQueues")],
        b"{}",
    );
    assert_eq!(answer.status, 403);
    assert!(
        answer.json()["__type"]
            .as_str()
            .unwrap()
            .ends_with("#MissingAuthenticationTokenException")
    );
    let answer = client.request("GET", "/?Action=ListQueues&Version=2012-11-05", &[], b"");
    assert_eq!(answer.status, 403);
    assert!(
        answer
            .body
            .contains("<Code>MissingAuthenticationToken</Code>")
    );
}

#[test]
fn what_is_not_served_is_refused() {
    let emulator = start();
    let mut client = Client::connect(emulator.address());
    for target in ["AmazonSQS.Dance", "DynamoDB_20120810.ListTables", "nothing"] {
        let answer = client.request(
            "POST",
            "/",
            &[SIGNED, JSON, ("X-Amz-Target", target)],
            b"{}",
        );
        assert_eq!(answer.status, 400, "{target}");
        assert_eq!(
            answer.json()["__type"],
            "com.amazon.coral.service#UnknownOperationException",
            "{target}"
        );
    }
    let answer = client.request(
        "POST",
        "/",
        &[SIGNED, FORM],
        b"Action=AssumeRole&Version=2011-06-15",
    );
    assert!(
        answer.body.contains("<Code>InvalidAction</Code>"),
        "{answer:?}"
    );
}

#[test]
fn bodies_that_cannot_be_read_are_refused() {
    let emulator = start();
    let mut client = Client::connect(emulator.address());
    let headers = [SIGNED, JSON, ("X-Amz-Target", "AmazonSQS.ListQueues")];
    for body in [
        "{",
        "[]",
        "\u{0}",
        "{\"MaxResults\": \"ten\"}",
        "{\"QueueNamePrefix\": 1}",
    ] {
        let answer = client.request("POST", "/", &headers, body.as_bytes());
        assert_eq!(answer.status, 400, "{body}");
        assert_eq!(
            answer.json()["__type"],
            "com.amazon.coral.service#SerializationException",
            "{body}"
        );
    }
    assert_eq!(
        client.request("POST", "/", &headers, b"").status,
        200,
        "no body is an empty object"
    );
}

#[test]
fn caller_identity_is_that_of_the_account() {
    let emulator = start();
    let mut client = Client::connect(emulator.address());
    let answer = client.request(
        "POST",
        "/",
        &[SIGNED, FORM],
        b"Action=GetCallerIdentity&Version=2011-06-15",
    );
    assert_eq!(answer.status, 200);
    assert!(answer.body.contains("<Account>000000000000</Account>"));
    assert!(
        answer
            .body
            .contains("xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"")
    );
}

#[test]
fn bodies_are_bounded() {
    let limits = Limits {
        request_bytes: 1000,
        ..Limits::default()
    };
    let emulator = Emulator::start(Config {
        limits,
        ..Config::default()
    })
    .unwrap();
    let mut client = Client::connect(emulator.address());
    let headers = [SIGNED, JSON, ("X-Amz-Target", "AmazonSQS.ListQueues")];
    assert_eq!(
        client.request("POST", "/", &headers, &[b' '; 1001]).status,
        413
    );
}

#[test]
fn connections_are_bounded() {
    let limits = Limits {
        connections: 1,
        ..Limits::default()
    };
    let emulator = Emulator::start(Config {
        limits,
        ..Config::default()
    })
    .unwrap();
    let mut first = Client::connect(emulator.address());
    first.call("ListQueues", &json!({}));
    let mut second = Client::connect(emulator.address());
    assert!(second.try_call("ListQueues", &json!({})).is_none());
    first.call("ListQueues", &json!({}));
}

#[test]
fn http_2_is_spoken_without_an_upgrade() {
    let emulator = start();
    let mut stream = TcpStream::connect(emulator.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
        .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0")
        .unwrap();
    let mut frame = [0; 9];
    stream.read_exact(&mut frame).unwrap();
    assert_eq!(frame[3], 4, "the first frame is SETTINGS");
}

#[test]
fn garbage_ends_its_connection_alone() {
    let emulator = start();
    for garbage in [
        &b"\0\0\0\0"[..],
        b"GET\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    ] {
        let mut stream = TcpStream::connect(emulator.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(garbage).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        drop(stream.read_to_end(&mut Vec::new()));
    }
    Client::connect(emulator.address()).call("ListQueues", &json!({}));
}

#[test]
fn a_reset_deletes_everything() {
    let emulator = start();
    let mut client = Client::connect(emulator.address());
    let url = client.create("q", json!({}));
    client.call("SendMessage", &json!({"QueueUrl": url, "MessageBody": "x"}));
    assert_eq!(
        client.request("GET", "/_ssectl/reset", &[], b"").status,
        405
    );
    assert_eq!(
        client.request("POST", "/_ssectl/reset", &[], b"").status,
        200
    );
    assert_eq!(client.call("ListQueues", &json!({})), json!({}));
    client.create("q", json!({}));
    assert!(client.receive(&url).is_empty());
}

#[test]
fn the_end_does_not_wait_for_long_polls() {
    let emulator = start();
    let mut client = Client::connect(emulator.address());
    let url = client.create("q", json!({}));
    let poll = thread::spawn(move || {
        client.try_call(
            "ReceiveMessage",
            &json!({"QueueUrl": url, "WaitTimeSeconds": 20}),
        )
    });
    let mut other = Client::connect(emulator.address());
    // That it waits already cannot be seen; either way it has to end soon.
    other.call("ListQueues", &json!({}));
    let begun = Instant::now();
    emulator.shutdown();
    assert!(begun.elapsed() < Duration::from_secs(15));
    if let Some(answer) = poll.join().unwrap() {
        assert_eq!(answer.json(), json!({}));
    }
}
