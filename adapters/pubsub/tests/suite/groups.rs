//! Groups are subscriptions, and reads without a group leave none behind.

use std::time::{Duration, Instant};

use google_cloud_pubsub::model::Subscription;
use serde_json::json;
use ssectl_adapter::{Bound, ErrorKind, Range, SourceSpec};
use ssectl_emulator::pubsub::Config;

use crate::support::{
    Topics, consumer_of, fresh, make, numbered, numbers, read, reader_of, stored,
    subscription_name, take, topic_name, write,
};

async fn subscription(topics: &Topics, name: &str) -> Subscription {
    let client = topics.subscriptions().await;
    let asked = client
        .get_subscription()
        .set_subscription(subscription_name(name))
        .send();
    asked.await.expect("it is there")
}

async fn until_none_is_left(topics: &Topics, topic: &str) {
    let deadline = Instant::now() + Duration::from_secs(120);
    loop {
        let left = topics.subscriptions_of(topic).await;
        if left.is_empty() {
            return;
        }
        assert!(Instant::now() < deadline, "{left:?} are left");
    }
}

/// Visible by its name and label while it is there, and bound to go if we are killed.
#[tokio::test]
async fn a_read_without_a_group_deletes_its_subscription() {
    let topics = Topics::start();
    let target = topics.target(json!({}));
    let topic = make(target.as_ref(), &fresh("temporary"), &[]).await;
    let source = target
        .source(&reader_of(&topic, Range::default()))
        .await
        .expect("a source");
    let names = topics.subscriptions_of(&topic).await;
    assert!(
        names[0].starts_with(&format!("{topic}.ssectl-")),
        "{names:?}"
    );
    let found = subscription(&topics, &names[0]).await;
    assert_eq!(
        found.labels.get("ssectl").map(String::as_str),
        Some("temporary")
    );
    let ttl = found
        .expiration_policy
        .and_then(|policy| policy.ttl)
        .expect("a ttl");
    assert_eq!(ttl.seconds(), 24 * 60 * 60);
    source.close().await.expect("the source closes");
    assert!(topics.subscriptions_of(&topic).await.is_empty());
}

/// Also when nobody closes it.
#[tokio::test]
async fn a_dropped_read_deletes_its_subscription() {
    let topics = Topics::start();
    let target = topics.target(json!({}));
    let topic = make(target.as_ref(), &fresh("dropped"), &[]).await;
    drop(
        target
            .source(&reader_of(&topic, Range::default()))
            .await
            .expect("a source"),
    );
    until_none_is_left(&topics, &topic).await;
}

/// What the target says of subscriptions holds for those that are made here.
#[tokio::test]
async fn a_group_is_made_as_the_target_says() {
    let topics = Topics::start();
    let plain = topics.target(json!({}));
    let dead = make(plain.as_ref(), &fresh("dead"), &[]).await;
    let target = topics.target(json!({
        "ordering": true, "exactly-once": true, "ack-deadline": "20s", "dead-letter-topic": dead,
        "dead-letter-attempts": 7, "filter": "attributes:kind", "labels": {"team": "a"},
    }));
    let topic = make(target.as_ref(), &fresh("options"), &[("labels.run", "x")]).await;
    let source = target
        .source(&consumer_of(&topic, stored(None)))
        .await
        .expect("a source");
    source.close().await.expect("the source closes");
    let found = subscription(&topics, &format!("{topic}.consumers")).await;
    assert!(found.enable_message_ordering && found.enable_exactly_once_delivery);
    assert_eq!(
        (found.ack_deadline_seconds, found.filter.as_str()),
        (20, "attributes:kind")
    );
    let policy = found.dead_letter_policy.expect("a policy");
    assert_eq!(
        (policy.dead_letter_topic, policy.max_delivery_attempts),
        (topic_name(&dead), 7)
    );
    assert_eq!(found.labels.get("team").map(String::as_str), Some("a"));
    let admin = target.admin().expect("an admin");
    let info = admin.describe(&topic).await.expect("a description");
    assert_eq!(info.config["labels.run"], "x");
    assert_eq!(info.config["subscriptions"], format!("{topic}.consumers"));
    assert_eq!(info.config["message-retention-duration"], "86400s");
}

