//! Emulators that live inside this process, for targets with `emulator: true`.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

#[cfg(feature = "emulator")]
use serde_json::Value as Json;
use ssectl_adapter::Options;
#[cfg(feature = "emulator")]
use ssectl_emulator::{
    Bridge, Notices, StartError,
    faults::{FaultPlan, Faults, PlanError},
    store::{Clock, Fsync, Medium, SystemClock},
};

use super::declared::Declared;
use crate::timeline::Timeline;

/// The emulators that run, until this is dropped.
#[derive(Default)]
pub struct Emulators {
    #[cfg(feature = "emulator")]
    kafka: Option<ssectl_emulator::kafka::Emulator>,
    #[cfg(feature = "emulator")]
    aws: Option<ssectl_emulator::aws::Emulator>,
    #[cfg(feature = "emulator")]
    eventhubs: Option<ssectl_emulator::eventhubs::Emulator>,
    #[cfg(feature = "emulator")]
    faults: Faults,
    /// What the emulators share, where they do.
    #[cfg(feature = "emulator")]
    bridge: Option<Bridge>,
    #[cfg(feature = "emulator")]
    scratch: Option<Scratch>,
    #[cfg(feature = "emulator")]
    pubsub: Option<ssectl_emulator::pubsub::Emulator>,
    notes: Vec<String>,
}

/// A directory for what lasts no longer than an emulator in memory; who needs it makes it.
#[cfg(feature = "emulator")]
struct Scratch(PathBuf);

#[cfg(feature = "emulator")]
impl Scratch {
    /// A path that nobody else uses.
    fn beside(address: SocketAddr) -> Self {
        let name = format!("ssectl-{}-{}", std::process::id(), address.port());
        Self(std::env::temp_dir().join(name))
    }
}

#[cfg(feature = "emulator")]
impl Drop for Scratch {
    fn drop(&mut self) {
        // Mostly it was not needed.
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// Why an emulator does not start.
#[derive(Debug, thiserror::Error)]
pub enum EmulatorError {
    /// There is none of that kind.
    #[error(
        "there is no emulator for the adapter `{0}`: use one of `kafka`, `pubsub`, `kinesis`, `sqs`, `eventhubs`"
    )]
    Unknown(String),
    /// The build has none.
    #[error("this build has no emulators: build with `--features emulator`")]
    LeftOut,
    /// A declared stream cannot be made.
    #[error("{0}: {1}")]
    Declared(String, String),
    /// The faults to make cannot be understood.
    #[error("{0}")]
    Faults(String),
    /// It could not start.
    #[error("{0}")]
    Start(String),
}

/// How an emulator is started.
pub struct EmulatorOptions {
    /// Address to listen on.
    pub host: IpAddr,
    /// Port; 0 picks a free one.
    pub port: u16,
    /// Host and port that clients are told to connect to; by default the address they used.
    pub advertised: Option<(String, u16)>,
    /// Where records are kept; in memory without one.
    pub data_dir: Option<PathBuf>,
    /// Force every write to disk before it is acknowledged, instead of once a second.
    pub fsync: bool,
    /// Bytes that records may take in memory.
    pub memory: u64,
    /// Partitions of streams that clients create without a number.
    pub partitions: u32,
    /// File that Event Hubs' certificate is written to, for clients with TLS to trust.
    pub certificate: Option<PathBuf>,
    /// Create hubs that clients of Event Hubs name; AMQP has no call for it.
    pub creates_hubs: bool,
    /// Passwords by user; clients then have to authenticate.
    pub users: Option<BTreeMap<String, String>>,
    /// Streams that are there from the start.
    pub declared: Option<Arc<Declared>>,
    /// Share one store with the others that were started so; the first one says where it is.
    pub bridge: bool,
    /// What goes wrong on purpose, such as `throttle=0.05,drop=0.01,seed=7`.
    pub faults: Option<String>,
    /// Whether a shard of Kinesis takes and gives no more than at AWS.
    pub aws_limits: bool,
    /// How long a stream of Kinesis is CREATING, UPDATING or DELETING.
    pub aws_transition: Duration,
    /// The virtual time they live in, if not that of the machine.
    pub timeline: Option<Timeline>,
    /// Receives one-line notices.
    pub notices: Box<dyn Fn(&str) + Send + Sync>,
}

impl Default for EmulatorOptions {
    fn default() -> Self {
        Self {
            host: Ipv4Addr::LOCALHOST.into(),
            port: 0,
            advertised: None,
            data_dir: None,
            fsync: false,
            memory: 1 << 30,
            partitions: 1,
            certificate: None,
            creates_hubs: false,
            users: None,
            declared: None,
            bridge: false,
            faults: None,
            aws_limits: false,
            aws_transition: Duration::ZERO,
            timeline: None,
            notices: Box::new(|_| {}),
        }
    }
}

