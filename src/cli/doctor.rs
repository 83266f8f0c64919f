//! `doctor`: is everything in place?

use std::time::Duration;

use clap::Args;
use colored::Colorize;
use tokio::time::timeout;

use super::error::{CliError, CliResult, Exit};
use super::session::Session;
use crate::document::Severity;

/// Check this machine, the configuration and the targets
///
/// Examples:
///   ssectl doctor
///   ssectl doctor --target confluent
///
/// Exits with 3 if anything is not as it should be.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct DoctorArgs {
    /// Look only at this target
    #[arg(long, short, value_name = "TARGET")]
    target: Option<String>,
}

/// How long a target may take to answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// Runs the verb.
pub(super) async fn run(args: DoctorArgs, session: &Session) -> CliResult {
    let mut checkup = Checkup { session, bad: 0 };
    if args.target.is_none() {
        checkup.build()?;
        checkup.machine()?;
        checkup.configuration()?;
    }
    let config = session.places.config();
    let targets = match &args.target {
        Some(target) => vec![target.as_str()],
        None => config.targets(),
    };
    for target in targets {
        let unfilled = config.unfilled(target);
        match args.target.is_none() && !unfilled.is_empty() {
            true => checkup.note(
                &format!("target {target}"),
                &format!("not looked at: {}", unfilled.join(", ")),
            )?,
            false => checkup.target(target).await?,
        }
    }
    match checkup.bad {
        0 => Ok(()),
        bad => Err(CliError::new(Exit::Check, format!("faults found: {bad}"))),
    }
}

struct Checkup<'a> {
    session: &'a Session,
    bad: usize,
}

impl Checkup<'_> {
    fn line(&mut self, what: &str, result: Result<String, String>) -> CliResult {
        let (mark, text) = match result {
            Ok(text) => ("ok".green(), text),
            Err(text) => {
                self.bad += 1;
                ("failed".red(), text)
            }
        };
        self.session.ui.data(format!("{mark:6}  {what}: {text}\n"))
    }

    /// What is worth knowing and no fault.
    fn note(&mut self, what: &str, text: &str) -> CliResult {
        let mark = "note".yellow();
        let text = text.replacen("warning: ", "", 1);
        self.session.ui.data(format!("{mark:6}  {what}: {text}\n"))
    }

    fn build(&mut self) -> CliResult {
        let adapters: Vec<_> = self
            .session
            .places
            .registry()
            .iter()
            .map(|adapter| adapter.name())
            .collect();
        let emulators = if cfg!(feature = "emulator") {
            "eventhubs kafka kinesis pubsub sqs"
        } else {
            "none"
        };
        let version = env!("CARGO_PKG_VERSION");
        self.line(
            "build",
            Ok(format!(
                "ssectl {version}, adapters {}, emulators {emulators}",
                adapters.join(" ")
            )),
        )
    }

    fn machine(&mut self) -> CliResult {
        let cores = std::thread::available_parallelism()
            .map_or("an unknown number of".to_owned(), |n| n.to_string());
        self.line("machine", Ok(format!("{cores} cores")))?;
        let port = std::net::TcpListener::bind(("127.0.0.1", 0));
        let loopback = port.map(|_| "can listen on 127.0.0.1".to_owned());
        self.line(
            "network",
            loopback.map_err(|error| format!("cannot listen on 127.0.0.1: {error}")),
        )
    }

    fn configuration(&mut self) -> CliResult {
        let faults = self
            .session
            .places
            .config()
            .check(self.session.places.registry());
        if faults.is_empty() {
            return self.line("configuration", Ok("no faults".to_owned()));
        }
        for fault in &faults {
            match fault.severity {
                Severity::Error => self.line("configuration", Err(fault.to_string()))?,
                Severity::Warning => self.note("configuration", &fault.to_string())?,
            }
        }
        Ok(())
    }

    async fn target(&mut self, name: &str) -> CliResult {
        let result = self.probe(name).await;
        self.line(&format!("target {name}"), result)
    }

    async fn probe(&self, name: &str) -> Result<String, String> {
        let target = self
            .session
            .target(Some(name))
            .map_err(|error| error.to_string())?;
        if target.emulator {
            return Ok(format!("the {} emulator inside", target.adapter));
        }
        let home = self
            .session
            .places
            .home(&target)
            .map_err(|error| error.to_string())?;
        match timeout(PATIENCE, home.target.probe()).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(super::error::chain(&error)),
            Err(_) => Err(format!("no answer within {PATIENCE:?}")),
        }
    }
}
