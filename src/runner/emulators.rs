//! Emulators that live inside this process, for targets with `emulator: true`.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
#[cfg(feature = "emulator")]
use std::time::Duration;

use ssectl_adapter::Options;
#[cfg(feature = "emulator")]
use ssectl_emulator::{
    Notices, StartError,
    store::{Fsync, Medium},
};

/// The emulators that run, until this is dropped.
#[derive(Default)]
pub struct Emulators {
    #[cfg(feature = "emulator")]
    kafka: Option<ssectl_emulator::kafka::Emulator>,
    #[cfg(feature = "emulator")]
    aws: Option<ssectl_emulator::aws::Emulator>,
    #[cfg(feature = "emulator")]
    pubsub: Option<ssectl_emulator::pubsub::Emulator>,
    notes: Vec<String>,
}

/// Why an emulator does not start.
#[derive(Debug, thiserror::Error)]
pub enum EmulatorError {
    /// There is none of that kind.
    #[error("there is no emulator for the adapter `{0}`: use one of `kafka`, `pubsub`, `sqs`")]
    Unknown(String),
    /// The build has none.
    #[error("this build has no emulators: build with `--features emulator`")]
    LeftOut,
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
    /// Passwords by user; clients then have to authenticate.
    pub users: Option<BTreeMap<String, String>>,
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
            users: None,
            notices: Box::new(|_| {}),
        }
    }
}

impl Emulators {
    /// Starts the emulator of an adapter and gives the options by which the adapter reaches it.
    #[cfg(feature = "emulator")]
    pub fn start(
        &mut self,
        adapter: &str,
        options: EmulatorOptions,
    ) -> Result<(SocketAddr, Options), EmulatorError> {
        match adapter {
            "kafka" => self.start_kafka(options),
            "pubsub" => self.start_pubsub(options),
            "sqs" => self.start_aws(options),
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
            advertised: options.advertised,
            default_partitions: options.partitions,
            sasl_plain: options.users,
            notices: Notices::new(options.notices),
            ..Config::default()
        };
        let emulator = Emulator::start(config).map_err(failed)?;
        let address = emulator.address();
        self.notes.extend_from_slice(emulator.notes());
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
            notices: Notices::new(options.notices),
            ..Config::default()
        };
        let emulator = Emulator::start(config).map_err(failed)?;
        let address = emulator.address();
        self.notes.extend_from_slice(emulator.notes());
        self.aws = Some(emulator);
        Ok((address, reach("endpoint", format!("http://{address}"))))
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
            notices: Notices::new(options.notices),
            ..Config::default()
        };
        let emulator = Emulator::start(config).map_err(failed)?;
        let address = emulator.address();
        self.notes.extend_from_slice(emulator.notes());
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
        if let Some(pubsub) = self.pubsub {
            pubsub.shutdown();
        }
    }
}

#[cfg(feature = "emulator")]
impl EmulatorOptions {
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

/// The option by which an adapter reaches its emulator.
#[cfg(feature = "emulator")]
fn reach(name: &str, value: String) -> Options {
    Options::from_iter([(name.to_owned(), value.into())])
}

#[cfg(feature = "emulator")]
fn failed(error: StartError) -> EmulatorError {
    EmulatorError::Start(error.to_string())
}
