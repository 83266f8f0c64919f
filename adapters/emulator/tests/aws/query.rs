//! The query protocol, byte by byte: what older SDKs rely on.

use crate::client::{Answer, Client, SIGNED};
use crate::start;

const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

fn ask(client: &mut Client, path: &str, form: &str) -> Answer {
    client.request("POST", path, &[SIGNED, FORM], form.as_bytes())
}

#[test]
fn an_empty_result_is_an_empty_element() {
    let emulator = start();
    let mut client = Client::connect(emulator.address());
    ask(&mut client, "/", "Action=CreateQueue&QueueName=q");
    for operation in ["ReceiveMessage", "ListQueueTags", "GetQueueAttributes"] {
        let answer = ask(
            &mut client,
            "/000000000000/q",
            &format!("Action={operation}"),
        );
        let element = format!("<{operation}Result/>");
        assert!(answer.body.contains(&element), "{answer:?}");
    }
    let listed = ask(&mut client, "/", "Action=ListQueues&QueueNamePrefix=other");
    assert!(listed.body.contains("<ListQueuesResult/>"), "{listed:?}");
    let void = ask(&mut client, "/000000000000/q", "Action=PurgeQueue");
    assert!(!void.body.contains("PurgeQueueResult"), "{void:?}");
}

#[test]
fn the_url_of_a_queue_is_not_that_of_the_account() {
    let emulator = start();
    let mut client = Client::connect(emulator.address());
    ask(&mut client, "/", "Action=CreateQueue&QueueName=q");
    for form in ["Action=CreateQueue&QueueName=r", "Action=ListQueues"] {
        let answer = ask(&mut client, "/000000000000/q", form);
        assert_eq!(answer.status, 400);
        assert!(
            answer.body.contains("<Code>InvalidAction</Code>"),
            "{answer:?}"
        );
    }
    let looked_at = client.request("GET", "/000000000000/q", &[], b"");
    assert_eq!(looked_at.status, 404);
    assert!(looked_at.body.contains("<UnknownOperationException/>"));
    let nothing = ask(&mut client, "/", "QueueName=q");
    assert_eq!(nothing.status, 400);
    assert!(nothing.body.contains("<Code>MissingAction</Code>"));
}

#[test]
fn a_queue_that_is_gone_is_gone_for_this_wsdl_version() {
    let emulator = start();
    let mut client = Client::connect(emulator.address());
    let answer = ask(&mut client, "/000000000000/none", "Action=ReceiveMessage");
    assert_eq!(answer.status, 400);
    let message = "<Message>The specified queue does not exist for this wsdl version.</Message>";
    assert!(answer.body.contains(message), "{answer:?}");
}
