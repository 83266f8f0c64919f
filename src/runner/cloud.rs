//! The real streams of a scenario, made before its runs and removed after them.

use std::collections::BTreeMap;

use ssectl_adapter::{Admin, ErrorKind, StreamSpec};

use super::copies::Copies;
use super::error::RunError;
use super::streams::{fits, made, specs};
use super::{Runner, notice};
use crate::engine::Patience;
use crate::places::Home;
use crate::scenario::Scenario;

/// What became of a stream, or would.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is not there.
    Missing,
    /// It is there.
    Present,
    /// It was made.
    Made,
    /// It was deleted.
    Deleted,
}

/// A stream of a scenario at its target.
#[derive(Debug)]
pub struct CloudStream {
    /// Its name there, with the prefix.
    pub name: String,
    /// How many partitions the scenario wants.
    pub partitions: Option<u32>,
    /// What became of it.
    pub fate: Fate,
}

/// What to do with the streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloudAction {
    /// Look what is there.
    Plan,
    /// Make what is missing.
    Up,
    /// Delete what is there.
    Down,
}

impl Runner<'_> {
    /// Looks at, makes or deletes the streams of a scenario; every action may be repeated.
    ///
    /// # Errors
    ///
    /// The target lacks what the scenario needs, cannot be reached, or refuses. What was done before stays done.
    pub async fn cloud(
        &self,
        scenario: &Scenario,
        action: CloudAction,
    ) -> Result<Vec<CloudStream>, RunError> {
        let home = self.home(&Patience::new(&scenario.name, &self.control))?;
        fits(scenario, &home)?;
        let copies = Copies::plan(scenario, &home.capabilities);
        for line in copies.lines() {
            notice(&self.control, &scenario.name, line);
        }
        let admin = home.target.admin().map_err(RunError::target)?;
        let mut streams = Vec::new();
        for spec in specs(scenario, &copies) {
            let spec = StreamSpec {
                tags: self.tags(scenario),
                ..spec
            };
            streams.push(CloudStream {
                name: format!("{}{}", self.prefix, spec.name),
                partitions: spec.partitions,
                fate: act(&*admin, &spec, &home, action).await?,
            });
        }
        Ok(streams)
    }

    /// The labels of a scenario's streams.
    fn tags(&self, scenario: &Scenario) -> BTreeMap<String, String> {
        let tags = [
            ("created-by", "ssectl"),
            ("scenario", &scenario.name),
            ("prefix", &self.prefix),
        ];
        let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        tags.map(own).into()
    }
}

async fn act(
    admin: &dyn Admin,
    spec: &StreamSpec,
    home: &Home,
    action: CloudAction,
) -> Result<Fate, RunError> {
    let there = |there: bool, yes: Fate, no: Fate| if there { yes } else { no };
    let found = match action {
        CloudAction::Plan => admin.describe(&spec.name).await.map(drop),
        CloudAction::Up => {
            let made = made(admin, spec, home).await?;
            return Ok(there(made, Fate::Made, Fate::Present));
        }
        CloudAction::Down => admin.delete(&spec.name).await,
    };
    let was_there = match found {
        Ok(()) => true,
        Err(error) if error.kind() == ErrorKind::NotFound => false,
        Err(error) => return Err(RunError::stream(&spec.name)(error)),
    };
    Ok(match action {
        CloudAction::Down => there(was_there, Fate::Deleted, Fate::Missing),
        CloudAction::Plan | CloudAction::Up => there(was_there, Fate::Present, Fate::Missing),
    })
}
