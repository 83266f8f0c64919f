//! `verify`: the same scenario on several targets, with the same results.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use colored::Colorize;
use serde_json::json;
use ssectl_adapter::Order;

use super::error::{CliError, CliResult, Exit};
use super::lint::loaded;
use super::run::{Terms, drive, params, report};
use super::session::Session;
use super::ui::Ui;
use crate::places::TargetDecl;
use crate::runner::StateOptions;
use crate::scenario::Scenario;
use crate::verify::{Comparison, Difference, Outcome, compare, limits};

/// Run a scenario on several targets and prove that the results agree
///
/// Examples:
///   ssectl verify scenarios/01-kafka-uppercase --targets local-kafka,confluent
///   ssectl verify scenarios/08-phone-normalise -t local,kafka://localhost:9092
///   ssectl verify scenarios/07-make-change --set amount=1.34 --targets local,local
///
/// Every target has to meet the expectations of the scenario, and to hold the same records in its
/// streams: the same keys, headers and values as often, and for each key in the same order where
/// both targets keep it. Exits with 3 when they do not.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct VerifyArgs {
    /// The scenario file, or its folder
    scenario: PathBuf,
    /// Targets of the configuration, or addresses such as kafka://localhost:9092, with commas between
    #[arg(
        long,
        short,
        value_delimiter = ',',
        required = true,
        value_name = "TARGETS"
    )]
    targets: Vec<String>,
    /// Value of a parameter; may be given again
    #[arg(long, value_name = "NAME=VALUE", value_parser = params::pair)]
    set: Vec<(String, String)>,
    /// What goes wrong on purpose on emulators, such as throttle=0.05,drop=0.01,seed=7; see
    /// ssectl emulator --help [default: as the scenario says]
    #[arg(long, value_name = "PLAN")]
    faults: Option<String>,
    /// What the names of its streams begin with at the targets; see ssectl cloud up
    #[arg(long, value_name = "PREFIX", default_value = "", value_parser = super::cloud::prefix)]
    prefix: String,
    /// text for people on stderr, or json on stdout
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// How the comparison is printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people, on stderr
    #[default]
    Text,
    /// One JSON document, on stdout
    Json,
}

/// Runs the verb.
pub(super) async fn run(args: VerifyArgs, session: &Session) -> CliResult {
    let [_, _, ..] = args.targets[..] else {
        return Err(CliError::usage("one target agrees with itself")
            .hint("name at least two, with a comma between"));
    };
    let params = params::ask(&args.scenario, &args.set, session)?;
    let mut scenario = loaded(&args.scenario, &params, session)?;
    scenario.faults = args.faults.or(scenario.faults);
    let mut targets = Vec::new();
    for name in &args.targets {
        let target = session.target(Some(name))?;
        plan(&scenario, name, &target, session)?;
        targets.push(target);
    }
    let mut outcomes = Vec::new();
    for (name, target) in args.targets.iter().zip(targets) {
        outcomes.push(outcome(&scenario, name, target, &args.prefix, session).await?);
    }
    let comparison = compare(&outcomes);
    match args.format {
        Format::Text => text(&outcomes, &comparison, &session.ui),
        Format::Json => json(&outcomes, &comparison, &session.ui)?,
    }
    verdict(&comparison, &session.ui)
}

/// Says before anything runs what a target cannot give, and so is not compared.
fn plan(scenario: &Scenario, name: &str, target: &TargetDecl, session: &Session) -> CliResult {
    let adapter = session.places.registry().get(&target.adapter)?;
    let capabilities = adapter.capabilities_with(&target.options);
    report::fits(scenario, adapter.name(), &capabilities)?;
    for limit in limits(scenario, &capabilities) {
        session.ui.say(format!("{name}: {limit}"));
    }
    Ok(())
}

/// Runs the scenario on one target; its expectations have to hold there.
async fn outcome(
    scenario: &Scenario,
    name: &str,
    target: TargetDecl,
    prefix: &str,
    session: &Session,
) -> CliResult<Outcome> {
    let adapter = session.places.registry().get(&target.adapter)?;
    let capabilities = adapter.capabilities_with(&target.options);
    let terms = Terms {
        target,
        prefix: prefix.to_owned(),
        follow: false,
        collect: true,
        state: StateOptions::default(),
        stats: None,
        beam: None,
        tracing: None,
    };
    let ran = drive(scenario, terms, session).await?;
    tokio::task::block_in_place(|| ran.emulators.shutdown());
    let mut report = ran.report;
    report::text(&report, &session.ui);
    let streams = std::mem::take(&mut report.contents);
    report::verdict(report).map_err(|error| error.at(format!("target `{name}`")))?;
    if session.stop().is_cancelled() {
        return Err(CliError::new(
            Exit::Failed,
            "stopped before all targets were compared",
        ));
    }
    Ok(Outcome {
        target: name.to_owned(),
        ordered: capabilities.order >= Order::PerKey,
        streams,
    })
}

fn text(outcomes: &[Outcome], comparison: &Comparison, ui: &Ui) {
    let names = outcomes.iter().map(|outcome| outcome.target.len());
    let width = names.max().unwrap_or(0);
    for (outcome, digest) in outcomes.iter().zip(&comparison.digests) {
        let counts = counts(outcome, comparison).map(|(name, count)| format!("{name} {count}"));
        let counts = counts.collect::<Vec<_>>().join(", ");
        ui.say(format!("{:width$}  {digest}  {counts}", outcome.target));
    }
    for difference in &comparison.differences {
        let Difference {
            target,
            stream,
            count,
            what,
            examples,
        } = difference;
        ui.say(format!(
            "{} {stream} at {target}, {what}: {count}",
            "differs:".red()
        ));
        for example in examples {
            ui.say(format!("  {example}"));
        }
    }
}

/// How many records each compared stream has.
fn counts<'a>(
    outcome: &'a Outcome,
    comparison: &'a Comparison,
) -> impl Iterator<Item = (&'a str, u64)> {
    comparison.streams.iter().filter_map(|name| {
        let contents = outcome.streams.get(name)?;
        Some((name.as_str(), contents.count()))
    })
}

fn json(outcomes: &[Outcome], comparison: &Comparison, ui: &Ui) -> CliResult {
    let targets = outcomes.iter().zip(&comparison.digests);
    let document = json!({
        "equal": comparison.differences.is_empty(),
        "streams": comparison.streams,
        "targets": targets.map(|(outcome, digest)| json!({
            "target": outcome.target,
            "digest": digest.to_string(),
            "records": counts(outcome, comparison).collect::<BTreeMap<_, _>>(),
        })).collect::<Vec<_>>(),
        "differences": comparison.differences,
    });
    ui.data(format!("{document:#}\n"))
}

fn verdict(comparison: &Comparison, ui: &Ui) -> CliResult {
    if comparison.streams.is_empty() {
        return Err(CliError::new(
            Exit::Check,
            "no stream can be read back on every target, so nothing was compared",
        ));
    }
    let differing = comparison.differences.iter();
    let mut differing: Vec<_> = differing.map(|found| found.target.as_str()).collect();
    differing.dedup();
    match differing[..] {
        [] => {
            ui.say("the results agree".green().to_string());
            Ok(())
        }
        _ => Err(CliError::new(
            Exit::Check,
            format!("the results differ: {}", differing.join(", ")),
        )),
    }
}
