//! From an address to a place where a stream lives.

use std::sync::Arc;

use ssectl_adapter::{
    Adapter, Admin, Capabilities, Error, ErrorKind, Options, Registry, Result, Sink, SinkSpec,
    Source, SourceSpec, StreamUri, Target, closest,
};

use crate::config::Config;

/// The adapters of this build and the targets of the configuration.
pub struct Places {
    registry: Registry,
    config: Config,
}

/// A target as the configuration or an address describes it.
#[derive(Clone)]
pub struct TargetDecl {
    /// The adapter that reaches it.
    pub adapter: String,
    /// The adapter's options.
    pub options: Options,
    /// Whether it is an emulator that `run` starts.
    pub emulator: bool,
}

/// A target without a stream: where the streams of a scenario live.
#[derive(Clone)]
pub struct Home {
    /// The adapter that reaches it.
    pub adapter: Arc<dyn Adapter>,
    /// Where it is.
    pub target: Arc<dyn Target>,
    /// What can be done there.
    pub capabilities: Capabilities,
}

impl Home {
    /// Where it is, for people.
    pub fn describe(&self) -> String {
        format!("{} {}", self.adapter.name(), self.target.describe())
    }
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
    /// With these adapters and targets.
    pub fn new(registry: Registry, config: Config) -> Self {
        Self { registry, config }
    }

    /// The adapters.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Finds the place of an address, or a target by its bare name. `extra` are options from flags; those of the address win.
    pub fn find(&self, address: &str, extra: &Options) -> Result<Place> {
        if self.config.targets().contains(&address) {
            return self.locate(&format!("{address}:").parse()?, extra);
        }
        self.locate(&address.parse()?, extra)
    }

    /// The same for an address that is parsed.
    pub fn locate(&self, uri: &StreamUri, extra: &Options) -> Result<Place> {
        let mut options = extra.clone();
        let known = self.config.targets().contains(&uri.scheme.as_str());
        let (adapter, stream) = if known {
            let target = self.target(&uri.scheme)?;
            let adapter = self.reachable(&uri.scheme, &target)?;
            options.extend(target.options);
            (adapter, uri.path.clone())
        } else {
            let adapter = self.adapter(&uri.scheme)?;
            let location = adapter.locate(uri)?;
            options.extend(location.options);
            (adapter, location.stream)
        };
        Ok(Place {
            target: adapter.target(&options)?,
            adapter,
            stream,
            address: uri.to_string(),
        })
    }

    /// The adapter of that name; the error for another name knows the targets as well.
    fn adapter(&self, name: &str) -> Result<Arc<dyn Adapter>> {
        let targets = self.config.targets();
        match (self.registry.get(name), closest(name, targets)) {
            (Err(error), Some(target)) if error.kind() == ErrorKind::Config => {
                let message = format!("unknown adapter or target `{name}`");
                let hint = format!("did you mean the target `{target}`?");
                Err(Error::new(ErrorKind::Config, message).hint(hint))
            }
            (found, _) => found,
        }
    }

    /// The target of that name in the configuration; all its faults are in the error.
    pub fn target(&self, name: &str) -> Result<TargetDecl> {
        let found = self.config.resolve_target(Some(name), &self.registry);
        let target = found.map_err(|faults| Error::new(ErrorKind::Config, faults.to_string()))?;
        Ok(TargetDecl {
            adapter: target.adapter,
            options: target.options,
            emulator: target.emulator,
        })
    }

    /// A target as declared, without a stream.
    pub fn home(&self, target: &TargetDecl) -> Result<Home> {
        let adapter = self.registry.get(&target.adapter)?;
        Ok(Home {
            target: adapter.target(&target.options)?,
            capabilities: adapter.capabilities_with(&target.options),
            adapter,
        })
    }

    fn reachable(&self, name: &str, target: &TargetDecl) -> Result<Arc<dyn Adapter>> {
        if target.emulator {
            return Err(Error::new(
                ErrorKind::Config,
                format!("target `{name}` is an emulator that lives only while `ssectl run` does"),
            )
            .hint("start one with `ssectl emulator` and use the address it prints, such as `kafka://127.0.0.1:9092/STREAM`"));
        }
        self.registry.get(&target.adapter)
    }
}

impl Place {
    /// Whether this is a plain byte stream, which has formats but no keys and headers.
    pub fn is_framed(&self) -> bool {
        matches!(self.adapter.name(), "stdio" | "file")
    }

    fn named(&self) -> Result<()> {
        match self.stream.is_empty() {
            true => Err(self.nameless()),
            false => Ok(()),
        }
    }

    /// That the address names only the target.
    pub fn nameless(&self) -> Error {
        let address = self.address.trim_end_matches(['/', ':']);
        let sign = if address.contains("://") { '/' } else { ':' };
        let error = Error::new(
            ErrorKind::Config,
            format!("`{}` names no stream", self.address),
        );
        error.hint(format!("add it: `{address}{sign}STREAM`"))
    }

    /// Opens it for reading; the stream's name is filled in.
    pub async fn source(&self, spec: SourceSpec) -> Result<Box<dyn Source>> {
        self.named()?;
        let stream = self.stream.clone();
        self.target.source(&SourceSpec { stream, ..spec }).await
    }

    /// Opens it for writing.
    pub async fn sink(&self) -> Result<Box<dyn Sink>> {
        self.open_sink(false).await
    }

    /// Opens it for writing records that carry ids.
    pub async fn identified_sink(&self) -> Result<Box<dyn Sink>> {
        self.open_sink(true).await
    }

    async fn open_sink(&self, identified: bool) -> Result<Box<dyn Sink>> {
        self.named()?;
        let stream = self.stream.clone();
        self.target.sink(&SinkSpec { stream, identified }).await
    }

    /// The administrative side of its target.
    pub fn admin(&self) -> Result<Box<dyn Admin>> {
        self.target.admin()
    }
}
