//! `emulator`: brokers that ordinary clients connect to.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::error::{CliError, CliResult, Exit};
use super::session::Session;
use crate::runner::{EmulatorError, EmulatorOptions, Emulators};

/// Run brokers in this process that ordinary clients connect to
///
/// Examples:
///   ssectl emulator --only kafka --kafka-port 9092
///   ssectl emulator --only kafka --kafka-port 0 --data-dir ./data     # records survive a restart
///   kcat -b 127.0.0.1:9092 -L                                         # from another terminal
///
/// Prints `NAME ADDRESS ready` on stderr for each, and runs until Ctrl-C or SIGTERM. Everything
/// is in memory unless there is a data directory.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct EmulatorArgs {
    /// Start only these, with commas between [default: all]
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    only: Vec<Service>,
    /// Address to listen on; others than this machine can connect to 0.0.0.0
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST), value_name = "ADDRESS")]
    host: IpAddr,
    /// Port of Kafka; 0 picks a free one
    #[arg(long, default_value_t = 9092, value_name = "PORT")]
    kafka_port: u16,
    /// Keep records in this directory; a record that was acknowledged survives kill -9
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

/// A broker there is an emulator of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Service {
    /// Apache Kafka
    Kafka,
}

impl Service {
    fn name(self) -> &'static str {
        match self {
            Self::Kafka => "kafka",
        }
    }

    fn port(self, args: &EmulatorArgs) -> u16 {
        match self {
            Self::Kafka => args.kafka_port,
        }
    }
}

/// Runs the verb.
pub(super) async fn run(args: EmulatorArgs, session: &Session) -> CliResult {
    let services = if args.only.is_empty() {
        Service::value_variants()
    } else {
        &args.only
    };
    let mut emulators = Emulators::default();
    for service in services {
        let ui = session.ui.clone();
        let name = service.name();
        let options = EmulatorOptions {
            host: args.host,
            port: service.port(&args),
            data_dir: args.data_dir.as_ref().map(|dir| dir.join(name)),
            notices: Box::new(move |notice| ui.warn(format!("{name}: {notice}"))),
        };
        let (address, _) = emulators.start(name, options).map_err(failed)?;
        session.ui.insist(format!("{name} {address} ready"));
    }
    session.stop().cancelled().await;
    tokio::task::block_in_place(|| emulators.shutdown());
    Ok(())
}

/// What kept an emulator from starting, as an error of the command line.
pub(super) fn failed(error: EmulatorError) -> CliError {
    let exit = match error {
        EmulatorError::Unknown(_) | EmulatorError::LeftOut => Exit::Usage,
        EmulatorError::Start(_) => Exit::Failed,
    };
    CliError::new(exit, error.to_string())
}
