//! Runs the emulator of AWS until its standard input ends: `cargo run --example aws -- [PORT [DIR]]`.
//!
//! Without a directory everything is in memory.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr};

use ssectl_emulator::Notices;
use ssectl_emulator::aws::{Config, Emulator};
use ssectl_emulator::store::{Fsync, Medium};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let port = arguments.next().map_or(Ok(0), |port| port.parse())?;
    let mut config = Config {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        notices: Notices::new(say),
        ..Config::default()
    };
    if let Some(path) = arguments.next() {
        config.medium = Medium::Directory {
            path: path.into(),
            fsync: Fsync::default(),
        };
    }
    let emulator = Emulator::start(config)?;
    emulator.notes().iter().for_each(|note| say(note));
    say(&format!("aws {} ready", emulator.address()));
    std::io::stdin().read_to_end(&mut Vec::new())?;
    emulator.shutdown();
    Ok(())
}

fn say(line: &str) {
    // Nobody may be reading.
    drop(writeln!(std::io::stderr(), "{line}"));
}
