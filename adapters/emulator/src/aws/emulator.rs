//! A running emulator.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::watch;

use super::config::Config;
use super::front::Front;
use crate::StartError;
use crate::http::Service;

/// A running emulator. It ends when dropped: requests under way are answered, everything reaches the disk.
#[derive(Debug)]
pub struct Emulator {
    service: Service,
    notes: Vec<String>,
}

impl Emulator {
    /// Starts listening; clients can connect when this returns.
    ///
    /// # Errors
    /// The address is taken or not ours; the data directory is in use, cannot be written, or is damaged.
    pub fn start(config: Config) -> Result<Self, StartError> {
        let wanted = config.listen;
        let (stop, stopped) = watch::channel(false);
        let (front, notes) = Front::open(config, stopped)?;
        Ok(Self {
            service: Service::start("aws", wanted, Arc::new(front), stop)?,
            notes,
        })
    }

    /// The address that clients connect to, with the port that was picked.
    pub fn address(&self) -> SocketAddr {
        self.service.address()
    }

    /// What had to be mended in the data directory, one line each.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Answers the requests that are under way, writes everything to disk, and ends; the same as dropping it.
    pub fn shutdown(self) {
        drop(self);
    }
}
