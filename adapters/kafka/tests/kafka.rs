//! What is particular to Kafka, over the emulator or the broker of `SSECTL_TEST_KAFKA`.

mod support;

use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use serde_json::json;
use ssectl_adapter::{
    Adapter, Bound, ErrorKind, Fetched, Limit, Position, Range, Record, SinkSpec, Source,
    SourceSpec, StreamSpec, Target, Timestamp,
};
use support::{Cluster, fresh, options, target, topic};

fn sink_of(stream: &str) -> SinkSpec {
    SinkSpec {
        stream: stream.to_owned(),
    }
}

fn reader_of(stream: &str, range: Range) -> SourceSpec {
    SourceSpec {
        stream: stream.to_owned(),
        range,
        ..SourceSpec::default()
    }
}

fn keyed(key: &str, value: &str) -> Record {
    Record {
        key: Some(key.to_owned().into()),
        ..Record::from_value(value.to_owned())
    }
}

async fn write(target: &dyn Target, stream: &str, records: &[Record]) {
    let mut sink = target.sink(&sink_of(stream)).await.expect("a sink");
    let written = sink.write(records).await.expect("a write");
    assert!(written.rejected.is_empty(), "{:?}", written.rejected);
    sink.close().await.expect("the sink closes");
}

async fn until_end(source: &mut dyn Source) -> Vec<Record> {
    let mut records = Vec::new();
    let deadline = Instant::now() + Duration::from_secs(60);
    while Instant::now() < deadline {
        match source.fetch(Limit::default()).await.expect("a fetch") {
            Fetched::Batch(batch) => records.extend(batch.records),
            Fetched::Idle => {}
            Fetched::End => return records,
        }
    }
    panic!("no end after {} records", records.len());
}

async fn read_all(target: &dyn Target, stream: &str) -> Vec<Record> {
    let source = target.source(&reader_of(stream, Range::all())).await;
    until_end(source.expect("a source").as_mut()).await
}

/// The hashes are those of Kafka's own `UtilsTest.testMurmur2`.
#[tokio::test]
async fn keys_go_where_java_clients_send_them() {
    const PARTITIONS: u32 = 7;
    let hashes = [
        ("21", -973_932_308_i32),
        ("foobar", -790_332_482),
        ("a-little-bit-long-string", -985_981_536),
        ("a-little-bit-longer-string", -1_486_304_829),
        (
            "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8",
            -58_897_971,
        ),
        ("abc", 479_470_107),
    ];
    let cluster = Cluster::start();
    let target = cluster.target(json!({}));
    let stream = topic(target.as_ref(), PARTITIONS, &[]).await;
    let records = hashes.map(|(key, _)| keyed(key, "value"));
    write(target.as_ref(), &stream, &records).await;
    let read = read_all(target.as_ref(), &stream).await;
    for (key, hash) in hashes {
        let record = read
            .iter()
            .find(|record| record.key.as_deref() == Some(key.as_bytes()));
        let expected = (hash.cast_unsigned() & 0x7fff_ffff) % PARTITIONS;
        let partition = &record.expect("the record").origin.partition;
        assert_eq!(partition.as_str(), expected.to_string(), "{key}");
    }
}

#[tokio::test]
async fn every_compression_survives() {
    let cluster = Cluster::start();
    for compression in ["none", "gzip", "snappy", "lz4", "zstd"] {
        let target = cluster.target(json!({ "compression": compression }));
        let stream = topic(target.as_ref(), 1, &[]).await;
        let records: Vec<_> = (0..500)
            .map(|n| keyed("k", &format!("{n} {n} {n}")))
            .collect();
        write(target.as_ref(), &stream, &records).await;
        let read = read_all(target.as_ref(), &stream).await;
        let values =
            |records: &[Record]| records.iter().map(|r| r.value.clone()).collect::<Vec<_>>();
        assert_eq!(values(&read), values(&records), "{compression}");
    }
}

