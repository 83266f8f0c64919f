//! What goes wrong before the first record, and how every adapter of a service tells it.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ssectl_adapter::{Error, ErrorKind, Target};

use crate::support::sink_of;

/// Where nobody listens: a port that was free a moment ago may be another test's by now, and nobody is given this one.
pub const NOBODY: &str = "127.0.0.1:1";

/// Why no sink opens.
async fn refusal(target: &dyn Target, stream: &str) -> Error {
    let error = target.sink(&sink_of(stream)).await.err();
    error.expect("no sink opens")
}

/// Asserts that a name with a letter too many is told with that of the stream, which is there.
pub async fn assert_misspelling_is_told(target: &dyn Target, stream: &str) {
    let error = refusal(target, &format!("{stream}s")).await;
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let hint = error.hint_text().unwrap_or_default();
    assert!(hint.contains(&format!("`{stream}`")), "{hint}");
}

/// Asserts that a target at [`NOBODY`] is unavailable for now.
pub async fn assert_nobody_is_there(target: &dyn Target) {
    let error = refusal(target, "any").await;
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    assert!(error.is_temporary());
}

/// Asserts that a target at a service that is connected and silent for ever is given up for now, within a time.
/// `open` gets the service's `HOST:PORT`.
pub async fn assert_silence_ends(open: impl FnOnce(&str) -> Arc<dyn Target>, within: Duration) {
    let deaf = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = deaf.local_addr().expect("an address").to_string();
    let target = open(&address);
    let start = Instant::now();
    let error = refusal(target.as_ref(), "any").await;
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert!(error.is_temporary());
    assert!(start.elapsed() < within, "{:?}", start.elapsed());
}
