//! Apache Beam on this machine: where it is installed, and what a run of a scenario needs of it.

use std::env;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use clap::{Args, Subcommand, ValueEnum};

use super::error::{CliError, CliResult, Exit};
use super::session::Session;
use crate::beam::{Beam, Runner};

/// What is installed; tests/peers/versions.env has the same.
const PACKAGES: [&str; 1] = ["apache-beam[gcp]==2.77.0"];

/// Install Apache Beam for ssectl run --engine beam
///
/// Examples:
///   ssectl beam install
///   ssectl run scenarios/02-pubsub-wordcount --engine beam
///
/// It goes into a virtual environment of Python below $XDG_DATA_HOME/ssectl (~/.local/share/ssectl), in
/// the version that is tested, about 600 MB; nothing is fetched after that. $BEAM_PYTHON
/// names the Python of another installation.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct BeamArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Install it, or do nothing if it is there
    Install,
}

/// Which engine runs the pipelines of a scenario.
#[derive(Debug, Args)]
#[command(next_help_heading = "Engine")]
pub(super) struct EngineArgs {
    /// What runs the pipelines that read streams: native, or beam (see ssectl beam --help)
    #[arg(long, value_enum, default_value_t, value_name = "ENGINE")]
    engine: Engine,
    /// What runs Beam: direct, flink, spark or dataflow [default: direct]
    #[arg(long, value_enum, value_name = "RUNNER")]
    runner: Option<RunnerArg>,
    /// An option of that runner, such as --flink_master=localhost:8081; may be given again
    #[arg(long, value_name = "OPTION", allow_hyphen_values = true)]
    beam_option: Vec<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Engine {
    /// The one inside
    #[default]
    Native,
    /// Apache Beam
    Beam,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum RunnerArg {
    Direct,
    Flink,
    Spark,
    Dataflow,
}

impl EngineArgs {
    /// Beam, if it is to run the pipelines.
    pub(super) fn open(&self) -> CliResult<Option<Beam>> {
        if self.engine == Engine::Native {
            if self.runner.is_some() || !self.beam_option.is_empty() {
                return Err(CliError::usage(
                    "`--runner` and `--beam-option` are of `--engine beam`",
                ));
            }
            return Ok(None);
        }
        let python = python()?;
        let failed = |error| CliError::new(Exit::Failed, format!("cannot prepare Beam: {error}"));
        let ssectl = env::current_exe().map_err(failed)?;
        let runner = match self.runner.unwrap_or(RunnerArg::Direct) {
            RunnerArg::Direct => Runner::Direct,
            RunnerArg::Flink => Runner::Flink,
            RunnerArg::Spark => Runner::Spark,
            RunnerArg::Dataflow => Runner::Dataflow,
        };
        Beam::new(python, ssectl, runner, self.beam_option.clone())
            .map(Some)
            .map_err(failed)
    }
}

/// The Python that has Beam.
fn python() -> CliResult<PathBuf> {
    if let Some(python) = env::var_os("BEAM_PYTHON") {
        return Ok(python.into());
    }
    let python = folder()?.join("bin/python");
    if !python.exists() {
        return Err(CliError::new(Exit::Failed, "Apache Beam is not installed")
            .hint("run `ssectl beam install`, or let BEAM_PYTHON be a Python that has it"));
    }
    Ok(python)
}

/// Where it is installed; a folder per version.
fn folder() -> CliResult<PathBuf> {
    let data = env::var_os("XDG_DATA_HOME")
        .filter(|path| !path.is_empty())
        .map(PathBuf::from);
    let home = || Some(PathBuf::from(env::var_os("HOME")?).join(".local/share"));
    let data = data.or_else(home).ok_or_else(|| {
        CliError::new(
            Exit::Failed,
            "there is neither $XDG_DATA_HOME nor $HOME to install Beam below",
        )
    })?;
    Ok(data.join("ssectl").join("apache-beam-2.77.0"))
}

/// Runs the verb.
pub(super) fn run(args: &BeamArgs, session: &Session) -> CliResult {
    let Action::Install = args.action;
    let folder = folder()?;
    let python = folder.join("bin/python");
    let there = Command::new(&python)
        .args(["-c", "import apache_beam"])
        .stderr(Stdio::null())
        .status();
    if !there.is_ok_and(|status| status.success()) {
        session.ui.say(format!(
            "installing {} into {}",
            PACKAGES.join(", "),
            folder.display()
        ));
        step(
            Command::new("python3")
                .args(["-m", "venv", "--clear"])
                .arg(&folder),
        )?;
        step(
            Command::new(&python)
                .args([
                    "-m",
                    "pip",
                    "install",
                    "--quiet",
                    "--disable-pip-version-check",
                ])
                .args(PACKAGES),
        )?;
    }
    session
        .ui
        .say(format!("{} is in {}", PACKAGES[0], folder.display()));
    Ok(())
}

/// Runs one command of the installation; what it says goes to stderr.
fn step(command: &mut Command) -> CliResult {
    let name = command.get_program().to_string_lossy().into_owned();
    match command.stdin(Stdio::null()).stdout(Stdio::null()).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(CliError::new(Exit::Failed, format!("`{name}` ended with {status}"))),
        Err(error) => Err(CliError::new(Exit::Failed, format!("cannot run `{name}`: {error}"))
            .hint("Beam needs Python 3.10 or newer with its module `venv` (Debian: apt-get install python3-venv)")),
    }
}
