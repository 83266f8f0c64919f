//! `emulator`: brokers that ordinary clients connect to.

mod coverage;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

use super::error::{CliError, CliResult, Exit};
use super::lint::report;
use super::session::Session;
use crate::config::EMULATOR_USERS;
use crate::document::Env;
use crate::runner::{Declared, EmulatorError, EmulatorOptions, Emulators};

/// Run brokers in this process that ordinary clients connect to
///
/// Examples:
///   ssectl emulator --only kafka --kafka-port 9092
///   ssectl emulator --only kafka --kafka-port 0 --data-dir ./data
///   kcat -b 127.0.0.1:9092 -L        # from another terminal
///   ssectl emulator --only kinesis,sqs --aws-port 4566
///   ssectl emulator --only sqs --faults throttle=0.05,drop=0.01,seed=7
///   AWS_ENDPOINT_URL=http://127.0.0.1:4566 aws sqs list-queues
///   ssectl emulator --only eventhubs --eventhubs-port 5672 --streams Config.json
///   ssectl emulator --only pubsub --pubsub-port 8085
///   PUBSUB_EMULATOR_HOST=127.0.0.1:8085 python my_publisher.py
///   ssectl emulator --bridge --data-dir ./data
///   ssectl emulator coverage
///
/// Prints `NAME ADDRESS ready` on stderr for each, and runs until Ctrl-C or SIGTERM. Everything
/// is in memory unless there is a data directory. With SSECTL_EMULATOR_USERS=name:password,...
/// in the environment clients of Kafka have to authenticate with SASL PLAIN.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment, args_conflicts_with_subcommands = true)]
pub(super) struct EmulatorArgs {
    #[command(subcommand)]
    action: Option<Action>,
    /// Start only these, with commas between [default: all]
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    only: Vec<Service>,
    /// Address to listen on; 0.0.0.0 lets other machines connect
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST), value_name = "ADDRESS")]
    host: IpAddr,
    /// Port of Kafka; 0 picks a free one
    #[arg(long, default_value_t = 9092, value_name = "PORT")]
    kafka_port: u16,
    /// What Kafka clients are told to connect to [default: the address they used]
    #[arg(long, value_name = "HOST:PORT", value_parser = host_and_port)]
    kafka_advertised: Option<(String, u16)>,
    /// Port of the services of AWS (Kinesis, SQS, STS GetCallerIdentity); 0 picks a free one
    #[arg(long, default_value_t = 4566, value_name = "PORT")]
    aws_port: u16,
    /// Port of Event Hubs: AMQP plain and with TLS, and its management API; 0 picks a free one
    #[arg(long, default_value_t = 5672, value_name = "PORT")]
    eventhubs_port: u16,
    /// Write Event Hubs' certificate to this file, for clients with TLS to trust
    #[arg(long, value_name = "FILE")]
    eventhubs_cert: Option<PathBuf>,
    /// Port of Google Cloud Pub/Sub, gRPC and REST; 0 picks a free one
    #[arg(long, default_value_t = 8085, value_name = "PORT")]
    pubsub_port: u16,
    /// Bound what a shard of Kinesis takes and gives in a second as AWS does
    #[arg(long)]
    aws_limits: bool,
    /// How many milliseconds a stream of Kinesis is CREATING, UPDATING or DELETING
    #[arg(long, default_value_t = 0, value_name = "MS", value_parser = clap::value_parser!(u64).range(..=3_600_000))]
    aws_transition: u64,
    /// Streams that are there from the start, of all services; see ssectl schema emulator. Also the
    /// Config.json of Microsoft's own emulator
    #[arg(long, value_name = "FILE")]
    streams: Option<PathBuf>,
    /// Keep records in this directory; a record that was acknowledged survives kill -9
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Force every write to disk before it is acknowledged [default: once a second]
    #[arg(long, requires = "data_dir")]
    fsync: bool,
    /// Megabytes that records of each service may take in memory; beyond it writes are refused
    #[arg(
        long,
        default_value_t = 1024,
        value_name = "MIB",
        value_parser = clap::value_parser!(u64).range(1..),
        conflicts_with = "data_dir"
    )]
    memory: u64,
    /// One log for all: a record that one service takes is read from the stream of that name in the others
    #[arg(long)]
    bridge: bool,
    /// What goes wrong on purpose: throttle, latency (up to latest), drop, duplicate, reorder,
    /// stale-lease, each with its share of cases from 0 to 1, and the seed
    #[arg(long, value_name = "PLAN")]
    faults: Option<String>,
    /// Partitions of streams that clients create without a number
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    partitions: u32,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Print which operations of each service are supported, partly supported or refused
    ///
    /// Examples:
    ///   ssectl emulator coverage
    ///   ssectl emulator coverage | grep -v ' supported$'
    #[command(verbatim_doc_comment)]
    Coverage,
}

/// A broker there is an emulator of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Service {
    /// Apache Kafka
    Kafka,
    /// Amazon Kinesis Data Streams
    Kinesis,
    /// Google Cloud Pub/Sub
    Pubsub,
    /// Amazon SQS
    Sqs,
    /// Azure Event Hubs
    #[value(name = "eventhubs")]
    EventHubs,
}

