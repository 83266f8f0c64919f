//! What SQS was seen to do where its documentation says little or something else.

use std::time::Duration;

use serde_json::{Value, json};

use crate::client::{Client, SIGNED};
use crate::{start, start_in_virtual_time};

/// The code of an operation that is to fail.
fn refusal(client: &mut Client, operation: &str, parameters: &Value) -> (String, String) {
    let answer = client.try_call(operation, parameters).expect("an answer");
    assert!(answer.status >= 400, "{operation}: {answer:?}");
    let code = answer.header("x-amzn-query-error").unwrap_or_default();
    let message = answer.json()["message"].as_str().unwrap().to_owned();
    (code.split(';').next().unwrap().to_owned(), message)
}

fn bodies(received: &Value) -> Vec<&str> {
    let messages = received["Messages"].as_array().into_iter().flatten();
    messages
        .map(|message| message["Body"].as_str().unwrap())
        .collect()
}

/// A FIFO queue that knows messages by their content.
fn fifo(client: &mut Client, more: &Value) -> String {
    let mut attributes = json!({"FifoQueue": "true", "ContentBasedDeduplication": "true"});
    let more = more.as_object().unwrap().clone();
    attributes.as_object_mut().unwrap().extend(more);
    client.create("q.fifo", attributes)
}

fn send_to(client: &mut Client, url: &str, group: &str, body: &str) {
    let message = json!({"QueueUrl": url, "MessageBody": body, "MessageGroupId": group});
    client.call("SendMessage", &message);
}

#[test]
fn null_stands_for_nothing() {
    let emulator = start();
    let mut client = Client::connect(emulator.address());
    let created = client.call(
        "CreateQueue",
        &json!({"QueueName": "q", "Attributes": null, "tags": null}),
    );
    let url = &created["QueueUrl"];
    let attribute = json!({"DataType": "String", "StringValue": "v", "BinaryValue": null,
        "StringListValues": null, "BinaryListValues": null});
    client.call(
        "SendMessage",
        &json!({"QueueUrl": url, "MessageBody": "x", "DelaySeconds": null, "MessageGroupId": null,
            "MessageAttributes": {"a": attribute}, "MessageSystemAttributes": null}),
    );
    let received = client.call(
        "ReceiveMessage",
        &json!({"QueueUrl": url, "AttributeNames": null, "MessageAttributeNames": null,
            "MessageSystemAttributeNames": null, "WaitTimeSeconds": null}),
    );
    assert_eq!(bodies(&received), ["x"]);
}

#[test]
fn a_name_does_for_a_url() {
    let emulator = start();
    let mut client = Client::connect(emulator.address());
    client.create("q", json!({}));
    let message = json!({"QueueUrl": "q", "MessageBody": "x"});
    client.call("SendMessage", &message);
    assert_eq!(
        bodies(&client.call("ReceiveMessage", &json!({"QueueUrl": "q"}))),
        ["x"]
    );
    assert_eq!(
        refusal(&mut client, "ReceiveMessage", &json!({})).0,
        "MissingParameter"
    );
}

#[test]
fn a_message_that_came_back_can_be_hidden_again() {
    let (emulator, clock) = start_in_virtual_time();
    let mut client = Client::connect(emulator.address());
    let url = client.create("q", json!({"VisibilityTimeout": "1"}));
    client.call("SendMessage", &json!({"QueueUrl": url, "MessageBody": "x"}));
    let receive = json!({"QueueUrl": url});
    let first = client.call("ReceiveMessage", &receive)["Messages"][0]["ReceiptHandle"].clone();
    clock.advance(Duration::from_secs(2));
    let change = |seconds: i64| json!({"QueueUrl": url, "ReceiptHandle": first, "VisibilityTimeout": seconds});
    client.call("ChangeMessageVisibility", &change(10));
    clock.advance(Duration::from_secs(9));
    assert_eq!(client.call("ReceiveMessage", &receive), json!({}));
    clock.advance(Duration::from_secs(1));
    assert_eq!(bodies(&client.call("ReceiveMessage", &receive)), ["x"]);
    // An earlier receipt gives back what another reader has.
    client.call("ChangeMessageVisibility", &change(0));
    assert_eq!(bodies(&client.call("ReceiveMessage", &receive)), ["x"]);
}