impl Emulators {
    /// Starts the emulator of an adapter, unless one with the same port runs for another, and gives the options by which
    /// the adapter reaches it.
    #[cfg(feature = "emulator")]
    pub fn start(
        &mut self,
        adapter: &str,
        options: EmulatorOptions,
    ) -> Result<(SocketAddr, Options), EmulatorError> {
        if let ("kinesis" | "sqs", Some(aws)) = (adapter, &self.aws) {
            return Ok(at_aws(aws.address()));
        }
        if let Some(plan) = &options.faults {
            let plan: FaultPlan = plan
                .parse()
                .map_err(|error: PlanError| EmulatorError::Faults(error.to_string()))?;
            self.faults = Faults::new(plan);
        }
        if options.bridge && self.bridge.is_none() {
            let bridge = Bridge::open(options.medium(), options.clock(), options.partitions);
            let bridge = bridge.map_err(failed)?;
            self.notes.extend_from_slice(bridge.notes());
            self.bridge = Some(bridge);
        }
        match adapter {
            "kafka" => self.start_kafka(options),
            "kinesis" | "sqs" => self.start_aws(options),
            "eventhubs" => self.start_eventhubs(options),
            "pubsub" => self.start_pubsub(options),
            _ => Err(EmulatorError::Unknown(adapter.to_owned())),
        }
    }

    #[cfg(feature = "emulator")]
    fn start_kafka(
        &mut self,
        options: EmulatorOptions,
    ) -> Result<(SocketAddr, Options), EmulatorError> {
        use ssectl_emulator::kafka::{Config, Emulator};
        let config = Config {
            listen: SocketAddr::from((options.host, options.port)),
            medium: options.medium(),
            clock: options.clock(),
            advertised: options.advertised,
            default_partitions: options.partitions,
            sasl_plain: options.users,
            faults: self.faults.clone(),
            bridge: self.bridge.clone(),
            notices: Notices::new(options.notices),
            ..Config::default()
        };
        let emulator = Emulator::start(config).map_err(failed)?;
        let address = emulator.address();
        self.notes.extend_from_slice(emulator.notes());
        if let Some(declared) = options.declared {
            let make =
                |name: &str, (partitions, config)| emulator.declare_topic(name, partitions, config);
            declared.make_topics(&make).map_err(refused)?;
        }
        self.kafka = Some(emulator);
        Ok((address, reach("brokers", address.to_string())))
    }

    #[cfg(feature = "emulator")]
    fn start_aws(
        &mut self,
        options: EmulatorOptions,
    ) -> Result<(SocketAddr, Options), EmulatorError> {
        use ssectl_emulator::aws::{Config, Emulator};
        let config = Config {
            listen: SocketAddr::from((options.host, options.port)),
            medium: options.medium(),
            clock: options.clock(),
            faults: self.faults.clone(),
            bridge: self.bridge.clone(),
            enforce_limits: options.aws_limits,
            transition: options.aws_transition,
            notices: Notices::new(options.notices),
            ..Config::default()
        };
        let emulator = Emulator::start(config).map_err(failed)?;
        let address = emulator.address();
        self.notes.extend_from_slice(emulator.notes());
        if let Some(declared) = options.declared {
            let call = |service: &str, region: &str, operation: &str, parameters: Json| {
                let parameters = parameters.to_string();
                let answer = emulator.call(service, region, operation, parameters.as_bytes());
                answer.map(drop)
            };
            declared.call_aws(&call).map_err(refused)?;
        }
        self.aws = Some(emulator);
        Ok(at_aws(address))
    }

    #[cfg(feature = "emulator")]
    fn start_eventhubs(
        &mut self,
        options: EmulatorOptions,
    ) -> Result<(SocketAddr, Options), EmulatorError> {
        use ssectl_emulator::eventhubs::{Config, Emulator};
        let hubs = options.declared.as_deref().map(declared_hubs).transpose()?;
        let config = Config {
            listen: SocketAddr::from((options.host, options.port)),
            medium: options.medium(),
            clock: options.clock(),
            hubs: hubs.unwrap_or_default(),
            auto_create: options.creates_hubs,
            default_partitions: options.partitions.min(32),
            certificate_file: options.certificate,
            faults: self.faults.clone(),
            bridge: self.bridge.clone(),
            notices: Notices::new(options.notices),
            ..Config::default()
        };
        let emulator = Emulator::start(config).map_err(failed)?;
        let address = emulator.address();
        self.notes.extend_from_slice(emulator.notes());
        self.eventhubs = Some(emulator);
        let mut reached = reach("endpoint", format!("amqp://{address}"));
        if options.data_dir.is_none() {
            // The checkpoints of groups end with the hubs that they are about.
            let scratch = Scratch::beside(address);
            let path = scratch.0.display().to_string();
            reached.insert("checkpoint-dir".to_owned(), path.into());
            self.scratch = Some(scratch);
        }
        Ok((address, reached))
    }

