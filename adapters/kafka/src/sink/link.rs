//! A producer and the thread that serves it; sinks of one transaction share them.

use std::sync::Arc;

use rdkafka::ClientConfig;
use ssectl_adapter::Result;

use super::CountingProducer;
use super::delivery::Deliveries;
use super::poller::Poller;
use crate::config::KafkaConfig;
use crate::monitor::{Context, Monitor};
use crate::properties;

/// A connection that writes.
#[derive(Clone)]
pub(crate) struct Link {
    pub(crate) producer: Arc<CountingProducer>,
    pub(super) poller: Arc<Poller>,
}

impl Link {
    /// Connects in the background.
    pub(crate) fn open(config: &KafkaConfig, properties: &ClientConfig) -> Result<Self> {
        let context = Context {
            monitor: Monitor::new(config),
            own: Deliveries::default(),
        };
        let producer: CountingProducer = properties
            .create_with_context(context)
            .map_err(properties::refused)?;
        let producer = Arc::new(producer);
        let poller = Arc::new(Poller::start(producer.clone())?);
        Ok(Self { producer, poller })
    }

    /// Ends the thread with the last who shares it. Blocks.
    pub(super) fn close(self) {
        if let Some(poller) = Arc::into_inner(self.poller) {
            poller.stop();
        }
    }
}