#[test]
fn a_group_waits_for_the_first_message_that_is_in_flight() {
    let emulator = start();
    let mut client = Client::connect(emulator.address());
    let url = fifo(&mut client, &json!({}));
    for (group, body) in [("a", "a1"), ("a", "a2"), ("a", "a3"), ("b", "b1")] {
        send_to(&mut client, &url, group, body);
    }
    let receive = |limit: i64| json!({"QueueUrl": url, "MaxNumberOfMessages": limit});
    let received = client.call("ReceiveMessage", &receive(2));
    assert_eq!(bodies(&received), ["a1", "a2"]);
    let handle = &received["Messages"][0]["ReceiptHandle"];
    client.call(
        "ChangeMessageVisibility",
        &json!({"QueueUrl": url, "ReceiptHandle": handle, "VisibilityTimeout": 0}),
    );
    let again = client.call("ReceiveMessage", &receive(10));
    let mut again = bodies(&again);
    again.sort_unstable();
    assert_eq!(again, ["a1", "b1"], "a3 has to wait for a2");
}

#[test]
fn a_purge_forgets_deduplication_ids() {
    let emulator = start();
    let mut client = Client::connect(emulator.address());
    let url = fifo(&mut client, &json!({}));
    send_to(&mut client, &url, "g", "x");
    client.call("PurgeQueue", &json!({"QueueUrl": url}));
    send_to(&mut client, &url, "g", "x");
    assert_eq!(
        bodies(&client.call("ReceiveMessage", &json!({"QueueUrl": url}))),
        ["x"]
    );
}

#[test]
fn a_batch_without_groups_is_refused_as_a_whole() {
    let emulator = start();
    let mut client = Client::connect(emulator.address());
    let url = fifo(&mut client, &json!({"ContentBasedDeduplication": "false"}));
    let entry = |id: &str, more: Value| {
        let mut entry = json!({"Id": id, "MessageBody": "x"});
        let more = more.as_object().unwrap().clone();
        entry.as_object_mut().unwrap().extend(more);
        entry
    };
    let good = json!({"MessageGroupId": "g", "MessageDeduplicationId": "d"});
    for (bad, message) in [
        (
            json!({"MessageDeduplicationId": "e"}),
            "The request must contain the parameter MessageGroupId.",
        ),
        (
            json!({"MessageGroupId": "g"}),
            "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
        ),
    ] {
        let entries = [entry("a", good.clone()), entry("b", bad)];
        let batch = json!({"QueueUrl": url, "Entries": entries});
        assert_eq!(
            refusal(&mut client, "SendMessageBatch", &batch),
            ("InvalidParameterValue".to_owned(), message.to_owned())
        );
    }
    assert!(client.receive(&url).is_empty());
}

#[test]
fn attributes_have_to_go_together() {
    let emulator = start();
    let mut client = Client::connect(emulator.address());
    let create =
        |name: &str, attributes: Value| json!({"QueueName": name, "Attributes": attributes});
    for (name, attributes, code, part) in [
        (
            "q",
            json!({"DeduplicationScope": "queue"}),
            "InvalidAttributeName",
            "only when FifoQueue is set to true",
        ),
        (
            "q.fifo",
            json!({"FifoQueue": "true", "FifoThroughputLimit": "perMessageGroupId"}),
            "InvalidAttributeValue",
            "FifoThroughputLimit",
        ),
        (
            "q",
            json!({"KmsMasterKeyId": "alias/aws/sqs", "SqsManagedSseEnabled": "true"}),
            "InvalidAttributeName",
            "one type of server-side encryption",
        ),
    ] {
        let (known, message) = refusal(&mut client, "CreateQueue", &create(name, attributes));
        assert!(
            known == code && message.contains(part),
            "{known}: {message}"
        );
    }
    let url = client.create("q", json!({"KmsDataKeyReusePeriodSeconds": "300"}));
    let all = json!({"QueueUrl": url, "AttributeNames": ["All"]});
    let get = |client: &mut Client| client.call("GetQueueAttributes", &all)["Attributes"].clone();
    assert_eq!(
        get(&mut client)["KmsDataKeyReusePeriodSeconds"],
        Value::Null
    );
    let mut set = |attributes: Value| {
        client.call(
            "SetQueueAttributes",
            &json!({"QueueUrl": url, "Attributes": attributes}),
        );
        get(&mut client)
    };
    let with_key = set(json!({"KmsMasterKeyId": "alias/aws/sqs"}));
    assert_eq!(with_key["SqsManagedSseEnabled"], "false");
    assert_eq!(with_key["KmsDataKeyReusePeriodSeconds"], "300");
    let managed = set(json!({"SqsManagedSseEnabled": "true"}));
    assert_eq!(managed["KmsMasterKeyId"], Value::Null);
}

