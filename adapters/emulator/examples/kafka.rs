//! Runs the Kafka emulator until its standard input ends: `cargo run --example kafka -- [PORT]`.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr};

use ssectl_emulator::kafka::{Config, Emulator, Notices};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port = std::env::args().nth(1).map_or(Ok(0), |port| port.parse())?;
    let notice = |line: &str| drop(writeln!(std::io::stderr(), "{line}"));
    let config = Config {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        notices: Notices::new(notice),
        ..Config::default()
    };
    let emulator = Emulator::start(config)?;
    writeln!(std::io::stderr(), "kafka {} ready", emulator.address())?;
    std::io::stdin().read_to_end(&mut Vec::new())?;
    emulator.shutdown();
    Ok(())
}
