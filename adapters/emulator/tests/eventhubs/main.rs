//! The emulator of Event Hubs over bare AMQP: what the service's own clients never do, and what they cannot see.

mod client;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use client::{Client, code};
use ssectl_emulator::eventhubs::{Config, Emulator, Hub, Limits};
use ssectl_emulator::faults::{Fault, FaultPlan, Faults, Rate};
use ssectl_emulator::store::ManualClock;

const RECEIVER: &str = "hub/ConsumerGroups/$Default/Partitions/0";

fn start(change: impl FnOnce(&mut Config)) -> Emulator {
    let mut config = Config {
        hubs: vec![Hub::new("hub", 1)],
        auto_create: false,
        ..Config::default()
    };
    change(&mut config);
    Emulator::start(config).expect("a free port")
}

#[test]
fn what_is_sent_is_received() {
    let emulator = start(|_| {});
    let mut client = Client::connect(emulator.address());
    client.attach_sender(0, "hub").unwrap();
    for number in 0..10 {
        let sent = client.send(0, format!("event {number}").as_bytes());
        assert!(matches!(sent, Some(Ok(()))));
    }
    client.attach_receiver(1, RECEIVER, None, 100).unwrap();
    for number in 0..10 {
        let body = client.receive().unwrap();
        assert_eq!(body, format!("event {number}").as_bytes());
    }
}

#[test]
fn credit_is_never_exceeded() {
    let emulator = start(|_| {});
    let mut client = Client::connect(emulator.address());
    client.attach_sender(0, "hub").unwrap();
    for _ in 0..5 {
        client.send(0, b"x").unwrap().unwrap();
    }
    client.attach_receiver(1, RECEIVER, None, 2).unwrap();
    assert!(client.receive().is_some() && client.receive().is_some());
    // An answer to something else comes, and no third event before it.
    client.transfer(0, &client::message(b"y")).unwrap();
    let next = loop {
        let frame = client.frame().unwrap();
        if [Some(code::TRANSFER), Some(code::DISPOSITION)].contains(&frame.code) {
            break frame;
        }
    };
    assert_eq!(next.code, Some(code::DISPOSITION));
    client.grant(1, 2, 10).unwrap();
    assert!(client.receive().is_some());
}

#[test]
fn a_higher_epoch_detaches_the_link_of_another_connection() {
    let emulator = start(|_| {});
    let mut first = Client::connect(emulator.address());
    let mut second = Client::connect(emulator.address());
    first.attach_receiver(0, RECEIVER, Some(1), 10).unwrap();
    second.attach_receiver(0, RECEIVER, Some(2), 10).unwrap();
    assert!(first.until(code::DETACH).unwrap().has("amqp:link:stolen"));
    // A lower one is refused, and the connection goes on.
    first.attach_receiver(1, RECEIVER, Some(1), 10).unwrap();
    assert!(first.until(code::DETACH).unwrap().has("amqp:link:stolen"));
    second.attach_sender(1, "hub").unwrap();
    second.send(1, b"x").unwrap().unwrap();
}

#[test]
fn what_is_not_there_is_refused_by_its_condition() {
    let emulator = start(|_| {});
    let mut client = Client::connect(emulator.address());
    let cases = [
        ("none", "amqp:not-found"),
        ("hub/Partitions/7", "com.microsoft:argument-out-of-range"),
        ("hub/what/ever", "amqp:not-found"),
    ];
    for (handle, (address, condition)) in (0..).zip(cases) {
        client.attach_sender(handle, address).unwrap();
        let detached = client.until(code::DETACH).unwrap();
        assert!(detached.has(condition), "{address}");
    }
}