/// A group may be the subscription that somebody made before.
#[tokio::test]
async fn a_subscription_of_others_is_a_group_by_its_name() {
    let topics = Topics::start();
    let target = topics.target(json!({}));
    let topic = make(target.as_ref(), &fresh("existing"), &[]).await;
    let name = fresh("billing");
    let client = topics.subscriptions().await;
    let asked = client
        .create_subscription()
        .set_name(subscription_name(&name))
        .set_topic(topic_name(&topic));
    asked.send().await.expect("it is made");
    write(target.as_ref(), &topic, &numbered(0..20)).await;
    let spec = SourceSpec {
        group: Some(name.clone()),
        ..reader_of(&topic, stored(Some(Bound::End)))
    };
    assert_eq!(
        numbers(&read(target.as_ref(), spec).await),
        (0..20).collect::<Vec<_>>()
    );
    assert_eq!(
        topics.subscriptions_of(&topic).await,
        std::slice::from_ref(&name)
    );
    // What others made stays when the topic goes; what was made here goes with it.
    let source = target
        .source(&consumer_of(&topic, stored(None)))
        .await
        .expect("a source");
    source.close().await.expect("the source closes");
    target
        .admin()
        .expect("an admin")
        .delete(&topic)
        .await
        .expect("it is deleted");
    let orphan = subscription(&topics, &name).await;
    assert_eq!(orphan.topic, "_deleted-topic_");
    let ours = subscription_name(&format!("{topic}.consumers"));
    let gone = client
        .get_subscription()
        .set_subscription(ours)
        .send()
        .await;
    assert!(gone.is_err(), "{gone:?}");
}

/// Groups that are made with the topic miss nothing, even where it keeps nothing.
#[tokio::test]
async fn a_topic_that_keeps_nothing_has_readers_from_now_on_only() {
    let topics = Topics::start();
    let target = topics.target(json!({}));
    let settings = [("message-retention-duration", "none"), ("groups", "early")];
    let topic = make(target.as_ref(), &fresh("forgetful"), &settings).await;
    write(target.as_ref(), &topic, &numbered(0..5)).await;
    let error = target.source(&reader_of(&topic, Range::all())).await.err();
    let error = error.expect("there is nothing to read");
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
    assert!(error.hint_text().is_some_and(|hint| hint.contains("`end`")));
    let of = |group: &str, to| SourceSpec {
        group: Some(group.to_owned()),
        ..reader_of(&topic, stored(to))
    };
    let early = read(target.as_ref(), of("early", Some(Bound::End))).await;
    assert_eq!(numbers(&early), [0, 1, 2, 3, 4]);
    let mut late = target.source(&of("late", None)).await.expect("a source");
    write(target.as_ref(), &topic, &numbered(5..8)).await;
    let (records, _) = take(late.as_mut(), 3).await;
    assert_eq!(numbers(&records), [5, 6, 7]);
    late.close().await.expect("the source closes");
}

/// What a group gives back too often goes to the dead-letter topic.
#[tokio::test]
async fn messages_delivered_too_often_go_to_the_dead_letter_topic() {
    let topics = Topics::emulated(Config::default());
    let plain = topics.target(json!({}));
    let dead = make(plain.as_ref(), &fresh("dead"), &[("groups", "look")]).await;
    let target = topics.target(json!({"dead-letter-topic": dead, "dead-letter-attempts": 5}));
    let topic = make(target.as_ref(), &fresh("poison"), &[]).await;
    write(target.as_ref(), &topic, &numbered(0..1)).await;
    let mut source = target
        .source(&consumer_of(&topic, stored(None)))
        .await
        .expect("a source");
    for _ in 0..5 {
        let (_, commit) = take(source.as_mut(), 1).await;
        let ssectl_adapter::Commit::Receipts(receipts) = commit else {
            panic!("no receipts")
        };
        source.release(&receipts).await.expect("it is given back");
    }
    let look = SourceSpec {
        group: Some("look".to_owned()),
        ..reader_of(&dead, stored(None))
    };
    let mut letters = plain.source(&look).await.expect("a source");
    let (records, _) = take(letters.as_mut(), 1).await;
    let names: Vec<_> = records[0]
        .headers
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert!(
        names.contains(&"CloudPubSubDeadLetterSourceSubscription"),
        "{names:?}"
    );
    source.close().await.expect("the source closes");
    letters.close().await.expect("the source closes");
}
