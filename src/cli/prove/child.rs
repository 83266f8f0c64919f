//! The side of the child process: one life.

use std::path::Path;

use crate::cli::error::{CliError, CliResult, Exit};
use crate::cli::run::failed;
use crate::cli::session::Session;
use crate::engine::trial;
use crate::places::TargetDecl;
use crate::prove::Life;
use crate::runner::{Runner, StateOptions};
use crate::scenario::Scenario;

/// Options with which a successor goes on soon where a process was killed: its place in a group is taken over, and what
/// it had leased comes again as soon as the service allows. A silence of Pub/Sub is longer than its leases, so that a life
/// does not take what others have leased for the end.
const SUCCESSION: [(&str, &str, &str); 4] = [
    ("kafka", "group-instance", "prove"),
    ("sqs", "visibility-timeout", "2s"),
    ("pubsub", "ack-deadline", "10s"),
    ("pubsub", "quiet", "11s"),
];

/// So many batches of a life that will be killed may be leased: the rest is there for its successor at once.
const LEASED: usize = 4;

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
    for (adapter, option, value) in SUCCESSION {
        if target.adapter == adapter {
            let given = target.options.entry(option.to_owned());
            given.or_insert_with(|| value.into());
        }
    }
    if target.adapter == "pubsub" && life.kill.is_some() {
        let given = target.options.entry("outstanding".to_owned());
        given.or_insert_with(|| (LEASED * life.records).into());
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
        settings: trial::settings(),
        timeline: None,
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
