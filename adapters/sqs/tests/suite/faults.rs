//! What goes wrong before the first message, and how it is told.

use std::time::{Duration, Instant};

use serde_json::json;
use ssectl_adapter::{Bound, ErrorKind, Position, Range, Record};

use crate::support::{Queues, fresh, make, options, reader_of, sink_of, target, write};

/// The nearest queue there is.
#[tokio::test]
async fn a_misspelt_queue_is_named_with_the_one_meant() {
    let queues = Queues::start();
    let target = queues.target(json!({}));
    let queue = make(target.as_ref(), &fresh("invoices"), &[]).await;
    let error = target
        .sink(&sink_of(&format!("{queue}s")))
        .await
        .err()
        .expect("not there");
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let hint = error.hint_text().unwrap_or_default();
    assert!(hint.contains(&format!("`{queue}`")), "{hint}");
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
}

/// Connected, and silent for ever: the wait has an end.
#[tokio::test]
async fn a_service_that_does_not_answer_is_timed_out() {
    let deaf = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let endpoint = format!("http://{}", deaf.local_addr().expect("an address"));
    let target = target(&options(json!({ "endpoint": endpoint, "wait": 0 })));
    let start = Instant::now();
    let error = target
        .sink(&sink_of("any"))
        .await
        .err()
        .expect("nobody answers");
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert!(error.is_temporary());
    assert!(
        start.elapsed() < Duration::from_secs(60),
        "{:?}",
        start.elapsed()
    );
}

/// A queue has no positions, and says so before anything is read.
#[tokio::test]
async fn a_queue_is_read_from_its_start_to_its_end_only() {
    let queues = Queues::start();
    let target = queues.target(json!({}));
    let queue = make(target.as_ref(), &fresh("ranges"), &[]).await;
    let from_end = Range {
        from: Bound::End,
        to: None,
    };
    let source = target.source(&reader_of(&queue, from_end.clone())).await;
    source.expect("an empty queue has nothing to skip");
    write(target.as_ref(), &queue, &[Record::from_value("v")]).await;
    let bounded = |to| Range {
        from: Bound::Start,
        to: Some(to),
    };
    for range in [
        from_end,
        Range {
            from: Bound::At(Position::Offset(3)),
            to: None,
        },
        Range {
            from: Bound::BeforeEnd(3),
            to: None,
        },
        bounded(Bound::AfterStart(3)),
    ] {
        let error = target.source(&reader_of(&queue, range.clone())).await.err();
        let error = error.unwrap_or_else(|| panic!("{range:?} was read"));
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{range:?}: {error}");
    }
    let admin = target.admin().expect("an admin");
    let error = admin
        .seek(&queue, "g", &Range::default())
        .await
        .expect_err("no positions");
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}
