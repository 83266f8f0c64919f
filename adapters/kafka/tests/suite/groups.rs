//! What is particular to groups of Kafka.

use std::time::{Duration, Instant};

use serde_json::json;
use ssectl_adapter::{Bound, Fetched, Limit, Range};

use crate::support::{Cluster, fresh, keyed, reader_of, topic, write};

#[tokio::test]
async fn a_group_that_is_read_cannot_be_moved() {
    let cluster = Cluster::start();
    let group = fresh("group");
    let target = cluster.target(json!({}));
    let stream = topic(target.as_ref(), 1, &[]).await;
    write(target.as_ref(), &stream, &[keyed("k", "v")]).await;
    let mut spec = reader_of(&stream, Range::default());
    spec.group = Some(group.clone());
    let mut source = target.source(&spec).await.expect("a source");
    while !matches!(source.fetch(Limit::default()).await, Ok(Fetched::Batch(_))) {}
    let admin = target.admin().expect("an admin");
    let start = Range::default();
    let error = admin
        .seek(&stream, &group, &start)
        .await
        .expect_err("it is read");
    assert!(error.to_string().contains("is being read"), "{error}");
    source.close().await.expect("the source closes");
    admin
        .seek(&stream, &group, &start)
        .await
        .expect("nobody reads it");
}

/// Partitions stay where they are when a member comes, under the cooperative protocol as well.
#[tokio::test]
async fn cooperative_groups_read_everything() {
    let cluster = Cluster::start();
    let target = cluster.target(json!({
        "group": fresh("group"), "assignment": "cooperative-sticky",
    }));
    let stream = topic(target.as_ref(), 4, &[]).await;
    let mut spec = reader_of(&stream, Range::default());
    spec.range.from = Bound::Stored;
    let mut first = target.source(&spec).await.expect("a source");
    let mut second = target.source(&spec).await.expect("a source");
    let deadline = Instant::now() + Duration::from_secs(60);
    let mut counts = [0, 0];
    let mut seen = std::collections::BTreeSet::new();
    let mut written = 0;
    while counts[0] == 0 || counts[1] == 0 || seen.len() < written {
        assert!(
            Instant::now() < deadline,
            "{counts:?}, {} of {written}",
            seen.len()
        );
        if seen.len() == written {
            let wave: Vec<_> = (written..written + 100)
                .map(|n| keyed(&n.to_string(), &n.to_string()))
                .collect();
            write(target.as_ref(), &stream, &wave).await;
            written += 100;
        }
        for (count, source) in counts.iter_mut().zip([&mut first, &mut second]) {
            if let Fetched::Batch(batch) = source.fetch(Limit::default()).await.expect("a fetch") {
                *count += batch.records.len();
                seen.extend(batch.records.into_iter().map(|record| record.value));
            }
        }
    }
}
