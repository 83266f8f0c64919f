//! The command line: one file per verb, and the only code that prints.

mod args;
mod bars;
mod beam;
mod cloud;
mod completions;
mod config;
mod copy;
mod delivery;
mod doctor;
mod emulator;
mod error;
mod export;
mod generate;
mod lint;
mod log;
mod man;
mod progress;
mod prove;
mod replay;
mod run;
mod schema;
mod serve;
mod session;
mod setup;
mod signals;
mod size;
mod state;
mod streams;
mod tail;
mod trace;
mod transform;
mod ui;
mod verify;
mod why;
mod window;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};

use crate::duration::HumanDuration;
use error::{CliError, CliResult, Exit};
use session::Session;
use ui::{Colour, Ui};

/// What each exit code means.
const EXIT_CODES: &str = "\
0 ok, 1 failed, 2 usage, 3 a check failed, 4 authentication, 5 target unavailable,
6 scenario or config invalid, 7 bad data under --strict or records missing,
124 time-out, 130/143 signals.";

/// What stands below the list of verbs.
fn after_help() -> String {
    format!(
        "Exit codes: {EXIT_CODES}\n\
         Streams are addresses: `-`, `file:PATH`, `kafka://HOST:PORT/TOPIC`, or `TARGET:STREAM`\n\
         with a target of ssectl.yaml."
    )
}

/// Generate, replay, transform and tail event streams, with the brokers inside
#[derive(Debug, Parser)]
#[command(
    name = "ssectl",
    version,
    propagate_version = true,
    arg_required_else_help = true
)]
#[command(after_help = after_help())]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    verb: Verb,
}

/// Flags of every verb.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Everywhere")]
struct Global {
    /// Colour on the terminal
    #[arg(long, global = true, value_enum, value_name = "WHEN")]
    color: Option<Colour>,
    /// Say nothing but errors
    #[arg(long, short, global = true)]
    quiet: bool,
    /// Say also what clients of brokers log
    #[arg(long, short, global = true, conflicts_with = "quiet")]
    verbose: bool,
    /// Configuration file [default: ssectl.yaml here or above]
    #[arg(long, global = true, value_name = "FILE")]
    config_file: Option<PathBuf>,
    /// Stop after this time: write and commit what was read, exit with 124
    #[arg(long, global = true, value_name = "DURATION")]
    timeout: Option<HumanDuration>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Generate(Box<generate::GenerateArgs>),
    Replay(Box<replay::ReplayArgs>),
    Transform(Box<transform::TransformArgs>),
    Window(Box<window::WindowArgs>),
    Tail(tail::TailArgs),
    Copy(copy::CopyArgs),
    Run(run::RunArgs),
    Why(why::WhyArgs),
    WhyNot(why::WhyNotArgs),
    Verify(verify::VerifyArgs),
    Prove(prove::ProveArgs),
    Lint(lint::LintArgs),
    Export(export::ExportArgs),
    Beam(beam::BeamArgs),
    Streams(streams::StreamsArgs),
    State(state::StateArgs),
    Cloud(cloud::CloudArgs),
    Emulator(emulator::EmulatorArgs),
    Serve(serve::ServeArgs),
    Config(config::ConfigArgs),
    Doctor(doctor::DoctorArgs),
    Schema(schema::SchemaArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
}

/// Parses the arguments, runs the verb, prints its error and says how it went.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to stdout and are no error; the rest goes to stderr with 2.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let ui = Ui::new(cli.global.color.unwrap_or_default(), cli.global.quiet);
    let result = match cli.verb {
        Verb::Completions(args) => completions::run(&args, &ui),
        Verb::Man(args) => man::run(&args, &ui),
        Verb::Schema(args) => schema::run(&args, &ui),
        Verb::State(args) => state::run(&args, &ui),
        Verb::Why(args) => why::why(&args, &ui),
        Verb::WhyNot(args) => why::why_not(&args, &ui),
        verb => configured(verb, &cli.global, &ui),
    };
    finish(result, &ui)
}

/// Runs a verb that obeys the configuration.
fn configured(verb: Verb, global: &Global, ui: &Ui) -> CliResult {
    let env = setup::environment();
    let config = setup::config(global, &env).map_err(|faults| lint::report(&faults, ui))?;
    let ui = Ui::new(setup::colour(&config), global.quiet);
    log::install(&ui, global.verbose);
    for fault in config.warnings() {
        ui.say(fault.to_string());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| CliError::new(Exit::Failed, format!("cannot start threads: {error}")))?;
    let result = runtime.block_on(async {
        let session = Session::new(ui, env, config);
        session.run(dispatch(verb, &session)).await
    });
    // A thread that reads a terminal cannot be woken up; nobody waits for it.
    runtime.shutdown_timeout(Duration::ZERO);
    result
}

async fn dispatch(verb: Verb, session: &Session) -> CliResult {
    match verb {
        Verb::Generate(args) => generate::run(*args, session).await,
        Verb::Replay(args) => replay::run(*args, session).await,
        Verb::Transform(args) => transform::run(*args, session).await,
        Verb::Window(args) => window::run(*args, session).await,
        Verb::Tail(args) => tail::run(args, session).await,
        Verb::Copy(args) => copy::run(args, session).await,
        Verb::Run(args) => run::run(args, session).await,
        Verb::Verify(args) => verify::run(args, session).await,
        Verb::Prove(args) => prove::run(args, session).await,
        Verb::Lint(args) => lint::run(args, session).await,
        Verb::Export(args) => export::run(args, session).await,
        Verb::Beam(args) => beam::run(&args, session),
        Verb::Streams(args) => streams::run(args, session).await,
        Verb::Cloud(args) => cloud::run(args, session).await,
        Verb::Emulator(args) => emulator::run(args, session).await,
        Verb::Serve(args) => serve::run(args, session).await,
        Verb::Config(args) => config::run(&args, session),
        Verb::Doctor(args) => doctor::run(args, session).await,
        Verb::Completions(_)
        | Verb::Man(_)
        | Verb::Schema(_)
        | Verb::State(_)
        | Verb::Why(_)
        | Verb::WhyNot(_) => Ok(()),
    }
}

fn finish(result: CliResult, ui: &Ui) -> ExitCode {
    let Err(error) = result else {
        return ExitCode::SUCCESS;
    };
    if error.quiet {
        return ExitCode::from(error.code());
    }
    ui.insist(error.render(ui::label).trim_end());
    ExitCode::from(error.code())
}
