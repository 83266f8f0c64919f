//! `state`: what pipelines remember, for people; savepoints.

mod diff;
mod show;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use ssectl_state::{Contents, Kinds, StateError, pipelines};
use ssectl_window::aggregate::Aggregates;

use super::error::{CliError, CliResult, Exit};
use super::ui::Ui;

/// Look at what pipelines remember, and keep it as savepoints
///
/// Examples:
///   ssectl state ls state/
///   ssectl state dump state/ --format json
///   ssectl state savepoint state/ --to monday.savepoint
///   ssectl state diff monday.savepoint state/orders
///   ssectl state restore monday.savepoint --to other-state/
///
/// State is a directory that `run --state` made, that of one of its pipelines, or
/// the file of a savepoint. A pipeline that runs is not disturbed: it answers with
/// its last checkpoint.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment, arg_required_else_help = true)]
pub(super) struct StateArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List pipelines with their checkpoint, positions, watermark and tables
    ///
    /// Examples:
    ///   ssectl state ls state/
    ///   ssectl state ls monday.savepoint --format json
    #[command(verbatim_doc_comment)]
    Ls {
        /// A directory of state, or a savepoint
        state: PathBuf,
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Print all values, by step, table, window and key
    ///
    /// Examples:
    ///   ssectl state dump state/
    ///   ssectl state dump state/orders --step 2 --format json | jq .value
    #[command(verbatim_doc_comment)]
    Dump {
        /// A directory of state, or a savepoint
        state: PathBuf,
        /// Only the tables of this step
        #[arg(long)]
        step: Option<String>,
        /// Only tables of this name
        #[arg(long)]
        table: Option<String>,
        /// text, or one JSON object per line
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Print what differs between two states of a pipeline; exits with 3 if anything does
    ///
    /// Examples:
    ///   ssectl state diff monday.savepoint state/orders
    ///   ssectl state diff a.savepoint b.savepoint --format json
    #[command(verbatim_doc_comment)]
    Diff {
        /// The directory of a pipeline, or a savepoint
        before: PathBuf,
        /// Another one
        after: PathBuf,
        /// text, or one JSON object per line
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Keep the last checkpoint of a pipeline, which may run, in a file
    ///
    /// Examples:
    ///   ssectl state savepoint state/ --to monday.savepoint
    ///   ssectl state savepoint state/orders --to orders.savepoint
    #[command(verbatim_doc_comment)]
    Savepoint {
        /// The directory of a pipeline, or one with a single pipeline
        state: PathBuf,
        /// The file; it must not be there yet
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
    /// Make a savepoint the state of its pipeline
    ///
    /// Examples:
    ///   ssectl state restore monday.savepoint --to state/
    ///   ssectl state restore monday.savepoint --to state/ --without-positions
    ///
    /// The number of threads and partitions may be another one than it was. Positions
    /// belong to the streams they were read from: on another target they mean
    /// nothing, so leave them out there, and the pipeline begins where its source says.
    #[command(verbatim_doc_comment)]
    Restore {
        /// The savepoint
        savepoint: PathBuf,
        /// The directory that is given to `run --state`
        #[arg(long, value_name = "DIR")]
        to: PathBuf,
        /// Leave out where the streams had been read to
        #[arg(long)]
        without_positions: bool,
    },
}

/// How it is printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Text,
    /// JSON, for programs
    Json,
}

impl From<StateError> for CliError {
    fn from(error: StateError) -> Self {
        let exit = match error {
            StateError::None(_) | StateError::Exists(_) => Exit::Usage,
            StateError::Fingerprint { .. } => Exit::Invalid,
            _ => Exit::Failed,
        };
        Self::new(exit, error.to_string())
    }
}

/// Runs the verb.
pub(super) fn run(args: &StateArgs, ui: &Ui) -> CliResult {
    match &args.action {
        Action::Ls { state, format } => show::list(&open_all(state)?, *format, ui),
        Action::Dump {
            state,
            step,
            table,
            format,
        } => {
            let only = show::Only {
                step: step.as_deref(),
                table: table.as_deref(),
            };
            for path in pipelines(state)? {
                show::dump(Contents::open(&path)?, &only, *format, ui)?;
            }
            Ok(())
        }
        Action::Diff {
            before,
            after,
            format,
        } => diff::run(open(before)?, open(after)?, *format, ui),
        Action::Savepoint { state, to } => savepoint(state, to, ui),
        Action::Restore {
            savepoint,
            to,
            without_positions,
        } => restore(savepoint, to, !without_positions, ui),
    }
}

/// The kinds of values that are shown as what they mean.
fn kinds() -> Kinds {
    ssectl_window::kinds::<Aggregates>(Kinds::default())
}

/// The state of the only pipeline at a path.
fn open(path: &Path) -> Result<Contents, CliError> {
    match pipelines(path)?.as_slice() {
        [one] => Ok(Contents::open(one)?),
        many => {
            let names: Vec<_> = many
                .iter()
                .map(|path| format!("`{}`", path.display()))
                .collect();
            let message = format!(
                "`{}` has the state of {} pipelines",
                path.display(),
                many.len()
            );
            Err(CliError::usage(message).hint(format!("name one: {}", names.join(", "))))
        }
    }
}

fn open_all(path: &Path) -> Result<Vec<PathBuf>, CliError> {
    Ok(pipelines(path)?)
}

fn savepoint(state: &Path, to: &Path, ui: &Ui) -> CliResult {
    let contents = open(state)?;
    let Some(checkpoint) = &contents.summary.checkpoint else {
        return Err(CliError::new(
            Exit::Failed,
            format!("`{}` has no checkpoint yet", state.display()),
        ));
    };
    let number = checkpoint.number;
    let pipeline = contents.summary.pipeline.clone();
    let count = contents.save(to)?;
    ui.say(format!(
        "kept checkpoint {number} of `{pipeline}` in {}, values: {count}",
        to.display()
    ));
    Ok(())
}

fn restore(savepoint: &Path, to: &Path, positions: bool, ui: &Ui) -> CliResult {
    let contents = Contents::open(savepoint)?;
    let (dir, count) = ssectl_state::restore(contents, to, positions)?;
    ui.say(format!("restored {}, values: {count}", dir.display()));
    Ok(())
}
