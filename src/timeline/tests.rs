use futures::stream::{FuturesUnordered, StreamExt};
use ssectl_adapter::{
    Adapter, Bound, Fetched, Limit, MemoryAdapter, Options, Range, Record, SinkSpec, SourceSpec,
    StreamSpec,
};
use tokio::time::sleep;

use super::*;

const HOUR: Duration = Duration::from_secs(3600);

fn time() -> VirtualTime {
    VirtualTime::from(Timestamp::from_nanos(0)).expect("a thread")
}

#[tokio::test(flavor = "multi_thread")]
async fn time_jumps_to_what_is_due_first() {
    let time = time();
    let began = std::time::Instant::now();
    let order = time.block_on(async {
        let timeline = time.timeline();
        let wait = |hours: u32| async move {
            sleep(HOUR * hours).await;
            (hours, timeline.elapsed())
        };
        let waits: FuturesUnordered<_> = [24, 1, 7].map(wait).into_iter().collect();
        waits.collect::<Vec<_>>().await
    });
    assert_eq!(order, [1, 7, 24].map(|hours| (hours, HOUR * hours)));
    assert!(began.elapsed() < HOUR);
    let day = 86_400_000_000_000;
    assert!(time.timeline().now().as_nanos() - day < 100_000_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn time_stands_still_while_a_call_outside_is_under_way() {
    let time = time();
    let timeline = time.timeline().clone();
    let within = time.block_on(async {
        let nap = tokio::spawn(sleep(HOUR));
        let call = timeline.abroad(async {
            // By the clock on the wall.
            sleep(Duration::from_millis(30)).await;
            Ok(())
        });
        call.await.expect("no failure");
        let within = timeline.elapsed();
        nap.await.expect("no panic");
        within
    });
    assert_eq!(within, Duration::ZERO);
    assert!(timeline.elapsed() >= HOUR);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_outside_is_waited_for_in_virtual_time() {
    let time = time();
    let target = MemoryAdapter::default()
        .target(&Options::new())
        .expect("no options");
    let target = time.timeline().outside(target, false);
    let found = time.block_on(async {
        let stream = StreamSpec {
            name: "s".to_owned(),
            ..StreamSpec::default()
        };
        target
            .admin()
            .expect("it has one")
            .create(&stream)
            .await
            .expect("made");
        let writer = target.clone();
        let writing = tokio::spawn(async move {
            let stream = "s".to_owned();
            let spec = SinkSpec {
                stream,
                ..SinkSpec::default()
            };
            let mut sink = writer.sink(&spec).await.expect("opened");
            for hour in 1..=3 {
                sleep(HOUR).await;
                let record = Record::from_value(hour.to_string());
                sink.write(&[record]).await.expect("written");
            }
        });
        let all = SourceSpec {
            stream: "s".to_owned(),
            range: Range {
                from: Bound::Start,
                to: None,
            },
            ..SourceSpec::default()
        };
        let mut source = target.source(&all).await.expect("opened");
        let mut found = Vec::new();
        while found.len() < 3 {
            if let Fetched::Batch(batch) = source.fetch(Limit::default()).await.expect("read") {
                let at = time.timeline().elapsed().as_secs();
                found.extend(batch.records.into_iter().map(|record| (at, record.value)));
            }
        }
        writing.await.expect("no panic");
        found
    });
    let expected = [1, 2, 3].map(|hour: u64| (hour * 3600, Some(hour.to_string().into())));
    assert_eq!(found, expected);
}