/// A request is made no larger than the topic takes, so that small records do not suffer for it.
#[tokio::test]
async fn a_topic_of_small_messages_takes_many_of_them() {
    let cluster = Cluster::start();
    let target = cluster.target(json!({}));
    let stream = topic(target.as_ref(), 1, &[("max.message.bytes", "5000")]).await;
    let mut records: Vec<_> = (0..1000)
        .map(|n| keyed("k", &format!("{n:0>100}")))
        .collect();
    records[500] = keyed("k", &"x".repeat(6000));
    let mut sink = target.sink(&sink_of(&stream)).await.expect("a sink");
    let written = sink.write(&records).await.expect("a write");
    let [rejected] = &written.rejected[..] else {
        panic!("{} records were rejected", written.rejected.len());
    };
    assert_eq!(rejected.index, 500);
    assert_eq!(
        rejected.error.kind(),
        ErrorKind::TooLarge,
        "{}",
        rejected.error
    );
    sink.close().await.expect("the sink closes");
    assert_eq!(read_all(target.as_ref(), &stream).await.len(), 999);
}

#[tokio::test]
async fn a_misspelt_topic_is_answered_with_the_nearest_one() {
    let cluster = Cluster::start();
    let target = cluster.target(json!({}));
    let stream = topic(target.as_ref(), 1, &[]).await;
    let wrong = stream.replace("test", "tset");
    let spec = reader_of(&wrong, Range::default());
    let error = target.source(&spec).await.err().expect("no such topic");
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let hint = error.hint_text().unwrap_or_default();
    assert!(hint.contains("did you mean `test-"), "{hint}");
}

