//! What goes wrong before the first record, and how it is told.

use std::time::Duration;

use serde_json::json;
use ssectl_adapter::{Bound, ErrorKind, Position, Range, Record};
use ssectl_testkit::faults;

use crate::support::{Streams, fresh, make, options, reader_of, sink_of, target, write};

/// The nearest stream there is.
#[tokio::test]
async fn a_misspelt_stream_is_named_with_the_one_meant() {
    let streams = Streams::start();
    let target = streams.target(json!({}));
    let stream = make(target.as_ref(), 1, &[]).await;
    faults::assert_misspelling_is_told(target.as_ref(), &stream).await;
}

/// Nobody listens there.
#[tokio::test]
async fn an_endpoint_where_nobody_listens_is_unavailable() {
    let endpoint = format!("http://{}", faults::NOBODY);
    let target = target(&options(json!({ "endpoint": endpoint })));
    faults::assert_nobody_is_there(target.as_ref()).await;
}

/// Connected, and silent for ever: the wait has an end.
#[tokio::test]
async fn a_service_that_does_not_answer_is_timed_out() {
    let open = |address: &str| target(&options(json!({ "endpoint": format!("http://{address}") })));
    faults::assert_silence_ends(open, Duration::from_secs(120)).await;
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
