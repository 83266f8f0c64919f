//! The emulator's end.

use std::time::{Duration, Instant};

use ssectl_adapter::{Record, SinkSpec};
use ssectl_testkit::Harness;

use crate::namespace::Namespace;

/// Connections with TLS are passed on; who waits for their clients waits for ever, or until the emulator loses patience
/// after five seconds.
#[tokio::test]
async fn it_does_not_wait_for_clients_that_stay_connected() {
    let namespace = Namespace::tls();
    let stream = namespace.create(1).await;
    let target = namespace.target().await;
    let mut sink = target
        .sink(&SinkSpec {
            stream,
            ..SinkSpec::default()
        })
        .await
        .expect("a sink");
    let written = sink.write(&[Record::from_value("stored")]).await;
    assert!(written.expect("a write").rejected.is_empty());
    let start = Instant::now();
    drop(namespace);
    assert!(
        start.elapsed() < Duration::from_secs(4),
        "{:?}",
        start.elapsed()
    );
}
