//! A broker that goes away in mid-stream.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use ssectl_adapter::{Fetched, Limit, Range, Record};

use crate::support::{Broker, create, number, numbered, sink_of, target, whole};

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

/// Writes batches, then a last record without a key that says how many came before; answers so, too.
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
    let last = Record::from_value(written.to_string());
    sink.write(&[last]).await.expect("a write survives");
    sink.close().await.expect("the sink closes");
    written
}

/// After so long without a record those that are missing are lost.
const SILENCE: Duration = Duration::from_secs(90);

/// What was read, sorted but with repetitions, and how often something temporary was told.
async fn read_until_told(options: Value) -> (Vec<usize>, usize) {
    let target = target(options);
    let mut spec = whole("busy");
    spec.range = Range::default();
    let mut source = target.source(&spec).await.expect("a source");
    let (mut read, mut troubles, mut due) = (Vec::new(), 0, usize::MAX);
    let mut progress = Instant::now();
    // The last record is alone in its partition's order: those of the others may come later.
    while read.len() < due && progress.elapsed() < SILENCE {
        match source.fetch(Limit::default()).await {
            Ok(Fetched::Batch(batch)) => {
                progress = Instant::now();
                for record in &batch.records {
                    match record.key {
                        Some(_) => read.push(number(record)),
                        None => due = number(record),
                    }
                }
            }
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
