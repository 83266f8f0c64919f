//! Reading a source until a condition holds or patience ends.

use std::time::Duration;

use ssectl_adapter::{Batch, Commit, Fetched, Limit, Record, Source};
use tokio::time::Instant;

/// Longer than any joining of a group or moving of a partition should take.
const PATIENCE: Duration = Duration::from_secs(60);

/// The next batch, however many idle waits come before it.
pub(crate) async fn batch(source: &mut dyn Source, limit: Limit) -> Batch {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        match source.fetch(limit).await.expect("the fetch succeeds") {
            Fetched::Batch(batch) => {
                assert!(
                    !batch.records.is_empty(),
                    "a batch holds at least one record"
                );
                return batch;
            }
            Fetched::Idle => {}
            Fetched::End => panic!("the source ended where a record was due"),
        }
    }
    panic!("no record within {PATIENCE:?}");
}

/// Exactly `count` records, with the token that commits them.
pub async fn exactly(source: &mut dyn Source, count: usize) -> (Vec<Record>, Commit) {
    let mut records = Vec::new();
    let mut commit = Commit::Nothing;
    while records.len() < count {
        let limit = Limit {
            records: count - records.len(),
            ..Limit::default()
        };
        let batch = batch(source, limit).await;
        records.extend(batch.records);
        commit.merge(batch.commit);
    }
    assert_eq!(
        records.len(),
        count,
        "a fetch gave more than it was asked for"
    );
    (records, commit)
}

/// All records up to the end of the source.
pub(crate) async fn until_end(source: &mut dyn Source) -> Vec<Record> {
    let mut records = Vec::new();
    let mut deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        match source
            .fetch(Limit::default())
            .await
            .expect("the fetch succeeds")
        {
            Fetched::Batch(batch) => {
                records.extend(batch.records);
                deadline = Instant::now() + PATIENCE;
            }
            Fetched::Idle => {}
            Fetched::End => return records,
        }
    }
    panic!("no end within {PATIENCE:?} after {} records", records.len());
}
