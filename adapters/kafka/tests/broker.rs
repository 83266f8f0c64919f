//! Against a real Apache Kafka: logging in, and outages.
//!
//! Ignored unless asked for, because they need Java and `tests/peers/install.sh kafka`:
//! `cargo test -p ssectl-adapter-kafka --test broker -- --ignored`.

#[path = "support/broker.rs"]
mod support;

use std::collections::BTreeSet;
use std::error::Error as _;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use ssectl_adapter::{
    Adapter, Bound, Error, ErrorKind, Fetched, Limit, Range, Record, SinkSpec, SourceSpec,
    StreamSpec, Target,
};
use support::{Broker, peers};

fn target(options: Value) -> Arc<dyn Target> {
    let Value::Object(options) = options else {
        panic!("no map of options");
    };
    let target = ssectl_adapter_kafka::adapter().target(&options);
    target.expect("valid options")
}

async fn create(target: &dyn Target, name: &str, partitions: u32) {
    let spec = StreamSpec {
        name: name.to_owned(),
        partitions: Some(partitions),
        ..StreamSpec::default()
    };
    let admin = target.admin().expect("an admin");
    admin.create(&spec).await.expect("a fresh topic");
}

fn sink_of(stream: &str) -> SinkSpec {
    SinkSpec {
        stream: stream.to_owned(),
    }
}

fn whole(stream: &str) -> SourceSpec {
    SourceSpec {
        stream: stream.to_owned(),
        range: Range::all(),
        ..SourceSpec::default()
    }
}

fn numbered(numbers: std::ops::Range<usize>) -> Vec<Record> {
    numbers
        .map(|number| Record {
            key: Some(format!("key-{}", number % 50).into()),
            ..Record::from_value(number.to_string())
        })
        .collect()
}

fn number(record: &Record) -> usize {
    let text = std::str::from_utf8(record.value.as_deref().expect("a value")).expect("text");
    text.parse().expect("a number")
}

/// Writes ten records to a topic and reads them back.
async fn use_it(options: Value, stream: &str) -> Result<(), Error> {
    let target = target(options);
    let mut sink = target.sink(&sink_of(stream)).await?;
    sink.write(&numbered(0..10)).await?;
    sink.close().await?;
    let mut source = target.source(&whole(stream)).await?;
    let mut read = 0;
    loop {
        match source.fetch(Limit::default()).await? {
            Fetched::Batch(batch) => read += batch.records.len(),
            Fetched::Idle => {}
            Fetched::End => break,
        }
    }
    assert!(read >= 10, "{read} records");
    Ok(())
}

/// A token that only a test broker believes: it is not signed (RFC 7519 section 6).
fn unsigned_token(user: &str) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = now.expect("after 1970").as_secs();
    let head = URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#);
    let claims = json!({ "sub": user, "iat": now, "exp": now + 3600 }).to_string();
    format!("{head}.{}.", URL_SAFE_NO_PAD.encode(claims))
}

