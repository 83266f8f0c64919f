//! The side of the child process: one life.

use std::path::Path;

use crate::cli::error::{CliError, CliResult, Exit};
use crate::cli::run::failed;
use crate::cli::session::Session;
use crate::places::TargetDecl;
use crate::prove::Life;
use crate::runner::{Runner, StateOptions};
use crate::scenario::Scenario;

/// Options with which a successor goes on at once where a process was killed: its place in a group
/// is taken over, and what it had leased comes again soon.
const SUCCESSION: [(&str, &str, &str); 3] = [
    ("kafka", "group-instance", "prove"),
    ("sqs", "visibility-timeout", "10s"),
    ("pubsub", "ack-deadline", "10s"),
];

/// The last life ends after a silence that is longer than any lease.
const SILENCE: (&str, &str, &str) = ("pubsub", "quiet", "12s");

/// Lives, until it is killed or all is done.
pub(super) async fn run(
    life: &Path,
    prefix: &str,
    scenario: &Scenario,
    session: &Session,
) -> CliResult {
    let text = std::fs::read_to_string(life)
        .map_err(|error| CliError::usage(format!("there is no such life: {error}")))?;
    let life: Life = serde_json::from_str(&text)
        .map_err(|error| CliError::usage(format!("this is no life: {error}")))?;
    let (adapter, options) = life.target.clone();
    let mut target = TargetDecl {
        adapter,
        options,
        emulator: false,
    };
    let silence = life.kill.is_none().then_some(SILENCE);
    for (adapter, option, value) in SUCCESSION.into_iter().chain(silence) {
        if target.adapter == adapter {
            let given = target.options.entry(option.to_owned());
            given.or_insert_with(|| value.into());
        }
    }
    let state = StateOptions {
        dir: life.state.clone(),
        changelog: life.changelog.clone(),
        ..StateOptions::default()
    };
    life.begin();
    session.records_are_under_way();
    let runner = Runner {
        beam: None,
        tracer: None,
        places: &session.places,
        target,
        prefix: prefix.to_owned(),
        control: session.control(),
        follow: false,
        collect: false,
        state,
        watch: &|_, _| {},
    };
    runner.live(scenario).await.map_err(failed)?;
    match session.stop().is_cancelled() {
        true => Err(CliError::silent(Exit::Failed)),
        false => Ok(()),
    }
}
