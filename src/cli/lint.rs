//! `lint`: all faults of scenario files at once.

use std::path::{Path, PathBuf};

use clap::Args;

use super::error::{CliError, CliResult, Exit};
use super::session::Session;
use super::ui::Ui;
use crate::document::{Fault, Faults};
use crate::scenario::{Params, Scenario, load};

/// Check scenario files: all faults at once, each with file, line and column
///
/// Examples:
///   ssectl lint scenarios/01-kafka-uppercase
///   ssectl lint scenarios/*/scenario.yaml
///
/// Exits with 3 if there is an error; warnings alone are fine.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct LintArgs {
    /// Scenario files, or their folders
    #[arg(required = true)]
    scenarios: Vec<PathBuf>,
}

/// Runs the verb.
pub(super) async fn run(args: LintArgs, session: &Session) -> CliResult {
    let mut bad = 0;
    for path in &args.scenarios {
        match load(path, &session.env, &Params::new()) {
            Ok(loaded) => {
                let unknown = unknown_addresses(&loaded.scenario, session);
                for fault in loaded.warnings.iter().chain(&unknown) {
                    session.ui.insist(fault.to_string());
                }
                if unknown.is_empty() {
                    session.ui.say(format!("{}: ok", path.display()));
                } else {
                    bad += 1;
                }
            }
            Err(faults) => {
                session.ui.insist(faults.to_string());
                bad += 1;
            }
        }
    }
    match bad {
        0 => Ok(()),
        _ => Err(CliError::new(
            Exit::Check,
            format!("{bad} of {} scenarios have faults", args.scenarios.len()),
        )),
    }
}

/// Addresses that neither an adapter of this build nor a target of the configuration can reach.
fn unknown_addresses(scenario: &Scenario, session: &Session) -> Vec<Fault> {
    let places = &session.places;
    let adapters = places.registry().iter().map(|adapter| adapter.name());
    let known: Vec<&str> = adapters.chain(places.config().targets()).collect();
    scenario.check_schemes(&known)
}

/// Loads a scenario for a verb that needs a sound one.
pub(super) fn loaded(path: &Path, params: &Params, session: &Session) -> CliResult<Scenario> {
    let loaded = load(path, &session.env, params).map_err(|faults| report(&faults, &session.ui))?;
    for fault in &loaded.warnings {
        session.ui.say(fault.to_string());
    }
    let unknown = unknown_addresses(&loaded.scenario, session);
    for fault in &unknown {
        session.ui.insist(fault.to_string());
    }
    if !unknown.is_empty() {
        return Err(CliError::silent(Exit::Invalid));
    }
    Ok(loaded.scenario)
}

/// Prints the faults; what is left is the exit code.
pub(super) fn report(faults: &Faults, ui: &Ui) -> CliError {
    ui.insist(faults.to_string());
    CliError::silent(Exit::Invalid)
}
