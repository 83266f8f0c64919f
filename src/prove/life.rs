//! One life of a process on trial.

use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use ssectl_adapter::Options;

use super::{Kill, Moment};
use crate::engine::trial::{Halt, Trial};

/// On trial everything that can be committed is committed at once, so that each life gets further.
const COMMIT_EVERY: Duration = Duration::from_millis(1);

/// What a child process is told about its life.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Life {
    /// The adapter of the target, and its options: they may hold secrets, so the file of a life is
    /// for its owner alone.
    pub target: (String, Options),
    /// Records that are read at once; as many as usual if nobody kills it.
    pub records: usize,
    /// Where it keeps what steps remember, if they do.
    #[serde(default)]
    pub state: Option<PathBuf>,
    /// Where the changes of that go.
    #[serde(default)]
    pub changelog: Option<String>,
    /// Whether it has the planted fault.
    #[serde(default)]
    pub commits_early: bool,
    /// Where it ends, and the file that says so.
    pub kill: Option<(Kill, PathBuf)>,
}

impl Life {
    /// Begins it: this process is on trial from now on.
    pub fn begin(self) {
        let Some((kill, sign)) = self.kill else {
            return;
        };
        let trial = Trial {
            records: self.records,
            commit_every: COMMIT_EVERY,
            halt: Some(Halt {
                point: kill.point,
                passage: AtomicU64::new(kill.passage),
                sign,
                stays: kill.moment == Moment::There,
            }),
            commits_early: self.commits_early,
        };
        trial.begin();
    }
}