#[tokio::test]
#[ignore = "needs Apache Kafka: tests/peers/install.sh kafka"]
async fn every_way_to_log_in_works_and_refusals_are_told() {
    let broker = Broker::start();
    create(
        target(json!({ "brokers": broker.fact("BOOTSTRAP") })).as_ref(),
        "logins",
        1,
    )
    .await;
    let tls = json!({ "ca": broker.fact("CA_FILE") });
    let plain = broker.fact("SASL_BOOTSTRAP");
    let secure = broker.fact("SASL_SSL_BOOTSTRAP");
    let (user, password) = (broker.fact("SASL_USER"), broker.fact("SASL_PASSWORD"));
    for mechanism in ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] {
        let sasl =
            |password| json!({ "mechanism": mechanism, "username": user, "password": password });
        let open = json!({ "brokers": plain, "sasl": sasl(password) });
        use_it(open, "logins")
            .await
            .unwrap_or_else(|error| panic!("{mechanism}: {error:?}"));
        let encrypted = json!({ "brokers": secure, "tls": tls, "sasl": sasl(password) });
        use_it(encrypted, "logins")
            .await
            .unwrap_or_else(|error| panic!("{mechanism}: {error:?}"));
        let wrong = json!({ "brokers": plain, "sasl": sasl("hunter2") });
        refused(wrong, ErrorKind::Authentication, "sasl.mechanism").await;
    }
    let words = ["printf", "%s", &unsigned_token(user)].map(str::to_owned);
    let sasl = json!({ "mechanism": "OAUTHBEARER", "token": { "command": words } });
    let bearer = json!({ "brokers": secure, "tls": tls, "sasl": sasl });
    use_it(bearer, "logins")
        .await
        .unwrap_or_else(|error| panic!("OAUTHBEARER: {error:?}"));
    let sasl = json!({ "mechanism": "OAUTHBEARER", "token": { "command": ["false"] } });
    refused(
        json!({ "brokers": plain, "sasl": sasl }),
        ErrorKind::Authentication,
        "",
    )
    .await;

    let mut mutual = tls.clone();
    mutual["certificate"] = broker.fact("CLIENT_CERT").into();
    mutual["key"] = broker.fact("CLIENT_KEY").into();
    let certified = json!({ "brokers": broker.fact("SSL_BOOTSTRAP"), "tls": mutual });
    use_it(certified, "logins")
        .await
        .unwrap_or_else(|error| panic!("certificate: {error:?}"));
    let stranger = json!({ "brokers": broker.fact("SSL_BOOTSTRAP"), "tls": tls });
    refused(stranger, ErrorKind::Authentication, "").await;
    let sasl = json!({ "mechanism": "PLAIN", "username": user, "password": password });
    let unknown = json!({ "brokers": secure, "tls": true, "sasl": sasl });
    refused(unknown, ErrorKind::Authentication, "tls: {ca: FILE}").await;
    let trusting = json!({ "brokers": secure, "tls": { "verify": false }, "sasl": sasl });
    use_it(trusting, "logins")
        .await
        .unwrap_or_else(|error| panic!("unverified: {error:?}"));
    let clear = json!({ "brokers": broker.fact("SSL_BOOTSTRAP"), "connect-timeout": "3s" });
    refused(clear, ErrorKind::Unavailable, "tls: true").await;
    let nameless = json!({ "brokers": plain, "connect-timeout": "3s" });
    refused(nameless, ErrorKind::Unavailable, "`sasl`").await;
    let veiled =
        json!({ "brokers": broker.fact("BOOTSTRAP"), "tls": true, "connect-timeout": "3s" });
    refused(veiled, ErrorKind::Unavailable, "leave `tls` out").await;
}

