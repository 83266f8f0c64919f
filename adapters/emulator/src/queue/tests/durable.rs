//! What is kept, for how long, and what it takes.

use std::path::Path;
use std::sync::Arc;

use super::super::*;
use super::{Bench, ORDERED, PLAIN, START, new};
use crate::store::{Fsync, ManualClock, Medium, StoreError};

#[test]
fn old_messages_go() {
    let bench = Bench::new(QueueSettings {
        retention_ms: 60_000,
        ..PLAIN
    });
    bench.send("old");
    bench.pass(30_000);
    bench.send("new");
    bench.pass(30_001);
    assert_eq!(bench.bodies(10), ["new"]);
    let earlier = NewMessage {
        sent_ms: Some(START),
        ..new("moved")
    };
    bench.send_as("moved", earlier);
    bench.queue.clean_up().unwrap();
    assert_eq!(bench.counts(), (0, 1, 0));
}

#[test]
fn a_purge_empties_the_queue() {
    let bench = Bench::new(ORDERED);
    for _ in 0..5 {
        bench.send_in("g", "a");
    }
    let leased = bench.receive(2);
    bench.queue.purge().unwrap();
    assert_eq!(bench.counts(), (0, 0, 0));
    assert_eq!(bench.settle(&leased), [Settled::Gone, Settled::Gone]);
    bench.send_in("g", "b");
    assert_eq!(bench.bodies(10), ["b"]);
}

#[test]
fn memory_is_bounded_and_freed() {
    let bench = Bench::new(PLAIN);
    let body = "x".repeat(10_000);
    let send_until_full = || {
        let full = (0..10_000).position(|_| bench.queue.send(new(&body)).is_err());
        full.expect("the memory is bounded")
    };
    let number = send_until_full();
    assert!((500..900).contains(&number), "{number}");
    assert!(matches!(
        bench.queue.send(new(&body)),
        Err(StoreError::OutOfMemory { .. })
    ));
    // One message from the beginning stays, so the log cannot just be cut.
    let kept = bench.receive(1);
    loop {
        let leased = bench.receive(100);
        if leased.is_empty() {
            break;
        }
        bench.settle(&leased);
    }
    bench.queue.clean_up().unwrap();
    assert!(send_until_full() > 400);
    assert_eq!(bench.settle(&kept), [Settled::Done]);
}

fn durable(directory: &Path, clock: &Arc<ManualClock>, settings: QueueSettings) -> Bench {
    let medium = Medium::Directory {
        path: directory.to_owned(),
        fsync: Fsync::default(),
    };
    Bench::open(medium, Arc::clone(clock), settings)
}

#[test]
fn what_was_not_settled_is_there_again() {
    let directory = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(START));
    let bench = durable(directory.path(), &clock, ORDERED);
    for number in 0..4 {
        bench.send_in("g", &number.to_string());
    }
    bench.send_as(
        "late",
        NewMessage {
            delay_ms: Some(60_000),
            ..new("late")
        },
    );
    let dedup = NewMessage {
        dedup: Some("k"),
        group: Some("h"),
        ..new("key")
    };
    let first = bench.queue.send(dedup).unwrap();
    let leased = bench.receive(2);
    bench.settle(&leased[..1]);
    drop(bench);
    let bench = durable(directory.path(), &clock, ORDERED);
    assert_eq!(bench.counts(), (4, 0, 1));
    assert_eq!(
        bench.settle(&leased[1..]),
        [Settled::Done],
        "its lease is over, nobody has it"
    );
    assert_eq!(bench.bodies(10), ["2", "3", "key"]);
    assert_eq!(bench.queue.send(dedup).unwrap().id, first.id);
    bench.pass(60_000);
    assert!(bench.bodies(10).contains(&"late".to_owned()));
}

#[test]
fn settled_messages_leave_the_disk_but_their_keys_count() {
    let directory = tempfile::tempdir().unwrap();
    let clock = Arc::new(ManualClock::new(START));
    let bench = durable(directory.path(), &clock, PLAIN);
    bench.send("kept");
    let kept = bench.receive(1);
    let body = "x".repeat(8000);
    let fill = |bench: &Bench, dedup| {
        for _ in 0..1500 {
            bench
                .queue
                .send(NewMessage {
                    dedup,
                    ..new(&body)
                })
                .unwrap();
            bench.settle(&bench.receive(1));
        }
    };
    fill(&bench, None);
    bench
        .queue
        .send(NewMessage {
            dedup: Some("k"),
            ..new("a")
        })
        .unwrap();
    bench.settle(&bench.receive(1));
    bench.queue.clean_up().unwrap();
    drop(bench);
    let bench = durable(directory.path(), &clock, PLAIN);
    assert!(
        bench
            .queue
            .send(NewMessage {
                dedup: Some("k"),
                ..new("a")
            })
            .unwrap()
            .is_duplicate
    );
    bench.pass(300_000);
    bench.queue.clean_up().unwrap();
    let size: u64 = bench
        .queue
        .stream()
        .partitions()
        .iter()
        .map(|partition| partition.size())
        .sum();
    assert!(size < 1 << 20, "{size} bytes are left");
    assert_eq!(bench.bodies(10), ["kept"]);
    drop((kept, bench));
    assert_eq!(
        durable(directory.path(), &clock, PLAIN).bodies(10),
        ["kept"]
    );
}
