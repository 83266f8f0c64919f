//! A running emulator.

use std::net::SocketAddr;
use std::sync::Arc;

use kafka_protocol::ResponseError;

use super::broker::Broker;
use super::config::Config;
use super::housekeeping::Housekeeper;
use super::server::Server;
use crate::StartError;
use crate::store::Attributes;

/// A running emulator. It ends when dropped: requests under way are answered, everything reaches the disk.
#[derive(Debug)]
pub struct Emulator {
    // Dropped in this order: no more requests, then the last sync.
    server: Server,
    _housekeeper: Housekeeper,
    broker: Arc<Broker>,
    notes: Vec<String>,
}

impl Emulator {
    /// Starts listening; clients can connect when this returns.
    ///
    /// # Errors
    /// The address is taken or not ours; the data directory is in use, cannot be written, or is damaged.
    pub fn start(config: Config) -> Result<Self, StartError> {
        let (broker, notes) = Broker::open(config)?;
        let broker = Arc::new(broker);
        let server = Server::start(Arc::clone(&broker))?;
        Ok(Self {
            server,
            _housekeeper: Housekeeper::start(Arc::clone(&broker))?,
            broker,
            notes,
        })
    }

    /// The address that clients connect to, with the port that was picked.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// What had to be mended in the data directory, one line each.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Creates a topic, unless it is there.
    ///
    /// # Errors
    /// What is wrong with the name, the number of partitions or the configuration.
    pub fn declare_topic(
        &self,
        name: &str,
        partitions: u32,
        config: Attributes,
    ) -> Result<(), String> {
        match self.broker.topics.create(name, partitions, config) {
            Ok(_) | Err((ResponseError::TopicAlreadyExists, _)) => Ok(()),
            Err((_, reason)) => Err(reason),
        }
    }

    /// Answers the requests that are under way, writes everything to disk, and ends; the same as dropping it.
    pub fn shutdown(self) {
        drop(self);
    }
}
