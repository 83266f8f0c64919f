//! Topics that change while they are read.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewPartitions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use serde_json::json;
use ssectl_adapter::{Bound, Error, ErrorKind, Fetched, Limit, Range, Source, SourceSpec, Target};

use crate::support::{Cluster, fresh, keyed, reader_of, topic, until_end, write};

/// Looks at topics often, so that tests need not wait long.
fn watchful(cluster: &Cluster) -> std::sync::Arc<dyn Target> {
    cluster.target(json!({ "librdkafka": { "topic.metadata.refresh.interval.ms": "200" } }))
}

async fn open(target: &dyn Target, spec: &SourceSpec) -> Box<dyn Source> {
    target.source(spec).await.expect("a source")
}

/// Fetches until so many values were seen.
async fn read(source: &mut dyn Source, count: usize) -> BTreeSet<String> {
    let deadline = Instant::now() + Duration::from_secs(60);
    let mut seen = BTreeSet::new();
    while seen.len() < count {
        assert!(Instant::now() < deadline, "{} of {count}", seen.len());
        if let Fetched::Batch(batch) = source.fetch(Limit::default()).await.expect("a fetch") {
            let values = batch.records.into_iter().map(|r| r.value.expect("a value"));
            seen.extend(values.map(|v| String::from_utf8(v.to_vec()).expect("text")));
        }
    }
    seen
}

fn admin(cluster: &Cluster) -> AdminClient<DefaultClientContext> {
    let mut properties = ClientConfig::new();
    properties.set("bootstrap.servers", &cluster.address);
    properties.create().expect("an admin client")
}

async fn grow(cluster: &Cluster, stream: &str, total: usize) {
    let more = NewPartitions::new(stream, total);
    let outcome = admin(cluster)
        .create_partitions([&more], &AdminOptions::new())
        .await;
    outcome.expect("an answer")[0]
        .as_ref()
        .expect("they are made");
}

/// Puts one record into a partition by its number.
fn put(cluster: &Cluster, stream: &str, partition: i32, value: &str) {
    let mut properties = ClientConfig::new();
    properties.set("bootstrap.servers", &cluster.address);
    let producer: BaseProducer = properties.create().expect("a producer");
    let record = BaseRecord::<str, str>::to(stream)
        .partition(partition)
        .payload(value);
    let sent = producer.send(record).map_err(|(error, _)| error);
    sent.expect("queued");
    producer.flush(Duration::from_secs(30)).expect("sent");
}

#[tokio::test]
async fn partitions_that_a_topic_gets_are_read_from_their_start() {
    let cluster = Cluster::start();
    let target = watchful(&cluster);
    for group in [None, Some(fresh("group"))] {
        let stream = topic(target.as_ref(), 1, &[]).await;
        write(target.as_ref(), &stream, &[keyed("k", "old")]).await;
        let mut spec = reader_of(&stream, Range::default());
        spec.group = group;
        let mut source = open(target.as_ref(), &spec).await;
        read(source.as_mut(), 1).await;
        grow(&cluster, &stream, 3).await;
        for (partition, value) in [(0, "zero"), (1, "one"), (2, "two")] {
            put(&cluster, &stream, partition, value);
        }
        let seen = read(source.as_mut(), 3).await;
        assert!(["zero", "one", "two"].iter().all(|v| seen.contains(*v)));
        source.close().await.expect("the source closes");
    }
}

/// The end is fixed before the reader has looked at the topic again.
#[tokio::test]
async fn the_end_of_a_followed_topic_counts_partitions_that_it_has_got() {
    let cluster = Cluster::start();
    let target = cluster.target(json!({}));
    let stream = topic(target.as_ref(), 1, &[]).await;
    write(target.as_ref(), &stream, &[keyed("k", "old")]).await;
    let spec = reader_of(&stream, Range::default());
    let mut source = open(target.as_ref(), &spec).await;
    read(source.as_mut(), 1).await;
    grow(&cluster, &stream, 2).await;
    put(&cluster, &stream, 1, "one");
    source.bound().await.expect("the end is fixed");
    let rest = until_end(source.as_mut()).await;
    assert_eq!(rest.len(), 1);
    assert_eq!(rest[0].value.as_deref(), Some(&b"one"[..]));
}

