//! FIFO queues: order, groups and deduplication.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::json;
use ssectl_adapter::{ErrorKind, Fetched, Limit, Range, Record};

use crate::support::{
    Queues, consume, consumer_of, fresh, keyed, make, reader_of, sink_of, text, write,
};

fn fifo(name: &str) -> String {
    format!("{}.fifo", fresh(name))
}

/// Several requests are under way at once, on both sides; each group stays in order.
#[tokio::test(flavor = "multi_thread")]
async fn each_key_keeps_its_order() {
    const COUNT: usize = 1500;
    const KEYS: usize = 17;
    let queues = Queues::start();
    let target = queues.target(json!({}));
    let queue = make(target.as_ref(), &fifo("order"), &[]).await;
    let records: Vec<_> = (0..COUNT)
        .map(|n| keyed(&format!("key {}", n % KEYS), &n.to_string()))
        .collect();
    write(target.as_ref(), &queue, &records).await;
    let source = target.source(&consumer_of(&queue, Range::all())).await;
    let mut source = source.expect("a source");
    let read = consume(source.as_mut()).await;
    source.close().await.expect("the source closes");
    assert_eq!(read.len(), COUNT);
    let mut last: BTreeMap<Bytes, usize> = BTreeMap::new();
    for record in read {
        let number: usize = text(&record).parse().expect("a number");
        let key = record.key.expect("a key");
        assert_eq!(key, format!("key {}", number % KEYS));
        assert!(
            last.insert(key, number) < Some(number),
            "{number} came too late"
        );
    }
}

/// The option adds the ending, and lists streams by the names they were made with.
#[tokio::test]
async fn streams_may_be_fifo_queues_by_an_option() {
    let queues = Queues::start();
    let target = queues.target(json!({ "fifo": true }));
    let stream = make(target.as_ref(), &fresh("plain"), &[]).await;
    let admin = target.admin().expect("an admin");
    assert!(admin.list().await.expect("a list").contains(&stream));
    let info = admin.describe(&stream).await.expect("a description");
    assert_eq!(
        info.config.get("FifoQueue").map(String::as_str),
        Some("true")
    );
    let all = queues
        .target(json!({}))
        .admin()
        .expect("an admin")
        .list()
        .await;
    assert!(all.expect("a list").contains(&format!("{stream}.fifo")));
    write(
        target.as_ref(),
        &stream,
        &[keyed("k", "v"), Record::from_value("no key")],
    )
    .await;
    let mut source = target
        .source(&consumer_of(&stream, Range::all()))
        .await
        .expect("a source");
    let mut keys: Vec<_> = consume(source.as_mut())
        .await
        .into_iter()
        .map(|r| r.key)
        .collect();
    keys.sort();
    assert_eq!(keys, [None, Some("k".into())]);
}

/// Without commits a group gives ten messages; the read says so, and does not end as if that were all.
#[tokio::test]
async fn a_read_that_deletes_nothing_says_what_it_cannot_reach() {
    let queues = Queues::start();
    let target = queues.target(json!({ "visibility-timeout": "2s" }));
    let queue = make(target.as_ref(), &fifo("held"), &[]).await;
    let records: Vec<_> = (0..25).map(|n| keyed("one", &n.to_string())).collect();
    write(target.as_ref(), &queue, &records).await;
    let source = target.source(&reader_of(&queue, Range::all())).await;
    let mut source = source.expect("a source");
    let mut count = 0;
    let error = loop {
        match source.fetch(Limit::default()).await {
            Ok(Fetched::Batch(batch)) => count += batch.records.len(),
            Ok(Fetched::Idle) => {}
            Ok(Fetched::End) => panic!("it ended after {count} of 25 records"),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(
        error
            .hint_text()
            .is_some_and(|hint| hint.contains("consume")),
        "{error}"
    );
    source.close().await.expect("the source closes");
}

/// Equal records are two records, unless deduplication is asked for.
#[tokio::test]
async fn deduplication_is_what_was_asked_for() {
    let queues = Queues::start();
    for (deduplication, expected) in [("unique", 4), ("content", 2), ("header:id", 3)] {
        let target = queues.target(json!({ "deduplication": deduplication, "consume": true }));
        let settings = [("ContentBasedDeduplication", "true")];
        let queue = make(target.as_ref(), &fifo("dedup"), &settings).await;
        let records = ["1", "2", "2", "3"].into_iter().zip(["a", "a", "b", "b"]);
        let records: Vec<_> = records
            .map(|(id, value)| Record {
                headers: vec![("id".to_owned(), Some(id.into()))],
                ..keyed("k", value)
            })
            .collect();
        write(target.as_ref(), &queue, &records).await;
        let source = target.source(&reader_of(&queue, Range::all())).await;
        let mut source = source.expect("a source");
        assert_eq!(
            consume(source.as_mut()).await.len(),
            expected,
            "{deduplication}"
        );
    }
    let target = queues.target(json!({ "deduplication": "header:id" }));
    let queue = make(target.as_ref(), &fifo("dedup"), &[]).await;
    let mut sink = target.sink(&sink_of(&queue)).await.expect("a sink");
    let written = sink
        .write(&[keyed("k", "no header")])
        .await
        .expect("a write");
    assert_eq!(written.rejected[0].error.kind(), ErrorKind::Data);
}
