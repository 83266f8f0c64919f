//! Clients that mean harm, or are broken.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use kafka_protocol::messages::{FetchRequest, MetadataRequest};
use ssectl_emulator::kafka::{Config, Emulator, Limits, Notices, StartError};

use super::client::*;

/// An emulator whose notices are kept.
fn start_listening(limits: Limits) -> (Emulator, Arc<Mutex<Vec<String>>>) {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&heard);
    let notices = Notices::new(move |line| sink.lock().unwrap().push(line.to_owned()));
    (
        Emulator::start(Config {
            limits,
            notices,
            ..Config::default()
        })
        .unwrap(),
        heard,
    )
}

fn is_alive(emulator: &Emulator) -> bool {
    Client::of(emulator)
        .call(12, &MetadataRequest::default())
        .brokers
        .len()
        == 1
}

/// Sends bytes and waits until the other end closes; returns what it said.
fn send_and_wait(emulator: &Emulator, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(emulator.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    // The other end may close while this one still writes.
    drop(stream.write_all(bytes));
    drop(stream.shutdown(Shutdown::Write));
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Ok(_) => answer,
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => answer,
        Err(error) => panic!("not closed: {error}"),
    }
}

#[test]
fn garbage_closes_one_connection_with_a_notice() {
    let (emulator, heard) = start_listening(Limits::default());
    let cases: [&[u8]; 10] = [
        b"PUT / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        &[0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3],
        &[0xFF; 100],
        &[0; 100],
        &[0x7F, 0xFF, 0xFF, 0xFF, 0, 3, 0, 1],
        &[0x80, 0, 0, 0],
        &[0, 0, 0, 4, 0, 3, 0, 1],
        // Metadata for 2^31-1 topics.
        &[
            0, 0, 0, 14, 0, 3, 0, 1, 0, 0, 0, 1, 0, 0, 0x7F, 0xFF, 0xFF, 0xFF,
        ],
        // A request type and a version that nobody knows.
        &[0, 0, 0, 10, 0x7F, 0, 0, 1, 0, 0, 0, 1, 0, 0],
        &[0, 0, 0, 10, 0, 3, 0x7F, 0, 0, 0, 0, 1, 0, 0],
    ];
    for bytes in cases {
        assert_eq!(send_and_wait(&emulator, bytes), b"", "{bytes:?}");
        assert!(is_alive(&emulator));
    }
    emulator.shutdown();
    let heard = heard.lock().unwrap();
    assert!(
        heard
            .iter()
            .take(5)
            .all(|line| line.starts_with("closed the connection from 127.0.0.1:")),
        "{heard:?}"
    );
    assert!(
        heard[0].contains("is the client speaking TLS or HTTP?"),
        "{}",
        heard[0]
    );
    // After a few there is only their number, so that a flood of them fills no disk.
    assert_eq!(heard.len(), 6, "{heard:?}");
    assert!(
        heard[5].starts_with("5 more like these, the last: closed the connection"),
        "{}",
        heard[5]
    );
}

#[test]
fn half_a_request_is_no_request() {
    let (emulator, heard) = start_listening(Limits::default());
    for bytes in [
        &[][..],
        &[0],
        &[0, 0, 0, 50],
        &[0, 0, 0, 50, 0, 3, 0, 1, 0, 0],
    ] {
        assert_eq!(send_and_wait(&emulator, bytes), b"");
    }
    assert!(is_alive(&emulator));
    assert!(
        heard.lock().unwrap().is_empty(),
        "a client that goes away is nothing to talk about"
    );
}

/// Found by the fuzz target: it used to wait for 25 days.
#[test]
fn a_fetch_of_nothing_is_answered_at_once() {
    let (emulator, _) = start_listening(Limits::default());
    let nothing = FetchRequest::default()
        .with_max_wait_ms(i32::MAX)
        .with_min_bytes(1);
    let answer = Client::of(&emulator).call(11, &nothing);
    assert!(answer.responses.is_empty());
}

#[test]
fn a_thousand_idle_connections_do_not_hurt() {
    let (emulator, heard) = start_listening(Limits::default());
    let idle: Vec<_> = (0..1000)
        .map(|_| TcpStream::connect(emulator.address()).unwrap())
        .collect();
    assert!(is_alive(&emulator));
    let mut last = Client::over(idle[999].try_clone().unwrap());
    assert_eq!(last.call(12, &MetadataRequest::default()).brokers.len(), 1);
    drop(idle);
    assert!(is_alive(&emulator));
    assert!(heard.lock().unwrap().is_empty());
}

#[test]
fn connections_beyond_the_limit_are_refused_with_a_notice_until_others_end() {
    let (emulator, heard) = start_listening(Limits {
        connections: 3,
        ..Limits::default()
    });
    let mut open: Vec<_> = (0..3).map(|_| Client::of(&emulator)).collect();
    for client in &mut open {
        client.call(12, &MetadataRequest::default());
    }
    let mut refused = TcpStream::connect(emulator.address()).unwrap();
    assert_eq!(refused.read(&mut [0]).unwrap(), 0);
    assert!(heard.lock().unwrap()[0].contains("was refused: 3 are open, the limit"));
    open.pop();
    eventually("there is room again", || {
        let mut stream = TcpStream::connect(emulator.address()).unwrap();
        stream
            .write_all(&[0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 0, 0])
            .unwrap();
        matches!(stream.read(&mut [0]), Ok(1))
    });
}

#[test]
fn an_address_in_use_is_said() {
    let emulator = start();
    let second = Emulator::start(Config {
        listen: emulator.address(),
        ..Config::default()
    });
    let error = second.expect_err("two emulators on one port");
    assert!(matches!(error, StartError::Listen { .. }));
    assert!(
        error.to_string().contains("another process listens there"),
        "{error}"
    );
}

#[test]
fn shutdown_ends_what_waits_and_frees_the_port() {
    let emulator = start();
    let address = emulator.address();
    let mut client = Client::of(&emulator);
    client.create_topic("t", 1, &[]);
    client.send(
        12,
        &fetch_request("t", 0, 0)
            .with_max_wait_ms(15_000)
            .with_min_bytes(1),
    );
    let begun = Instant::now();
    emulator.shutdown();
    assert!(begun.elapsed() < SOON);
    // The waiting fetch got its answer, or its connection was closed before it was read.
    drop(client.receive_bytes());
    let again = Emulator::start(Config {
        listen: address,
        ..Config::default()
    })
    .unwrap();
    assert!(is_alive(&again));
}

const FAST: Duration = Duration::from_millis(50);

#[test]
fn starting_takes_milliseconds() {
    let took = || {
        let begun = Instant::now();
        let emulator = start();
        let took = begun.elapsed();
        assert!(is_alive(&emulator));
        took
    };
    // What else the machine does at a time is no slowness of ours; a slow start is slow every time.
    let fastest = (0..100).map(|_| took()).find(|took| *took < FAST);
    assert!(fastest.is_some(), "no start of 100 took less than {FAST:?}");
}
