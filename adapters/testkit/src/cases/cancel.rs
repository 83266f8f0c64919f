//! Dropping what is under way.

use std::time::Duration;

use ssectl_adapter::{Batch, Fetched, Limit, Order, Range, Source};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::{Rig, records};

const COUNT: usize = 5000;
/// After so long without a record the missing ones are lost.
const SILENCE: Duration = Duration::from_secs(30);

/// Fetches are dropped at every stage while a writer keeps the source busy.
pub async fn dropped_fetches_lose_and_repeat_nothing(rig: &Rig) {
    let stream = rig.stream(1).await;
    let mut source = rig.ranged(&stream, Range::default()).await;
    let dropped = Semaphore::new(0);
    let (mut read, ()) = tokio::join!(
        read_impatiently(source.as_mut(), &dropped),
        write_slowly(rig, &stream, &dropped)
    );
    if rig.has.order == Order::None {
        read.sort_unstable();
    }
    records::assert_all(&read, 0..COUNT);
}

/// One batch after each dropped fetch.
async fn write_slowly(rig: &Rig, stream: &str, dropped: &Semaphore) {
    let mut sink = rig.sink(stream).await;
    for first in (0..COUNT).step_by(50) {
        dropped.acquire().await.expect("never closed").forget();
        let written = records::numbered(first..first + 50);
        sink.write(&written).await.expect("the write is taken");
    }
    sink.close().await.expect("the sink closes");
}

async fn read_impatiently(source: &mut dyn Source, dropped: &Semaphore) -> Vec<usize> {
    let mut read = Vec::new();
    let mut progress = Instant::now();
    for round in 0_u64.. {
        // Nothing at all, then 0 to 3 ms.
        let patience = (round % 5).checked_sub(1).map(Duration::from_millis);
        match fetch_within(source, patience).await {
            Some(batch) => {
                read.extend(records::numbers(&batch.records));
                progress = Instant::now();
            }
            None => dropped.add_permits(1),
        }
        if read.len() >= COUNT || progress.elapsed() > SILENCE {
            break;
        }
    }
    read
}

/// One fetch that is polled once and dropped, or dropped after a time.
async fn fetch_within(source: &mut dyn Source, patience: Option<Duration>) -> Option<Batch> {
    let limit = Limit {
        records: 20,
        wait: Duration::from_secs(10),
        ..Limit::default()
    };
    let answer = tokio::select! {
        biased;
        answer = source.fetch(limit) => answer.expect("the fetch succeeds"),
        () = give_up(patience) => return None,
    };
    match answer {
        Fetched::Batch(batch) => Some(batch),
        Fetched::Idle => None,
        Fetched::End => panic!("a following read ended"),
    }
}

async fn give_up(patience: Option<Duration>) {
    if let Some(patience) = patience {
        tokio::time::sleep(patience).await;
    }
}

/// A source that was opened and thrown away leaves the next one alone.
pub async fn a_source_may_be_dropped_unread(rig: &Rig) {
    let stream = rig.stream(2).await;
    rig.write(&stream, &records::numbered(0..100)).await;
    drop(rig.ranged(&stream, Range::all()).await);
    let mut source = rig.ranged(&stream, Range::all()).await;
    let half = source
        .fetch(Limit::default())
        .await
        .expect("the fetch succeeds");
    drop((half, source));
    assert_eq!(rig.read_all(&stream).await.len(), 100);
}
