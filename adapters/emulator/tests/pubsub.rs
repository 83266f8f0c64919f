//! Pub/Sub by REST, in virtual time, with faults, and against bytes that are no requests.

#[path = "aws/client.rs"]
#[expect(
    dead_code,
    reason = "these tests need the HTTP part of the client only"
)]
mod client;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use ssectl_emulator::faults::Faults;
use ssectl_emulator::pubsub::{Config, Emulator, Limits};
use ssectl_emulator::store::{Fsync, ManualClock, Medium};

use client::Client;

const TOPIC: &str = "projects/p/topics/orders";
const READER: &str = "projects/p/subscriptions/reader";

/// An emulator with a topic and a subscription, and a client of it.
fn start(config: Config, options: Value) -> (Emulator, Client) {
    let emulator = Emulator::start(config).expect("a free port");
    emulator.declare_topic(TOPIC, b"{}").expect("a topic");
    let mut options = options;
    options["topic"] = TOPIC.into();
    let declared = emulator.declare_subscription(READER, options.to_string().as_bytes());
    declared.expect("a subscription");
    let client = Client::connect(emulator.address());
    (emulator, client)
}

fn ask(client: &mut Client, path: &str, body: &Value) -> (u16, Value) {
    let path = format!("/v1/{path}");
    let answer = client.request("POST", &path, &[], body.to_string().as_bytes());
    (answer.status, answer.json())
}

fn publish(client: &mut Client, text: &str) -> u16 {
    let message = json!({"messages": [{"attributes": {"text": text}}]});
    ask(client, &format!("{TOPIC}:publish"), &message).0
}

/// The texts and ack ids of what there is.
fn pull(client: &mut Client) -> Vec<(String, String)> {
    let wanted = json!({"maxMessages": 100, "returnImmediately": true});
    let (_, answer) = ask(client, &format!("{READER}:pull"), &wanted);
    let messages = answer["receivedMessages"].as_array().cloned();
    let text =
        |message: &Value, path: &str| message.pointer(path).unwrap().as_str().unwrap().to_owned();
    let messages = messages.unwrap_or_default();
    let pairs = messages.iter().map(|message| {
        let body = text(message, "/message/attributes/text");
        (body, text(message, "/ackId"))
    });
    pairs.collect()
}

#[test]
fn deadlines_pass_in_virtual_time() {
    let clock = Arc::new(ManualClock::new(1_700_000_000_000));
    let config = Config {
        clock: Arc::clone(&clock) as _,
        ..Config::default()
    };
    let (_emulator, mut client) = start(config, json!({"ackDeadlineSeconds": 600}));
    assert_eq!(publish(&mut client, "a"), 200);
    assert_eq!(pull(&mut client).len(), 1);
    clock.advance(Duration::from_secs(599));
    assert!(pull(&mut client).is_empty());
    clock.advance(Duration::from_secs(1));
    let (text, id) = pull(&mut client).remove(0);
    assert_eq!(text, "a");
    let acked = ask(
        &mut client,
        &format!("{READER}:acknowledge"),
        &json!({"ackIds": [id]}),
    );
    assert_eq!(acked, (200, json!({})));
    clock.advance(Duration::from_secs(3600));
    assert!(pull(&mut client).is_empty());
}

#[test]
fn what_is_declared_twice_has_to_be_the_same() {
    let (emulator, _) = start(Config::default(), json!({"ackDeadlineSeconds": 30}));
    let declare = |json: &str| emulator.declare_subscription(READER, json.as_bytes());
    let same = format!("{{\"topic\": \"{TOPIC}\", \"ackDeadlineSeconds\": 30}}");
    assert_eq!(declare(&same), Ok(()));
    let other = declare(&same.replace("30", "40")).unwrap_err();
    assert!(other.contains("other options"), "{other}");
    assert!(declare("{\"nothing\": 1}").unwrap_err().contains("nothing"));
    assert_eq!(emulator.declare_topic(TOPIC, b""), Ok(()));
    assert!(emulator.declare_topic("orders", b"").is_err());
}

#[test]
fn a_reset_empties_everything() {
    let (emulator, mut client) = start(Config::default(), json!({}));
    assert_eq!(
        client.request("GET", "/_ssectl/reset", &[], b"").status,
        405
    );
    assert_eq!(
        client.request("POST", "/_ssectl/reset", &[], b"").status,
        200
    );
    assert_eq!(publish(&mut client, "a"), 404);
    let all = client.request("GET", "/v1/projects/p/subscriptions", &[], b"");
    assert_eq!(all.json(), json!({}));
    assert_eq!(emulator.declare_topic(TOPIC, b""), Ok(()));
}

#[test]
fn a_full_memory_refuses_and_loses_nothing() {
    let config = Config {
        medium: Medium::Memory { limit: 64 << 10 },
        ..Config::default()
    };
    let (_emulator, mut client) = start(config, json!({}));
    let text = "x".repeat(1000);
    let sent = (0..200).take_while(|_| publish(&mut client, &text) == 200);
    let sent = sent.count();
    assert!((20..100).contains(&sent), "{sent}");
    assert_eq!(publish(&mut client, &text), 429);
    assert_eq!(pull(&mut client).len(), sent.min(100));
}

