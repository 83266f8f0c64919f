//! `ssectl emulator` with several services.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::command::{exit_code, run, signal, start};

/// Starts the services and returns the lines with which they say that they are ready.
fn ready(args: &[&str], number: usize) -> (std::process::Child, Vec<String>) {
    let mut child = start(args);
    let said = BufReader::new(child.stderr.take().expect("piped"));
    let lines = said.lines().map(|line| line.expect("text"));
    let ready = lines.filter(|line| line.ends_with(" ready"));
    let ready = ready.take(number).collect();
    (child, ready)
}

/// Starts one service, asks it one thing, and kills it; the answer, head and all.
fn asked(args: &[&str], request: impl Fn(&str) -> String) -> String {
    let (mut child, lines) = ready(args, 1);
    let address = lines[0].split(' ').nth(1).expect("an address");
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream
        .write_all(request(address).as_bytes())
        .expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("text");
    child.kill().expect("it lives");
    child.wait().expect("a child");
    answer
}

#[test]
fn every_service_says_where_it_is() {
    let args = [
        "emulator",
        "--kafka-port",
        "0",
        "--pubsub-port",
        "0",
        "--aws-port",
        "0",
        "--eventhubs-port",
        "0",
    ];
    for (only, names) in [
        (&["--only", "sqs"][..], &["sqs"][..]),
        (&["--only", "kafka,sqs"], &["kafka", "sqs"]),
        (&["--only", "kinesis,sqs"], &["kinesis", "sqs"]),
        (&["--only", "eventhubs"], &["eventhubs"]),
        (&[], &["kafka", "kinesis", "pubsub", "sqs", "eventhubs"]),
    ] {
        let (mut child, lines) = ready(&[&args[..], only].concat(), names.len());
        let said: Vec<_> = lines
            .iter()
            .filter_map(|line| line.split(' ').next())
            .collect();
        assert_eq!(said, names);
        signal(&child, "TERM");
        assert_eq!(exit_code(&mut child, Duration::from_secs(60)), Some(143));
    }
}

#[test]
fn sqs_keeps_its_queues_in_the_data_directory() {
    let directory = tempfile::tempdir().expect("a folder");
    let directory = directory.path().display().to_string();
    let args = [
        "emulator",
        "--only",
        "sqs",
        "--aws-port",
        "0",
        "--data-dir",
        &directory,
    ];
    let ask = |query: &str| {
        asked(&args, |address| {
            format!(
                "GET /?Version=2012-11-05&{query} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nAuthorization: \
                 AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/sqs/aws4_request\r\n\r\n"
            )
        })
    };
    assert!(ask("Action=CreateQueue&QueueName=orders").starts_with("HTTP/1.1 200"));
    assert!(ask("Action=ListQueues").contains("/000000000000/orders</QueueUrl>"));
}

#[test]
fn pubsub_keeps_its_topics_in_the_data_directory() {
    let directory = tempfile::tempdir().expect("a folder");
    let directory = directory.path().display().to_string();
    let args = [
        "emulator",
        "--only",
        "pubsub",
        "--pubsub-port",
        "0",
        "--data-dir",
        &directory,
    ];
    let ask = |method: &str| {
        asked(&args, |address| {
            format!(
                "{method} /v1/projects/p/topics/orders HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
            )
        })
    };
    assert!(ask("GET").starts_with("HTTP/1.1 404"));
    assert!(ask("PUT").starts_with("HTTP/1.1 200"));
    assert!(ask("GET").contains("projects/p/topics/orders"));
}

#[test]
fn event_hubs_declares_hubs_keeps_them_and_writes_its_certificate() {
    let directory = tempfile::tempdir().expect("a folder");
    let path = |name: &str| directory.path().join(name).display().to_string();
    let (config, certificate, data) = (path("Config.json"), path("cert.pem"), path("data"));
    let declared = r#"{"UserConfig": {"NamespaceConfig": [{"Type": "EventHub", "Name": "emulatorNs1", "Entities":
        [{"Name": "orders", "PartitionCount": "3"}]}], "LoggingConfig": {"Type": "File"}}}"#;
    std::fs::write(&config, declared).expect("a file");
    let fixed = [
        "emulator",
        "--only",
        "eventhubs",
        "--eventhubs-port",
        "0",
        "--data-dir",
        &data,
        "--eventhubs-cert",
        &certificate,
    ];
    let ask = |more: &[&str], path: &str| {
        asked(&[&fixed[..], more].concat(), |address| {
            format!("GET /{path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")
        })
    };
    assert!(ask(&["--streams", &config], "health").contains("healthy"));
    let first = std::fs::read_to_string(&certificate).expect("a certificate");
    // Both are still there without the file.
    let described = ask(&[], "orders?api-version=2014-01");
    assert!(
        described.contains("<PartitionCount>3</PartitionCount>"),
        "{described}"
    );
    assert_eq!(first, std::fs::read_to_string(&certificate).expect("one"));
    assert!(first.starts_with("-----BEGIN CERTIFICATE-----") && !first.contains("PRIVATE"));
    std::fs::write(&config, r#"{"UserConfig": {}}"#).expect("a file");
    let refused = run(&[&fixed[..], &["--streams", &config]].concat(), "");
    assert!(refused.ended(6).err().contains("Config.json"));
}

#[test]
fn coverage_lists_the_operations_of_every_service() {
    let listed = run(&["emulator", "coverage"], "").ended(0).out();
    for row in [
        "kafka      Produce ",
        "pubsub     StreamingPull ",
        "kinesis    PutRecords ",
        "sqs        ReceiveMessage ",
        "sts        GetCallerIdentity ",
        "eventhubs  receive ",
    ] {
        assert!(listed.lines().any(|line| line.starts_with(row)), "{row}");
    }
    assert!(listed.contains("partly") && listed.contains("refused"));
}
