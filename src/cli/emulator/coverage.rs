//! `emulator coverage`: which operations are served, from the tables that serve them.

use crate::cli::error::CliResult;
use crate::cli::session::Session;

/// Prints a line per operation: service, operation, versions where it has some, support.
#[cfg(feature = "emulator")]
pub(super) fn run(session: &Session) -> CliResult {
    let rows = kafka().chain(pubsub()).chain(aws()).chain(eventhubs());
    session.ui.data(rows.collect::<String>())
}

/// Says that this build has none.
#[cfg(not(feature = "emulator"))]
pub(super) fn run(_session: &Session) -> CliResult {
    Err(super::failed(crate::runner::EmulatorError::LeftOut))
}

#[cfg(feature = "emulator")]
fn row(service: &str, operation: &str, versions: &str, support: &str) -> String {
    format!("{service:9}  {operation:34} {versions:5}  {support}\n")
}

#[cfg(feature = "emulator")]
fn kafka() -> impl Iterator<Item = String> {
    use ssectl_emulator::kafka::{Support, coverage};
    coverage().into_iter().map(|found| {
        let (versions, support) = match found.support {
            Support::Full(versions) => (Some(versions), "supported".to_owned()),
            Support::Partly(versions, missing) => {
                (Some(versions), format!("partly: without {missing}"))
            }
            Support::Refused => (None, "refused".to_owned()),
        };
        let versions = versions.map(|range| format!("{:>2}-{:<2}", range.start(), range.end()));
        row(
            "kafka",
            &found.name,
            &versions.unwrap_or_default(),
            &support,
        )
    })
}

/// The rows of a service whose operations have no versions.
#[cfg(feature = "emulator")]
macro_rules! rows {
    ($module:ident, $service:expr) => {{
        use ssectl_emulator::$module::{Support, coverage};
        coverage().into_iter().map(|found| {
            let support = match found.support {
                Support::Full => "supported".to_owned(),
                Support::Partly(missing) => format!("partly: {missing}"),
                Support::Refused => "refused".to_owned(),
            };
            row($service(&found), found.operation, "", &support)
        })
    }};
}

#[cfg(feature = "emulator")]
fn pubsub() -> impl Iterator<Item = String> {
    use ssectl_emulator::pubsub::{Support, coverage};
    coverage().into_iter().map(|found| {
        let support = match found.support {
            Support::Full => "supported".to_owned(),
            Support::Partly(missing) => format!("partly: {missing}"),
        };
        row("pubsub", found.operation, "", &support)
    })
}

#[cfg(feature = "emulator")]
fn aws() -> impl Iterator<Item = String> {
    rows!(aws, |found: &ssectl_emulator::aws::Coverage| found.service)
}

#[cfg(feature = "emulator")]
fn eventhubs() -> impl Iterator<Item = String> {
    rows!(eventhubs, |_: &_| "eventhubs")
}
