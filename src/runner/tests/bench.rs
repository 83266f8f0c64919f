//! One run of a scenario on streams in memory.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ssectl_adapter::{Limit, MemoryAdapter, Options, Registry};
use tokio_util::sync::CancellationToken;

use super::shuffled::{Chance, Random, Shuffled};
use crate::config::{Files, load as configured};
use crate::document::Env;
use crate::engine::{Control, Settings};
use crate::places::{Places, TargetDecl};
use crate::runner::{Report, RunError, Runner, StateOptions};
use crate::scenario::Scenario;
use crate::timeline::{Clock, VirtualTime};

/// The variable with another first seed: that of the property tests.
pub(super) const SEED: &str = "PROPTEST_RNG_SEED";

pub(super) fn first_seed() -> u64 {
    std::env::var(SEED).map_or(1, |seed| seed.parse().expect("a number"))
}

/// All scenario files there are.
pub(super) fn scenario_files() -> Vec<PathBuf> {
    let mut folders = vec![
        PathBuf::from("scenarios"),
        PathBuf::from("fixtures/determinism"),
    ];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().unwrap_or_default();
            if path.is_dir() && name != "data" && name != "expected" {
                folders.push(path);
            } else if path.extension().is_some_and(|name| name == "yaml") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// One run of a scenario, or a part of it up to a stop.
pub(super) struct Bench<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) memory: &'a Arc<MemoryAdapter>,
    pub(super) seed: u64,
    pub(super) state: Option<&'a Path>,
    /// Stop after so many records written.
    pub(super) stop_after: Option<i64>,
    pub(super) stop: CancellationToken,
}

impl Bench<'_> {
    fn settings(&self) -> Settings {
        let mut random = Random(self.seed);
        let sizes = [1, 7, 100, 8192];
        let usual = Settings::default();
        Settings {
            limit: Limit {
                records: sizes[random.below(4) as usize],
                ..usual.limit
            },
            commit_every: Duration::from_millis(1 + random.below(20)),
            workers: NonZeroUsize::new(1 + random.below(4) as usize).expect("above 0"),
            ..usual
        }
    }

    pub(super) async fn run(&self) -> Result<Report, RunError> {
        let control = Control {
            stop: self.stop.clone(),
            ..Control::detached()
        };
        let mut registry = Registry::default();
        registry.add(ssectl_adapter_file::FileAdapter);
        registry.add(Shuffled {
            memory: self.memory.clone(),
            chance: Chance::new(self.seed, self.stop_after, control.stop.clone()),
        });
        let config = configured(&Files::default(), &Env::new(), &[]).expect("the defaults");
        let places = Places::new(registry, config);
        let time = match self.scenario.clock {
            Clock::Wall => None,
            Clock::Virtual { start } => Some(VirtualTime::from(start).expect("a thread")),
        };
        let settings = self.settings();
        let runner = Runner {
            places: &places,
            target: TargetDecl {
                adapter: "memory".to_owned(),
                options: Options::new(),
                emulator: false,
            },
            prefix: String::new(),
            control,
            follow: false,
            collect: false,
            state: StateOptions {
                dir: self.state.map(Path::to_owned),
                ..StateOptions::default()
            },
            beam: None,
            tracer: None,
            settings: match time {
                Some(_) => settings.in_virtual_time(),
                None => settings,
            },
            timeline: time.as_ref().map(|time| time.timeline().clone()),
            watch: &|_, _| {},
        };
        let run = runner.run(self.scenario);
        match &time {
            Some(time) => time.block_on(run),
            None => run.await,
        }
    }
}