#[tokio::test]
async fn an_unreachable_broker_is_unavailable_in_time() {
    let target = target(&options(
        json!({ "brokers": "127.0.0.1:1", "connect-timeout": "1s" }),
    ));
    let admin = target.admin().expect("an admin needs no network");
    let errors = [
        target.source(&reader_of("t", Range::all())).await.err(),
        target.sink(&sink_of("t")).await.err(),
        target.probe().await.err(),
        admin.list().await.err(),
        admin.create(&StreamSpec::default()).await.err(),
    ];
    let start = Instant::now();
    for error in errors {
        let error = error.expect("nobody listens there");
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
        assert!(error.is_temporary());
        assert!(error.to_string().contains("127.0.0.1:1"), "{error}");
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        assert!(
            cause.is_some_and(|cause| cause.contains("refused")),
            "{error}"
        );
    }
    assert!(start.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_position_that_is_gone_is_named() {
    let cluster = Cluster::start();
    let target = cluster.target(json!({}));
    let stream = topic(target.as_ref(), 1, &[]).await;
    write(
        target.as_ref(),
        &stream,
        &[keyed("k", "0"), keyed("k", "1"), keyed("k", "2")],
    )
    .await;
    delete_before(&cluster, &stream, 2).await;
    let range = Range {
        from: Bound::At(Position::Offset(1)),
        to: Some(Bound::End),
    };
    let spec = reader_of(&stream, range);
    let error = target.source(&spec).await.err().expect("it is gone");
    assert_eq!(error.kind(), ErrorKind::OutOfRange);
    let text = error.to_string();
    assert!(
        text.contains("offset 1 of topic") && text.contains("first `2`"),
        "{text}"
    );
    let lenient = cluster.target(json!({ "offset-reset": "earliest" }));
    let mut source = lenient
        .source(&spec)
        .await
        .expect("it goes on with what is left");
    assert_eq!(until_end(source.as_mut()).await.len(), 1);
}

/// A reader falls behind so far that what it has not read is deleted under it.
#[tokio::test]
async fn a_position_that_goes_while_reading_is_named() {
    let cluster = Cluster::start();
    let target = cluster.target(json!({ "group": fresh("group") }));
    let stream = topic(target.as_ref(), 1, &[]).await;
    let records: Vec<_> = (0..10).map(|n| keyed("k", &n.to_string())).collect();
    write(target.as_ref(), &stream, &records).await;
    let mut spec = reader_of(&stream, Range::default());
    spec.range.from = Bound::Stored;
    let mut source = target.source(&spec).await.expect("a source");
    let one = Limit {
        records: 1,
        ..Limit::default()
    };
    let commit = loop {
        if let Fetched::Batch(batch) = source.fetch(one).await.expect("a fetch") {
            break batch.commit;
        }
    };
    source.commit(&commit).await.expect("a commit");
    source.close().await.expect("the source closes");
    delete_before(&cluster, &stream, 5).await;
    let mut source = target.source(&spec).await.expect("a source");
    let deadline = Instant::now() + Duration::from_secs(60);
    let error = loop {
        match source.fetch(Limit::default()).await {
            Err(error) => break error,
            Ok(_) => assert!(Instant::now() < deadline, "no error"),
        }
    };
    assert_eq!(error.kind(), ErrorKind::OutOfRange);
    assert!(error.to_string().contains("offset 1 of topic"), "{error}");
}

async fn delete_before(cluster: &Cluster, stream: &str, offset: i64) {
    let mut properties = ClientConfig::new();
    properties.set("bootstrap.servers", &cluster.address);
    let admin: rdkafka::admin::AdminClient<_> = properties.create().expect("an admin client");
    let mut list = rdkafka::TopicPartitionList::new();
    list.add_partition_offset(stream, 0, rdkafka::Offset::Offset(offset))
        .expect("an offset");
    let options = rdkafka::admin::AdminOptions::new();
    let outcome = admin
        .delete_records(&list, &options)
        .await
        .expect("records are deleted");
    outcome.elements()[0].error().expect("records are deleted");
}

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

/// The records of a transaction that was given up, and the markers of all, are not read.
#[tokio::test]
async fn only_committed_transactions_are_read_and_their_markers_end_no_read() {
    let cluster = Cluster::start();
    let target = cluster.target(json!({}));
    let stream = topic(target.as_ref(), 1, &[]).await;
    let producer = transactional(&cluster);
    transact(&producer, &stream, "kept", true);
    transact(&producer, &stream, "given up", false);
    let text = |records: Vec<Record>| {
        let values = records
            .into_iter()
            .map(|r| r.value.expect("a value").to_vec());
        values
            .map(|v| String::from_utf8(v).expect("text"))
            .collect::<Vec<_>>()
    };
    // The read ends although the last offsets are those of records that are not shown.
    assert_eq!(
        text(read_all(target.as_ref(), &stream).await),
        ["kept 0", "kept 1"]
    );
    let mut following = target
        .source(&reader_of(&stream, Range::default()))
        .await
        .expect("a source");
    while !matches!(
        following.fetch(Limit::default()).await,
        Ok(Fetched::Batch(_))
    ) {}
    following.bound().await.expect("the end is fixed");
    assert!(until_end(following.as_mut()).await.is_empty());
    let all = cluster.target(json!({ "isolation": "read-uncommitted" }));
    let shown = text(read_all(all.as_ref(), &stream).await);
    assert_eq!(shown, ["kept 0", "kept 1", "given up 0", "given up 1"]);
}

fn transactional(cluster: &Cluster) -> BaseProducer {
    let mut properties = ClientConfig::new();
    properties
        .set("bootstrap.servers", &cluster.address)
        .set("transactional.id", fresh("transaction"));
    let producer: BaseProducer = properties.create().expect("a producer");
    producer
        .init_transactions(Duration::from_secs(30))
        .expect("a coordinator");
    producer
}

fn transact(producer: &BaseProducer, stream: &str, value: &str, commit: bool) {
    let patience = Duration::from_secs(30);
    producer.begin_transaction().expect("a transaction");
    for number in 0..2 {
        let value = format!("{value} {number}");
        let record = BaseRecord::to(stream).payload(&value).key("k");
        producer
            .send(record)
            .map_err(|(error, _)| error)
            .expect("queued");
    }
    producer.flush(patience).expect("sent");
    if commit {
        producer.commit_transaction(patience).expect("committed");
    } else {
        producer.abort_transaction(patience).expect("given up");
    }
}

/// librdkafka's queue is full after a hundred records; the write waits, and loses nothing.
#[tokio::test]
async fn a_full_queue_is_waited_for() {
    let cluster = Cluster::start();
    let target = cluster.target(json!({
        "librdkafka": { "queue.buffering.max.messages": 100 },
    }));
    let stream = topic(target.as_ref(), 2, &[]).await;
    let records: Vec<_> = (0..5000).map(|n| keyed(&n.to_string(), "v")).collect();
    write(target.as_ref(), &stream, &records).await;
    assert_eq!(read_all(target.as_ref(), &stream).await.len(), 5000);
}

/// Records of a write that nobody waits for are still delivered, and `flush` waits for them.
#[tokio::test]
async fn a_dropped_write_is_flushed() {
    let cluster = Cluster::start();
    let target = cluster.target(json!({}));
    let stream = topic(target.as_ref(), 1, &[]).await;
    let mut sink = target.sink(&sink_of(&stream)).await.expect("a sink");
    let records: Vec<_> = (0..500).map(|n| keyed("k", &n.to_string())).collect();
    tokio::select! {
        biased;
        written = sink.write(&records) => assert!(written.is_ok()),
        () = std::future::ready(()) => {}
    }
    let written = sink.write(&[keyed("k", "after")]).await.expect("a write");
    assert!(written.rejected.is_empty());
    sink.flush().await.expect("a flush");
    let read = read_all(target.as_ref(), &stream).await;
    assert_eq!(read.len(), 501);
    assert_eq!(read[500].value.as_deref(), Some(&b"after"[..]));
}

/// The first millisecond of 1970 is 0 on the wire, which librdkafka takes for "now".
#[tokio::test]
async fn the_first_millisecond_of_1970_is_sent_as_the_second() {
    let cluster = Cluster::start();
    let target = cluster.target(json!({}));
    let stream = topic(target.as_ref(), 1, &[("retention.ms", "-1")]).await;
    let mut record = keyed("k", "v");
    record.timestamp = Some(Timestamp::from_millis(0));
    write(target.as_ref(), &stream, &[record]).await;
    let read = read_all(target.as_ref(), &stream).await;
    assert_eq!(read[0].timestamp, Some(Timestamp::from_millis(1)));
}

/// Records have no null headers; one of a foreign producer is read as an empty one.
#[tokio::test]
async fn a_null_header_is_read_as_an_empty_one() {
    let cluster = Cluster::start();
    let target = cluster.target(json!({}));
    let stream = topic(target.as_ref(), 1, &[]).await;
    let mut properties = ClientConfig::new();
    properties.set("bootstrap.servers", &cluster.address);
    let producer: BaseProducer = properties.create().expect("a producer");
    let headers = OwnedHeaders::new().insert(Header {
        key: "none",
        value: None::<&[u8]>,
    });
    let record = BaseRecord::to(&stream)
        .key("k")
        .payload("v")
        .headers(headers);
    producer
        .send(record)
        .map_err(|(error, _)| error)
        .expect("queued");
    producer.flush(Duration::from_secs(30)).expect("sent");
    let read = read_all(target.as_ref(), &stream).await;
    assert_eq!(read[0].headers, [("none".to_owned(), None)]);
}

/// A record with a name that is no text is told with its place, and the read goes on.
#[tokio::test]
#[ignore = "needs kcat, which sends any bytes as a header's name"]
async fn a_header_name_that_is_no_text_is_told() {
    use std::io::Write;
    use std::os::unix::ffi::OsStrExt;
    use std::process::{Command, Stdio};
    let cluster = Cluster::start();
    let target = cluster.target(json!({}));
    let stream = topic(target.as_ref(), 1, &[]).await;
    let mut kcat = Command::new("kcat")
        .args(["-P", "-b", &cluster.address, "-t", &stream, "-H"])
        .arg(std::ffi::OsStr::from_bytes(b"\xff=1"))
        .stdin(Stdio::piped())
        .spawn()
        .expect("kcat starts");
    let mut pipe = kcat.stdin.take().expect("a pipe");
    pipe.write_all(b"value\n").expect("it reads");
    drop(pipe);
    assert!(kcat.wait().expect("it ends").success());
    write(target.as_ref(), &stream, &[keyed("k", "next")]).await;
    let source = target.source(&reader_of(&stream, Range::all())).await;
    let mut source = source.expect("a source");
    let (mut faults, mut records) = (Vec::new(), Vec::new());
    loop {
        match source.fetch(Limit::default()).await.expect("a fetch") {
            Fetched::Idle => {}
            Fetched::Batch(batch) => {
                faults.extend(batch.faults);
                records.extend(batch.records);
            }
            Fetched::End => break,
        }
    }
    let [fault] = &faults[..] else {
        panic!("{} faults", faults.len());
    };
    assert_eq!(fault.error.kind(), ErrorKind::Data);
    assert_eq!(fault.origin.position, Position::Offset(0));
    assert_eq!(fault.raw.as_deref(), Some(&b"value"[..]));
    assert_eq!(records.len(), 1);
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

#[test]
fn wrong_options_are_named_and_secrets_are_not() {
    let adapter = ssectl_adapter_kafka::adapter();
    for (wrong, says) in [
        (json!({}), "brokers"),
        (
            json!({ "brokers": "a", "brokres": "b" }),
            "unknown option `brokres`",
        ),
        (
            json!({ "brokers": "a", "librdkafka": { "fetch.min.byts": 1 } }),
            "`fetch.min.byts`",
        ),
        (
            json!({ "brokers": "a", "librdkafka": { "linger.ms": "hunter2" } }),
            "`linger.ms`",
        ),
        (
            json!({ "brokers": "a", "librdkafka": { "group.id": "x" } }),
            "`librdkafka.group.id`",
        ),
        (json!({ "brokers": "a", "acks": 0 }), "`0`"),
        (
            json!({ "brokers": "a", "acks": 1, "idempotence": true }),
            "`acks: all`",
        ),
        (json!({ "brokers": "a", "linger": "soon" }), "`soon`"),
        (
            json!({ "brokers": "a", "tls": { "ca": "/no/such/file.pem" } }),
            "`tls.ca`",
        ),
        (
            json!({ "brokers": "a", "sasl": { "mechanism": "PLAIN", "password": "hunter2" } }),
            "sasl.username",
        ),
        (
            json!({ "brokers": "a", "sasl": { "mechanism": "MAGIC", "password": "hunter2" } }),
            "MAGIC",
        ),
        (
            json!({ "brokers": "a", "sasl": { "mechanism": "OAUTHBEARER" } }),
            "sasl.token",
        ),
        (
            json!({ "brokers": "a", "sasl": { "mechanism": "PLAIN", "username": "u", "password": 2 } }),
            "string",
        ),
        (
            json!({ "brokers": "a", "librdkafka": { "sasl.password": "hunter2" } }),
            "use `sasl`",
        ),
    ] {
        let error = adapter.target(&options(wrong.clone())).err();
        let error = error.unwrap_or_else(|| panic!("{wrong} is accepted"));
        assert_eq!(error.kind(), ErrorKind::Config, "{wrong}: {error}");
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        let text = format!("{error} {} {error:?}", cause.unwrap_or_default());
        assert!(text.contains(says), "{wrong}: {text}");
        assert!(!text.contains("hunter2"), "{wrong}: {text}");
    }
}