#[test]
fn more_than_a_mebibyte_is_refused_and_costs_only_the_link() {
    let emulator = start(|_| {});
    let mut client = Client::connect(emulator.address());
    client.attach_sender(0, "hub").unwrap();
    let uint = client::uint;
    let first = client::list(
        code::TRANSFER,
        &[
            &uint(0),
            &uint(0),
            &[0xA0, 1, 0],
            &uint(0),
            &[0x42],
            &[0x41],
        ],
    );
    let part = vec![0; 60_000];
    for _ in 0..18 {
        client.send_frame(0, &[&first[..], &part].concat()).unwrap();
    }
    let detached = client.until(code::DETACH).unwrap();
    assert!(detached.has("amqp:link:message-size-exceeded"));
    client.attach_sender(1, "hub").unwrap();
    client.send(1, b"x").unwrap().unwrap();
}

/// Numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % limit
    }
}

#[test]
fn hostile_bytes_cost_only_their_own_connection() {
    let emulator = start(|_| {});
    let mut dice = Dice(7);
    for round in 0..300 {
        let mut bytes: Vec<u8> = match round % 4 {
            0 => b"AMQP\x03\x01\x00\x00".to_vec(),
            1 => b"AMQP\x00\x01\x00\x00".to_vec(),
            2 => b"GET / HTTP/1.1\r\n".to_vec(),
            _ => vec![0],
        };
        bytes.extend((0..dice.below(300)).map(|_| dice.below(256) as u8));
        let mut stream = TcpStream::connect(emulator.address()).unwrap();
        // It may be closed already.
        let _gone = stream.write_all(&bytes).is_err();
    }
    let address = emulator.address();
    for round in 0..200 {
        let mut client = Client::connect(address);
        // A real performative with one byte changed, or cut off.
        let mut body = client::list(
            code::ATTACH,
            &[&client::text("l"), &client::uint(0), &[0x42]],
        );
        let at = dice.below(body.len() as u64) as usize;
        match round % 2 {
            0 => body[at] = dice.below(256) as u8,
            _ => body.truncate(at),
        }
        client.send_frame(0, &body);
    }
    let mut huge = Client::connect(address);
    huge.write(&[0xFF, 0xFF, 0xFF, 0xFF, 2, 0, 0, 0]).unwrap();
    let closed = huge.until(code::CLOSE).unwrap();
    assert!(closed.has("amqp:connection:framing-error"));
    let mut client = Client::connect(address);
    client.attach_sender(0, "hub").unwrap();
    client.send(0, b"still there").unwrap().unwrap();
}

#[test]
fn hundreds_of_silent_connections_are_in_nobodys_way() {
    let emulator = start(|config| config.limits.connections = 700);
    let silent: Vec<_> = (0..600)
        .map(|_| TcpStream::connect(emulator.address()).unwrap())
        .collect();
    let mut client = Client::connect(emulator.address());
    client.attach_sender(0, "hub").unwrap();
    client.send(0, b"x").unwrap().unwrap();
    drop(silent);
}

#[test]
fn a_client_that_does_not_read_is_given_no_more() {
    let emulator = start(|_| {});
    let mut sender = Client::connect(emulator.address());
    sender.attach_sender(0, "hub").unwrap();
    let body = vec![b'x'; 50_000];
    for _ in 0..100 {
        sender.send(0, &body).unwrap().unwrap();
    }
    let mut lazy = Client::connect(emulator.address());
    lazy.attach_receiver(0, RECEIVER, None, 1000).unwrap();
    // Others go on, and what waits is whole in the end.
    sender.send(0, b"last").unwrap().unwrap();
    for _ in 0..100 {
        assert_eq!(lazy.receive().unwrap().len(), body.len());
    }
    assert_eq!(lazy.receive().unwrap(), b"last");
}

#[test]
fn a_silent_client_is_given_up() {
    let limits = Limits {
        // Longer than the client may take for its next step on a busy machine.
        idle: Duration::from_secs(2),
        ..Limits::default()
    };
    let emulator = start(|config| config.limits = limits);
    let mut client = Client::connect(emulator.address());
    let closed = client.until(code::CLOSE).unwrap();
    assert!(closed.has("amqp:resource-limit-exceeded"));
}

