//! Groups, deduplication, attempts.

use super::super::*;
use super::{Bench, LEASE, ORDERED, PLAIN, bodies, new};

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
        .change_lease(first[1].receipt, 0, i64::MAX, OnExpired::Refuse)
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
    bench.pass(1);
    assert!(!send().is_duplicate);
    bench.queue.purge().unwrap();
    assert!(!send().is_duplicate, "a purge forgets the keys");
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
