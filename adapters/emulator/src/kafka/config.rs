//! What an emulator is started with.

use std::collections::BTreeMap;
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
    /// The host and port that clients are told to connect to. Default: the address that they connected to.
    pub advertised: Option<(String, u16)>,
    /// Where everything is kept. Default: in memory, at most 1 GiB of records.
    pub medium: Medium,
    /// Create a topic when a client asks for the metadata of one that does not exist. Default: true.
    pub auto_create: bool,
    /// Partitions of topics that are created without a number. Default: 1.
    pub default_partitions: u32,
    /// How long a new group waits for further members before its first assignment. Default: 100 ms (Kafka: 3 s).
    pub initial_rebalance_delay: Duration,
    /// How often retention and compaction look for something to do. Default: 5 s (Kafka: 5 min and 15 s).
    pub cleanup_interval: Duration,
    /// Passwords by user; clients then have to authenticate with SASL PLAIN. Default: none, and nobody has to.
    pub sasl_plain: Option<BTreeMap<String, String>>,
    /// Bounds that protect the process.
    pub limits: Limits,
    /// Where one-line notices go; those that clients can cause as often as they like are rationed. Default: nowhere.
    pub notices: Notices,
    /// What goes wrong on purpose. Default: nothing.
    pub faults: Faults,
    /// The store to use instead of one of its own at `medium`. Default: none.
    pub bridge: Option<Bridge>,
    /// Where the time comes from. Default: the machine's clocks.
    pub clock: Arc<dyn Clock>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            advertised: None,
            medium: Medium::Memory { limit: 1 << 30 },
            auto_create: true,
            default_partitions: 1,
            initial_rebalance_delay: Duration::from_millis(100),
            cleanup_interval: Duration::from_secs(5),
            sasl_plain: None,
            limits: Limits::default(),
            notices: Notices::default(),
            faults: Faults::default(),
            bridge: None,
            clock: Arc::new(SystemClock::default()),
        }
    }
}

impl Config {
    /// How often written bytes are forced to disk in the background.
    pub(crate) fn sync_interval(&self) -> Duration {
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
    /// Bytes of one request; a longer one closes its connection. Default: 100 MiB, as Kafka.
    pub request_bytes: usize,
    /// Bytes of all requests that are being received or answered; a connection that would exceed it is closed. Default:
    /// 1 GiB.
    pub total_request_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 5_000,
            request_bytes: 100 << 20,
            total_request_bytes: 1 << 30,
        }
    }
}
