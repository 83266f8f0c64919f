//! What became of a run, for people and for programs.

use colored::Colorize;
use serde_json::json;
use ssectl_adapter::Capabilities;

use crate::cli::error::{CliError, CliResult, Exit};
use crate::cli::session::Session;
use crate::cli::ui::Ui;
use crate::engine::{Tallied, tried_again};
use crate::places::TargetDecl;
use crate::runner::{Copies, Report};
use crate::scenario::{Scenario, check};

/// Columns on stderr.
pub(in crate::cli) fn text(report: &Report, ui: &Ui) {
    ui.say(format!("{} on {}", report.scenario.bold(), report.target));
    let names = report.pipelines.iter().map(|p| p.name.len());
    let names = names.chain(report.expectations.iter().map(|v| v.stream.len()));
    let width = names.max().unwrap_or(0);
    for pipeline in &report.pipelines {
        ui.say(format!(
            "  {:width$}  {}",
            pipeline.name,
            pipeline.counts.line()
        ));
        for line in Tallied::lines(&pipeline.tallies) {
            ui.say(format!("  {:width$}    {line}", ""));
        }
    }
    if report.retries > 0 {
        ui.say(format!("  besides, {}", tried_again(report.retries)));
    }
    for verdict in &report.expectations {
        for line in &verdict.lines {
            let mark = if line.ok {
                "ok".green()
            } else {
                "failed".red()
            };
            ui.say(format!(
                "  {:width$}  {mark}: {}",
                verdict.stream, line.text
            ));
        }
    }
}

/// One document on stdout.
pub(in crate::cli) fn json(report: &Report, ui: &Ui) -> CliResult {
    let document = json!({
        "scenario": report.scenario,
        "target": report.target,
        "passed": report.passed(),
        "streams": report.streams.iter().map(|s| json!({"name": s.name, "created": s.created})).collect::<Vec<_>>(),
        "pipelines": report.pipelines.iter().map(|p| json!({
            "name": p.name,
            "counts": p.counts,
            "steps": p.tallies,
            "error": p.error.as_ref().map(|error| crate::cli::error::chain(error)),
        })).collect::<Vec<_>>(),
        "retries": report.retries,
        "expectations": report.expectations.iter().map(|v| json!({
            "stream": v.stream,
            "passed": v.passed,
            "lines": v.lines.iter().map(|l| json!({"ok": l.ok, "text": l.text})).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
    });
    ui.data(format!("{document:#}\n"))
}

/// The exit code of a run.
pub(in crate::cli) fn verdict(report: Report) -> CliResult {
    let mut report = report;
    for pipeline in &mut report.pipelines {
        if let Some(error) = pipeline.error.take() {
            let hint = "leave bad records out with `on-error: skip` at the pipeline, or keep them with `on-error: {dead-letter: STREAM}`";
            return Err(
                CliError::of_pipeline(error, hint).at(format!("pipeline `{}`", pipeline.name))
            );
        }
        crate::cli::session::check(&pipeline.counts, false)?;
    }
    let failed = report.expectations.iter().filter(|verdict| !verdict.passed);
    let failed: Vec<_> = failed.map(|verdict| verdict.stream.as_str()).collect();
    match failed[..] {
        [] => Ok(()),
        _ => Err(CliError::new(
            Exit::Check,
            format!("what is expected does not hold: {}", failed.join(", ")),
        )),
    }
}

/// `--dry-run`: what would run, and whether the target can do it.
pub(in crate::cli) fn plan(
    scenario: &Scenario,
    target: &TargetDecl,
    session: &Session,
) -> CliResult {
    let adapter = session.places.registry().get(&target.adapter)?;
    let place = if target.emulator {
        "the emulator inside"
    } else {
        "the target"
    };
    session.ui.say(format!(
        "{} on {} ({place})",
        scenario.name.bold(),
        target.adapter
    ));
    for stream in &scenario.streams {
        let partitions = stream
            .spec
            .partitions
            .map_or("the default number of".to_owned(), |n| n.to_string());
        session.ui.say(format!(
            "  create {} with {partitions} partitions",
            stream.name
        ));
    }
    for pipeline in &scenario.pipelines {
        let steps: Vec<_> = pipeline.steps.iter().map(|step| step.name()).collect();
        session.ui.say(format!(
            "  run {}: {} -> {}",
            pipeline.name,
            steps.join(" -> "),
            pipeline.sink.to
        ));
    }
    let capabilities = adapter.capabilities_with(&target.options);
    for line in Copies::plan(scenario, &capabilities).lines() {
        session.ui.say(format!("  {line}"));
    }
    fits(scenario, adapter.name(), &capabilities)
}

/// Whether a target of these capabilities can do what the scenario needs.
pub(in crate::cli) fn fits(
    scenario: &Scenario,
    adapter: &str,
    capabilities: &Capabilities,
) -> CliResult {
    let mismatches = check(&scenario.needs(), capabilities);
    if mismatches.is_empty() {
        return Ok(());
    }
    let list: Vec<String> = mismatches
        .iter()
        .map(|mismatch| format!("\n  {mismatch}"))
        .collect();
    Err(CliError::new(
        Exit::Invalid,
        format!("the scenario does not fit `{adapter}`:{}", list.concat()),
    ))
}
