//! When to kill an emulator under load: not before enough was done, however slow the machine is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How long a writer may take for what it has to do in a round.
const PATIENCE: Duration = Duration::from_secs(120);

/// What one writer had acknowledged in a round.
#[derive(Clone, Default)]
pub(crate) struct Load(Arc<AtomicU64>);

impl Load {
    /// So much more was acknowledged.
    pub(crate) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    /// Waits until so much was acknowledged.
    pub(crate) fn reach(&self, least: u64) {
        let deadline = Instant::now() + PATIENCE;
        while self.0.load(Ordering::Relaxed) < least {
            assert!(Instant::now() < deadline, "too little load");
            thread::yield_now();
        }
    }
}

/// Lets the writers go on for a time that is another one in each round, so that the kill meets them anywhere.
pub(crate) fn go_on(round: u64) {
    thread::sleep(Duration::from_millis(round * 37 % 200));
}
