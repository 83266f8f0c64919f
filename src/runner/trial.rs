//! A scenario in two parts, so that one of them can be killed and started again.
//!
//! Pipelines that make, replay or fetch records feed the streams, once. Those that read the streams
//! of the scenario are what is on trial: they go on where their groups stand, life after life.

use std::collections::{BTreeMap, BTreeSet};

use super::copies::Copies;
use super::{PipelineReport, RunError, Runner, pipelines, readback, streams};
use crate::engine::Patience;
use crate::scenario::{Pipeline, Scenario, Source, SourceKind};
use crate::verify::Contents;

/// What is in the streams in the end.
#[derive(Debug, Default)]
pub struct Remains {
    /// By stream, without the records that came again by their ids.
    pub contents: BTreeMap<String, Contents>,
    /// How many came again, by stream; only for streams with an `id`.
    pub repeated: BTreeMap<String, u64>,
}

/// Whether a pipeline only feeds the scenario.
fn feeds(pipeline: &Pipeline) -> bool {
    let reads = pipeline.sources().filter_map(Source::read);
    reads
        .map(|(read, _)| &read.from)
        .all(|from| from.declared().is_none())
}

/// The streams that the pipelines on trial write.
pub fn tried(scenario: &Scenario) -> BTreeSet<String> {
    let tried = scenario.pipelines.iter().filter(|one| !feeds(one));
    tried
        .filter_map(|pipeline| pipeline.sink.to.declared())
        .map(str::to_owned)
        .collect()
}

impl Runner<'_> {
    /// Makes and feeds the streams, waits for `lives` to do the rest, and reads back what is there.
    ///
    /// # Errors
    ///
    /// What keeps the streams from being fed or read, and what `lives` fails with.
    pub async fn around<T>(
        &self,
        scenario: &Scenario,
        lives: impl Future<Output = Result<T, RunError>>,
    ) -> Result<(T, Remains), RunError> {
        let patience = Patience::new(&scenario.name, &self.control);
        let home = self.home(&patience)?;
        streams::fits(scenario, &home)?;
        let copies = Copies::plan(scenario, &home.capabilities);
        streams::create(scenario, &home, &copies).await?;
        let reads = readback::open(scenario, &home, &copies, true).await?;
        if home.capabilities.leases && home.capabilities.fan_out {
            // Such a group sees what is written once it is there, so it comes first.
            self.open_and_leave(scenario).await?;
        }
        sound(self.part(scenario, feeds).await?)?;
        let lived = lives.await?;
        let found = readback::finish(reads, &patience).await?;
        let remains = Remains {
            contents: found.contents,
            repeated: found.repeated,
        };
        Ok((lived, remains))
    }

    /// One life of what is on trial, to its end if nobody kills it.
    ///
    /// # Errors
    ///
    /// What keeps a pipeline from being opened, or stops it.
    pub async fn live(&self, scenario: &Scenario) -> Result<(), RunError> {
        let scenario = self.grouped(scenario);
        sound(self.part(&scenario, |pipeline| !feeds(pipeline)).await?)
    }

    /// Opens what the pipelines on trial read, and closes it again.
    async fn open_and_leave(&self, scenario: &Scenario) -> Result<(), RunError> {
        let patience = Patience::new(&scenario.name, &self.control);
        let home = self.home(&patience)?;
        let mut tried = self.grouped(scenario);
        let copies = Copies::plan(&tried, &home.capabilities);
        tried.pipelines.retain(|pipeline| !feeds(pipeline));
        let (pipelines, _ends) = pipelines::open(self, &tried, &home, &copies).await?;
        drop(pipelines);
        Ok(())
    }

    /// The scenario with a group for each read of a stream.
    fn grouped(&self, scenario: &Scenario) -> Scenario {
        let mut scenario = scenario.clone();
        for pipeline in &mut scenario.pipelines {
            // Without a group nothing tells where to go on; and the run that nobody disturbs may
            // still count as a member of its own.
            let sources = std::iter::once(&mut pipeline.source).chain(&mut pipeline.merged);
            for source in sources {
                let SourceKind::Read(read) = &mut source.kind else {
                    continue;
                };
                let group = read.group.as_deref().unwrap_or(&pipeline.name);
                read.group = Some(format!("{}{group}", self.prefix));
            }
        }
        scenario
    }

    /// Deletes the streams of the scenario.
    ///
    /// # Errors
    ///
    /// What keeps them from being deleted.
    pub async fn clear(&self, scenario: &Scenario) -> Result<(), RunError> {
        let patience = Patience::new(&scenario.name, &self.control);
        let home = self.home(&patience)?;
        let copies = Copies::plan(scenario, &home.capabilities);
        let admin = home.target.admin().map_err(RunError::target)?;
        for spec in streams::specs(scenario, &copies) {
            let deleted = admin.delete(&spec.name).await;
            deleted.map_err(RunError::stream(&spec.name))?;
        }
        Ok(())
    }

    /// Runs some of the pipelines.
    async fn part(
        &self,
        scenario: &Scenario,
        belongs: impl Fn(&Pipeline) -> bool,
    ) -> Result<Vec<PipelineReport>, RunError> {
        let patience = Patience::new(&scenario.name, &self.control);
        let home = self.home(&patience)?;
        let copies = Copies::plan(scenario, &home.capabilities);
        let mut part = scenario.clone();
        part.pipelines.retain(belongs);
        let (pipelines, ends) = pipelines::open(self, &part, &home, &copies).await?;
        Ok(self.drive(pipelines, ends).await)
    }
}

/// The first pipeline that failed.
fn sound(reports: Vec<PipelineReport>) -> Result<(), RunError> {
    for PipelineReport { name, error, .. } in reports {
        if let Some(error) = error {
            let below = std::error::Error::source(&error).map(ToString::to_string);
            let message = below.map_or(error.to_string(), |below| format!("{error}: {below}"));
            return Err(RunError::pipeline(&name, message));
        }
    }
    Ok(())
}
