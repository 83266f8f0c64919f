//! SQS in virtual time, and what is there after a restart. Clients of AWS test the rest: `tests/conformance/sqs`.

use std::time::Duration;

use serde_json::{Value, json};
use ssectl_emulator::aws::{Config, Emulator, Support, coverage};
use ssectl_emulator::store::{Fsync, Medium};

use crate::client::Client;
use crate::{start, start_in_virtual_time};

fn send(client: &mut Client, url: &str, body: &str) -> Value {
    client.call(
        "SendMessage",
        &json!({"QueueUrl": url, "MessageBody": body}),
    )
}

fn send_fifo(client: &mut Client, url: &str, body: &str) -> Value {
    let message = json!({"QueueUrl": url, "MessageBody": body, "MessageGroupId": "g"});
    client.call("SendMessage", &message)
}

fn number(client: &mut Client, url: &str, attribute: &str) -> String {
    let found = client.call(
        "GetQueueAttributes",
        &json!({"QueueUrl": url, "AttributeNames": [attribute]}),
    );
    found["Attributes"][attribute].as_str().unwrap().to_owned()
}

#[test]
fn visibility_ends_with_the_clock() {
    let (emulator, clock) = start_in_virtual_time();
    let mut client = Client::connect(emulator.address());
    let url = client.create("q", json!({"VisibilityTimeout": "30"}));
    send(&mut client, &url, "x");
    let receive = json!({"QueueUrl": url});
    assert_eq!(
        client.call("ReceiveMessage", &receive)["Messages"][0]["Body"],
        "x"
    );
    clock.advance(Duration::from_millis(29_999));
    assert_eq!(client.call("ReceiveMessage", &receive), json!({}));
    clock.advance(Duration::from_millis(1));
    assert_eq!(
        client.call("ReceiveMessage", &receive)["Messages"][0]["Body"],
        "x"
    );
}

#[test]
fn twelve_hours_are_the_longest_lease() {
    let (emulator, clock) = start_in_virtual_time();
    let mut client = Client::connect(emulator.address());
    let url = client.create("q", json!({}));
    send(&mut client, &url, "x");
    let handle = client.receive(&url)[0]["ReceiptHandle"].clone();
    clock.advance(Duration::from_secs(43_000));
    let change =
        |seconds| json!({"QueueUrl": url, "ReceiptHandle": handle, "VisibilityTimeout": seconds});
    let answer = client
        .try_call("ChangeMessageVisibility", &change(201))
        .unwrap();
    assert_eq!(answer.status, 400);
    assert!(answer.body.contains("beyond the limit"));
    client.call("ChangeMessageVisibility", &change(200));
}

#[test]
fn messages_are_kept_as_long_as_the_queue_says() {
    let (emulator, clock) = start_in_virtual_time();
    let mut client = Client::connect(emulator.address());
    let url = client.create("q", json!({"MessageRetentionPeriod": "60"}));
    send(&mut client, &url, "x");
    clock.advance(Duration::from_secs(61));
    assert!(client.receive(&url).is_empty());
}

#[test]
fn deduplication_lasts_five_minutes() {
    let (emulator, clock) = start_in_virtual_time();
    let mut client = Client::connect(emulator.address());
    let url = client.create(
        "q.fifo",
        json!({"FifoQueue": "true", "ContentBasedDeduplication": "true"}),
    );
    let first = send_fifo(&mut client, &url, "x");
    clock.advance(Duration::from_millis(299_999));
    assert_eq!(send_fifo(&mut client, &url, "x"), first);
    clock.advance(Duration::from_millis(1));
    assert_ne!(
        send_fifo(&mut client, &url, "x")["MessageId"],
        first["MessageId"]
    );
    assert_eq!(
        number(&mut client, &url, "ApproximateNumberOfMessages"),
        "2"
    );
}

#[test]
fn a_queue_can_be_purged_once_a_minute() {
    let (emulator, clock) = start_in_virtual_time();
    let mut client = Client::connect(emulator.address());
    let url = client.create("q", json!({}));
    let queue = json!({"QueueUrl": url});
    client.call("PurgeQueue", &queue);
    let answer = client.try_call("PurgeQueue", &queue).unwrap();
    assert_eq!(
        (answer.status, answer.header("x-amzn-query-error").unwrap()),
        (403, "AWS.SimpleQueueService.PurgeQueueInProgress;Sender")
    );
    clock.advance(Duration::from_secs(60));
    client.call("PurgeQueue", &queue);
}

