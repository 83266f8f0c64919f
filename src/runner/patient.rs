//! A target that is asked again when it cannot answer for now: at the start of a run a service may be throttling, or a
//! connection may break, and that is no reason to give the run up.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use ssectl_adapter::{
    Admin, Joint, Lag, Partition, Position, Range, Result, Sink, SinkSpec, Source, SourceSpec,
    StreamInfo, StreamSpec, Target, Transactional,
};

use crate::engine::Patience;

/// Asks a target again for a while.
pub(super) struct PatientTarget {
    pub(super) target: Arc<dyn Target>,
    pub(super) patience: Patience,
}

/// Asks its admin again for a while.
struct PatientAdmin {
    admin: Box<dyn Admin>,
    patience: Patience,
}

/// Opens ends with common commits again for a while.
struct PatientTransactional {
    ready: Box<dyn Transactional>,
    patience: Patience,
}

#[async_trait]
impl Target for PatientTarget {
    async fn source(&self, spec: &SourceSpec) -> Result<Box<dyn Source>> {
        let attempt = || self.target.source(spec);
        self.patience.with("opening", attempt).await
    }

    async fn sink(&self, spec: &SinkSpec) -> Result<Box<dyn Sink>> {
        let attempt = || self.target.sink(spec);
        self.patience.with("opening", attempt).await
    }

    async fn transactional(
        &self,
        source: &SourceSpec,
        sinks: &[SinkSpec],
    ) -> Result<Box<dyn Transactional>> {
        let attempt = || self.target.transactional(source, sinks);
        let ready = self.patience.with("opening", attempt).await?;
        Ok(Box::new(PatientTransactional {
            ready,
            patience: self.patience.clone(),
        }))
    }

    fn admin(&self) -> Result<Box<dyn Admin>> {
        Ok(Box::new(PatientAdmin {
            admin: self.target.admin()?,
            patience: self.patience.clone(),
        }))
    }

    fn describe(&self) -> String {
        self.target.describe()
    }

    async fn probe(&self) -> Result<String> {
        self.target.probe().await
    }
}

#[async_trait]
impl Transactional for PatientTransactional {
    fn notes(&self) -> &BTreeMap<Partition, String> {
        self.ready.notes()
    }

    async fn open(&mut self, at: &BTreeMap<Partition, Position>) -> Result<Joint> {
        let mut tries = self.patience.tries();
        loop {
            match self.ready.open(at).await {
                Ok(joint) => return Ok(joint),
                Err(error) => tries.failed("opening", error).await?,
            }
        }
    }
}

#[async_trait]
impl Admin for PatientAdmin {
    async fn create(&self, stream: &StreamSpec) -> Result<()> {
        let attempt = || self.admin.create(stream);
        self.patience.with("creating", attempt).await
    }

    async fn list(&self) -> Result<Vec<String>> {
        let attempt = || self.admin.list();
        self.patience.with("listing", attempt).await
    }

    async fn describe(&self, stream: &str) -> Result<StreamInfo> {
        let attempt = || self.admin.describe(stream);
        self.patience.with("describing", attempt).await
    }

    async fn delete(&self, stream: &str) -> Result<()> {
        let attempt = || self.admin.delete(stream);
        self.patience.with("deleting", attempt).await
    }

    async fn lag(&self, stream: &str, group: &str) -> Result<Vec<Lag>> {
        let attempt = || self.admin.lag(stream, group);
        self.patience.with("asking", attempt).await
    }

    async fn seek(&self, stream: &str, group: &str, to: &Range) -> Result<()> {
        let attempt = || self.admin.seek(stream, group, to);
        self.patience.with("seeking", attempt).await
    }
}
