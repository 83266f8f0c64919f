//! A target whose streams have a common beginning of their names, so that several people and runs can share it.

use std::sync::Arc;

use async_trait::async_trait;
use ssectl_adapter::{
    Admin, Error, Lag, Range, Result, Sink, SinkSpec, Source, SourceSpec, StreamInfo, StreamSpec,
    Target, Transactional,
};

/// Puts the prefix before every name.
pub(super) struct PrefixedTarget {
    pub(super) target: Arc<dyn Target>,
    pub(super) prefix: String,
}

/// Its administrative side.
struct PrefixedAdmin {
    admin: Box<dyn Admin>,
    prefix: String,
}

#[async_trait]
impl Target for PrefixedTarget {
    async fn source(&self, spec: &SourceSpec) -> Result<Box<dyn Source>> {
        let stream = format!("{}{}", self.prefix, spec.stream);
        let spec = SourceSpec {
            stream,
            ..spec.clone()
        };
        self.target.source(&spec).await
    }

    async fn sink(&self, spec: &SinkSpec) -> Result<Box<dyn Sink>> {
        let stream = format!("{}{}", self.prefix, spec.stream);
        let spec = SinkSpec {
            stream,
            ..spec.clone()
        };
        self.target.sink(&spec).await
    }

    async fn transactional(
        &self,
        source: &SourceSpec,
        sinks: &[SinkSpec],
    ) -> Result<Box<dyn Transactional>> {
        let named = |stream: &str| format!("{}{stream}", self.prefix);
        let source = SourceSpec {
            stream: named(&source.stream),
            ..source.clone()
        };
        let sinks: Vec<_> = sinks
            .iter()
            .map(|sink| SinkSpec {
                stream: named(&sink.stream),
                ..sink.clone()
            })
            .collect();
        self.target.transactional(&source, &sinks).await
    }

    fn admin(&self) -> Result<Box<dyn Admin>> {
        Ok(Box::new(PrefixedAdmin {
            admin: self.target.admin()?,
            prefix: self.prefix.clone(),
        }))
    }

    fn describe(&self) -> String {
        format!("{} (`{}...`)", self.target.describe(), self.prefix)
    }

    async fn probe(&self) -> Result<String> {
        self.target.probe().await
    }
}

impl PrefixedAdmin {
    fn name(&self, stream: &str) -> String {
        format!("{}{stream}", self.prefix)
    }
}

#[async_trait]
impl Admin for PrefixedAdmin {
    async fn create(&self, stream: &StreamSpec) -> Result<()> {
        let spec = StreamSpec {
            name: self.name(&stream.name),
            ..stream.clone()
        };
        self.admin.create(&spec).await
    }

    async fn list(&self) -> Result<Vec<String>, Error> {
        let all = self.admin.list().await?;
        let own = all
            .iter()
            .filter_map(|name| name.strip_prefix(&self.prefix));
        Ok(own.map(str::to_owned).collect())
    }

    async fn describe(&self, stream: &str) -> Result<StreamInfo> {
        self.admin.describe(&self.name(stream)).await
    }

    async fn delete(&self, stream: &str) -> Result<()> {
        self.admin.delete(&self.name(stream)).await
    }

    async fn lag(&self, stream: &str, group: &str) -> Result<Vec<Lag>> {
        self.admin.lag(&self.name(stream), group).await
    }

    async fn seek(&self, stream: &str, group: &str, to: &Range) -> Result<()> {
        self.admin.seek(&self.name(stream), group, to).await
    }
}
