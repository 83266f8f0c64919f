//! What other programs see of ours, and we of theirs: the SDK itself is the other program.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_sqs::types::{MessageAttributeValue, MessageSystemAttributeName};
use serde_json::json;
use ssectl_adapter::{ErrorKind, Range, Record};

use crate::support::{Queues, consume, fresh, make, reader_of, sink_of, write};

fn client(queues: &Queues) -> Client {
    let config = aws_sdk_sqs::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(&queues.endpoint)
        .credentials_provider(Credentials::new("x", "x", None, None, "test"));
    Client::from_conf(config.build())
}

async fn url(client: &Client, queue: &str) -> String {
    let found = client
        .get_queue_url()
        .queue_name(queue)
        .send()
        .await
        .expect("it is there");
    found.queue_url.expect("a URL")
}

/// A line of text is the body and nothing else.
#[tokio::test]
async fn a_plain_record_is_a_plain_message() {
    let queues = Queues::start();
    let target = queues.target(json!({}));
    let queue = make(target.as_ref(), &fresh("plain"), &[]).await;
    write(target.as_ref(), &queue, &[Record::from_value("{\"n\":1}")]).await;
    let client = client(&queues);
    let asked = client
        .receive_message()
        .queue_url(url(&client, &queue).await);
    let answer = asked
        .message_attribute_names("All")
        .wait_time_seconds(5)
        .send()
        .await;
    let messages = answer.expect("an answer").messages.expect("a message");
    assert_eq!(messages[0].body(), Some("{\"n\":1}"));
    assert!(
        messages[0]
            .message_attributes()
            .is_none_or(|all| all.is_empty())
    );
}

/// Attributes are headers, and the time of sending is the time.
#[tokio::test]
async fn a_foreign_message_is_a_natural_record() {
    let queues = Queues::start();
    let target = queues.target(json!({}));
    let queue = make(target.as_ref(), &fresh("foreign"), &[]).await;
    let client = client(&queues);
    let number = MessageAttributeValue::builder()
        .data_type("Number")
        .string_value("17");
    let url = url(&client, &queue).await;
    let sent = client
        .send_message()
        .queue_url(&url)
        .message_body("hello")
        .message_attributes("count", number.build().expect("a type"))
        .send()
        .await;
    sent.expect("it is sent");
    let seen = client
        .receive_message()
        .queue_url(&url)
        .visibility_timeout(0)
        .wait_time_seconds(5);
    let seen = seen.message_system_attribute_names(MessageSystemAttributeName::SentTimestamp);
    let seen = seen
        .send()
        .await
        .expect("an answer")
        .messages
        .expect("a message");
    let time =
        &seen[0].attributes().expect("asked for")[&MessageSystemAttributeName::SentTimestamp];
    let source = target.source(&reader_of(&queue, Range::all())).await;
    let read = consume(source.expect("a source").as_mut()).await;
    assert_eq!(read[0].value.as_deref(), Some(&b"hello"[..]));
    assert_eq!(read[0].key, None);
    assert_eq!(read[0].headers, [("count".to_owned(), Some("17".into()))]);
    let millis = read[0].timestamp.expect("a time").as_millis();
    assert_eq!(millis.to_string(), *time);
}

/// A queue of small messages: what is too large for it is told, the rest is there.
#[tokio::test]
async fn the_limit_is_that_of_the_queue() {
    // ElasticMQ has no limits of single queues.
    let queues = Queues::emulated();
    let target = queues.target(json!({}));
    let settings = [("MaximumMessageSize", "2048")];
    let queue = make(target.as_ref(), &fresh("small"), &settings).await;
    let mut sink = target.sink(&sink_of(&queue)).await.expect("a sink");
    let records = ["a".repeat(2048), "b".repeat(2049), "c".to_owned()].map(Record::from_value);
    let written = sink.write(&records).await.expect("a write");
    let [rejected] = &written.rejected[..] else {
        panic!("{:?}", written.rejected);
    };
    assert_eq!(
        (rejected.index, rejected.error.kind()),
        (1, ErrorKind::TooLarge)
    );
    let source = target.source(&reader_of(&queue, Range::all())).await;
    assert_eq!(consume(source.expect("a source").as_mut()).await.len(), 2);
}