impl Service {
    fn name(self) -> &'static str {
        match self {
            Self::Kafka => "kafka",
            Self::Kinesis => "kinesis",
            Self::Pubsub => "pubsub",
            Self::Sqs => "sqs",
            Self::EventHubs => "eventhubs",
        }
    }

    /// Where it keeps its records below the data directory; services on one port share a place.
    fn directory(self) -> &'static str {
        match self {
            Self::Kafka => "kafka",
            Self::Kinesis | Self::Sqs => "aws",
            Self::EventHubs => "eventhubs",
            Self::Pubsub => "pubsub",
        }
    }
}

/// Where all services keep their records below the data directory when they share them.
const BRIDGE: &str = "bridge";

/// Runs the verb.
pub(super) async fn run(args: EmulatorArgs, session: &Session) -> CliResult {
    if let Some(Action::Coverage) = args.action {
        return coverage::run(session);
    }
    let services = if args.only.is_empty() {
        Service::value_variants()
    } else {
        &args.only
    };
    let declared = args.streams.as_deref().map(Declared::read).transpose();
    let declared = declared.map_err(|faults| report(&faults, &session.ui))?;
    let declared = declared.map(Arc::new);
    args.check_data_dir()?;
    let mut emulators = Emulators::default();
    for service in services {
        let name = service.name();
        let options = args.options(*service, declared.as_ref(), session)?;
        let (address, _) = emulators.start(name, options).map_err(failed)?;
        for note in emulators.take_notes() {
            session.ui.warn(format!("{name}: {note}"));
        }
        session.ui.insist(format!("{name} {address} ready"));
    }
    session.stop().cancelled().await;
    tokio::task::block_in_place(|| emulators.shutdown());
    Ok(())
}

impl EmulatorArgs {
    /// Where a service keeps its records below the data directory.
    fn directory(&self, service: Service) -> &'static str {
        match self.bridge {
            true => BRIDGE,
            false => service.directory(),
        }
    }

    /// Refuses a data directory that was written the other way: what is in it would not be found.
    fn check_data_dir(&self) -> CliResult {
        let Some(dir) = &self.data_dir else {
            return Ok(());
        };
        let services = Service::value_variants().iter();
        let of_services = services.map(|service| service.directory());
        let found = of_services.chain([BRIDGE]).find(|name| {
            let is_ours = (*name == BRIDGE) == self.bridge;
            !is_ours && dir.join(name).exists()
        });
        let (with, advice) = match self.bridge {
            true => ("without", "leave it away"),
            false => ("with", "add it"),
        };
        match found {
            None => Ok(()),
            Some(found) => Err(CliError::usage(format!(
                "`{}` was written {with} `--bridge`: it has `{found}`; {advice}, or use another directory",
                dir.display()
            ))),
        }
    }

    fn options(
        &self,
        service: Service,
        declared: Option<&Arc<Declared>>,
        session: &Session,
    ) -> CliResult<EmulatorOptions> {
        let (ui, name) = (session.ui.clone(), service.name());
        let (port, advertised) = match service {
            Service::Kafka => (self.kafka_port, self.kafka_advertised.clone()),
            Service::Kinesis | Service::Sqs => (self.aws_port, None),
            Service::EventHubs => (self.eventhubs_port, None),
            Service::Pubsub => (self.pubsub_port, None),
        };
        Ok(EmulatorOptions {
            host: self.host,
            port,
            advertised,
            data_dir: self
                .data_dir
                .as_ref()
                .map(|dir| dir.join(self.directory(service))),
            bridge: self.bridge,
            fsync: self.fsync,
            memory: self.memory.saturating_mul(1 << 20),
            partitions: self.partitions,
            certificate: self.eventhubs_cert.clone(),
            creates_hubs: true,
            users: users(&session.env)?,
            declared: declared.cloned(),
            faults: self.faults.clone(),
            aws_limits: self.aws_limits,
            aws_transition: Duration::from_millis(self.aws_transition),
            timeline: None,
            notices: Box::new(move |notice| ui.warn(format!("{name}: {notice}"))),
        })
    }
}

fn users(env: &Env) -> CliResult<Option<BTreeMap<String, String>>> {
    let Some(text) = env.get(EMULATOR_USERS).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let pairs = text.split(',').map(|pair| {
        let pair = pair.split_once(':').filter(|(name, _)| !name.is_empty());
        pair.map(|(name, password)| (name.to_owned(), password.to_owned()))
    });
    let users: Option<BTreeMap<_, _>> = pairs.collect();
    match users {
        Some(users) => Ok(Some(users)),
        None => Err(CliError::usage(format!(
            "`{EMULATOR_USERS}` is not `name:password,name:password`"
        ))),
    }
}

fn host_and_port(text: &str) -> Result<(String, u16), String> {
    let parsed = text
        .rsplit_once(':')
        .and_then(|(host, port)| Some((host.to_owned(), port.parse().ok()?)));
    parsed
        .filter(|(host, _)| !host.is_empty())
        .ok_or_else(|| "use HOST:PORT".to_owned())
}

/// What kept an emulator from starting, as an error of the command line.
pub(super) fn failed(error: EmulatorError) -> CliError {
    let exit = match error {
        EmulatorError::Unknown(_) | EmulatorError::LeftOut | EmulatorError::Faults(_) => {
            Exit::Usage
        }
        EmulatorError::Declared(..) => Exit::Invalid,
        EmulatorError::Start(_) => Exit::Failed,
    };
    CliError::new(exit, error.to_string())
}
