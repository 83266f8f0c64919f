//! The thread that serves a producer's events: confirmations, errors, its asking for tokens.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rdkafka::producer::Producer;
use ssectl_adapter::{Error, Result};

use super::CountingProducer;

/// How long one poll takes while records are under way; confirmations are served at once in it.
const BUSY: Duration = Duration::from_millis(5);
/// How long it stays busy after it was woken.
const ATTENTION: Duration = Duration::from_millis(50);
/// How often it looks when nothing is under way.
const IDLE: Duration = Duration::from_millis(200);

/// Serves the producer until stopped or dropped.
pub(super) struct Poller {
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    signal: Mutex<Signal>,
    changed: Condvar,
}

#[derive(Default)]
struct Signal {
    woken: bool,
    stopped: bool,
}

impl Poller {
    pub(super) fn start(producer: Arc<CountingProducer>) -> Result<Self> {
        let state = Arc::new(State::default());
        let theirs = state.clone();
        let thread = std::thread::Builder::new()
            .name("kafka-writer".to_owned())
            .spawn(move || theirs.serve(&producer))
            .map_err(|error| Error::from_io("cannot start a thread to write Kafka", error))?;
        Ok(Self {
            state,
            thread: Some(thread),
        })
    }

    /// Says that records are about to be sent.
    pub(super) fn wake(&self) {
        self.state.signal().woken = true;
        self.state.changed.notify_one();
    }

    /// Ends the thread, and waits for that.
    pub(super) fn stop(mut self) {
        self.tell();
        if let Some(thread) = self.thread.take() {
            // It cannot panic but with the process.
            thread.join().ok();
        }
    }

    fn tell(&self) {
        self.state.signal().stopped = true;
        self.state.changed.notify_one();
    }
}

impl Drop for Poller {
    fn drop(&mut self) {
        self.tell();
    }
}

impl State {
    fn serve(&self, producer: &CountingProducer) {
        let mut busy_until = Instant::now();
        loop {
            let busy = producer.in_flight_count() > 0 || Instant::now() < busy_until;
            let signal = self.wait(if busy { Duration::ZERO } else { IDLE });
            if signal.stopped {
                return;
            }
            if signal.woken {
                busy_until = Instant::now() + ATTENTION;
            }
            let busy = busy || signal.woken;
            producer.poll(if busy { BUSY } else { Duration::ZERO });
        }
    }

    /// Waits for a signal and takes it.
    fn wait(&self, patience: Duration) -> Signal {
        let quiet = |signal: &mut Signal| !signal.woken && !signal.stopped;
        let waited = self
            .changed
            .wait_timeout_while(self.signal(), patience, quiet);
        let (mut signal, _) = waited.unwrap_or_else(PoisonError::into_inner);
        Signal {
            woken: std::mem::take(&mut signal.woken),
            stopped: signal.stopped,
        }
    }

    fn signal(&self) -> MutexGuard<'_, Signal> {
        self.signal.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
