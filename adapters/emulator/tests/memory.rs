//! What hostile clients can make an emulator hold, in a process of its own: no other test adds to what is measured.

#[path = "kafka/client.rs"]
#[expect(dead_code, reason = "this test needs a part of the client only")]
mod client;

use std::io::Write;
use std::net::TcpStream;

use kafka_protocol::messages::MetadataRequest;
use ssectl_emulator::kafka::{Config, Emulator, Limits};

use client::Client;

/// Connections that announce much, send a little and stop.
const STALLED: usize = 200;
/// What each announces, in bytes.
const ANNOUNCED: i32 = 100 << 20;
/// What one may cost, in KiB: its threads, its buffers and the part that it sent.
const COST: u64 = 50;

#[test]
fn stalled_connections_with_huge_announcements_take_little_and_block_nobody() {
    let limits = Limits {
        total_request_bytes: 64 << 20,
        ..Limits::default()
    };
    let emulator = Emulator::start(Config {
        limits,
        ..Config::default()
    })
    .expect("an emulator");
    assert_eq!(brokers(&emulator), 1);
    let before = resident_kib();
    let stalled: Vec<_> = (0..STALLED).map(|_| stall(&emulator)).collect();
    // Those who come later are answered, and by then what was sent is read.
    for _ in 0..STALLED {
        assert_eq!(brokers(&emulator), 1);
    }
    let grown = resident_kib() - before;
    assert!(
        grown < COST * STALLED as u64,
        "{grown} KiB for {} connections",
        stalled.len()
    );
}

fn stall(emulator: &Emulator) -> TcpStream {
    let mut stream = TcpStream::connect(emulator.address()).expect("a connection");
    stream.write_all(&ANNOUNCED.to_be_bytes()).expect("sent");
    stream.write_all(&[0; 1000]).expect("sent");
    stream
}

/// How many brokers the emulator says there are, on a new connection.
fn brokers(emulator: &Emulator) -> usize {
    let metadata = Client::of(emulator).call(12, &MetadataRequest::default());
    metadata.brokers.len()
}

/// Resident memory of this process.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("this is Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.trim().strip_suffix(" kB"));
    number
        .and_then(|number| number.parse().ok())
        .expect("a size")
}
