//! The declared streams at the target.

use ssectl_adapter::{Admin, ErrorKind, StreamSpec};

use super::copies::Copies;
use super::error::RunError;
use super::report::StreamReport;
use crate::places::Home;
use crate::scenario::Scenario;

/// Whether the target can do what the scenario needs, before the first record moves.
pub(super) fn fits(scenario: &Scenario, home: &Home) -> Result<(), RunError> {
    let mismatches = crate::scenario::check(&scenario.needs(), &home.capabilities);
    if mismatches.is_empty() {
        return Ok(());
    }
    Err(RunError::Mismatch {
        target: home.adapter.name().to_owned(),
        mismatches: mismatches.iter().map(ToString::to_string).collect(),
    })
}

/// Makes the streams that are missing.
pub(super) async fn create(
    scenario: &Scenario,
    home: &Home,
    copies: &Copies,
) -> Result<Vec<StreamReport>, RunError> {
    let mut reports = Vec::new();
    if scenario.streams.is_empty() {
        return Ok(reports);
    }
    let admin = home.target.admin().map_err(RunError::target)?;
    for spec in specs(scenario, copies) {
        reports.push(StreamReport {
            created: made(&*admin, &spec, home).await?,
            name: spec.name,
        });
    }
    Ok(reports)
}

/// The streams that a scenario needs at a target, copies included.
pub(super) fn specs(scenario: &Scenario, copies: &Copies) -> Vec<StreamSpec> {
    let streams = scenario.streams.iter().flat_map(|stream| {
        let names = std::iter::once(&stream.name).chain(copies.of(&stream.name));
        names.map(|name| StreamSpec {
            name: name.clone(),
            keep_all: true,
            ..stream.spec.clone()
        })
    });
    streams.collect()
}

/// Makes a stream, unless it is there; says whether it was made.
pub(super) async fn made(
    admin: &dyn Admin,
    spec: &StreamSpec,
    home: &Home,
) -> Result<bool, RunError> {
    match admin.create(spec).await {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            if home.capabilities.partitions {
                same(admin, spec).await?;
            }
            Ok(false)
        }
        Err(error) => Err(RunError::stream(&spec.name)(error)),
    }
}

/// A stream that is there must have the partitions the scenario asks for: its results depend on
/// them.
async fn same(admin: &dyn Admin, spec: &StreamSpec) -> Result<(), RunError> {
    let info = admin
        .describe(&spec.name)
        .await
        .map_err(RunError::stream(&spec.name))?;
    let have = info.partitions.len();
    match spec.partitions {
        Some(want) if want as usize != have => Err(RunError::stream(&spec.name)(
            ssectl_adapter::Error::new(
                ErrorKind::Config,
                format!("it exists with {have} partitions, the scenario wants {want}"),
            )
            .hint("delete it with `ssectl streams delete`, or change `partitions` in the scenario"),
        )),
        _ => Ok(()),
    }
}
