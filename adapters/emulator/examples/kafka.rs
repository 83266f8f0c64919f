//! Runs the Kafka emulator until its standard input ends: `cargo run --example kafka -- [PORT [DIR [every]]]`.
//!
//! Without a directory everything is in memory; with `every`, every append is forced to disk.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr};

use ssectl_emulator::kafka::{Config, Emulator, Notices};
use ssectl_emulator::store::{Fsync, Medium};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let port = arguments.next().map_or(Ok(0), |port| port.parse())?;
    let directory = arguments.next();
    let fsync = if arguments.next().is_some() {
        Fsync::EveryAppend
    } else {
        Fsync::default()
    };
    let mut config = Config {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        notices: Notices::new(say),
        ..Config::default()
    };
    if let Some(path) = directory {
        config.medium = Medium::Directory {
            path: path.into(),
            fsync,
        };
    }
    let emulator = Emulator::start(config)?;
    emulator.notes().iter().for_each(|note| say(note));
    say(&format!("kafka {} ready", emulator.address()));
    std::io::stdin().read_to_end(&mut Vec::new())?;
    emulator.shutdown();
    Ok(())
}

fn say(line: &str) {
    // Nobody may be reading.
    drop(writeln!(std::io::stderr(), "{line}"));
}
