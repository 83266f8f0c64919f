//! Reading back what the run wrote, and holding it against the expectations.

use ssectl_adapter::{Bound, Fetched, Limit, Range, Source, SourceSpec};

use super::copies::Copies;
use super::error::RunError;
use crate::places::Home;
use crate::scenario::{Checker, Expectation, Scenario, Verdict};

/// A read of an expected stream that began before the run.
pub(super) struct Check {
    source: Box<dyn Source>,
    checker: Checker,
}

/// Opens a read at the end of every expected stream.
pub(super) async fn open(
    scenario: &Scenario,
    home: &Home,
    copies: &Copies,
) -> Result<Vec<Check>, RunError> {
    let mut checks = Vec::new();
    for expectation in &scenario.expectations {
        let stream = copies.read_by(&expectation.stream, None);
        let source = home.target.source(&from_now(stream)).await;
        // A fixture that cannot be read shall not be found out after the run.
        let checker = Checker::new(expectation)
            .map_err(|error| RunError::pipeline(&expectation.stream, error))?;
        checks.push(Check {
            source: source.map_err(RunError::stream(&expectation.stream))?,
            checker,
        });
    }
    Ok(checks)
}

/// Only what is written from now on.
pub(super) fn from_now(stream: &str) -> SourceSpec {
    SourceSpec {
        stream: stream.to_owned(),
        range: Range {
            from: Bound::End,
            to: None,
        },
        ..SourceSpec::default()
    }
}

/// Reads each stream to its end. All pipelines have ended, so the end is known.
pub(super) async fn check(
    scenario: &Scenario,
    checks: Vec<Check>,
) -> Result<Vec<Verdict>, RunError> {
    let mut verdicts = Vec::new();
    for (expectation, check) in scenario.expectations.iter().zip(checks) {
        verdicts.push(judge(expectation, check).await?);
    }
    Ok(verdicts)
}

async fn judge(expectation: &Expectation, check: Check) -> Result<Verdict, RunError> {
    let Check {
        mut source,
        mut checker,
    } = check;
    let fault = |error| RunError::stream(&expectation.stream)(error);
    source.bound().await.map_err(fault)?;
    loop {
        match source.fetch(Limit::default()).await.map_err(fault)? {
            Fetched::Batch(batch) => {
                let records = batch.records.iter();
                records.for_each(|record| checker.record(record));
                // A queue may give the next records only when these are done with.
                source.commit(&batch.commit).await.map_err(fault)?;
            }
            Fetched::Idle => {}
            Fetched::End => break,
        }
    }
    source.close().await.map_err(fault)?;
    Ok(checker.finish())
}
