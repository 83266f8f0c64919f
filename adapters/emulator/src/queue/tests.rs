//! The queue in virtual time.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::store::{
    Attributes, Fsync, LogSettings, ManualClock, Medium, Store, StoreError, Visitor, frame,
};

const START: i64 = 1_700_000_000_000;
const LEASE: i64 = 30_000;

struct Unseen;

impl Visitor for Unseen {
    fn settings(&mut self, _: &str, _: &Attributes) -> LogSettings {
        LOG
    }

    fn frame(&mut self, _: &str, _: u32, _: &frame::Header, _: &[u8]) {}
}

const LOG: LogSettings = LogSettings {
    segment_bytes: 64 << 10,
    segment_ms: i64::MAX,
    retention_ms: None,
    retention_bytes: None,
};

const PLAIN: QueueSettings = QueueSettings {
    delay_ms: 0,
    retention_ms: 4 * 24 * 3_600_000,
    ordered: false,
    max_leases: 1000,
};

const ORDERED: QueueSettings = QueueSettings {
    ordered: true,
    ..PLAIN
};

struct Bench {
    clock: Arc<ManualClock>,
    queue: LeaseQueue,
}

impl Bench {
    fn new(settings: QueueSettings) -> Self {
        let clock = Arc::new(ManualClock::new(START));
        Self::open(Medium::Memory { limit: 8 << 20 }, clock, settings)
    }

    fn open(medium: Medium, clock: Arc<ManualClock>, settings: QueueSettings) -> Self {
        let (store, _) = Store::open(medium, Arc::clone(&clock) as _, &mut Unseen).unwrap();
        let store = Arc::new(store);
        let stream = store.stream("q").unwrap_or_else(|| {
            let created = store.create("q", 7, 1, LOG, Attributes::new());
            created.unwrap().unwrap()
        });
        let queue = LeaseQueue::open(store, stream, settings).unwrap();
        Self { clock, queue }
    }

    fn pass(&self, ms: u64) {
        self.clock.advance(Duration::from_millis(ms));
    }

    fn send(&self, body: &str) -> Sent {
        self.send_as(body, NewMessage { ..new(body) })
    }

    fn send_in(&self, group: &str, body: &str) -> Sent {
        self.send_as(
            body,
            NewMessage {
                group: Some(group),
                ..new(body)
            },
        )
    }

    fn send_as(&self, body: &str, message: NewMessage<'_>) -> Sent {
        assert_eq!(message.body, body.as_bytes());
        self.queue.send(message).unwrap()
    }

    fn receive(&self, limit: usize) -> Vec<Leased> {
        self.queue.receive(limit, LEASE, None).unwrap().messages
    }

    fn bodies(&self, limit: usize) -> Vec<String> {
        bodies(&self.receive(limit))
    }

    fn settle(&self, leased: &[Leased]) -> Vec<Settled> {
        let receipts: Vec<_> = leased.iter().map(|leased| leased.receipt).collect();
        self.queue.settle(&receipts, OnExpired::Settle).unwrap()
    }

    fn counts(&self) -> (usize, usize, usize) {
        let counts = self.queue.counts();
        (counts.ready, counts.leased, counts.delayed)
    }
}

fn new(body: &str) -> NewMessage<'_> {
    NewMessage {
        id: uuid::Uuid::new_v4().as_u128(),
        sent_ms: None,
        delay_ms: None,
        receives: 0,
        group: None,
        dedup: None,
        envelope: b"envelope",
        body: body.as_bytes(),
    }
}

fn bodies(leased: &[Leased]) -> Vec<String> {
    let body = |leased: &Leased| String::from_utf8(leased.message.body.to_vec()).unwrap();
    leased.iter().map(body).collect()
}

#[test]
fn a_leased_message_is_hidden_until_the_lease_ends() {
    let bench = Bench::new(PLAIN);
    let sent = bench.send("a");
    let [first] = &bench.receive(10)[..] else {
        panic!()
    };
    assert_eq!(
        (first.message.id, first.receives, first.first_leased_ms),
        (sent.id, 1, START)
    );
    assert_eq!(&first.message.envelope[..], b"envelope");
    assert_eq!(bench.counts(), (0, 1, 0));
    assert_eq!(bench.queue.next_due(), Some(START + LEASE));
    bench.pass(LEASE as u64 - 1);
    assert!(bench.receive(10).is_empty());
    bench.pass(1);
    let [second] = &bench.receive(10)[..] else {
        panic!()
    };
    assert_eq!((second.receives, second.first_leased_ms), (2, START));
    assert_ne!(second.receipt, first.receipt);
}

