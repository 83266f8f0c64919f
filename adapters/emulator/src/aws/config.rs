//! What an emulator of AWS is started with.

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
    /// What goes wrong on purpose. Default: nothing.
    pub faults: Faults,
    /// The store to use instead of one of its own at `medium`. Default: none.
    pub bridge: Option<Bridge>,
    /// Where the time comes from. Default: the machine's clocks.
    pub clock: Arc<dyn Clock>,
    /// How long a stream of Kinesis is CREATING, UPDATING or DELETING. Default: not at all, because clients that wait for
    /// ACTIVE look again after ten seconds.
    pub transition: Duration,
    /// Whether a shard of Kinesis takes and gives no more than at AWS: 1,000 records and 1 MiB in, 5 reads and 2 MiB out a
    /// second. Default: false.
    pub enforce_limits: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            medium: Medium::Memory { limit: 1 << 30 },
            limits: Limits::default(),
            notices: Notices::default(),
            faults: Faults::default(),
            bridge: None,
            clock: Arc::new(SystemClock::default()),
            transition: Duration::ZERO,
            enforce_limits: false,
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
    /// Bytes of the body of one request; a longer one is refused. Default: 16 MiB, more than any service allows.
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
