//! A configured service.

use std::sync::Arc;

use async_trait::async_trait;
use ssectl_adapter::{Admin, Result, Sink, SinkSpec, Source, SourceSpec, Target};

use crate::admin::SqsAdmin;
use crate::client::Service;
use crate::config::SqsConfig;
use crate::error::request;
use crate::sink::SqsSink;
use crate::source::SqsSource;

/// Opens reads and writes of queues; connects when first used.
pub(crate) struct SqsTarget {
    service: Arc<Service>,
}

impl SqsTarget {
    pub(crate) fn new(config: SqsConfig) -> Self {
        Self {
            service: Arc::new(Service::new(config)),
        }
    }
}

#[async_trait]
impl Target for SqsTarget {
    async fn source(&self, spec: &SourceSpec) -> Result<Box<dyn Source>> {
        let queue = self.service.queue(&spec.stream).await?;
        let source = SqsSource::open(queue, &self.service.config, spec).await?;
        Ok(Box::new(source))
    }

    async fn sink(&self, spec: &SinkSpec) -> Result<Box<dyn Sink>> {
        let queue = self.service.queue(&spec.stream).await?;
        let sink = SqsSink::open(queue, &self.service.config, spec.identified).await?;
        Ok(Box::new(sink))
    }

    fn admin(&self) -> Result<Box<dyn Admin>> {
        Ok(Box::new(SqsAdmin {
            service: self.service.clone(),
        }))
    }

    fn describe(&self) -> String {
        self.service.place()
    }

    async fn probe(&self) -> Result<String> {
        let client = self.service.client().await?;
        let asked = client.list_queues().max_results(1).send().await;
        asked.map_err(|error| request("listing queues", error))?;
        let region = self.service.region().await?;
        Ok(format!("Amazon SQS in {region}, queues can be listed"))
    }
}
