//! The emulator of AWS over HTTP.

mod client;
mod faults;
mod front;
mod kinesis;
mod query;
mod sqs;
mod sqs_rules;

use std::sync::Arc;

use ssectl_emulator::aws::{Config, Emulator};
use ssectl_emulator::store::ManualClock;

/// In memory.
fn start() -> Emulator {
    Emulator::start(Config::default()).expect("a free port")
}

/// In memory, in virtual time.
fn start_in_virtual_time() -> (Emulator, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new(1_700_000_000_000));
    let config = Config {
        clock: Arc::clone(&clock) as _,
        ..Config::default()
    };
    (Emulator::start(config).expect("a free port"), clock)
}
