//! The declared streams at the target.

use ssectl_adapter::{ErrorKind, StreamSpec};

use super::error::RunError;
use super::report::StreamReport;
use crate::places::Home;
use crate::scenario::Scenario;

/// Whether the target can do what the scenario needs, before the first record moves.
pub(super) fn fits(scenario: &Scenario, home: &Home) -> Result<(), RunError> {
    let mismatches = crate::scenario::check(&scenario.needs(), &home.adapter.capabilities());
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
) -> Result<Vec<StreamReport>, RunError> {
    let mut reports = Vec::new();
    if scenario.streams.is_empty() {
        return Ok(reports);
    }
    let admin = home.target.admin().map_err(RunError::target)?;
    for stream in &scenario.streams {
        let spec = StreamSpec {
            keep_all: true,
            ..stream.spec.clone()
        };
        let created = match admin.create(&spec).await {
            Ok(()) => true,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                if home.adapter.capabilities().partitions {
                    same(&*admin, &stream.spec).await?;
                }
                false
            }
            Err(error) => return Err(RunError::stream(&stream.name)(error)),
        };
        reports.push(StreamReport {
            name: stream.name.clone(),
            created,
        });
    }
    Ok(reports)
}

/// A stream that is there must have the partitions the scenario asks for: its results depend on
/// them.
async fn same(admin: &dyn ssectl_adapter::Admin, spec: &StreamSpec) -> Result<(), RunError> {
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
