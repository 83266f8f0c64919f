//! Reading from a place, and moving groups.

use serde_json::json;
use ssectl_adapter::{Bound, ErrorKind, Position, Range, Record, Timestamp};

use crate::support::{
    Topics, consumer_of, fresh, make, numbered, numbers, read, reader_of, stored,
    subscription_name, write,
};

fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Timestamp::from_nanos(since.expect("after 1970").as_nanos().cast_signed())
}

fn from(from: Bound) -> Range {
    Range {
        from,
        to: Some(Bound::End),
    }
}

/// By the time of publishing, for records without a time of their own.
#[tokio::test]
async fn a_read_from_a_time_begins_there() {
    let topics = Topics::start();
    let target = topics.target(json!({}));
    let topic = make(target.as_ref(), &fresh("times"), &[]).await;
    write(target.as_ref(), &topic, &numbered(0..10)).await;
    let between = now();
    write(target.as_ref(), &topic, &numbered(10..15)).await;
    let late = read(
        target.as_ref(),
        reader_of(&topic, from(Bound::Time(between))),
    )
    .await;
    assert_eq!(numbers(&late), [10, 11, 12, 13, 14]);
    let early = Range {
        from: Bound::Start,
        to: Some(Bound::Time(between)),
    };
    let early = read(target.as_ref(), reader_of(&topic, early)).await;
    assert_eq!(numbers(&early), (0..10).collect::<Vec<_>>());
}

/// Back, forward, and to a time; the group is at rest meanwhile.
#[tokio::test]
async fn a_group_is_moved() {
    let topics = Topics::start();
    let target = topics.target(json!({}));
    let topic = make(target.as_ref(), &fresh("moved"), &[]).await;
    let admin = target.admin().expect("an admin");
    let nobody = admin.seek(&topic, "consumers", &from(Bound::Start)).await;
    assert_eq!(
        nobody.expect_err("no such group").kind(),
        ErrorKind::NotFound
    );
    write(target.as_ref(), &topic, &numbered(0..10)).await;
    let between = now();
    write(target.as_ref(), &topic, &numbered(10..15)).await;
    let rest = || {
        read(
            target.as_ref(),
            consumer_of(&topic, stored(Some(Bound::End))),
        )
    };
    assert_eq!(rest().await.len(), 15);
    assert_eq!(rest().await.len(), 0);
    for (place, left) in [
        (Bound::Time(between), 5),
        (Bound::Start, 15),
        (Bound::End, 0),
        (Bound::Stored, 0),
    ] {
        admin
            .seek(&topic, "consumers", &from(place.clone()))
            .await
            .expect("it is moved");
        assert_eq!(rest().await.len(), left, "after a seek to {place}");
    }
    // The same by the range of a read.
    let again = read(target.as_ref(), consumer_of(&topic, Range::all())).await;
    assert_eq!(again.len(), 15);
    let lag = admin.lag(&topic, "consumers").await.expect("a lag");
    assert!(
        matches!(lag[0].backlog, ssectl_adapter::Backlog::Unknown(_)),
        "{lag:?}"
    );
}

/// A snapshot that somebody made is where reads from the start begin.
#[tokio::test]
async fn a_read_begins_at_a_snapshot() {
    let topics = Topics::start();
    let target = topics.target(json!({}));
    let topic = make(
        target.as_ref(),
        &fresh("snapshot"),
        &[("groups", "consumers")],
    )
    .await;
    write(target.as_ref(), &topic, &numbered(0..10)).await;
    let rest = || {
        read(
            target.as_ref(),
            consumer_of(&topic, stored(Some(Bound::End))),
        )
    };
    assert_eq!(rest().await.len(), 10);
    let name = fresh("before");
    let client = topics.subscriptions().await;
    let asked = client.create_snapshot().set_name(format!(
        "projects/{}/snapshots/{name}",
        crate::support::PROJECT
    ));
    let asked = asked.set_subscription(subscription_name(&format!("{topic}.consumers")));
    asked.send().await.expect("a snapshot");
    write(target.as_ref(), &topic, &numbered(10..14)).await;
    assert_eq!(rest().await.len(), 4);
    let there = topics.target(json!({ "snapshot": name }));
    let read = read(there.as_ref(), reader_of(&topic, Range::all())).await;
    assert_eq!(numbers(&read), [10, 11, 12, 13]);
    let admin = there.admin().expect("an admin");
    admin
        .seek(&topic, "consumers", &from(Bound::Start))
        .await
        .expect("it is moved");
    assert_eq!(rest().await.len(), 4);
}

/// Only what comes later.
#[tokio::test]
async fn a_read_from_the_end_sees_what_comes_later() {
    let topics = Topics::start();
    let target = topics.target(json!({}));
    let topic = make(target.as_ref(), &fresh("later"), &[]).await;
    write(target.as_ref(), &topic, &numbered(0..10)).await;
    let range = Range {
        from: Bound::End,
        to: None,
    };
    let mut source = target
        .source(&reader_of(&topic, range))
        .await
        .expect("a source");
    write(target.as_ref(), &topic, &numbered(10..13)).await;
    source.bound().await.expect("the end is fixed");
    let later = crate::support::consume(source.as_mut()).await;
    assert_eq!(numbers(&later), [10, 11, 12]);
    source.close().await.expect("the source closes");
}

/// Pub/Sub does not count, which is said before anything is read or made.
#[tokio::test]
async fn positions_are_refused_before_the_read() {
    let topics = Topics::start();
    let target = topics.target(json!({}));
    let topic = make(target.as_ref(), &fresh("ranges"), &[]).await;
    write(target.as_ref(), &topic, &[Record::from_value("v")]).await;
    let to = |to| Range {
        from: Bound::Start,
        to: Some(to),
    };
    let refused = [
        from(Bound::At(Position::Offset(3))),
        from(Bound::BeforeEnd(3)),
        from(Bound::AfterStart(3)),
        to(Bound::AfterStart(3)),
        to(Bound::BeforeEnd(1)),
    ];
    for range in refused {
        let error = target.source(&reader_of(&topic, range.clone())).await.err();
        let error = error.unwrap_or_else(|| panic!("{range:?} was read"));
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{range:?}: {error}");
    }
    assert!(topics.subscriptions_of(&topic).await.is_empty());
}
