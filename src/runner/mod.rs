//! Running a scenario: streams are made, pipelines run side by side, expectations are checked.
//!
//! A pipeline that reads a stream which others of the scenario write ends when they have ended
//! and it has read what they wrote. One that reads a stream from outside ends at what the stream
//! held when the run began, unless it is to follow. What a declared stream held before the run
//! is left alone and counts for nothing.

mod changelog;
mod cloud;
mod copies;
mod declared;
mod emulators;
mod error;
mod identity;
mod patient;
mod pipelines;
#[cfg(feature = "postgres")]
mod postgres;
mod prefixed;
mod readback;
mod report;
mod segments;
mod state;
mod streams;
mod tables;
mod traced;
mod trial;

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::future::join_all;
use ssectl_adapter::{Options, StreamUri, Target};
use tokio::sync::watch;

use crate::beam::Beam;
use crate::engine::{Control, Notice, Patience, Settings, Stats};
use crate::places::{Home, Place, Places, TargetDecl};
use crate::scenario::Scenario;
use crate::timeline::Timeline;
use ssectl_trace::Tracer;

use patient::PatientTarget;
use prefixed::PrefixedTarget;
use readback::Found;

pub use cloud::{CloudAction, CloudStream, Fate};
pub use copies::Copies;
pub use declared::Declared;
pub use emulators::{EmulatorError, EmulatorOptions, Emulators};
pub use error::RunError;
pub use report::{PipelineReport, Report, StreamReport};
pub use state::StateOptions;
pub use trial::{Remains, tried};

/// How a scenario is run.
pub struct Runner<'a> {
    /// Adapters and targets.
    pub places: &'a Places,
    /// Where the declared streams live.
    pub target: TargetDecl,
    /// What the names of the declared streams begin with at the target.
    pub prefix: String,
    /// Stop, and where notices go.
    pub control: Control,
    /// Go on reading streams from outside after their end.
    pub follow: bool,
    /// Also read back what the run wrote to the declared streams.
    pub collect: bool,
    /// Where pipelines keep what they remember.
    pub state: StateOptions,
    /// What runs the pipelines that read streams, if not the engine inside.
    pub beam: Option<&'a Beam>,
    /// Told what becomes of every record; not where Beam runs the pipelines.
    pub tracer: Option<Arc<Tracer>>,
    /// How pipelines run.
    pub settings: Settings,
    /// The virtual time in which it all happens, if not that of the machine.
    pub timeline: Option<Timeline>,
    /// Called with each pipeline's name and counters before it starts.
    pub watch: &'a (dyn Fn(&str, Arc<Stats>) + Sync),
}

impl Runner<'_> {
    /// Runs all pipelines to their end and checks the expectations.
    ///
    /// # Errors
    ///
    /// Whatever kept the run from starting. A pipeline that fails and an expectation that does
    /// not hold are part of the report.
    pub async fn run(&self, scenario: &Scenario) -> Result<Report, RunError> {
        let patience = Patience::new(&scenario.name, &self.control);
        let home = self.home(&patience)?;
        streams::fits(scenario, &home)?;
        let copies = Copies::plan(scenario, &home.capabilities);
        for line in copies.lines() {
            notice(&self.control, &scenario.name, line);
        }
        let streams = streams::create(scenario, &home, &copies).await?;
        // Opened before anything is written, so that each sees exactly what this run writes.
        let reads = readback::open(scenario, &home, &copies, self.collect).await?;
        let (pipelines, ends) = pipelines::open(self, scenario, &home, &copies).await?;
        let reports = self.drive(pipelines, ends).await;
        let failed = reports.iter().any(|report| report.error.is_some());
        let found = if failed || self.control.stop.is_cancelled() {
            Found::default()
        } else {
            readback::finish(reads, &patience).await?
        };
        for (stream, count) in &found.repeated {
            let line = format!("{stream}: {count} records came again and do not count");
            notice(&self.control, &scenario.name, line);
        }
        Ok(Report {
            scenario: scenario.name.clone(),
            target: home.describe(),
            streams,
            pipelines: reports,
            expectations: found.verdicts,
            contents: found.contents,
            retries: patience.retries(),
        })
    }

    /// Where the streams live; what fails for now at the start is tried again.
    fn home(&self, patience: &Patience) -> Result<Home, RunError> {
        let home = self.places.home(&self.target).map_err(RunError::target)?;
        let home = Home {
            target: self.in_time(home.adapter.name(), home.target),
            ..home
        };
        let patient = PatientTarget {
            target: home.target,
            patience: patience.briefly(),
        };
        let target: Arc<dyn Target> = match self.prefix.is_empty() {
            true => Arc::new(patient),
            false => Arc::new(PrefixedTarget {
                target: Arc::new(patient),
                prefix: self.prefix.clone(),
            }),
        };
        Ok(Home { target, ..home })
    }

    /// The place of an address outside of the declared streams.
    fn place(&self, uri: &StreamUri, options: &Options) -> ssectl_adapter::Result<Place> {
        let place = self.places.locate(uri, options)?;
        Ok(Place {
            target: self.in_time(place.adapter.name(), place.target.clone()),
            ..place
        })
    }

    /// A target of an adapter, for who lives in virtual time. Streams in memory live in it too.
    fn in_time(&self, adapter: &str, target: Arc<dyn Target>) -> Arc<dyn Target> {
        match &self.timeline {
            Some(timeline) if adapter != "memory" => {
                timeline.outside(target, matches!(adapter, "file" | "stdio"))
            }
            _ => target,
        }
    }

    async fn drive(
        &self,
        pipelines: Vec<pipelines::Opened>,
        ends: BTreeMap<String, watch::Sender<bool>>,
    ) -> Vec<PipelineReport> {
        let tracker = pipelines::Tracker::new(&pipelines, ends);
        let runs = pipelines.into_iter().map(|opened| {
            let tracker = &tracker;
            let control = self.control.clone();
            (self.watch)(&opened.pipeline.name, opened.pipeline.stats.clone());
            async move {
                let name = opened.pipeline.name.clone();
                let stats = opened.pipeline.stats.clone();
                let error = opened.pipeline.run(control).await.err();
                if error.is_some() {
                    // The others end with what they have; without this they would wait for ever.
                    self.control.stop.cancel();
                }
                tracker.ended(&name);
                PipelineReport {
                    name,
                    counts: stats.counts(),
                    tallies: stats.tallies(),
                    error,
                }
            }
        });
        join_all(runs).await
    }
}

/// Says something about the run as a whole.
fn notice(control: &Control, scenario: &str, message: impl Into<String>) {
    (control.notify)(Notice {
        pipeline: scenario.to_owned(),
        message: message.into(),
        warns: false,
    });
}

#[cfg(all(test, feature = "file"))]
mod tests;