/// The refusal comes soon, names the cluster, hints at a way out, and does not tell the password.
async fn refused(options: Value, kind: ErrorKind, hint: &str) {
    let start = Instant::now();
    let case = options.to_string().replace("hunter2", "wrong");
    let error = use_it(options, "logins").await.expect_err(&case);
    let cause = error.source().map(ToString::to_string).unwrap_or_default();
    assert_eq!(error.kind(), kind, "{case}: {error}: {cause}");
    assert!(
        start.elapsed() < Duration::from_secs(8),
        "{case}: {:?}",
        start.elapsed()
    );
    assert!(
        error.to_string().contains("kafka://127.0.0.1"),
        "{case}: {error}"
    );
    let told = error.hint_text().unwrap_or_default();
    assert!(told.contains(hint), "{case}: {told}: {cause}");
    assert!(!format!("{error:?} {cause}").contains("hunter2"), "{case}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Apache Kafka: tests/peers/install.sh kafka"]
async fn a_restart_in_mid_stream_loses_and_repeats_nothing() {
    survive(|broker| broker.restart(), false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Apache Kafka: tests/peers/install.sh kafka"]
async fn an_outage_of_twenty_seconds_is_survived_and_shown() {
    let outage = |broker: &mut Broker| {
        broker.kill();
        std::thread::sleep(Duration::from_secs(21));
        broker.start_again();
    };
    survive(outage, true).await;
}

/// Writes and reads all the time while something happens to the broker.
async fn survive(event: impl FnOnce(&mut Broker) + Send + 'static, shown: bool) {
    let mut broker = Broker::start();
    let options = json!({ "brokers": broker.fact("BOOTSTRAP") });
    create(target(options.clone()).as_ref(), "busy", 3).await;
    let stop = Arc::new(AtomicBool::new(false));
    let writer = tokio::spawn(write_until(stop.clone(), options.clone()));
    let reader = tokio::spawn(read_until_told(options.clone()));
    let broker = tokio::task::spawn_blocking(move || {
        std::thread::sleep(Duration::from_secs(2));
        event(&mut broker);
        std::thread::sleep(Duration::from_secs(5));
        broker
    });
    let _broker = broker.await.expect("the event happens");
    stop.store(true, Ordering::Relaxed);
    let written = writer.await.expect("the writer survives");
    let (read, troubles) = reader.await.expect("the reader survives");
    assert!(written > 1000, "only {written} records");
    assert!(
        read.iter().copied().eq(0..written),
        "{written} written, {} read",
        read.len()
    );
    assert!(!shown || troubles > 0, "nobody was told");
}

/// Writes batches, then a last record that says it is the last; answers how many came before.
async fn write_until(stop: Arc<AtomicBool>, options: Value) -> usize {
    let target = target(options);
    let mut sink = target.sink(&sink_of("busy")).await.expect("a sink");
    let mut written = 0;
    while !stop.load(Ordering::Relaxed) {
        let answer = sink.write(&numbered(written..written + 100)).await;
        assert!(answer.expect("a write survives").rejected.is_empty());
        written += 100;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let last = Record::from_value("the last");
    sink.write(&[last]).await.expect("a write survives");
    sink.close().await.expect("the sink closes");
    written
}

/// What was read, sorted but with repetitions, and how often something temporary was told.
async fn read_until_told(options: Value) -> (Vec<usize>, usize) {
    let target = target(options);
    let mut spec = whole("busy");
    spec.range = Range::default();
    let mut source = target.source(&spec).await.expect("a source");
    let (mut read, mut troubles, mut told) = (Vec::new(), 0, false);
    loop {
        match source.fetch(Limit::default()).await {
            Ok(Fetched::Batch(batch)) => {
                told |= batch
                    .records
                    .iter()
                    .any(|r| r.value.as_deref() == Some(b"the last"));
                let numbers = batch.records.iter().filter(|record| record.key.is_some());
                read.extend(numbers.map(number));
            }
            // The last record is alone in its partition's order: wait for the others too.
            Ok(Fetched::Idle) if told => break,
            Ok(Fetched::Idle) => {}
            Ok(Fetched::End) => panic!("a following read ended"),
            Err(error) => {
                assert!(error.is_temporary(), "{error}");
                troubles += 1;
            }
        }
    }
    read.sort_unstable();
    (read, troubles)
}

/// A group whose reader is busy for longer than Kafka waits for a poll keeps its partitions.
#[tokio::test]
#[ignore = "needs Apache Kafka: tests/peers/install.sh kafka"]
async fn a_slow_reader_keeps_its_place_in_the_group() {
    const COUNT: usize = 200_000;
    let broker = Broker::start();
    let options = json!({
        "brokers": broker.fact("BOOTSTRAP"), "group": "slow", "session-timeout": "6s",
        "librdkafka": { "max.poll.interval.ms": 6000 },
    });
    let target = target(options);
    create(target.as_ref(), "slow", 2).await;
    let mut sink = target.sink(&sink_of("slow")).await.expect("a sink");
    sink.write(&numbered(0..COUNT)).await.expect("a write");
    let mut spec = whole("slow");
    spec.range.from = Bound::Stored;
    let mut source = target.source(&spec).await.expect("a source");
    let mut seen = BTreeSet::new();
    let mut read = 0;
    loop {
        match source.fetch(Limit::default()).await.expect("a fetch") {
            Fetched::Batch(batch) => {
                if read == 0 {
                    tokio::time::sleep(Duration::from_secs(10)).await;
                }
                read += batch.records.len();
                seen.extend(batch.records.iter().map(number));
                source
                    .commit(&batch.commit)
                    .await
                    .expect("it is still ours");
            }
            Fetched::Idle => {}
            Fetched::End => break,
        }
    }
    assert_eq!((read, seen.len()), (COUNT, COUNT));
}

/// The group protocol of Kafka 4 (KIP-848): a group stops, and resumes where it committed.
#[tokio::test]
#[ignore = "needs Apache Kafka: tests/peers/install.sh kafka"]
async fn the_new_group_protocol_resumes_too() {
    let broker = Broker::start();
    let target = target(json!({
        "brokers": broker.fact("BOOTSTRAP"), "group": "modern", "group-protocol": "consumer",
    }));
    create(target.as_ref(), "modern", 2).await;
    let mut sink = target.sink(&sink_of("modern")).await.expect("a sink");
    sink.write(&numbered(0..1000)).await.expect("a write");
    let mut spec = whole("modern");
    spec.range.from = Bound::Stored;
    let mut seen = Vec::new();
    for share in [400, usize::MAX] {
        let mut source = target.source(&spec).await.expect("a source");
        while seen.len() < share {
            let limit = Limit {
                records: 100,
                ..Limit::default()
            };
            match source.fetch(limit).await.expect("a fetch") {
                Fetched::Batch(batch) => {
                    seen.extend(batch.records.iter().map(number));
                    source.commit(&batch.commit).await.expect("a commit");
                }
                Fetched::Idle => {}
                Fetched::End => break,
            }
        }
        source.close().await.expect("the source closes");
    }
    seen.sort_unstable();
    assert!(seen.into_iter().eq(0..1000), "records are lost or repeated");
}

/// Java's own producer and ours put the same keys into the same partitions.
#[tokio::test]
#[ignore = "needs Apache Kafka: tests/peers/install.sh kafka"]
async fn keys_go_where_the_java_producer_sends_them() {
    let broker = Broker::start();
    let target = target(json!({ "brokers": broker.fact("BOOTSTRAP") }));
    let keys: Vec<_> = (0..500)
        .map(|n| format!("{}-é-{n}", "k".repeat(n % 11)))
        .collect();
    for stream in ["java", "ours"] {
        create(target.as_ref(), stream, 13).await;
    }
    let lines: String = keys.iter().map(|key| format!("{key}\tvalue\n")).collect();
    produce_with_java(broker.fact("BOOTSTRAP"), "java", &lines);
    let records: Vec<_> = keys
        .iter()
        .map(|key| Record {
            key: Some(key.clone().into()),
            ..Record::from_value("value")
        })
        .collect();
    let mut sink = target.sink(&sink_of("ours")).await.expect("a sink");
    sink.write(&records).await.expect("a write");
    let theirs = homes(target.as_ref(), "java").await;
    assert_eq!(theirs.len(), 500);
    assert_eq!(homes(target.as_ref(), "ours").await, theirs);
}

async fn homes(target: &dyn Target, stream: &str) -> BTreeSet<(Vec<u8>, String)> {
    let mut source = target.source(&whole(stream)).await.expect("a source");
    let mut homes = BTreeSet::new();
    loop {
        match source.fetch(Limit::default()).await.expect("a fetch") {
            Fetched::Batch(batch) => homes.extend(batch.records.into_iter().map(|record| {
                let key = record.key.expect("a key").to_vec();
                (key, record.origin.partition.as_str().to_owned())
            })),
            Fetched::Idle => {}
            Fetched::End => return homes,
        }
    }
}

fn produce_with_java(address: &str, stream: &str, lines: &str) {
    use std::io::Write;
    let mut child = Command::new(peers().join("tools.sh"))
        .args([
            "kafka-console-producer",
            "--bootstrap-server",
            address,
            "--topic",
            stream,
        ])
        .args(["--property", "parse.key=true"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("Kafka's console producer");
    let mut pipe = child.stdin.take().expect("a pipe");
    pipe.write_all(lines.as_bytes()).expect("it reads");
    drop(pipe);
    assert!(child.wait().expect("it ends").success());
}
