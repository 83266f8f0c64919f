//! Ordering keys: pstest gives the next message of a key when the one before it is acknowledged.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use ssectl_adapter::{Fetched, Limit, Range, Record, SinkSpec, SourceSpec};

use crate::peer::{Peer, fresh};

/// Several batches of many keys; those of a key come in the order they were written.
#[tokio::test(flavor = "multi_thread")]
async fn each_key_keeps_its_order() {
    const COUNT: usize = 1000;
    const KEYS: usize = 50;
    let peer = Peer::new();
    let topic = fresh("order");
    peer.make(&topic, &[format!("{topic}.ordered")], true);
    let target = peer.adapted(true);
    let records: Vec<_> = (0..COUNT)
        .map(|n| Record {
            key: Some(format!("key-{}", n % KEYS).into()),
            ..Record::from_value(n.to_string())
        })
        .collect();
    let mut sink = target
        .sink(&SinkSpec {
            stream: topic.clone(),
            ..SinkSpec::default()
        })
        .await
        .expect("a sink");
    for chunk in records.chunks(170) {
        let written = sink.write(chunk).await.expect("a write");
        assert!(written.rejected.is_empty(), "{:?}", written.rejected);
    }
    let spec = SourceSpec {
        stream: topic.clone(),
        group: Some(format!("{topic}.ordered")),
        range: Range::default(),
        ..SourceSpec::default()
    };
    let mut source = target.source(&spec).await.expect("a source");
    let (mut last, mut read) = (BTreeMap::new(), 0);
    let deadline = Instant::now() + Duration::from_secs(60);
    while read < COUNT {
        assert!(Instant::now() < deadline, "only {read} of {COUNT}");
        let Fetched::Batch(batch) = source.fetch(Limit::default()).await.expect("a fetch") else {
            continue;
        };
        for record in &batch.records {
            let value = record.value.as_deref().expect("a value");
            let number: usize = std::str::from_utf8(value)
                .expect("text")
                .parse()
                .expect("a number");
            let before = last.insert(record.key.clone(), number);
            assert!(
                before.is_none_or(|before| before < number),
                "{before:?} before {number}"
            );
            read += 1;
        }
        source.commit(&batch.commit).await.expect("a commit");
    }
    source.close().await.expect("the source closes");
    assert_eq!(last.len(), KEYS);
}
