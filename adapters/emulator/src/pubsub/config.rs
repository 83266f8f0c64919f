//! What an emulator of Pub/Sub is started with.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use crate::faults::Faults;
use crate::store::{Clock, Fsync, Medium, SystemClock};
use crate::{Bridge, Notices};

/// What the emulator is started with; begin with `Config::default()` and change what matters.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen; port 0 picks a free one. Default: `127.0.0.1:0`.
    pub listen: SocketAddr,
    /// Where everything is kept. Default: in memory, at most 1 GiB of messages.
    pub medium: Medium,
    /// Bounds that protect the process.
    pub limits: Limits,
    /// Where one-line notices go. Default: nowhere.
    pub notices: Notices,
    /// The store to use instead of one of its own at `medium`. Default: none.
    pub bridge: Option<Bridge>,
    /// Where the time comes from. Default: the machine's clocks.
    pub clock: Arc<dyn Clock>,
    /// Faults on purpose. Default: none.
    ///
    /// A throttled publish or pull fails with `RESOURCE_EXHAUSTED`; a dropped request resets its stream of HTTP/2, or
    /// closes its connection of HTTP/1; a duplicate is a message published twice, or delivered again at once; messages
    /// of a subscription without ordering come in reverse; a lease that ends early lets its message come again.
    /// Subscriptions with exactly-once delivery get neither duplicates by delivery nor early ends.
    pub faults: Faults,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            medium: Medium::Memory { limit: 1 << 30 },
            limits: Limits::default(),
            notices: Notices::default(),
            bridge: None,
            clock: Arc::new(SystemClock::default()),
            faults: Faults::default(),
        }
    }
}

impl Config {
    /// How often written bytes are forced to disk in the background.
    pub(super) fn sync_interval(&self) -> Duration {
        match &self.medium {
            Medium::Directory {
                fsync: Fsync::Every(interval),
                ..
            } => *interval,
            Medium::Directory {
                fsync: Fsync::EveryAppend,
                ..
            }
            | Medium::Memory { .. } => Duration::from_secs(1),
        }
    }
}

/// Bounds that protect the process from its clients.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at a time; further ones are closed with a notice. Default: 5,000.
    pub connections: usize,
    /// Bytes of the body of one request; a longer one is refused. Default: 16 MiB, more than the service allows.
    pub request_bytes: usize,
    /// Bytes of all bodies that are being received or answered; further requests wait. Default: 256 MiB.
    pub total_request_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 5_000,
            request_bytes: 16 << 20,
            total_request_bytes: 256 << 20,
        }
    }
}
