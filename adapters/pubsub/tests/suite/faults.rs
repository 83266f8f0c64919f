//! What goes wrong, and how it is told.

use std::time::{Duration, Instant};

use serde_json::json;
use ssectl_adapter::{Bound, ErrorKind, Limit};
use ssectl_emulator::pubsub::{Config, Emulator};

use crate::support::{
    PROJECT, Topics, consumer_of, fresh, make, numbered, options, sink_of, stored,
    subscription_name, take, target, write,
};

/// The nearest topic there is.
#[tokio::test]
async fn a_misspelt_topic_is_named_with_the_one_meant() {
    let topics = Topics::start();
    let target = topics.target(json!({}));
    let topic = make(target.as_ref(), &fresh("invoices"), &[]).await;
    let error = target
        .sink(&sink_of(&format!("{topic}s")))
        .await
        .err()
        .expect("not there");
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let hint = error.hint_text().unwrap_or_default();
    assert!(hint.contains(&format!("`{topic}`")), "{hint}");
}

/// Nobody listens there.
#[tokio::test]
async fn an_endpoint_where_nobody_listens_is_unavailable() {
    // A port that was free a moment ago may be another test's by now; nobody is given this one.
    let endpoint = "http://127.0.0.1:1";
    let target = target(&options(
        json!({ "endpoint": endpoint, "project": PROJECT }),
    ));
    let error = target
        .sink(&sink_of("any"))
        .await
        .err()
        .expect("nobody is there");
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    assert!(error.is_temporary());
    let error = target.probe().await.expect_err("nobody is there");
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
}

/// Connected, and silent for ever: the wait has an end, for requests and for messages.
#[tokio::test]
async fn a_service_that_does_not_answer_is_timed_out() {
    let deaf = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let endpoint = format!("http://{}", deaf.local_addr().expect("an address"));
    let start = Instant::now();
    let open = |data_only| {
        let all = json!({ "endpoint": endpoint, "project": PROJECT, "timeout": "1s", "data-only": data_only });
        target(&options(all))
    };
    let error = open(false)
        .sink(&sink_of("any"))
        .await
        .err()
        .expect("nobody answers");
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert!(error.is_temporary());
    let mut sink = open(true)
        .sink(&sink_of("any"))
        .await
        .expect("nothing is asked");
    let written = sink.write(&numbered(0..3)).await;
    let temporary = match written {
        Err(error) => error.is_temporary(),
        Ok(written) => {
            written.rejected.len() == 3 && written.rejected.iter().all(|r| r.error.is_temporary())
        }
    };
    assert!(temporary, "nobody has them");
    assert!(
        start.elapsed() < Duration::from_secs(60),
        "{:?}",
        start.elapsed()
    );
}

/// The client waits for a lost service for ever; the source says so, and goes on when the service is back.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_service_is_told_and_found_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = |listen| Config {
        listen,
        medium: ssectl_emulator::store::Medium::Directory {
            path: folder.path().to_owned(),
            fsync: ssectl_emulator::store::Fsync::EveryAppend,
        },
        ..Config::default()
    };
    let emulator = Emulator::start(config(([127, 0, 0, 1], 0).into())).expect("it starts");
    let address = emulator.address();
    let all = json!({ "endpoint": format!("http://{address}"), "project": PROJECT, "ack-deadline": "10s" });
    let target = target(&options(all));
    let topic = make(target.as_ref(), &fresh("lost"), &[]).await;
    let mut source = target
        .source(&consumer_of(&topic, stored(Some(Bound::End))))
        .await
        .expect("a source");
    emulator.shutdown();
    let deadline = Instant::now() + Duration::from_secs(120);
    let error = loop {
        assert!(
            Instant::now() < deadline,
            "nobody said that the service is gone"
        );
        if let Err(error) = source.fetch(Limit::default()).await {
            break error;
        }
    };
    assert!(error.is_temporary(), "{error}");
    assert!(
        matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Timeout),
        "{error}"
    );
    // The client that knocks there all the time may have the port for a moment.
    let _emulator = loop {
        match Emulator::start(config(address)) {
            Ok(emulator) => break emulator,
            Err(error) => assert!(Instant::now() < deadline, "{error}"),
        }
    };
    write(target.as_ref(), &topic, &numbered(0..5)).await;
    let mut read = Vec::new();
    while read.len() < 5 {
        assert!(Instant::now() < deadline, "only {read:?}");
        match source.fetch(Limit::default()).await {
            Ok(ssectl_adapter::Fetched::Batch(batch)) => read.extend(batch.records),
            Ok(ssectl_adapter::Fetched::End) => panic!("an outage is no end"),
            Ok(ssectl_adapter::Fetched::Idle) => {}
            Err(error) => assert!(error.is_temporary(), "{error}"),
        }
    }
    source.close().await.expect("the source closes");
}

/// A subscription that is deleted under a reader ends the read, and it says why.
#[tokio::test]
async fn a_deleted_subscription_is_told() {
    let topics = Topics::start();
    let target = topics.target(json!({}));
    let topic = make(target.as_ref(), &fresh("deleted"), &[]).await;
    let mut source = target
        .source(&consumer_of(&topic, stored(Some(Bound::End))))
        .await
        .expect("a source");
    let name = subscription_name(&format!("{topic}.consumers"));
    let client = topics.subscriptions().await;
    client
        .delete_subscription()
        .set_subscription(name)
        .send()
        .await
        .expect("it is deleted");
    let deadline = Instant::now() + Duration::from_secs(120);
    let error = loop {
        assert!(Instant::now() < deadline, "nobody said that it is gone");
        if let Err(error) = source.fetch(Limit::default()).await {
            break error;
        }
    };
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    assert!(!error.is_temporary());
}

/// `data-only` asks for nothing but messages; what it cannot do it says.
#[tokio::test]
async fn messages_alone_need_no_administration() {
    let topics = Topics::start();
    let full = topics.target(json!({}));
    let topic = make(full.as_ref(), &fresh("data"), &[("groups", "consumers")]).await;
    let target = topics.target(json!({ "data-only": true, "quiet": "1s" }));
    write(target.as_ref(), &topic, &numbered(0..4)).await;
    let mut spec = consumer_of(&topic, stored(None));
    spec.group = Some(format!("{topic}.consumers"));
    let mut source = target.source(&spec).await.expect("a source");
    take(source.as_mut(), 4).await;
    source.close().await.expect("the source closes");
    assert!(target.admin().is_err());
    assert!(
        target
            .probe()
            .await
            .expect("it listens")
            .contains("data-only")
    );
    spec.group = None;
    let error = target.source(&spec).await.err().expect("no subscription");
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
    spec.group = Some("nobody-made-this".to_owned());
    let mut source = target.source(&spec).await.expect("nothing is asked");
    let deadline = Instant::now() + Duration::from_secs(120);
    let error = loop {
        assert!(Instant::now() < deadline, "nobody said that it is missing");
        if let Err(error) = source.fetch(Limit::default()).await {
            break error;
        }
    };
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
}
