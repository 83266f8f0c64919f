//! What all connections share.

use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::amqp::{AmqpError, condition};
use super::config::Config;
#[cfg(not(feature = "kafka"))]
use super::hub;
use super::hubs::{HubError, Hubs};
#[cfg(feature = "kafka")]
use super::kafka_endpoint::KafkaEndpoint;
use super::tls::Tls;
use crate::StartError;
#[cfg(not(feature = "kafka"))]
use crate::store::{Attributes, LogSettings, Visitor, frame};
use crate::store::{Medium, Store};

/// The hubs, and what is configured.
#[derive(Debug)]
pub(crate) struct Front {
    pub(crate) config: Config,
    pub(crate) hubs: Hubs,
    /// Bytes of messages of which not all has come.
    partial_bytes: Arc<AtomicUsize>,
    pub(super) tls: Tls,
    #[cfg(feature = "kafka")]
    pub(super) kafka: KafkaEndpoint,
}

/// The bytes of one message that has come in part.
#[derive(Debug)]
pub(crate) struct Share {
    of: Arc<AtomicUsize>,
    bytes: usize,
    limit: usize,
}

impl Front {
    /// Opens the store and what is in it; also tells what had to be mended.
    pub(super) fn open(config: Config) -> Result<(Self, Vec<String>), StartError> {
        let clock = Arc::clone(&config.clock);
        #[cfg(not(feature = "kafka"))]
        let mut visitor = Unseen;
        #[cfg(feature = "kafka")]
        let mut visitor = super::kafka_endpoint::Producers::new(config.clock.now_ms());
        let (store, notes) = match &config.bridge {
            Some(bridge) => (Arc::clone(bridge.store()), Vec::new()),
            None => {
                let (store, notes) = Store::open(config.medium.clone(), clock, &mut visitor)?;
                (Arc::new(store), notes)
            }
        };
        let auto_create = config.auto_create.then_some(config.default_partitions);
        let tls = Tls::new(&config)?;
        let front = Self {
            #[cfg(feature = "kafka")]
            kafka: KafkaEndpoint::new(&config, &store, visitor),
            hubs: Hubs::open(store, auto_create, config.bridge.is_some()),
            config,
            partial_bytes: Arc::default(),
            tls,
        };
        front.declare()?;
        Ok((front, notes))
    }

    /// Creates the declared hubs that are not there.
    fn declare(&self) -> Result<(), StartError> {
        for hub in &self.config.hubs {
            match self.hubs.create(hub) {
                Ok(_) | Err(HubError::Exists(_)) => {}
                Err(HubError::Invalid(reason)) => return Err(StartError::Declaration(reason)),
                Err(HubError::Store(error)) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Deletes all hubs, and declares again.
    ///
    /// # Errors
    /// A deletion cannot be remembered.
    pub(super) fn reset(&self) -> Result<(), StartError> {
        #[cfg(feature = "kafka")]
        self.kafka.reset()?;
        for hub in self.hubs.all() {
            self.hubs.delete(hub.name())?;
        }
        self.declare()
    }

    /// Room for a message that comes in parts.
    pub(crate) fn share(&self) -> Share {
        Share {
            of: Arc::clone(&self.partial_bytes),
            bytes: 0,
            limit: self.config.limits.total_partial_bytes,
        }
    }

    /// Says that a write was refused; of full memory once, until some of it is free again.
    pub(crate) fn tell_refused_write(&self) {
        match &self.config.medium {
            Medium::Memory { limit } if self.hubs.store().is_newly_full() => self.say(&format!(
                "memory limit of {} MiB reached (--memory), events are refused; delete hubs, or use --data-dir",
                limit >> 20
            )),
            // Of a disk that takes nothing the housekeeping tells.
            Medium::Memory { .. } | Medium::Directory { .. } => {}
        }
    }

    /// Gives a notice.
    pub(super) fn say(&self, notice: &str) {
        self.config.notices.say(notice);
    }

    /// Drops what is old.
    pub(super) fn clean_up(&self) {
        self.report("old events", self.hubs.clean_up());
        if let Some(trouble) = self.hubs.store().take_trouble() {
            self.say(&trouble);
        }
    }

    /// Forces everything to disk.
    pub(super) fn sync(&self) {
        // The store keeps what went wrong, which is told with the next clean-up.
        drop(self.hubs.store().sync());
    }

    fn report(&self, what: &str, result: Result<(), impl Display>) {
        if let Err(error) = result {
            self.say(&format!("{what}: {error}"));
        }
    }
}

impl Share {
    /// Counts more bytes in.
    ///
    /// # Errors
    /// There would be more than the limit then.
    pub(crate) fn grow(&mut self, bytes: usize) -> Result<(), AmqpError> {
        let now = self.of.fetch_add(bytes, Ordering::Relaxed) + bytes;
        self.bytes += bytes;
        if now <= self.limit {
            return Ok(());
        }
        let reason = format!(
            "messages of {} bytes are under way, the limit; try again",
            self.limit
        );
        Err(AmqpError::new(condition::SERVER_BUSY, reason))
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.of.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// Hubs need no more of their frames than the store finds out itself.
#[cfg(not(feature = "kafka"))]
struct Unseen;

#[cfg(not(feature = "kafka"))]
impl Visitor for Unseen {
    fn settings(&mut self, _stream: &str, attributes: &Attributes) -> LogSettings {
        hub::log_settings(attributes)
    }

    fn frame(&mut self, _: &str, _: u32, _: &frame::Header, _: &[u8]) {}
}
