//! Options, and what goes wrong before anything is read.

use std::io::Read;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use ssectl_adapter::{Adapter, ErrorKind, Range, StreamSpec};

use crate::support::{Cluster, fresh, options, reader_of, sink_of, target, topic};

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

#[tokio::test]
async fn an_unreachable_broker_is_unavailable_in_time() {
    let target = target(&options(
        json!({ "brokers": "127.0.0.1:1", "connect-timeout": "1s" }),
    ));
    let admin = target.admin().expect("an admin needs no network");
    let start = Instant::now();
    let errors = [
        target.source(&reader_of("t", Range::all())).await.err(),
        target.sink(&sink_of("t")).await.err(),
        target.probe().await.err(),
        admin.list().await.err(),
        admin.create(&StreamSpec::default()).await.err(),
    ];
    // Five times the second that each may take, and what a busy machine adds.
    assert!(start.elapsed() < Duration::from_secs(30));
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
}

/// A port of another protocol, which hangs up on everybody.
fn hang_up() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            counted.fetch_add(1, Ordering::Relaxed);
            // What was not read would make it a reset.
            drop(stream.read(&mut [0; 1024]));
        }
    });
    (address, count)
}

#[tokio::test]
async fn a_port_of_another_protocol_is_not_flooded() {
    for tls in [false, true] {
        let (address, count) = hang_up();
        let target = target(&options(
            json!({ "brokers": address, "tls": tls, "connect-timeout": "3s" }),
        ));
        let error = target.probe().await.expect_err("no broker");
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
        let count = count.load(Ordering::Relaxed);
        assert!((1..=15).contains(&count), "{count} connections in 3 s");
    }
}

#[tokio::test]
async fn wrong_settings_of_a_topic_are_told_apart() {
    let cluster = Cluster::start();
    let target = cluster.target(json!({}));
    topic(target.as_ref(), 1, &[]).await;
    let admin = target.admin().expect("an admin");
    for (config, says, hint) in [
        (
            &[("retention.ms", "1000"), ("retention.byts", "1")][..],
            "there is no setting `retention.byts`",
            Some("did you mean `retention.bytes`?"),
        ),
        (
            &[("retention.ms", "soon"), ("segment.bytes", "2000000")][..],
            "`soon` is not a value of `retention.ms`",
            None,
        ),
    ] {
        let spec = StreamSpec {
            name: fresh("wrong"),
            partitions: Some(1),
            config: config
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            ..StreamSpec::default()
        };
        let error = admin.create(&spec).await.expect_err("a wrong setting");
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        assert_eq!(cause.as_deref(), Some(says));
        assert_eq!(error.hint_text(), hint);
        let made = admin.list().await.expect("a list").contains(&spec.name);
        assert!(!made, "nothing is made on the way");
    }
}

#[tokio::test]
async fn too_many_partitions_are_refused_with_their_number() {
    let cluster = Cluster::start();
    let admin = cluster.target(json!({})).admin().expect("an admin");
    let spec = StreamSpec {
        name: fresh("wide"),
        partitions: Some(1_000_001),
        ..StreamSpec::default()
    };
    let error = admin.create(&spec).await.expect_err("too many");
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    assert!(
        error.to_string().contains("with 1000001 partitions"),
        "{error}"
    );
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
