//! How a proof is told.

use std::collections::BTreeMap;
use std::path::Path;

use colored::Colorize;
use serde_json::json;

use super::Proof;
use super::shrink::Trial;
use crate::cli::error::{CliError, CliResult, Exit};
use crate::cli::ui::Ui;
use crate::engine::trial::Point;

/// For people.
pub(super) fn text(trial: &Trial, saved: Option<&Path>, ui: &Ui) {
    for finding in &trial.findings {
        let verdict = match finding.holds() {
            true => "holds:".green(),
            false => "fails:".red(),
        };
        ui.say(format!(
            "{verdict} `{}` is {}: {} records, {} lost, {} repeated, {} foreign",
            finding.stream,
            finding.claim,
            finding.expected,
            finding.lost,
            finding.repeated,
            finding.foreign
        ));
    }
    let lived = &trial.lived;
    let places: Vec<_> = places(trial)
        .into_iter()
        .map(|(point, count)| format!("{count} {}", name(point)))
        .collect();
    ui.say(format!(
        "{} kills in {:.1} s ({}), {} processes, {} ended by themselves and were started again",
        lived.hit.len(),
        trial.seconds,
        places.join(", "),
        lived.started,
        lived.failed
    ));
    if let Some(path) = saved {
        ui.say(format!(
            "a smaller plan that shows it: `{0}`; again with `--plan {0}`",
            path.display()
        ));
    }
}

/// For programs.
pub(super) fn json(proof: &Proof<'_>, trial: &Trial, saved: Option<&Path>) -> CliResult {
    let document = json!({
        "scenario": proof.scenario.name,
        "adapter": proof.target.adapter,
        "holds": trial.holds(),
        "kills": {
            "planned": trial.planned,
            "hit": trial.lived.hit.len(),
            "at": places(trial).into_iter().map(|(point, count)| (name(point), count)).collect::<BTreeMap<_, _>>(),
        },
        "processes": trial.lived.started,
        "failures": trial.lived.failed,
        "seconds": trial.seconds,
        "streams": trial.findings,
        "plan": saved,
    });
    proof.session.ui.data(format!("{document:#}\n"))
}

/// A proof with few kills proves little.
pub(super) fn enough(trial: &Trial) -> CliResult {
    let (hit, planned) = (trial.lived.hit.len(), trial.planned);
    if 4 * hit >= 3 * planned {
        return Ok(());
    }
    Err(CliError::new(
        Exit::Check,
        format!("only {hit} of {planned} kills hit before all was done, which proves little"),
    )
    .hint("let the scenario make more records, or ask for fewer `--kills`"))
}

fn places(trial: &Trial) -> BTreeMap<Point, usize> {
    let mut places = BTreeMap::new();
    for kill in &trial.lived.hit {
        *places.entry(kill.point).or_default() += 1;
    }
    places
}

/// What had just happened.
fn name(point: Point) -> &'static str {
    match point {
        Point::Read => "read",
        Point::Written => "written",
        Point::Flushed => "flushed",
        Point::Committed => "committed",
        Point::Prepared => "prepared",
        Point::Kept => "kept",
        Point::Changed => "changed",
        Point::Logged => "logged",
    }
}