#[test]
fn settled_messages_do_not_come_back() {
    let bench = Bench::new(PLAIN);
    bench.send("a");
    let leased = bench.receive(1);
    assert_eq!(bench.settle(&leased), [Settled::Done]);
    assert_eq!(bench.settle(&leased), [Settled::Gone]);
    bench.pass(2 * LEASE as u64);
    assert!(bench.receive(1).is_empty());
    assert_eq!(bench.counts(), (0, 0, 0));
}

#[test]
fn an_old_receipt_does_not_settle_what_somebody_else_has() {
    let bench = Bench::new(PLAIN);
    bench.send("a");
    let old = bench.receive(1);
    bench.pass(LEASE as u64);
    let new = bench.receive(1);
    assert_eq!(bench.settle(&old), [Settled::Superseded]);
    assert_eq!(bench.counts(), (0, 1, 0));
    assert_eq!(bench.settle(&new), [Settled::Done]);
}

#[test]
fn an_expired_receipt_settles_only_where_it_may() {
    let bench = Bench::new(PLAIN);
    bench.send("a");
    let leased = bench.receive(1);
    bench.pass(LEASE as u64);
    let refused = bench.queue.settle(&[leased[0].receipt], OnExpired::Refuse);
    assert_eq!(refused.unwrap(), [Settled::Expired]);
    assert_eq!(bench.settle(&leased), [Settled::Done]);
}

#[test]
fn a_lease_can_be_changed_within_its_bound() {
    let bench = Bench::new(PLAIN);
    bench.send("a");
    let receipt = bench.receive(1)[0].receipt;
    let change = |ms| bench.queue.change_lease(receipt, ms, 100_000);
    assert_eq!(change(60_000), Ok(Settled::Done));
    bench.pass(50_000);
    assert_eq!(change(50_001), Err(LeaseTooLong));
    assert_eq!(change(50_000), Ok(Settled::Done));
    assert!(bench.receive(1).is_empty());
    assert_eq!(change(0), Ok(Settled::Done));
    assert_eq!(change(10), Ok(Settled::Expired));
    assert_eq!(bench.bodies(1), ["a"]);
    assert_eq!(change(10), Ok(Settled::Superseded));
}

#[test]
fn a_delay_hides_a_new_message() {
    let bench = Bench::new(QueueSettings {
        delay_ms: 5000,
        ..PLAIN
    });
    bench.send("queue");
    bench.send_as(
        "own",
        NewMessage {
            delay_ms: Some(1000),
            ..new("own")
        },
    );
    bench.send_as(
        "now",
        NewMessage {
            delay_ms: Some(0),
            ..new("now")
        },
    );
    assert_eq!(bench.counts(), (1, 0, 2));
    assert_eq!(bench.bodies(10), ["now"]);
    bench.pass(1000);
    assert_eq!(bench.bodies(10), ["own"]);
    bench.pass(4000);
    assert_eq!(bench.bodies(10), ["queue"]);
}

#[test]
fn a_new_delay_of_an_ordered_queue_holds_for_what_is_in_it() {
    for (settings, expected) in [(ORDERED, 1), (PLAIN, 0)] {
        let bench = Bench::new(QueueSettings {
            delay_ms: 5000,
            ..settings
        });
        bench.send_in("g", "a");
        bench.queue.configure(QueueSettings {
            delay_ms: 1000,
            ..settings
        });
        bench.pass(1000);
        assert_eq!(bench.receive(1).len(), expected);
    }
}

