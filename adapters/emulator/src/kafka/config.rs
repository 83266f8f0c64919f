//! What an emulator is started with.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// Where one-line notices go.
#[derive(Clone)]
pub struct Notices(Arc<dyn Fn(&str) + Send + Sync>);

impl Notices {
    /// Calls `sink` with each notice, a line without its end.
    pub fn new(sink: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Arc::new(sink))
    }

    /// Gives one notice.
    pub(crate) fn say(&self, notice: &str) {
        (self.0)(notice);
    }
}

impl Default for Notices {
    /// Notices go nowhere.
    fn default() -> Self {
        Self::new(|_| {})
    }
}

impl fmt::Debug for Notices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Notices")
    }
}

/// What the emulator is started with; start from `Config::default()`.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen; port 0 picks a free one. Default: `127.0.0.1:0`.
    pub listen: SocketAddr,
    /// The host and port that clients are told to connect to. Default: the address that they connected to.
    pub advertised: Option<(String, u16)>,
    /// Create a topic when a client asks for the metadata of one that does not exist. Default: true.
    pub auto_create: bool,
    /// Partitions of topics that are created without a number. Default: 1.
    pub default_partitions: u32,
    /// Bytes that records may take in memory. Default: 1 GiB.
    pub memory_limit: u64,
    /// How long a new group waits for further members before its first assignment. Default: 100 ms (Kafka: 3 s).
    pub initial_rebalance_delay: Duration,
    /// Bounds that protect the process.
    pub limits: Limits,
    /// Where one-line notices go. Default: nowhere.
    pub notices: Notices,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            advertised: None,
            auto_create: true,
            default_partitions: 1,
            memory_limit: 1 << 30,
            initial_rebalance_delay: Duration::from_millis(100),
            limits: Limits::default(),
            notices: Notices::default(),
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
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 5_000,
            request_bytes: 100 << 20,
        }
    }
}
