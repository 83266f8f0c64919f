//! A configured project.

use std::sync::Arc;

use async_trait::async_trait;
use ssectl_adapter::{Admin, Error, ErrorKind, Result, Sink, SinkSpec, Source, SourceSpec, Target};

use crate::admin::PubsubAdmin;
use crate::config::PubsubConfig;
use crate::service::Service;
use crate::sink::PubsubSink;
use crate::source::PubsubSource;

/// Opens reads and writes of topics; connects when first used.
pub(crate) struct PubsubTarget {
    service: Arc<Service>,
}

impl PubsubTarget {
    pub(crate) fn new(config: PubsubConfig) -> Result<Self> {
        Ok(Self {
            service: Arc::new(Service::new(config)?),
        })
    }
}

#[async_trait]
impl Target for PubsubTarget {
    async fn source(&self, spec: &SourceSpec) -> Result<Box<dyn Source>> {
        Ok(Box::new(PubsubSource::open(&self.service, spec).await?))
    }

    async fn sink(&self, spec: &SinkSpec) -> Result<Box<dyn Sink>> {
        Ok(Box::new(PubsubSink::open(&self.service, spec).await?))
    }

    fn admin(&self) -> Result<Box<dyn Admin>> {
        if self.service.config.data_only {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "with `data-only` nothing but messages is asked for",
            ));
        }
        Ok(Box::new(PubsubAdmin {
            service: self.service.clone(),
        }))
    }

    fn describe(&self) -> String {
        self.service.place()
    }

    async fn probe(&self) -> Result<String> {
        let service = &self.service;
        if service.config.data_only {
            let address = service.connect().await?;
            return Ok(format!(
                "{address} takes connections; with `data-only` no more is asked"
            ));
        }
        let project = service.project()?;
        let asked = service.topics().await?.list_topics();
        let asked = asked
            .set_project(format!("projects/{project}"))
            .set_page_size(1)
            .send();
        let found = service.ask("listing topics", asked).await;
        found.map_err(|error| error.with("project", service.place()))?;
        Ok(format!("Pub/Sub, project {project}, topics can be listed"))
    }
}
