//! Whatever arrives on the port: the emulator answers or hangs up, and goes on serving others.
#![no_main]

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::OnceLock;
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use ssectl_emulator::kafka::{Config, Emulator};

/// Longer than any answer takes; a connection that is silent for so long is stuck.
const STUCK: Duration = Duration::from_secs(20);

fn emulator() -> &'static Emulator {
    static EMULATOR: OnceLock<Emulator> = OnceLock::new();
    EMULATOR.get_or_init(|| Emulator::start(Config::default()).expect("a free port"))
}

/// Sends the bytes and reads to the end of the connection.
fn exchange(bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(emulator().address()).expect("it accepts");
    stream.set_read_timeout(Some(STUCK)).expect("a socket");
    // It may hang up before it has read everything.
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(Shutdown::Write);
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => panic!("stuck"),
        _ => answer,
    }
}

/// ApiVersions 0 of a client without a name.
const API_VERSIONS: [u8; 14] = [0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 0xFF, 0xFF];

fuzz_target!(|body: &[u8]| {
    let mut frame = u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes().to_vec();
    frame.extend_from_slice(body);
    exchange(&frame);
    assert!(exchange(&API_VERSIONS).len() > 8, "others are served no more");
});
