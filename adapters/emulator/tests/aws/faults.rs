//! Faults on purpose, as a client of SQS meets them.

use serde_json::json;
use ssectl_emulator::aws::{Config, Emulator};
use ssectl_emulator::faults::Faults;

use crate::client::Client;

fn start_with(plan: &str) -> Emulator {
    let config = Config {
        faults: Faults::new(plan.parse().unwrap()),
        ..Config::default()
    };
    Emulator::start(config).expect("a free port")
}

#[test]
fn throttled_requests_have_the_services_own_error() {
    let emulator = start_with("throttle=1");
    let mut client = Client::connect(emulator.address());
    let answer = client.try_call("ListQueues", &json!({})).unwrap();
    assert_eq!(answer.status, 400);
    assert_eq!(
        answer.json()["__type"],
        "com.amazon.coral.service#ThrottlingException"
    );
    assert_eq!(
        answer.header("x-amzn-query-error"),
        Some("ThrottlingException;Sender")
    );
}

#[test]
fn dropped_requests_took_effect_or_not() {
    let emulator = start_with("drop=0.5,seed=3");
    let create = |number: &u32| {
        let mut client = Client::connect(emulator.address());
        let parameters = json!({"QueueName": format!("q{number}")});
        client.try_call("CreateQueue", &parameters).is_some()
    };
    let answered = (0..40).filter(create).count();
    let list = || Client::connect(emulator.address()).try_call("ListQueues", &json!({}));
    let listed = std::iter::repeat_with(list).flatten().next().unwrap();
    let made = listed.json()["QueueUrls"].as_array().unwrap().len();
    assert!(
        answered > 5 && answered < made && made < 35,
        "{answered} {made}"
    );
}

#[test]
fn duplicates_come_in_standard_queues_only() {
    let emulator = start_with("duplicate=1");
    let mut client = Client::connect(emulator.address());
    let url = client.create("q", json!({}));
    client.call("SendMessage", &json!({"QueueUrl": url, "MessageBody": "x"}));
    assert_eq!(client.receive(&url)[0]["Body"], "x");
    assert_eq!(client.receive(&url)[0]["Body"], "x");
    let url = client.create(
        "q.fifo",
        json!({"FifoQueue": "true", "ContentBasedDeduplication": "true"}),
    );
    let message = json!({"QueueUrl": url, "MessageBody": "x", "MessageGroupId": "g"});
    client.call("SendMessage", &message);
    assert_eq!(client.receive(&url)[0]["Body"], "x");
    assert!(client.receive(&url).is_empty());
}

#[test]
fn reordered_messages_come_backwards() {
    let emulator = start_with("reorder=1");
    let mut client = Client::connect(emulator.address());
    let url = client.create("q", json!({}));
    for body in ["a", "b", "c"] {
        client.call(
            "SendMessage",
            &json!({"QueueUrl": url, "MessageBody": body}),
        );
    }
    let received = client.receive(&url);
    let bodies: Vec<_> = received.iter().map(|message| &message["Body"]).collect();
    assert_eq!(bodies, ["c", "b", "a"]);
}