/// The range of a bounded read is fixed when it begins, and so are its partitions.
#[tokio::test]
async fn a_bounded_read_and_one_of_named_partitions_stay_with_theirs() {
    let cluster = Cluster::start();
    let target = watchful(&cluster);
    let stream = topic(target.as_ref(), 1, &[]).await;
    write(target.as_ref(), &stream, &[keyed("k", "old")]).await;
    let bounded = reader_of(&stream, Range::all());
    let mut named = reader_of(&stream, Range::default());
    named.partitions = vec!["0".to_owned()];
    let mut all = reader_of(&stream, Range::default());
    all.range.from = Bound::Start;
    let mut bounded = open(target.as_ref(), &bounded).await;
    let mut named = open(target.as_ref(), &named).await;
    let mut all = open(target.as_ref(), &all).await;
    grow(&cluster, &stream, 2).await;
    put(&cluster, &stream, 1, "one");
    put(&cluster, &stream, 0, "zero");
    // Once this one has them, the others have had the time as well.
    read(all.as_mut(), 3).await;
    assert_eq!(until_end(bounded.as_mut()).await.len(), 1);
    let seen = read(named.as_mut(), 2).await;
    assert!(!seen.contains("one"), "{seen:?}");
    named.bound().await.expect("the end is fixed");
    assert!(until_end(named.as_mut()).await.is_empty());
}

/// Deletes a topic; makes it again, if asked, with records up to where the old one was read.
async fn replace(cluster: &Cluster, stream: &str, records: Option<usize>) {
    let admin = admin(cluster);
    let options = AdminOptions::new();
    let gone = admin.delete_topics(&[stream], &options).await;
    gone.expect("an answer")[0].as_ref().expect("it is deleted");
    let Some(count) = records else { return };
    let new = NewTopic::new(stream, 1, TopicReplication::Fixed(1));
    let made = admin.create_topics([&new], &options).await;
    made.expect("an answer")[0].as_ref().expect("it is made");
    let records: Vec<_> = (0..count)
        .map(|n| keyed("k", &format!("new {n}")))
        .collect();
    write(cluster.target(json!({})).as_ref(), stream, &records).await;
}

async fn failure(source: &mut dyn Source) -> Error {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        match source.fetch(Limit::default()).await {
            Err(error) if !error.is_temporary() => return error,
            _ => assert!(Instant::now() < deadline, "no error"),
        }
    }
}

/// Its offsets go on where the old one's ended, so they alone tell nothing.
#[tokio::test]
async fn a_topic_that_is_made_anew_is_not_read_on_as_if_it_were_the_old_one() {
    let cluster = Cluster::start();
    let target = watchful(&cluster);
    for group in [None, Some(fresh("group"))] {
        let stream = topic(target.as_ref(), 1, &[]).await;
        let old: Vec<_> = (0..10).map(|n| keyed("k", &n.to_string())).collect();
        write(target.as_ref(), &stream, &old).await;
        let mut spec = reader_of(&stream, Range::default());
        spec.group = group;
        let mut source = open(target.as_ref(), &spec).await;
        read(source.as_mut(), 10).await;
        replace(&cluster, &stream, Some(15)).await;
        let error = failure(source.as_mut()).await;
        // Who looks between the two sees no topic at all, or one without records yet, as is likely with a broker that
        // takes its time.
        let said: &[&str] = match error.kind() {
            ErrorKind::NotFound => &["does not exist"],
            kind => {
                assert_eq!(kind, ErrorKind::OutOfRange, "{error:?}");
                &["made anew", "is not there yet"]
            }
        };
        let text = error.to_string();
        assert!(said.iter().any(|said| text.contains(said)), "{text}");
        source.close().await.expect("the source closes");
    }
}

#[tokio::test]
async fn every_member_of_a_group_is_told_that_the_topic_is_gone() {
    let cluster = Cluster::start();
    let target = watchful(&cluster);
    let stream = topic(target.as_ref(), 2, &[]).await;
    let mut spec = reader_of(&stream, Range::default());
    spec.group = Some(fresh("group"));
    spec.range.from = Bound::Stored;
    let mut members = [
        open(target.as_ref(), &spec).await,
        open(target.as_ref(), &spec).await,
    ];
    put(&cluster, &stream, 0, "zero");
    put(&cluster, &stream, 1, "one");
    let deadline = Instant::now() + Duration::from_secs(60);
    let mut read = 0;
    while read < 2 {
        assert!(Instant::now() < deadline, "{read} of 2");
        for member in &mut members {
            if let Fetched::Batch(batch) = member.fetch(Limit::default()).await.expect("a fetch") {
                read += batch.records.len();
            }
        }
    }
    replace(&cluster, &stream, None).await;
    for member in &mut members {
        let error = failure(member.as_mut()).await;
        assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
        assert!(error.to_string().contains("does not exist"), "{error}");
    }
}
