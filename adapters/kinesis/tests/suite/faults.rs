//! What goes wrong before the first record, and how it is told.

use std::time::{Duration, Instant};

use serde_json::json;
use ssectl_adapter::{Bound, ErrorKind, Position, Range, Record};

use crate::support::{Streams, fresh, make, options, reader_of, sink_of, target, write};

/// The nearest stream there is.
#[tokio::test]
async fn a_misspelt_stream_is_named_with_the_one_meant() {
    let streams = Streams::start();
    let target = streams.target(json!({}));
    let stream = make(target.as_ref(), 1, &[]).await;
    let error = target.sink(&sink_of(&format!("{stream}s"))).await.err();
    let error = error.expect("not there");
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let hint = error.hint_text().unwrap_or_default();
    assert!(hint.contains(&format!("`{stream}`")), "{hint}");
}

/// Nobody listens there.
#[tokio::test]
async fn an_endpoint_where_nobody_listens_is_unavailable() {
    // A port that was free a moment ago may be another test's by now; nobody is given this one.
    let endpoint = "http://127.0.0.1:1";
    let target = target(&options(json!({ "endpoint": endpoint })));
    let error = target
        .sink(&sink_of("any"))
        .await
        .err()
        .expect("nobody is there");
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    assert!(error.is_temporary());
}

/// Connected, and silent for ever: the wait has an end.
#[tokio::test]
async fn a_service_that_does_not_answer_is_timed_out() {
    let deaf = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let endpoint = format!("http://{}", deaf.local_addr().expect("an address"));
    let target = target(&options(json!({ "endpoint": endpoint })));
    let start = Instant::now();
    let error = target
        .sink(&sink_of("any"))
        .await
        .err()
        .expect("nobody answers");
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert!(error.is_temporary());
    assert!(
        start.elapsed() < Duration::from_secs(120),
        "{:?}",
        start.elapsed()
    );
}

/// A position is a number of a shard.
#[tokio::test]
async fn a_position_that_is_none_is_out_of_range() {
    let streams = Streams::start();
    let target = streams.target(json!({}));
    let stream = make(target.as_ref(), 1, &[]).await;
    write(target.as_ref(), &stream, &[Record::from_value("v")]).await;
    let from = Bound::At(Position::Token("yesterday".into()));
    let error = target
        .source(&reader_of(&stream, Range { from, to: None }))
        .await
        .err();
    assert_eq!(error.expect("no position").kind(), ErrorKind::OutOfRange);
}

/// A name that nobody could have given a stream is an error of the address, not of the network.
#[tokio::test]
async fn a_name_that_kinesis_refuses_is_not_there() {
    let streams = Streams::start();
    let target = streams.target(json!({}));
    let error = target.sink(&sink_of(&fresh("no such stream"))).await.err();
    let error = error.expect("no such name");
    assert!(
        matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Config),
        "{error}"
    );
    assert!(!error.is_temporary());
}