#[test]
fn groups_are_in_order_and_locked() {
    let bench = Bench::new(ORDERED);
    for (group, body) in [
        ("a", "a0"),
        ("b", "b0"),
        ("a", "a1"),
        ("b", "b1"),
        ("a", "a2"),
    ] {
        bench.send_in(group, body);
    }
    let first = bench.receive(2);
    assert_eq!(bodies(&first), ["a0", "a1"]);
    let second = bench.receive(10);
    assert_eq!(bodies(&second), ["b0", "b1"]);
    assert!(bench.receive(10).is_empty());
    bench.settle(&first[..1]);
    assert!(bench.receive(10).is_empty(), "a1 is leased still");
    bench
        .queue
        .change_lease(first[1].receipt, 0, i64::MAX)
        .unwrap();
    assert_eq!(bench.bodies(10), ["a1", "a2"]);
    bench.pass(LEASE as u64);
    assert_eq!(
        bench.bodies(1),
        ["b0"],
        "what was leased first comes back first"
    );
}

#[test]
fn without_order_groups_do_not_matter() {
    let bench = Bench::new(PLAIN);
    bench.send_in("a", "1");
    bench.send_in("a", "2");
    assert_eq!(bench.receive(1)[0].message.group.as_deref(), Some("a"));
    assert_eq!(bench.bodies(1), ["2"]);
}

#[test]
fn a_key_hides_later_messages_for_five_minutes() {
    let bench = Bench::new(ORDERED);
    let send = || {
        let message = NewMessage {
            dedup: Some("k"),
            group: Some("g"),
            ..new("a")
        };
        bench.queue.send(message).unwrap()
    };
    let first = send();
    bench.pass(299_999);
    let again = send();
    assert!(again.is_duplicate);
    assert_eq!((again.id, again.offset), (first.id, first.offset));
    bench.settle(&bench.receive(1));
    assert!(send().is_duplicate, "that it was settled does not matter");
    bench.queue.purge().unwrap();
    assert!(send().is_duplicate, "nor does a purge");
    bench.pass(1);
    assert!(!send().is_duplicate);
}

#[test]
fn messages_that_were_leased_too_often_are_exhausted() {
    let bench = Bench::new(ORDERED);
    bench.send_in("g", "a");
    bench.send_in("g", "b");
    for _ in 0..2 {
        let received = bench.queue.receive(1, 1000, Some(2)).unwrap();
        assert_eq!(bodies(&received.messages), ["a"]);
        bench.pass(1000);
    }
    let received = bench.queue.receive(1, 1000, Some(2)).unwrap();
    assert!(received.messages.is_empty());
    assert_eq!(
        (bodies(&received.exhausted), received.exhausted[0].receives),
        (vec!["a".to_owned()], 2)
    );
    bench.settle(&received.exhausted);
    assert_eq!(bench.bodies(10), ["b"]);
}

#[test]
fn leases_are_bounded() {
    let bench = Bench::new(QueueSettings {
        max_leases: 3,
        ..PLAIN
    });
    for number in 0..5 {
        bench.send(&number.to_string());
    }
    assert_eq!(bench.receive(10).len(), 3);
    assert!(bench.queue.receive(10, LEASE, None).unwrap().is_over_limit);
}

#[test]
fn the_same_messages_can_be_handed_out_again() {
    let bench = Bench::new(ORDERED);
    bench.send_in("g", "a");
    bench.send_in("g", "b");
    let first = bench.receive(2);
    let receipts: Vec<_> = first.iter().map(|leased| leased.receipt).collect();
    bench.pass(20_000);
    let again = bench
        .queue
        .receive_again(&receipts, LEASE)
        .unwrap()
        .unwrap();
    assert_eq!(bodies(&again), ["a", "b"]);
    bench.pass(20_000);
    assert!(bench.receive(1).is_empty(), "the leases began anew");
    bench.settle(&again[..1]);
    assert!(
        bench
            .queue
            .receive_again(&receipts, LEASE)
            .unwrap()
            .is_none()
    );
}

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

#[test]
fn readers_that_wait_are_woken() {
    let bench = Arc::new(Bench::new(PLAIN));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(async {
        let waiting = {
            let bench = Arc::clone(&bench);
            tokio::spawn(async move {
                loop {
                    let mut changed = std::pin::pin!(bench.queue.changed());
                    changed.as_mut().enable();
                    let bodies = bench.bodies(1);
                    if !bodies.is_empty() {
                        return bodies;
                    }
                    changed.await;
                }
            })
        };
        tokio::task::yield_now().await;
        bench.send("a");
        let woken = tokio::time::timeout(Duration::from_secs(10), waiting).await;
        assert_eq!(woken.expect("woken").unwrap(), ["a"]);
    });
}
