//! A configured service.

use std::sync::Arc;

use async_trait::async_trait;
use ssectl_adapter::{Admin, Result, Sink, SinkSpec, Source, SourceSpec, Target};

use crate::admin::KinesisAdmin;
use crate::client::Service;
use crate::config::KinesisConfig;
use crate::error::request;
use crate::sink::KinesisSink;
use crate::source;

/// Opens reads and writes of streams; connects when first used.
pub(crate) struct KinesisTarget {
    service: Arc<Service>,
}

impl KinesisTarget {
    pub(crate) fn new(config: KinesisConfig) -> Self {
        Self {
            service: Arc::new(Service::new(config)),
        }
    }
}

#[async_trait]
impl Target for KinesisTarget {
    async fn source(&self, spec: &SourceSpec) -> Result<Box<dyn Source>> {
        Ok(Box::new(source::open(&self.service, spec).await?))
    }

    async fn sink(&self, spec: &SinkSpec) -> Result<Box<dyn Sink>> {
        let stream = self.service.stream(&spec.stream).await?;
        Ok(Box::new(
            KinesisSink::open(stream, &self.service.config).await?,
        ))
    }

    fn admin(&self) -> Result<Box<dyn Admin>> {
        Ok(Box::new(KinesisAdmin {
            service: self.service.clone(),
        }))
    }

    fn describe(&self) -> String {
        self.service.place()
    }

    async fn probe(&self) -> Result<String> {
        let client = self.service.client().await?;
        let asked = client.list_streams().limit(1).send().await;
        asked.map_err(|error| request("listing streams", error))?;
        let region = self.service.region().await?;
        Ok(format!("Amazon Kinesis in {region}, streams can be listed"))
    }
}
