//! Idle and End: how a read waits and how it stops.

use std::time::Duration;

use ssectl_adapter::{Fetched, Limit, Range};
use tokio::time::Instant;

use crate::{Rig, read, records};

/// Nothing to read is an end, not a wait.
pub async fn a_bounded_read_of_an_empty_stream_ends(rig: &Rig) {
    let stream = rig.stream(3).await;
    assert!(rig.read_all(&stream).await.is_empty());
    let mut source = rig.ranged(&stream, Range::default()).await;
    source.bound().await.expect("the end is fixed");
    assert!(read::until_end(source.as_mut()).await.is_empty());
}

/// What is written after a bounded source opened is not read by it.
pub async fn the_end_is_fixed_when_the_source_opens(rig: &Rig) {
    let stream = rig.stream(2).await;
    rig.write(&stream, &records::numbered(0..50)).await;
    let mut source = rig.ranged(&stream, Range::all()).await;
    rig.write(&stream, &records::numbered(50..80)).await;
    let read = read::until_end(source.as_mut()).await;
    records::assert_all(&records::sorted(&read), 0..50);
}

/// A read that followed is told to stop at what is there now.
pub async fn bound_fixes_the_end(rig: &Rig) {
    let stream = rig.stream(2).await;
    rig.write(&stream, &records::numbered(0..50)).await;
    let mut source = rig.ranged(&stream, Range::default()).await;
    let (mut read, _) = read::exactly(source.as_mut(), 10).await;
    rig.write(&stream, &records::numbered(50..60)).await;
    source.bound().await.expect("the end is fixed");
    rig.write(&stream, &records::numbered(60..90)).await;
    read.extend(read::until_end(source.as_mut()).await);
    records::assert_all(&records::sorted(&read), 0..60);
}

/// The first call decides.
pub async fn bound_again_moves_nothing(rig: &Rig) {
    let stream = rig.stream(2).await;
    rig.write(&stream, &records::numbered(0..20)).await;
    let mut source = rig.ranged(&stream, Range::default()).await;
    source.bound().await.expect("the end is fixed");
    rig.write(&stream, &records::numbered(20..40)).await;
    source.bound().await.expect("the end is fixed already");
    let read = read::until_end(source.as_mut()).await;
    records::assert_all(&records::sorted(&read), 0..20);
}

/// Asking on after the end answers the same, whatever is written meanwhile.
pub async fn the_end_stays_the_end(rig: &Rig) {
    let stream = rig.stream(1).await;
    rig.write(&stream, &records::numbered(0..5)).await;
    let mut source = rig.ranged(&stream, Range::all()).await;
    assert_eq!(read::until_end(source.as_mut()).await.len(), 5);
    rig.write(&stream, &records::numbered(5..10)).await;
    for _ in 0..5 {
        let answer = source
            .fetch(Limit::default())
            .await
            .expect("the fetch succeeds");
        assert!(matches!(answer, Fetched::End));
    }
    source.close().await.expect("the source closes");
}

/// What a busy machine may add to a wait.
const LATE: Duration = Duration::from_secs(20);

/// A following read at the end answers `Idle`, after the wait and not much later.
pub async fn nothing_new_is_idle(rig: &Rig) {
    let stream = rig.stream(2).await;
    rig.write(&stream, &records::numbered(0..5)).await;
    let mut source = rig.ranged(&stream, Range::default()).await;
    read::exactly(source.as_mut(), 5).await;
    let wait = Duration::from_millis(150);
    let limit = Limit {
        wait,
        ..Limit::default()
    };
    for _ in 0..3 {
        let before = Instant::now();
        let answer = source.fetch(limit).await.expect("the fetch succeeds");
        assert!(matches!(answer, Fetched::Idle));
        assert!(
            before.elapsed() >= wait,
            "idle after {:?}",
            before.elapsed()
        );
        assert!(
            before.elapsed() < wait + LATE,
            "idle after {:?}",
            before.elapsed()
        );
    }
}

/// A fetch that waits answers when a record comes, not when its wait is over.
pub async fn a_new_record_wakes_a_waiting_fetch(rig: &Rig) {
    let stream = rig.stream(1).await;
    rig.write(&stream, &records::numbered(0..1)).await;
    let mut source = rig.ranged(&stream, Range::default()).await;
    read::exactly(source.as_mut(), 1).await;
    let limit = Limit {
        wait: Duration::from_secs(60),
        ..Limit::default()
    };
    let before = Instant::now();
    let written = records::numbered(1..2);
    let (answer, ()) = tokio::join!(source.fetch(limit), rig.write(&stream, &written));
    let Fetched::Batch(batch) = answer.expect("the fetch succeeds") else {
        panic!("no record came");
    };
    assert_eq!(records::numbers(&batch.records), [1]);
    assert!(before.elapsed() < Duration::from_secs(30));
}

/// Never more records than asked for; bytes are exceeded by one record alone.
pub async fn a_fetch_keeps_to_its_limit(rig: &Rig) {
    let stream = rig.stream(1).await;
    let mut written = records::numbered(0..20);
    for record in &mut written {
        record.value = record
            .value
            .as_ref()
            .map(|v| [v.as_ref(), &[b' '; 1000]].concat().into());
    }
    rig.write(&stream, &written).await;
    let mut source = rig.ranged(&stream, Range::all()).await;
    let limit = |records, bytes| Limit {
        records,
        bytes,
        wait: Duration::from_secs(10),
    };
    let by_count = read::batch(source.as_mut(), limit(3, usize::MAX)).await;
    assert!((1..=3).contains(&by_count.records.len()));
    let by_bytes = read::batch(source.as_mut(), limit(100, 2500)).await;
    assert!((1..=2).contains(&by_bytes.records.len()));
    let at_least_one = read::batch(source.as_mut(), limit(100, 1)).await;
    assert_eq!(at_least_one.records.len(), 1);
    let read: usize = [by_count, by_bytes, at_least_one]
        .iter()
        .map(|b| b.records.len())
        .sum();
    assert_eq!(read + read::until_end(source.as_mut()).await.len(), 20);
}
