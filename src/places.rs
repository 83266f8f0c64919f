//! From an address to a place where a stream lives.

use std::sync::Arc;

use ssectl_adapter::{
    Adapter, Admin, Error, ErrorKind, Options, Registry, Result, Sink, SinkSpec, Source,
    SourceSpec, StreamUri, Target,
};

/// The adapters of this build and the targets of the configuration.
pub struct Places {
    registry: Registry,
}

/// A stream at a target.
#[derive(Clone)]
pub struct Place {
    /// The adapter that reaches it.
    pub adapter: Arc<dyn Adapter>,
    /// Where it is.
    pub target: Arc<dyn Target>,
    /// What it is called there; empty when the address names only the target.
    pub stream: String,
    /// The address as it was written.
    pub address: String,
}

impl Places {
    /// With these adapters.
    pub fn new(registry: Registry) -> Self {
        Self { registry }
    }

    /// The adapters.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Finds the target of an address. `extra` are options from flags; those of the address win.
    pub fn find(&self, address: &str, extra: &Options) -> Result<Place> {
        let uri: StreamUri = address.parse()?;
        let adapter = self.registry.get(&uri.scheme)?;
        let location = adapter.locate(&uri)?;
        let mut options = extra.clone();
        options.extend(location.options);
        Ok(Place {
            target: adapter.target(&options)?,
            adapter,
            stream: location.stream,
            address: address.to_owned(),
        })
    }
}

impl Place {
    /// Whether this is a plain byte stream, which has formats but no keys and headers.
    pub fn is_framed(&self) -> bool {
        matches!(self.adapter.name(), "stdio" | "file")
    }

    fn named(&self) -> Result<()> {
        if self.stream.is_empty() {
            return Err(Error::new(
                ErrorKind::Config,
                format!("`{}` names no stream", self.address),
            )
            .hint(format!(
                "add it: `{}/STREAM`",
                self.address.trim_end_matches('/')
            )));
        }
        Ok(())
    }

    /// Opens it for reading; the stream's name is filled in.
    pub async fn source(&self, spec: SourceSpec) -> Result<Box<dyn Source>> {
        self.named()?;
        let stream = self.stream.clone();
        self.target.source(&SourceSpec { stream, ..spec }).await
    }

    /// Opens it for writing.
    pub async fn sink(&self) -> Result<Box<dyn Sink>> {
        self.named()?;
        let stream = self.stream.clone();
        self.target.sink(&SinkSpec { stream }).await
    }

    /// The administrative side of its target.
    pub fn admin(&self) -> Result<Box<dyn Admin>> {
        self.target.admin()
    }
}