#[test]
fn planned_faults_are_those_of_the_service() {
    let with = |fault| {
        let mut plan = FaultPlan::default();
        plan.set(fault, Rate::new(1.0).expect("a rate"));
        start(|config| config.faults = Faults::new(plan))
    };
    let busy = with(Fault::Throttle);
    let mut client = Client::connect(busy.address());
    client.attach_sender(0, "hub").unwrap();
    let refused = client.send(0, b"x").unwrap().unwrap_err();
    assert!(refused.has("com.microsoft:server-busy"));

    let twice = with(Fault::Duplicate);
    let mut client = Client::connect(twice.address());
    client.attach_sender(0, "hub").unwrap();
    client.send(0, b"x").unwrap().unwrap();
    client.attach_receiver(1, RECEIVER, None, 10).unwrap();
    assert_eq!(client.receive(), Some(b"x".to_vec()));
    assert_eq!(client.receive(), Some(b"x".to_vec()));

    let dropping = with(Fault::Drop);
    let mut client = Client::connect(dropping.address());
    client.attach_sender(0, "hub").unwrap();
    assert!(client.send(0, b"x").is_none());

    let stale = with(Fault::StaleLease);
    let mut client = Client::connect(stale.address());
    client.attach_sender(0, "hub").unwrap();
    client.send(0, b"x").unwrap().unwrap();
    client.attach_receiver(1, RECEIVER, None, 10).unwrap();
    let detached = client.until(code::DETACH).unwrap();
    assert!(detached.has("amqp:link:detach-forced"));
}

fn http(emulator: &Emulator, method: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(emulator.address()).unwrap();
    let request = format!("{method} /{path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_reset_leaves_what_was_declared() {
    let emulator = start(|_| {});
    let mut client = Client::connect(emulator.address());
    client.attach_sender(0, "hub").unwrap();
    client.send(0, b"x").unwrap().unwrap();
    client.attach_receiver(1, RECEIVER, None, 10).unwrap();
    client.receive().unwrap();
    assert!(http(&emulator, "PUT", "other").starts_with("HTTP/1.1 201"));
    assert!(http(&emulator, "POST", "_ssectl/reset").starts_with("HTTP/1.1 200"));
    // Who reads learns that the hub is another one now.
    assert!(client.until(code::DETACH).unwrap().has("amqp:not-found"));
    assert!(http(&emulator, "GET", "other").starts_with("HTTP/1.1 404"));
    client.attach_sender(2, "hub").unwrap();
    client.send(2, b"new").unwrap().unwrap();
    client.attach_receiver(3, RECEIVER, None, 10).unwrap();
    assert_eq!(client.receive().unwrap(), b"new");
}

#[test]
fn old_events_are_dropped_by_the_clock() {
    let clock = Arc::new(ManualClock::new(1_000_000));
    let emulator = start(|config| {
        config.clock = clock.clone();
        config.hubs[0].retention_ms = 60_000;
        config.hubs.push(Hub::new("other", 1));
    });
    let mut client = Client::connect(emulator.address());
    client.attach_sender(0, "hub").unwrap();
    client.send(0, b"old").unwrap().unwrap();
    clock.advance(Duration::from_secs(61));
    let deadline = Instant::now() + Duration::from_secs(60);
    client.attach_sender(2, "other").unwrap();
    while has_events(&mut client) {
        assert!(Instant::now() < deadline, "the event is still there");
    }
    client.send(0, b"new").unwrap().unwrap();
    client.attach_receiver(1, RECEIVER, None, 1).unwrap();
    assert_eq!(client.receive().unwrap(), b"new");
}

/// Whether a receiver gets something before the outcome of what is sent to another hub after it was attached.
fn has_events(client: &mut Client) -> bool {
    client.attach_receiver(1, RECEIVER, None, 1).unwrap();
    client.transfer(2, &client::message(b"probe")).unwrap();
    let mut found = false;
    loop {
        match client.frame().unwrap().code {
            Some(code::TRANSFER) => found = true,
            Some(code::DISPOSITION) => break,
            _ => {}
        }
    }
    let detach = client::list(code::DETACH, &[&client::uint(1), &[0x41]]);
    client.send_frame(0, &detach).unwrap();
    client.until(code::DETACH).unwrap();
    found
}