    #[cfg(feature = "emulator")]
    fn start_pubsub(
        &mut self,
        options: EmulatorOptions,
    ) -> Result<(SocketAddr, Options), EmulatorError> {
        use ssectl_emulator::pubsub::{Config, Emulator};
        let config = Config {
            listen: SocketAddr::from((options.host, options.port)),
            medium: options.medium(),
            clock: options.clock(),
            faults: self.faults.clone(),
            bridge: self.bridge.clone(),
            notices: Notices::new(options.notices),
            ..Config::default()
        };
        let emulator = Emulator::start(config).map_err(failed)?;
        let address = emulator.address();
        self.notes.extend_from_slice(emulator.notes());
        if let Some(declared) = options.declared {
            let schema =
                |name: &str, body: Json| emulator.declare_schema(name, body.to_string().as_bytes());
            let topic =
                |name: &str, body: Json| emulator.declare_topic(name, body.to_string().as_bytes());
            let subscription = |name: &str, body: Json| {
                emulator.declare_subscription(name, body.to_string().as_bytes())
            };
            declared
                .make_pubsub(&schema, &topic, &subscription)
                .map_err(refused)?;
        }
        self.pubsub = Some(emulator);
        Ok((address, reach("endpoint", format!("http://{address}"))))
    }

    /// Says that this build has none.
    #[cfg(not(feature = "emulator"))]
    pub fn start(
        &mut self,
        _adapter: &str,
        _options: EmulatorOptions,
    ) -> Result<(SocketAddr, Options), EmulatorError> {
        Err(EmulatorError::LeftOut)
    }

    /// The faults that were made so far, such as `12 throttle, 3 drop`; nothing if there were none.
    pub fn faults(&self) -> Option<String> {
        #[cfg(feature = "emulator")]
        {
            let counts = self.faults.counts();
            let made = counts
                .iter()
                .map(|(fault, count)| format!("{count} {}", fault.name()));
            let made = made.collect::<Vec<_>>().join(", ");
            Some(made).filter(|made| !made.is_empty())
        }
        #[cfg(not(feature = "emulator"))]
        None
    }

    /// What had to be mended in data directories since the last call, one line each.
    pub fn take_notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }

    /// Answers the requests under way and ends.
    pub fn shutdown(self) {
        #[cfg(feature = "emulator")]
        if let Some(kafka) = self.kafka {
            kafka.shutdown();
        }
        #[cfg(feature = "emulator")]
        if let Some(aws) = self.aws {
            aws.shutdown();
        }
        #[cfg(feature = "emulator")]
        if let Some(eventhubs) = self.eventhubs {
            eventhubs.shutdown();
        }
        #[cfg(feature = "emulator")]
        if let Some(pubsub) = self.pubsub {
            pubsub.shutdown();
        }
    }
}

#[cfg(feature = "emulator")]
impl EmulatorOptions {
    fn clock(&self) -> Arc<dyn Clock> {
        match &self.timeline {
            Some(timeline) => Arc::new(timeline.clone()),
            None => Arc::new(SystemClock::default()),
        }
    }

    fn medium(&self) -> Medium {
        let fsync = match self.fsync {
            true => Fsync::EveryAppend,
            false => Fsync::Every(Duration::from_secs(1)),
        };
        match self.data_dir.clone() {
            None => Medium::Memory { limit: self.memory },
            Some(path) => Medium::Directory { path, fsync },
        }
    }
}

/// How adapters reach the services of AWS.
#[cfg(feature = "emulator")]
fn at_aws(address: SocketAddr) -> (SocketAddr, Options) {
    (address, reach("endpoint", format!("http://{address}")))
}

/// The option by which an adapter reaches its emulator.
#[cfg(feature = "emulator")]
fn reach(name: &str, value: String) -> Options {
    Options::from_iter([(name.to_owned(), value.into())])
}

/// The hubs that a `Config.json` declares.
#[cfg(feature = "emulator")]
fn declared_hubs(
    declared: &Declared,
) -> Result<Vec<ssectl_emulator::eventhubs::Hub>, EmulatorError> {
    use ssectl_emulator::eventhubs::{Hub, Namespace};
    if let Some(config_json) = declared.config_json() {
        let namespace = Namespace::from_config_json(config_json);
        let namespace = namespace.map_err(|error| {
            EmulatorError::Declared("Config.json".to_owned(), error.to_string())
        })?;
        return Ok(namespace.hubs);
    }
    let hubs = declared.hubs().map(|(name, partitions, groups)| Hub {
        consumer_groups: groups,
        ..Hub::new(name, partitions)
    });
    Ok(hubs.collect())
}

#[cfg(feature = "emulator")]
fn refused((what, reason): (String, String)) -> EmulatorError {
    EmulatorError::Declared(what, reason)
}

#[cfg(feature = "emulator")]
fn failed(error: StartError) -> EmulatorError {
    EmulatorError::Start(error.to_string())
}
