//! What an emulator of Event Hubs is started with.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::Hub;
use crate::faults::Faults;
use crate::store::{Clock, Fsync, Medium, SystemClock};
use crate::{Bridge, Notices};

/// What the emulator is started with; begin with `Config::default()` and change what matters.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen; port 0 picks a free one. Default: `127.0.0.1:0`.
    pub listen: SocketAddr,
    /// Where everything is kept. Default: in memory, at most 1 GiB of events.
    pub medium: Medium,
    /// Hubs that are there from the start; those that exist already stay as they are. Default: none.
    pub hubs: Vec<Hub>,
    /// Create a hub when a client of AMQP or Kafka names one that does not exist. Default: true.
    pub auto_create: bool,
    /// Partitions of hubs that are created without a number, 1 to 32. Default: 1.
    pub default_partitions: u32,
    /// The key that signs tokens; without one every well-formed token that has not expired is good. Default: none.
    pub access_key: Option<AccessKey>,
    /// Where the certificate is written, in PEM, that clients with TLS have to trust. Default: nowhere.
    pub certificate_file: Option<PathBuf>,
    /// Bounds that protect the process.
    pub limits: Limits,
    /// Where one-line notices go. Default: nowhere.
    pub notices: Notices,
    /// What goes wrong on purpose. Default: nothing. Throttled sends get `com.microsoft:server-busy`; latency delays
    /// outcomes; a duplicate is stored twice, as when a client tries again what had come through; a stale lease detaches a
    /// receiver with `amqp:link:detach-forced`. The service never reorders a partition, so that fault is left out.
    pub faults: Faults,
    /// The store to use instead of one of its own at `medium`. Default: none.
    pub bridge: Option<Bridge>,
    /// Where the time comes from. Default: the machine's clocks.
    pub clock: Arc<dyn Clock>,
}

/// A shared access key; its value is not shown.
#[derive(Clone)]
pub struct AccessKey {
    /// What it is called, such as `RootManageSharedAccessKey`.
    pub name: String,
    /// The key as connection strings have it.
    pub key: String,
}

impl std::fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AccessKey({})", self.name)
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            medium: Medium::Memory { limit: 1 << 30 },
            hubs: Vec::new(),
            auto_create: true,
            default_partitions: 1,
            access_key: None,
            certificate_file: None,
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
    /// Sessions of one connection. Default: 5,000, as the service.
    pub sessions: u16,
    /// Links of one session. Default: 256.
    pub links: u32,
    /// Bytes of messages that have come in part, of all connections; one that would exceed it is closed. Default: 256 MiB.
    pub total_partial_bytes: usize,
    /// How long a connection may be silent. Default: 4 minutes, as the service.
    pub idle: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 5_000,
            sessions: 5_000,
            links: 256,
            total_partial_bytes: 256 << 20,
            idle: Duration::from_secs(240),
        }
    }
}
