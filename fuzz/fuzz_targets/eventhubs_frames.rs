//! Whatever arrives on the port of Event Hubs behind a sound beginning of AMQP: the emulator answers or hangs up, and goes on
//! serving others.
#![no_main]

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::OnceLock;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use ssectl_emulator::eventhubs::{Config, Emulator, Hub};

/// Longer than any answer takes; a connection that is silent for so long is stuck.
const STUCK: Duration = Duration::from_secs(20);

/// SASL PLAIN as `u` with the key `k`, then the header of AMQP.
const BEGINNING: &[u8] = b"AMQP\x03\x01\x00\x00\
    \x00\x00\x00\x21\x02\x01\x00\x00\x00\x53\x41\xD0\x00\x00\x00\x11\x00\x00\x00\x02\xA3\x05PLAIN\xA0\x04\x00u\x00k\
    AMQP\x00\x01\x00\x00";

/// An `open` with a container id.
const OPEN: &[u8] = b"\x00\x00\x00\x17\x02\x00\x00\x00\x00\x53\x10\xD0\x00\x00\x00\x07\x00\x00\x00\x01\xA1\x01c";

fn emulator() -> &'static Emulator {
    static EMULATOR: OnceLock<Emulator> = OnceLock::new();
    EMULATOR.get_or_init(|| {
        let config = Config {
            hubs: vec![Hub::new("hub", 1)],
            ..Config::default()
        };
        Emulator::start(config).expect("a free port")
    })
}

/// Sends the bytes and reads to the end of the connection.
fn exchange(parts: &[&[u8]]) -> Vec<u8> {
    let mut stream = TcpStream::connect(emulator().address()).expect("it accepts");
    stream.set_read_timeout(Some(STUCK)).expect("a socket");
    // It may hang up before it has read everything.
    let _ = stream.write_all(&parts.concat());
    let _ = stream.shutdown(Shutdown::Write);
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => panic!("stuck"),
        _ => answer,
    }
}

fuzz_target!(|body: &[u8]| {
    let size = u32::try_from(body.len() + 8).unwrap_or(u32::MAX).to_be_bytes();
    exchange(&[BEGINNING, OPEN, &size, &[2, 0, 0, 0], body]);
    let answer = exchange(&[BEGINNING, OPEN]);
    assert!(answer.windows(6).any(|bytes| bytes == b"ssectl"), "others are served no more");
});
