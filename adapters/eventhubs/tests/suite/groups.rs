//! Groups on this machine: who crashes, and what was committed elsewhere.

use serde_json::json;
use ssectl_adapter::{Bound, ErrorKind, Range, SourceSpec};

use crate::support::{Hubs, fresh, make, numbered, take, text, write};

fn member(hub: &str) -> SourceSpec {
    SourceSpec {
        stream: hub.to_owned(),
        range: Range {
            from: Bound::Stored,
            to: None,
        },
        group: Some("billing".to_owned()),
        ..SourceSpec::default()
    }
}

/// A reader that is dropped, as by a crash, leaves its partitions to the next one at once.
#[tokio::test]
async fn the_partitions_of_a_reader_that_is_gone_are_free() {
    let hubs = Hubs::start();
    let target = hubs.target(json!({}));
    let hub = make(target.as_ref(), &fresh("gone"), 2).await;
    write(target.as_ref(), &hub, &numbered(0..20)).await;
    let mut first = target.source(&member(&hub)).await.expect("a source");
    let (read, commit) = take(first.as_mut(), 8).await;
    first.commit(&commit).await.expect("stored");
    let mut seen: Vec<_> = read.iter().map(text).collect();
    drop(first);
    let mut second = target.source(&member(&hub)).await.expect("a source");
    let (read, _) = take(second.as_mut(), 12).await;
    seen.extend(read.iter().map(text));
    seen.sort_by_key(|value| value.parse::<usize>().expect("a number"));
    assert_eq!(seen, (0..20).map(|n| n.to_string()).collect::<Vec<_>>());
}

/// Nobody's positions are moved under their feet.
#[tokio::test]
async fn a_group_that_is_read_as_is_not_moved() {
    let hubs = Hubs::start();
    let target = hubs.target(json!({}));
    let hub = make(target.as_ref(), &fresh("moved"), 1).await;
    let source = target.source(&member(&hub)).await.expect("a source");
    let admin = target.admin().expect("an admin");
    let error = admin.seek(&hub, "billing", &Range::default()).await;
    assert_eq!(
        error.expect_err("it has a reader").kind(),
        ErrorKind::Config
    );
    source.close().await.expect("the source closes");
    let moved = admin.seek(&hub, "billing", &Range::default()).await;
    moved.expect("nobody reads");
}

/// A group commits for partitions that it names, whoever shares the others.
#[tokio::test]
async fn named_partitions_are_committed_without_sharing() {
    let hubs = Hubs::start();
    let target = hubs.target(json!({}));
    let hub = make(target.as_ref(), &fresh("named"), 2).await;
    write(target.as_ref(), &hub, &numbered(0..10)).await;
    let spec = SourceSpec {
        partitions: vec!["1".to_owned()],
        ..member(&hub)
    };
    let mut source = target.source(&spec).await.expect("a source");
    let (read, commit) = take(source.as_mut(), 3).await;
    assert!(
        read.iter()
            .all(|record| record.origin.partition.as_str() == "1")
    );
    source.commit(&commit).await.expect("stored");
    source.close().await.expect("the source closes");
    let mut source = target.source(&spec).await.expect("a source");
    let (read, _) = take(source.as_mut(), 2).await;
    assert_eq!(read[0].origin.position.to_string(), "3");
}
