//! `cloud`: the real streams of a scenario, before and after its runs.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::error::{CliError, CliResult};
use super::lint::loaded;
use super::run::{failed, params};
use super::session::Session;
use crate::engine::trial;
use crate::runner::{CloudAction, CloudStream, Fate, Runner, StateOptions};
use crate::scenario::Scenario;

/// The longest prefix: with the longest name of a stream it still fits the narrowest service.
const LONGEST_PREFIX: usize = 40;

/// Make and remove the streams of a scenario at a real target
///
/// Examples:
///   ssectl cloud plan scenarios/01-kafka-uppercase --target gcp
///   ssectl cloud up scenarios/01-kafka-uppercase --target gcp --prefix lab7-
///   ssectl run scenarios/01-kafka-uppercase --target gcp --prefix lab7-
///   ssectl cloud down scenarios/01-kafka-uppercase --target gcp --prefix lab7-
///
/// All may be repeated: `up` leaves what is there, `down` what is gone. Streams carry the tags
/// created-by=ssectl, scenario and prefix, where the service has tags or labels.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment, arg_required_else_help = true)]
pub(super) struct CloudArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Say which streams would be made, and which are there
    ///
    /// Examples:
    ///   ssectl cloud plan scenarios/01-kafka-uppercase --target gcp
    #[command(verbatim_doc_comment)]
    Plan(Place),
    /// Make the streams that are missing
    ///
    /// Examples:
    ///   ssectl cloud up scenarios/01-kafka-uppercase --target gcp --prefix lab7-
    #[command(verbatim_doc_comment)]
    Up(Place),
    /// Delete the streams with all their records
    ///
    /// Examples:
    ///   ssectl cloud down scenarios/01-kafka-uppercase --target gcp --prefix lab7-
    #[command(verbatim_doc_comment)]
    Down(Place),
}

/// Which streams, and where.
#[derive(Debug, Args)]
struct Place {
    /// The scenario file, or its folder
    scenario: PathBuf,
    /// Where its streams are to live: a target of ssectl.yaml, or an address such as
    /// kafka://localhost:9092
    #[arg(long, short, value_name = "TARGET")]
    target: String,
    /// What the names of its streams begin with [default: ssectl-SCENARIO-]
    #[arg(long, value_name = "PREFIX", value_parser = some_prefix)]
    prefix: Option<String>,
    /// Value of a parameter; may be given again
    #[arg(long, value_name = "NAME=VALUE", value_parser = params::pair)]
    set: Vec<(String, String)>,
}

/// Runs the verb.
pub(super) async fn run(args: CloudArgs, session: &Session) -> CliResult {
    let (action, place) = match args.action {
        Action::Plan(place) => (CloudAction::Plan, place),
        Action::Up(place) => (CloudAction::Up, place),
        Action::Down(place) => (CloudAction::Down, place),
    };
    let params = params::ask(&place.scenario, &place.set, session)?;
    let scenario = loaded(&place.scenario, &params, session)?;
    let target = session.target(Some(&place.target))?;
    if target.emulator {
        return Err(CliError::usage(format!(
            "target `{}` is an emulator that lives only while `ssectl run` does",
            place.target
        ))
        .hint("start one with `ssectl emulator` and use the address that it prints"));
    }
    let prefix = place.prefix.unwrap_or_else(|| usual_prefix(&scenario));
    let runner = Runner {
        beam: None,
        tracer: None,
        settings: trial::settings(),
        timeline: None,
        places: &session.places,
        target,
        prefix: prefix.clone(),
        control: session.control(),
        follow: false,
        collect: false,
        state: StateOptions::default(),
        watch: &|_, _| {},
    };
    let streams = runner.cloud(&scenario, action).await.map_err(failed)?;
    session
        .ui
        .data(streams.iter().map(line).collect::<String>())?;
    if action == CloudAction::Up {
        session.ui.say(format!(
            "run it with `ssectl run {} --target {} --prefix {prefix}`, remove all with `ssectl cloud down`",
            place.scenario.display(),
            place.target
        ));
    }
    Ok(())
}

/// One line per stream: name, partitions, what became of it.
fn line(stream: &CloudStream) -> String {
    let fate = match stream.fate {
        Fate::Missing => "missing",
        Fate::Present => "present",
        Fate::Made => "made",
        Fate::Deleted => "deleted",
    };
    let partitions = stream.partitions.map(|count| count.to_string());
    let partitions = partitions.unwrap_or_else(|| "-".to_owned());
    format!("{:40} {partitions:>5}  {fate}\n", stream.name)
}

fn usual_prefix(scenario: &Scenario) -> String {
    let mut prefix = format!("ssectl-{}", scenario.name);
    prefix.truncate(LONGEST_PREFIX - 1);
    prefix + "-"
}

/// What the names of streams may begin with on every target; may be empty.
pub(super) fn prefix(text: &str) -> Result<String, String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let good = text.chars().all(allowed) && text.len() <= LONGEST_PREFIX;
    let starts = text.is_empty() || text.starts_with(|c: char| c.is_ascii_alphabetic());
    match good && starts {
        true => Ok(text.to_owned()),
        false => Err(format!(
            "use letters, digits, `-`, `_` and `.`, a letter first, {LONGEST_PREFIX} at most"
        )),
    }
}

fn some_prefix(text: &str) -> Result<String, String> {
    match text {
        "" => Err("without a prefix the streams could be somebody else's".to_owned()),
        _ => prefix(text),
    }
}
