//! Emulators that live inside this process, for targets with `emulator: true`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use ssectl_adapter::Options;

/// The emulators that run, until this is dropped.
#[derive(Default)]
pub struct Emulators {
    #[cfg(feature = "emulator")]
    kafka: Option<ssectl_emulator::kafka::Emulator>,
}

/// Why an emulator does not start.
#[derive(Debug, thiserror::Error)]
pub enum EmulatorError {
    /// There is none of that kind.
    #[error("there is no emulator for the adapter `{0}`: use one of `kafka`")]
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
    /// Where records are kept; in memory without one.
    pub data_dir: Option<PathBuf>,
    /// Receives one-line notices.
    pub notices: Box<dyn Fn(&str) + Send + Sync>,
}

impl Default for EmulatorOptions {
    fn default() -> Self {
        Self {
            host: Ipv4Addr::LOCALHOST.into(),
            port: 0,
            data_dir: None,
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
        use ssectl_emulator::kafka::{Config, Emulator, Notices};
        if adapter != "kafka" {
            return Err(EmulatorError::Unknown(adapter.to_owned()));
        }
        let config = Config {
            listen: SocketAddr::from((options.host, options.port)),
            notices: Notices::new(options.notices),
            ..Config::default()
        };
        let emulator =
            Emulator::start(config).map_err(|error| EmulatorError::Start(error.to_string()))?;
        let address = emulator.address();
        self.kafka = Some(emulator);
        Ok((
            address,
            Options::from_iter([("brokers".to_owned(), address.to_string().into())]),
        ))
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

    /// Answers the requests under way and ends.
    pub fn shutdown(self) {
        #[cfg(feature = "emulator")]
        if let Some(kafka) = self.kafka {
            kafka.shutdown();
        }
    }
}