#[test]
fn planned_faults_strike() {
    let plan = |plan: &str| Config {
        faults: Faults::new(plan.parse().expect("a plan")),
        ..Config::default()
    };
    let (_emulator, mut client) = start(plan("throttle=1"), json!({}));
    assert_eq!(publish(&mut client, "a"), 429);
    let (_emulator, mut client) = start(plan("duplicate=1"), json!({}));
    publish(&mut client, "a");
    assert_eq!(pull(&mut client).len(), 2);
    let (_emulator, mut client) = start(plan("stale-lease=1"), json!({}));
    publish(&mut client, "a");
    assert_eq!((pull(&mut client).len(), pull(&mut client).len()), (1, 1));
    let (_emulator, mut client) = start(plan("reorder=1"), json!({}));
    publish(&mut client, "a");
    publish(&mut client, "b");
    let texts: Vec<_> = pull(&mut client)
        .into_iter()
        .map(|(text, _)| text)
        .collect();
    assert_eq!(texts, ["b", "a"]);
    let (_emulator, mut client) = start(plan("drop=1"), json!({}));
    assert!(
        client
            .try_request("GET", "/v1/projects/p/topics", &[], b"")
            .is_none()
    );
}

#[test]
fn garbage_does_no_harm() {
    let limits = Limits {
        request_bytes: 1 << 20,
        ..Limits::default()
    };
    let config = Config {
        limits,
        ..Config::default()
    };
    let (emulator, mut client) = start(config, json!({}));
    let mut frame = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    frame.extend([0xff; 4096]);
    for bytes in [&b"\0\0\0\0"[..], b"GET", &frame, &[0x80; 100_000]] {
        let mut stream = TcpStream::connect(emulator.address()).expect("it listens");
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        // It may be closed before all of it is written.
        drop(stream.write_all(bytes));
        drop(stream.shutdown(std::net::Shutdown::Write));
        drop(stream.read_to_end(&mut Vec::new()));
    }
    let deep = "[".repeat(100_000);
    for body in [
        "{",
        "[]",
        "null",
        "\"\"",
        &deep,
        "{\"messages\": [{\"data\": \"?\"}]}",
    ] {
        let path = format!("/v1/{TOPIC}:publish");
        let answer = client.request("POST", &path, &[], body.as_bytes());
        assert_eq!(answer.status, 400, "{body:.20}");
    }
    let large = vec![b' '; 2 << 20];
    let refused = Client::connect(emulator.address()).try_request("POST", "/v1/x", &[], &large);
    assert!(refused.is_none_or(|answer| answer.status == 400));
    for path in [
        "/v1/%ff",
        "/v1/projects/p/topics/%2e%2e",
        "/v1//",
        "/v1/projects/p/topics/a%00b",
    ] {
        let answer = client.request("GET", path, &[], b"");
        assert!((400..500).contains(&answer.status), "{path}");
    }
    assert_eq!(publish(&mut client, "a"), 200);
    assert_eq!(pull(&mut client).len(), 1);
}

#[test]
fn schemas_survive_a_restart_and_not_a_reset() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let config = || Config {
        medium: Medium::Directory {
            path: directory.path().to_owned(),
            fsync: Fsync::EveryAppend,
        },
        ..Config::default()
    };
    let schema = "projects/p/schemas/order";
    let revision = |fields: &str| {
        let definition = format!("syntax = \"proto3\"; message R {{ {fields} }}");
        json!({"schema": {"type": "PROTOCOL_BUFFER", "definition": definition}})
    };
    let (emulator, mut client) = start(config(), json!({}));
    let first = revision("string a = 1;")["schema"].take();
    let path = "projects/p/schemas?schemaId=order";
    assert_eq!(ask(&mut client, path, &first).0, 200);
    let second = revision("string a = 1; string b = 2;");
    let (_, shown) = ask(&mut client, &format!("{schema}:commit"), &second);
    let settings =
        json!({"schema": schema, "encoding": "JSON", "firstRevisionId": shown["revisionId"]});
    let change = json!({"topic": {"schemaSettings": settings}, "updateMask": "schemaSettings"});
    let changed = client.request(
        "PATCH",
        &format!("/v1/{TOPIC}"),
        &[],
        change.to_string().as_bytes(),
    );
    assert_eq!(changed.json()["schemaSettings"], settings);
    drop((emulator, client));

    let (emulator, mut client) = start(config(), json!({}));
    let again = client.request("GET", &format!("/v1/{schema}"), &[], b"");
    assert_eq!(again.json(), shown);
    let listed = client.request("GET", &format!("/v1/{schema}:listRevisions"), &[], b"");
    assert_eq!(listed.json()["schemas"].as_array().map(Vec::len), Some(2));
    // `publish` sends no data, which is no JSON.
    assert_eq!(publish(&mut client, "a"), 400);
    assert_eq!(
        client.request("POST", "/_ssectl/reset", &[], b"").status,
        200
    );
    drop((emulator, client));

    let (_emulator, mut client) = start(config(), json!({}));
    let gone = client.request("GET", &format!("/v1/{schema}"), &[], b"");
    assert_eq!(gone.status, 404);
    assert_eq!(publish(&mut client, "a"), 200);
}
