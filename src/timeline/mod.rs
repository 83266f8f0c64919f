//! Time that stands still while anybody works, and then jumps to the next moment at which somebody wants to.
//!
//! A run by the virtual clock has a runtime of one thread whose time is paused (`tokio::time::pause`). Generators, replays,
//! rates, time-outs, retries and what windows do by the clock sleep there; when all sleep, time jumps to the first that
//! is due. Nothing depends on how long anything takes, so a day passes in as long as its records need, always alike.
//!
//! What lives outside of that runtime (files, brokers) is called through [`Timeline::outside`], which holds the time
//! for as long as a call is under way. Emulators take their time from the [`Timeline`] itself.

mod clock;
mod hold;
mod outside;
mod source;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use ssectl_adapter::{Target, Timestamp};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::time::Instant;

pub use clock::{Clock, ClockError};
use hold::Hold;
use outside::{Outside, Traffic};

/// A runtime whose time is virtual.
pub struct VirtualTime {
    /// There until it is dropped.
    runtime: Option<Runtime>,
    timeline: Timeline,
}

impl VirtualTime {
    /// Time that begins at `start`. Must be called in a runtime of several threads, which what is outside runs on.
    ///
    /// # Errors
    /// There is no thread left.
    pub fn from(start: Timestamp) -> io::Result<Self> {
        let outside = Handle::current();
        let runtime = Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()?;
        let inside = runtime.handle().clone();
        let origin = {
            let _inside = inside.enter();
            Instant::now()
        };
        let timeline = Timeline {
            inside,
            outside,
            origin,
            start,
            traffic: Arc::default(),
        };
        Ok(Self {
            runtime: Some(runtime),
            timeline,
        })
    }

    /// The time, for who is not inside.
    pub fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// Runs something in this time. Blocks the thread, and lets others do its other work.
    pub fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        let runtime = self.runtime.as_ref().expect("it goes with this");
        tokio::task::block_in_place(|| runtime.block_on(work))
    }
}

impl Drop for VirtualTime {
    /// A runtime that waits for its threads must not be dropped by another.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A virtual time, which everybody may look at.
#[derive(Debug, Clone)]
pub struct Timeline {
    /// The runtime whose time it is.
    inside: Handle,
    /// The one whose time is that of the wall.
    outside: Handle,
    /// When it began, by the time inside.
    origin: Instant,
    /// What it showed then.
    start: Timestamp,
    traffic: Arc<Traffic>,
}

impl Timeline {
    /// The time since its start.
    pub fn elapsed(&self) -> Duration {
        let _inside = self.inside.enter();
        self.origin.elapsed()
    }

    /// What it shows.
    pub fn now(&self) -> Timestamp {
        let elapsed = i128::try_from(self.elapsed().as_nanos()).unwrap_or(i128::MAX);
        Timestamp::from_nanos(self.start.as_nanos().saturating_add(elapsed))
    }

    /// A target outside of this time. Where time `waits` for its records, silence means that it is slow, as a file may be;
    /// else that nothing is written to it, as long as time stands still.
    pub fn outside(&self, target: Arc<dyn Target>, waits: bool) -> Arc<dyn Target> {
        Arc::new(Outside {
            target,
            timeline: self.clone(),
            waits,
        })
    }

    /// Keeps the time from going on.
    fn hold(&self) -> Hold {
        Hold::new(&self.inside)
    }
}

#[cfg(feature = "emulator")]
impl ssectl_emulator::store::Clock for Timeline {
    fn now_ms(&self) -> i64 {
        i64::try_from(self.now().as_nanos() / 1_000_000).unwrap_or(i64::MAX)
    }

    fn monotonic(&self) -> Duration {
        self.elapsed()
    }
}

#[cfg(test)]
mod tests;