#[test]
fn dead_letters_keep_their_age_and_count() {
    let (emulator, clock) = start_in_virtual_time();
    let mut client = Client::connect(emulator.address());
    let dead = client.create("dead", json!({}));
    let policy = json!({"deadLetterTargetArn": "arn:aws:sqs:us-east-1:000000000000:dead", "maxReceiveCount": 1});
    let url = client.create(
        "q",
        json!({"RedrivePolicy": policy.to_string(), "VisibilityTimeout": "1"}),
    );
    let sent = send(&mut client, &url, "x");
    let receive = json!({"QueueUrl": url});
    assert!(client.call("ReceiveMessage", &receive)["Messages"].is_array());
    clock.advance(Duration::from_secs(1));
    assert_eq!(client.call("ReceiveMessage", &receive), json!({}));
    let message = client.receive(&dead).remove(0);
    assert_eq!(message["MessageId"], sent["MessageId"]);
    assert_eq!(message["Attributes"]["SentTimestamp"], "1700000000000");
    assert_eq!(message["Attributes"]["ApproximateReceiveCount"], "2");
    assert_eq!(
        message["Attributes"]["DeadLetterQueueSourceArn"],
        "arn:aws:sqs:us-east-1:000000000000:q"
    );
}

#[test]
fn queues_and_messages_are_there_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let open = || {
        let medium = Medium::Directory {
            path: directory.path().to_owned(),
            fsync: Fsync::default(),
        };
        Emulator::start(Config {
            medium,
            ..Config::default()
        })
        .unwrap()
    };
    let emulator = open();
    let mut client = Client::connect(emulator.address());
    let created = json!({"QueueName": "q.fifo", "tags": {"team": "a"},
        "Attributes": {"FifoQueue": "true", "ContentBasedDeduplication": "true", "VisibilityTimeout": "77"}});
    let url = client.call("CreateQueue", &created)["QueueUrl"]
        .as_str()
        .unwrap()
        .to_owned();
    let attributes = json!({"n": {"DataType": "Number", "StringValue": "1"}});
    let message = json!({"QueueUrl": url, "MessageBody": "x", "MessageGroupId": "g", "MessageAttributes": attributes});
    let sent = client.call("SendMessage", &message);
    let gone = client.create("gone", json!({}));
    client.call("DeleteQueue", &json!({"QueueUrl": gone}));
    assert_eq!(
        client.receive(&url).len(),
        1,
        "in flight when the emulator ends"
    );
    drop(client);
    emulator.shutdown();

    let emulator = open();
    assert!(emulator.notes().is_empty());
    let mut client = Client::connect(emulator.address());
    assert_eq!(
        client.call("ListQueues", &json!({}))["QueueUrls"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(number(&mut client, &url, "VisibilityTimeout"), "77");
    assert_eq!(
        client.call("ListQueueTags", &json!({"QueueUrl": url}))["Tags"],
        json!({"team": "a"})
    );
    assert_eq!(
        client.call("SendMessage", &message),
        sent,
        "a duplicate still"
    );
    let message = client.receive(&url).remove(0);
    assert_eq!(message["MessageId"], sent["MessageId"]);
    assert_eq!(message["MessageAttributes"], attributes);
    assert_eq!(
        message["Attributes"]["SequenceNumber"],
        sent["SequenceNumber"]
    );
    assert_eq!(message["Attributes"]["MessageGroupId"], "g");
}

#[test]
fn a_full_memory_refuses_messages() {
    let medium = Medium::Memory { limit: 1 << 20 };
    let emulator = Emulator::start(Config {
        medium,
        ..Config::default()
    })
    .unwrap();
    let mut client = Client::connect(emulator.address());
    let url = client.create("q", json!({}));
    let message = json!({"QueueUrl": url, "MessageBody": "x".repeat(700_000)});
    client.call("SendMessage", &message);
    let answer = client.try_call("SendMessage", &message).unwrap();
    assert_eq!(answer.status, 503);
    assert!(answer.body.contains("memory limit"), "{answer:?}");
}

#[test]
fn every_operation_that_is_listed_is_served() {
    let emulator = start();
    let mut client = Client::connect(emulator.address());
    let listed = coverage();
    let sqs: Vec<_> = listed.iter().filter(|row| row.service == "sqs").collect();
    assert_eq!(sqs.len(), 23);
    for row in sqs {
        let answer = client.try_call(row.operation, &json!({})).unwrap();
        let is_unknown = answer.body.contains("UnknownOperation");
        assert_eq!(
            is_unknown,
            row.support == Support::Refused,
            "{}: {answer:?}",
            row.operation
        );
    }
}
