//! A stream that takes and gives no more than at AWS, and requests that fail.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use ssectl_adapter::{Error, ErrorKind, Fetched, Limit, Range, Record, Target};
use ssectl_emulator::aws::Config;
use ssectl_emulator::faults::Faults;
use ssectl_emulator::store::ManualClock;

use crate::support::{
    Streams, assert_in_order, make, numbered, read_all, read_patiently, reader_of, sink_of,
    write_patiently,
};

fn limited() -> Streams {
    Streams::emulated(Config {
        enforce_limits: true,
        ..Config::default()
    })
}

/// 4,000 records for a shard that takes 1,000 a second: refused a few times, then at the shard's pace.
#[tokio::test(flavor = "multi_thread")]
async fn a_shard_is_written_at_its_own_pace() {
    let streams = limited();
    let target = streams.target(json!({ "reads-per-second": 5 }));
    let stream = make(target.as_ref(), 1, &[]).await;
    let times = write_patiently(target.as_ref(), &stream, &numbered(0..4000, 4000)).await;
    assert!(times < 10, "{times} writes");
    assert_eq!(read_all(target.as_ref(), &stream).await.len(), 4000);
}

/// Throttling is told as what may pass, of a record as of a read.
#[tokio::test(flavor = "multi_thread")]
async fn throttling_is_temporary() {
    // Its clock stands still, so there is one second's worth of everything, however long this takes.
    let streams = Streams::emulated(Config {
        enforce_limits: true,
        clock: Arc::new(ManualClock::new(jiff::Timestamp::now().as_millisecond())),
        ..Config::default()
    });
    let target = streams.target(json!({ "reads-per-second": 100 }));
    let stream = make(target.as_ref(), 1, &[]).await;
    let mut sink = target.sink(&sink_of(&stream)).await.expect("a sink");
    let written = sink
        .write(&numbered(0..3000, 3000))
        .await
        .expect("some are taken");
    let refused = written.rejected.first().expect("some are not");
    assert_eq!(refused.error.kind(), ErrorKind::Unavailable);
    assert!(refused.error.is_temporary(), "{}", refused.error);
    let reading = read_until_refused(target.as_ref(), &stream);
    let refused = tokio::time::timeout(Duration::from_secs(60), reading).await;
    let refused = refused.expect("more than five reads of a second were given");
    assert!(refused.is_temporary(), "{refused}");
}

async fn read_until_refused(target: &dyn Target, stream: &str) -> Error {
    loop {
        let source = target.source(&reader_of(stream, Range::all())).await;
        let mut source = match source {
            Ok(source) => source,
            Err(refused) => return refused,
        };
        loop {
            match source.fetch(Limit::default()).await {
                Ok(Fetched::End) => break,
                Ok(_) => {}
                Err(refused) => return refused,
            }
        }
    }
}

/// With one key in a request at a time nothing overtakes, whatever is refused.
#[tokio::test(flavor = "multi_thread")]
async fn strict_order_survives_refusals() {
    let streams = limited();
    let target = streams.target(json!({ "strict-order": true }));
    let stream = make(target.as_ref(), 2, &[]).await;
    write_patiently(target.as_ref(), &stream, &numbered(0..3000, 300)).await;
    let source = target.source(&reader_of(&stream, Range::all())).await;
    let (read, _) = read_patiently(source.expect("a source").as_mut()).await;
    assert_in_order(&read, 3000);
}

/// Refusals, lost connections and iterators that end early, by a seed.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_when_requests_fail() {
    let plan = "throttle=0.1,drop=0.05,stale-lease=0.2,seed=7"
        .parse()
        .expect("a plan");
    let streams = Streams::emulated(Config {
        faults: Faults::new(plan),
        ..Config::default()
    });
    let target = streams.target(json!({}));
    let stream = loop {
        let admin = target.admin().expect("an admin");
        let spec = ssectl_adapter::StreamSpec {
            name: "faulty".to_owned(),
            partitions: Some(3),
            ..Default::default()
        };
        match admin.create(&spec).await {
            Ok(()) => break spec.name,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => break spec.name,
            Err(error) => assert!(error.is_temporary(), "{error}"),
        }
    };
    let records: Vec<Record> = numbered(0..5000, 50);
    write_patiently(target.as_ref(), &stream, &records).await;
    let mut source = loop {
        match target.source(&reader_of(&stream, Range::all())).await {
            Ok(source) => break source,
            Err(error) => assert!(error.is_temporary(), "{error}"),
        }
    };
    let (read, failures) = read_patiently(source.as_mut()).await;
    assert!(failures > 0, "nothing failed");
    let mut values: Vec<_> = read.iter().map(|record| record.value.clone()).collect();
    values.sort_unstable();
    values.dedup();
    assert_eq!(values.len(), records.len());
}
