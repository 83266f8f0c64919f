//! Leases, delays, settling, waiting.

use std::sync::Arc;
use std::time::Duration;

use super::super::*;
use super::{Bench, LEASE, ORDERED, PLAIN, START, bodies, new};

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
        let woken = tokio::time::timeout(Duration::from_secs(60), waiting).await;
        assert_eq!(woken.expect("woken").unwrap(), ["a"]);
    });
}
