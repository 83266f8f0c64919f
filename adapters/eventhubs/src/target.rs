//! A configured namespace.

use std::sync::Arc;

use async_trait::async_trait;
use ssectl_adapter::{Admin, ErrorKind, Result, Sink, SinkSpec, Source, SourceSpec, Target};

use crate::admin::EventHubsAdmin;
use crate::client::{Service, close_consumer};
use crate::config::EventHubsConfig;
use crate::sink::EventHubsSink;
use crate::source::EventHubsSource;
use crate::worker::Worker;

/// Opens reads and writes of hubs; connects when first used.
pub(crate) struct EventHubsTarget {
    service: Arc<Service>,
}

impl EventHubsTarget {
    pub(crate) fn new(config: EventHubsConfig) -> Self {
        Self {
            service: Arc::new(Service::new(config)),
        }
    }

    fn hubs(&self) -> EventHubsAdmin {
        EventHubsAdmin {
            service: self.service.clone(),
        }
    }
}

/// A hub that nobody has: asked for to see who answers.
const NOBODY: &str = "ssectl-probe";

#[async_trait]
impl Target for EventHubsTarget {
    async fn source(&self, spec: &SourceSpec) -> Result<Box<dyn Source>> {
        let source = EventHubsSource::open(self.service.clone(), spec).await?;
        Ok(Box::new(source))
    }

    async fn sink(&self, spec: &SinkSpec) -> Result<Box<dyn Sink>> {
        let sink = EventHubsSink::open(self.service.clone(), &spec.stream).await?;
        Ok(Box::new(sink))
    }

    fn admin(&self) -> Result<Box<dyn Admin>> {
        Ok(Box::new(self.hubs()))
    }

    fn describe(&self) -> String {
        self.service.place()
    }

    /// Connects, and lists hubs where we may; many who read and write may not.
    async fn probe(&self) -> Result<String> {
        let service = self.service.clone();
        let met = Worker::start()?
            .run(async move {
                let client = service.consumer(NOBODY).await?;
                close_consumer(client).await;
                Ok(())
            })
            .await;
        met?;
        let namespace = &self.service.origin().await?.namespace;
        let listed = self.admin()?.list().await;
        match listed {
            Ok(hubs) => Ok(format!(
                "Event Hubs namespace {namespace}, hubs: {}",
                hubs.len()
            )),
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::Authentication | ErrorKind::Permission
                ) =>
            {
                Ok(format!(
                    "Event Hubs namespace {namespace}, whose hubs we may not list"
                ))
            }
            Err(error) => Err(error),
        }
    }
}
