//! Reading back what the run wrote: to hold it against the expectations, or to compare targets.

use std::collections::BTreeMap;

use ssectl_adapter::{Bound, Commit, Fetched, Limit, Range, Record, Source, SourceSpec};

use super::copies::Copies;
use super::error::RunError;
use super::identity;
use crate::engine::{Encoding, Patience, Repeats};
use crate::places::Home;
use crate::scenario::{Checker, Scenario, Verdict};
use crate::verify::Contents;

/// A read of a declared stream that began before the run, and who looks at the records. Both look
/// at the same read: on a queue a second one would take the records away from the first.
pub(super) struct ReadBack {
    stream: String,
    source: Box<dyn Source>,
    /// Recognises records that come again.
    repeats: Option<Repeats>,
    repeated: u64,
    checker: Option<Checker>,
    contents: Option<Contents>,
}

/// What was found.
#[derive(Default)]
pub(super) struct Found {
    /// In the order of the file.
    pub(super) verdicts: Vec<Verdict>,
    pub(super) contents: BTreeMap<String, Contents>,
    /// Records that came again and were left out, by stream.
    pub(super) repeated: BTreeMap<String, u64>,
}

/// Opens a read at the end of every expected stream and, to `collect`, of all that can be read
/// beside the pipelines.
pub(super) async fn open(
    scenario: &Scenario,
    home: &Home,
    copies: &Copies,
    collect: bool,
) -> Result<Vec<ReadBack>, RunError> {
    let mut reads = Vec::new();
    for expectation in &scenario.expectations {
        let mut read = ReadBack::open(scenario, &expectation.stream, home, copies).await?;
        // A fixture that cannot be read shall not be found out after the run.
        let checker = Checker::new(expectation)
            .map_err(|error| RunError::pipeline(&expectation.stream, error))?;
        read.checker = Some(checker);
        read.contents = collect.then(Contents::default);
        reads.push(read);
    }
    if collect {
        for stream in collectable(scenario, home) {
            if !reads.iter().any(|read| read.stream == stream) {
                let mut read = ReadBack::open(scenario, stream, home, copies).await?;
                read.contents = Some(Contents::default());
                reads.push(read);
            }
        }
    }
    Ok(reads)
}

/// The declared streams that a reader of ours takes nothing away from: on a target that does not
/// fan out, records are for one reader.
fn collectable<'a>(scenario: &'a Scenario, home: &Home) -> impl Iterator<Item = &'a str> {
    let fan_out = home.capabilities.fan_out;
    let names = scenario.streams.iter().map(|stream| stream.name.as_str());
    names.filter(move |name| fan_out || !scenario.reads(name))
}

/// Reads each stream to its end. All pipelines have ended, so the end is known.
pub(super) async fn finish(reads: Vec<ReadBack>, patience: &Patience) -> Result<Found, RunError> {
    let mut found = Found::default();
    for read in reads {
        read.finish(&mut found, patience).await?;
    }
    Ok(found)
}

impl ReadBack {
    async fn open(
        scenario: &Scenario,
        stream: &str,
        home: &Home,
        copies: &Copies,
    ) -> Result<Self, RunError> {
        let reads = copies.read_by(stream, None);
        let source = home.target.source(&from_now(reads)).await;
        Ok(Self {
            stream: stream.to_owned(),
            source: source.map_err(RunError::stream(stream))?,
            repeats: identity::repeats(scenario, stream, Encoding::Json),
            repeated: 0,
            checker: None,
            contents: None,
        })
    }

    /// Shows a record to who wants it, if it is new.
    fn look(&mut self, record: &Record) -> ssectl_adapter::Result<()> {
        if let Some(repeats) = &mut self.repeats
            && repeats.is_repeated(record)?
        {
            self.repeated += 1;
            return Ok(());
        }
        if let Some(checker) = &mut self.checker {
            checker.record(record);
        }
        if let Some(contents) = &mut self.contents {
            contents.add(record);
        }
        Ok(())
    }

    async fn commit(&mut self, commit: &Commit, patience: &Patience) -> ssectl_adapter::Result<()> {
        let mut tries = patience.tries();
        while let Err(error) = self.source.commit(commit).await {
            tries.failed("committing", error).await?;
        }
        Ok(())
    }

    async fn finish(mut self, found: &mut Found, patience: &Patience) -> Result<(), RunError> {
        let stream = self.stream.clone();
        let fault = |error| RunError::stream(&stream)(error);
        let mut tries = patience.tries();
        while let Err(error) = self.source.bound().await {
            let again = tries.failed("looking for the end", error).await;
            again.map_err(fault)?;
        }
        let mut tries = patience.tries();
        loop {
            match self.source.fetch(Limit::default()).await {
                Ok(Fetched::Batch(batch)) => {
                    tries.worked();
                    let mut records = batch.records.iter();
                    let looked = records.try_for_each(|record| self.look(record));
                    looked.map_err(fault)?;
                    // A queue may give the next records only when these are done with.
                    self.commit(&batch.commit, patience).await.map_err(fault)?;
                }
                Ok(Fetched::Idle) => {}
                Ok(Fetched::End) => break,
                Err(error) => tries.failed("reading", error).await.map_err(fault)?,
            }
        }
        self.source.close().await.map_err(fault)?;
        if self.repeated > 0 {
            found.repeated.insert(stream.clone(), self.repeated);
        }
        found.verdicts.extend(self.checker.map(Checker::finish));
        if let Some(contents) = self.contents {
            found.contents.insert(self.stream, contents);
        }
        Ok(())
    }
}

/// Only what is written from now on.
fn from_now(stream: &str) -> SourceSpec {
    SourceSpec {
        stream: stream.to_owned(),
        range: Range {
            from: Bound::End,
            to: None,
        },
        ..SourceSpec::default()
    }
}
