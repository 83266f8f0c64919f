//! A running emulator.

use std::net::SocketAddr;
use std::sync::Arc;

use super::broker::Broker;
use super::config::Config;
use super::error::StartError;
use super::server::Server;

/// A running emulator; ends when dropped.
#[derive(Debug)]
pub struct Emulator {
    server: Server,
}

impl Emulator {
    /// Starts listening; clients can connect when this returns.
    ///
    /// # Errors
    /// The address is taken or not ours.
    pub fn start(config: Config) -> Result<Self, StartError> {
        let broker = Arc::new(Broker::new(config));
        Ok(Self {
            server: Server::start(broker)?,
        })
    }

    /// The address that clients connect to, with the port that was picked.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Answers the requests that are under way and ends; the same as dropping it.
    pub fn shutdown(self) {
        drop(self);
    }
}
