//! What other programs see of ours, and we of theirs: Google's client itself is the other program.

use google_cloud_auth::credentials::anonymous;
use google_cloud_pubsub::client::{Publisher, Subscriber};
use google_cloud_pubsub::model::Message;
use serde_json::json;
use ssectl_adapter::{Bound, ErrorKind, Record};

use crate::support::{
    Topics, consumer_of, fresh, keyed, make, sink_of, stored, subscription_name, take, text,
    topic_name, write,
};

/// A record with a value is the data and nothing else, and the key is the ordering key.
#[tokio::test]
async fn a_plain_record_is_a_plain_message() {
    let topics = Topics::start();
    let target = topics.target(json!({ "ordering": true }));
    let topic = make(target.as_ref(), &fresh("plain"), &[("groups", "other")]).await;
    write(target.as_ref(), &topic, &[keyed("customer-7", "{\"n\":1}")]).await;
    let client = Subscriber::builder()
        .with_endpoint(&topics.endpoint)
        .with_credentials(anonymous::Builder::new().build());
    let client = client.build().await.expect("a client");
    let mut stream = client
        .subscribe(subscription_name(&format!("{topic}.other")))
        .build();
    let (message, handler) = stream.next().await.expect("a message").expect("no failure");
    handler.ack();
    assert_eq!(&message.data[..], b"{\"n\":1}");
    assert_eq!(message.ordering_key, "customer-7");
    assert!(message.attributes.is_empty(), "{:?}", message.attributes);
}

/// Attributes are headers, the ordering key is the key, and the time of publishing is the time.
#[tokio::test]
async fn a_foreign_message_is_a_natural_record() {
    let topics = Topics::start();
    let target = topics.target(json!({}));
    let topic = make(target.as_ref(), &fresh("foreign"), &[]).await;
    let publisher = Publisher::builder(topic_name(&topic))
        .with_endpoint(&topics.endpoint)
        .with_credentials(anonymous::Builder::new().build());
    let publisher = publisher.build().await.expect("a client");
    let attributes = [("trace", "abc"), ("kind", "order")];
    let message = Message::new()
        .set_data("hello")
        .set_attributes(attributes)
        .set_ordering_key("tenant");
    let id = publisher.publish(message).await.expect("it is published");
    let mut source = target
        .source(&consumer_of(&topic, stored(None)))
        .await
        .expect("a source");
    let (records, commit) = take(source.as_mut(), 1).await;
    source.commit(&commit).await.expect("a commit");
    source.close().await.expect("the source closes");
    let record = &records[0];
    assert_eq!(
        (text(record).as_str(), record.key.as_deref()),
        ("hello", Some(&b"tenant"[..]))
    );
    let names: Vec<_> = record
        .headers
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(names, ["kind", "trace"]);
    assert_eq!(record.origin.position.to_string(), id);
    assert!(
        record
            .timestamp
            .is_some_and(|time| time.as_millis() > 1_700_000_000_000)
    );
}

/// A message with a damaged attribute of ours is told with its place, and the read goes on.
#[tokio::test]
async fn a_damaged_message_is_a_fault_among_records() {
    let topics = Topics::start();
    let target = topics.target(json!({}));
    let topic = make(target.as_ref(), &fresh("damaged"), &[]).await;
    let publisher = Publisher::builder(topic_name(&topic))
        .with_endpoint(&topics.endpoint)
        .with_credentials(anonymous::Builder::new().build());
    let publisher = publisher.build().await.expect("a client");
    let damaged = Message::new()
        .set_data("raw")
        .set_attributes([("ssectl.value", "rot13")]);
    let id = publisher.publish(damaged).await.expect("it is published");
    write(target.as_ref(), &topic, &[Record::from_value("sound")]).await;
    let mut source = target
        .source(&consumer_of(&topic, stored(Some(Bound::End))))
        .await
        .expect("a source");
    let (mut sound, mut faults) = (Vec::new(), Vec::new());
    loop {
        match source
            .fetch(ssectl_adapter::Limit::default())
            .await
            .expect("a fetch")
        {
            ssectl_adapter::Fetched::Batch(batch) => {
                source.commit(&batch.commit).await.expect("a commit");
                sound.extend(batch.records);
                faults.extend(batch.faults);
            }
            ssectl_adapter::Fetched::Idle => {}
            ssectl_adapter::Fetched::End => break,
        }
    }
    source.close().await.expect("the source closes");
    assert_eq!(sound.iter().map(text).collect::<Vec<_>>(), ["sound"]);
    assert_eq!(faults[0].error.kind(), ErrorKind::Data);
    assert_eq!(faults[0].origin.position.to_string(), id);
    assert_eq!(faults[0].raw.as_deref(), Some(&b"raw"[..]));
}

/// A record whose message no request can hold is refused alone, whatever is written with it.
#[tokio::test]
async fn a_message_that_is_too_large_is_refused_alone() {
    let topics = Topics::start();
    let target = topics.target(json!({}));
    let topic = make(target.as_ref(), &fresh("large"), &[]).await;
    let mut sink = target.sink(&sink_of(&topic)).await.expect("a sink");
    let sizes = [9_900_000, 10_000_001, 3];
    let records = sizes.map(|size| Record::from_value("x".repeat(size)));
    let written = sink.write(&records).await.expect("a write");
    let refused: Vec<_> = written
        .rejected
        .iter()
        .map(|r| (r.index, r.error.kind()))
        .collect();
    assert_eq!(refused, [(1, ErrorKind::TooLarge)]);
    let mut source = target
        .source(&consumer_of(&topic, stored(None)))
        .await
        .expect("a source");
    let (read, _) = take(source.as_mut(), 2).await;
    let mut read: Vec<_> = read.iter().map(|record| text(record).len()).collect();
    read.sort_unstable();
    assert_eq!(read, [3, 9_900_000]);
    source.close().await.expect("the source closes");
}