#[test]
fn the_trace_of_a_request_is_that_of_its_messages() {
    const TRACE: &str = "Root=1-3152b799-8954dae64eda91bc9a23a7e8;Sampled=1";
    let emulator = start();
    let mut client = Client::connect(emulator.address());
    let url = client.create("q", json!({}));
    let message = json!({"QueueUrl": url, "MessageBody": "x"}).to_string();
    let headers = [
        SIGNED,
        ("X-Amz-Target", "AmazonSQS.SendMessage"),
        ("Content-Type", "application/x-amz-json-1.0"),
        ("X-Amzn-Trace-Id", TRACE),
    ];
    let answer = client.request("POST", "/", &headers, message.as_bytes());
    assert_eq!(answer.json()["MD5OfMessageSystemAttributes"], Value::Null);
    assert_eq!(
        client.receive(&url)[0]["Attributes"]["AWSTraceHeader"],
        TRACE
    );
}

#[test]
fn message_attributes_by_star_and_in_other_alphabets() {
    let emulator = start();
    let mut client = Client::connect(emulator.address());
    let url = client.create("q", json!({}));
    let message = |name: &str, value: &str| {
        json!({"QueueUrl": url, "MessageBody": "x",
            "MessageAttributes": {name: {"DataType": "String", "StringValue": value}}})
    };
    client.call("SendMessage", &message("a.øß", "1"));
    let received = client.call(
        "ReceiveMessage",
        &json!({"QueueUrl": url, "MessageAttributeNames": ["*"]}),
    );
    let attributes = &received["Messages"][0]["MessageAttributes"];
    assert_eq!(attributes["a.øß"]["StringValue"], "1");
    let (code, _) = refusal(&mut client, "SendMessage", &message("a", "\u{8}"));
    assert_eq!(code, "InvalidParameterValue");
}

#[test]
fn handles_of_move_tasks_name_their_source() {
    let emulator = start();
    let mut client = Client::connect(emulator.address());
    let mut cancel = |handle: &str| {
        refusal(
            &mut client,
            "CancelMessageMoveTask",
            &json!({"TaskHandle": handle}),
        )
    };
    assert_eq!(cancel("foobared").0, "InvalidParameterValue");
    // {"taskId":"t","sourceArn":"arn:aws:sqs:us-east-1:000000000000:none"}
    let (code, message) = cancel(
        "eyJ0YXNrSWQiOiJ0Iiwic291cmNlQXJuIjoiYXJuOmF3czpzcXM6dXMtZWFzdC0xOjAwMDAwMDAwMDAwMDpub25lIn0=",
    );
    assert_eq!(code, "ResourceNotFoundException");
    assert!(message.contains("SourceArn"), "{message}");
}

#[test]
fn permissions_are_bounded() {
    let emulator = start();
    let mut client = Client::connect(emulator.address());
    let url = client.create("q", json!({}));
    let add = |label: &str, account: &str, actions: usize| {
        json!({"QueueUrl": url, "Label": label, "AWSAccountIds": [account],
            "Actions": vec!["SendMessage"; actions]})
    };
    for (parameters, code) in [
        (add("a b", "123456789012", 1), "InvalidParameterValue"),
        (add("a", "12345", 1), "InvalidParameterValue"),
        (add("a", "123456789012", 8), "OverLimit"),
    ] {
        assert_eq!(refusal(&mut client, "AddPermission", &parameters).0, code);
    }
    client.call("AddPermission", &add("a", "123456789012", 7));
}
