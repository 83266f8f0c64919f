//! Checkpoints in blob storage, over the container of `SSECTL_TEST_BLOB_CONTAINER`.

use std::sync::Arc;

use serde_json::json;
use ssectl_adapter::{Backlog, Bound, Commit, Range, SourceSpec, Target};

use crate::support::{Hubs, fresh, make, numbered, take, text, write};

fn container() -> String {
    std::env::var("SSECTL_TEST_BLOB_CONTAINER").expect("the URL of a container")
}

fn target(hubs: &Hubs) -> Arc<dyn Target> {
    let mut options = hubs.options(json!({ "checkpoint-container": container() }));
    options.remove("checkpoint-dir");
    crate::support::target(&options)
}

fn member(hub: &str) -> SourceSpec {
    SourceSpec {
        stream: hub.to_owned(),
        range: Range {
            from: Bound::Stored,
            to: None,
        },
        group: Some("Billing".to_owned()),
        ..SourceSpec::default()
    }
}

/// In the middle, after a restart, and after a seek to the start, which no sequence number can say.
#[tokio::test]
#[ignore = "needs Azurite: tests/conformance/adapter-eventhubs.sh"]
async fn a_group_resumes_where_its_blobs_say() {
    let hubs = Hubs::start();
    let target = target(&hubs);
    let hub = make(target.as_ref(), &fresh("blobs"), 1).await;
    write(target.as_ref(), &hub, &numbered(0..20)).await;
    let admin = target.admin().expect("an admin");
    let lag = admin.lag(&hub, "Billing").await.expect("a lag");
    assert!(matches!(lag[0].backlog, Backlog::Unknown(_)));
    for (first, count) in [(0, 7), (7, 5)] {
        let mut source = target.source(&member(&hub)).await.expect("a source");
        let (read, commit) = take(source.as_mut(), count).await;
        assert_eq!(text(&read[0]), first.to_string());
        source.commit(&commit).await.expect("stored");
        source
            .commit(&Commit::Nothing)
            .await
            .expect("nothing is fine");
        source.close().await.expect("the source closes");
    }
    let lag = admin.lag(&hub, "Billing").await.expect("a lag");
    assert_eq!(lag[0].backlog, Backlog::Records(8));
    admin
        .seek(&hub, "Billing", &Range::default())
        .await
        .expect("stored");
    let mut source = target.source(&member(&hub)).await.expect("a source");
    let (read, _) = take(source.as_mut(), 20).await;
    assert_eq!(text(&read[0]), "0");
    source.close().await.expect("the source closes");
}

/// The second reader has nothing until the first one gives, and everything when it left.
#[tokio::test]
#[ignore = "needs Azurite: tests/conformance/adapter-eventhubs.sh"]
async fn readers_share_by_their_blobs() {
    let hubs = Hubs::start();
    let target = target(&hubs);
    let hub = make(target.as_ref(), &fresh("shared"), 2).await;
    write(target.as_ref(), &hub, &numbered(0..10)).await;
    let mut one = target.source(&member(&hub)).await.expect("a source");
    let (read, commit) = take(one.as_mut(), 10).await;
    assert_eq!(read.len(), 10);
    one.commit(&commit).await.expect("stored");
    // It takes one of two from the first, who notices.
    let mut two = target.source(&member(&hub)).await.expect("a source");
    write(target.as_ref(), &hub, &numbered(10..12)).await;
    let (read, commit) = take(two.as_mut(), 1).await;
    two.commit(&commit).await.expect("stored");
    let mut seen: Vec<_> = read.iter().map(text).collect();
    let (read, commit) = take(one.as_mut(), 1).await;
    one.commit(&commit).await.expect("stored");
    seen.extend(read.iter().map(text));
    one.close().await.expect("the source closes");
    two.close().await.expect("the source closes");
    seen.sort_unstable();
    seen.dedup();
    assert!(!seen.is_empty(), "{seen:?}");
    let mut three = target.source(&member(&hub)).await.expect("a source");
    write(target.as_ref(), &hub, &numbered(12..14)).await;
    let (read, _) = take(three.as_mut(), 2).await;
    assert!(
        read.iter()
            .all(|record| text(record).parse::<usize>().expect("a number") >= 10)
    );
    three.close().await.expect("the source closes");
}
