//! What goes wrong, and how it is told.

use std::time::{Duration, Instant};

use serde_json::json;
use ssectl_adapter::{Error, ErrorKind, Range, Record};
use ssectl_emulator::eventhubs::{AccessKey, Config, Emulator};
use ssectl_emulator::faults::Faults;

use crate::support::{Hubs, fresh, make, options, reader_of, sink_of, target, write};

/// Nobody listens there.
#[tokio::test]
async fn an_endpoint_where_nobody_listens_is_unavailable() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let endpoint = format!("amqp://{}", free.local_addr().expect("an address"));
    drop(free);
    let target = target(&options(json!({ "endpoint": endpoint })));
    let error = target
        .sink(&sink_of("any"))
        .await
        .err()
        .expect("nobody is there");
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    assert!(error.is_temporary());
    assert!(error.to_string().contains(&endpoint), "{error}");
}

/// Connected, and silent for ever: the wait has an end.
#[tokio::test]
async fn a_service_that_does_not_answer_is_timed_out() {
    let deaf = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let endpoint = format!("amqp://{}", deaf.local_addr().expect("an address"));
    let target = target(&options(
        json!({ "endpoint": endpoint, "connect-timeout": "1s" }),
    ));
    let start = Instant::now();
    let error = target
        .sink(&sink_of("any"))
        .await
        .err()
        .expect("nobody answers");
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert!(error.is_temporary());
    assert!(
        start.elapsed() < Duration::from_secs(20),
        "{:?}",
        start.elapsed()
    );
}

/// A key that the service does not know is told at once, and not repeated.
#[tokio::test]
async fn a_wrong_key_is_an_authentication_error() {
    let emulator = Emulator::start(Config {
        access_key: Some(AccessKey {
            name: "RootManageSharedAccessKey".to_owned(),
            key: "cmlnaHQ=".to_owned(),
        }),
        ..Config::default()
    });
    let emulator = emulator.expect("the emulator starts");
    let host = emulator.address();
    let file = tempfile::NamedTempFile::new().expect("a file");
    let with_key = |key: &str| {
        let string = format!(
            "Endpoint=sb://{host};SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey={key};UseDevelopmentEmulator=true"
        );
        std::fs::write(file.path(), string).expect("written");
        target(&options(json!({ "connection-string-file": file.path() })))
    };
    let error = with_key("d3Jvbmc=").sink(&sink_of("any")).await.err();
    let error = error.expect("the key is wrong");
    assert_eq!(error.kind(), ErrorKind::Authentication, "{error}");
    assert!(!error.is_temporary());
    let told = format!("{error:?}");
    assert!(!told.contains("d3Jvbmc="), "{told}");
    let right = with_key("cmlnaHQ=").sink(&sink_of("any")).await;
    right.expect("the key is right");
}

/// The service's consumer groups are not made by reading.
#[tokio::test]
async fn an_unknown_consumer_group_is_not_found() {
    let hubs = Hubs::start();
    let hub = make(hubs.target(json!({})).as_ref(), &fresh("grouped"), 1).await;
    let target = hubs.target(json!({ "consumer-group": "nobody" }));
    let error = match target.source(&reader_of(&hub, Range::default())).await {
        Err(error) => error,
        Ok(mut source) => first_error(source.as_mut()).await,
    };
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
}

async fn first_error(source: &mut dyn ssectl_adapter::Source) -> Error {
    let deadline = Instant::now() + Duration::from_secs(30);
    while Instant::now() < deadline {
        if let Err(error) = source.fetch(ssectl_adapter::Limit::default()).await {
            return error;
        }
    }
    panic!("no error came");
}

/// A namespace that is asked for too much says so for now.
#[tokio::test]
async fn throttling_is_temporary() {
    let emulator = Emulator::start(Config {
        faults: Faults::new("throttle=1,seed=1".parse().expect("a plan")),
        ..Config::default()
    });
    let emulator = emulator.expect("the emulator starts");
    let endpoint = format!("amqp://{}", emulator.address());
    let target = target(&options(json!({ "endpoint": endpoint })));
    let mut sink = target.sink(&sink_of("busy")).await.expect("a sink");
    let written = sink
        .write(&[Record::from_value("v")])
        .await
        .expect("a write");
    let refused = &written.rejected[0].error;
    assert_eq!(refused.kind(), ErrorKind::Unavailable, "{refused}");
    assert!(refused.is_temporary());
    assert!(refused.to_string().contains("server-busy"), "{refused}");
}

/// A higher owner level takes the partition, and the one who loses it is told.
#[tokio::test]
async fn a_partition_that_is_taken_away_is_told() {
    let hubs = Hubs::start();
    let plain = hubs.target(json!({}));
    let hub = make(plain.as_ref(), &fresh("owned"), 1).await;
    write(plain.as_ref(), &hub, &[Record::from_value("v")]).await;
    let level = |level: u32| hubs.target(json!({ "owner-level": level }));
    let spec = reader_of(&hub, Range::default());
    let mut low = level(1).source(&spec).await.expect("a source");
    crate::support::take(low.as_mut(), 1).await;
    let mut high = level(2).source(&spec).await.expect("a source");
    crate::support::take(high.as_mut(), 1).await;
    let error = first_error(low.as_mut()).await;
    assert!(!error.is_temporary(), "{error}");
    assert!(error.to_string().contains("stolen"), "{error}");
    assert!(
        error
            .hint_text()
            .is_some_and(|hint| hint.contains("owner-level"))
    );
}

/// A record that fits into no batch, because the client counts its first message twice, goes alone.
#[tokio::test]
async fn records_of_more_than_half_the_limit_are_written() {
    let hubs = Hubs::start();
    let target = hubs.target(json!({}));
    let hub = make(target.as_ref(), &fresh("large"), 1).await;
    let sizes = [10, 600_000, 20, 1_000_000, 30, 500_000];
    let records = sizes.map(|size| Record::from_value(vec![b'x'; size]));
    write(target.as_ref(), &hub, &records).await;
    let spec = reader_of(&hub, Range::all());
    let mut source = target.source(&spec).await.expect("a source");
    let (read, _) = crate::support::take(source.as_mut(), sizes.len()).await;
    let found: Vec<_> = read.iter().map(Record::size).collect();
    assert_eq!(found, sizes);
}
