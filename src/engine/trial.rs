//! Points at which a process on trial can be killed, between any two of its effects.
//!
//! `ssectl prove` runs pipelines in a child process and kills it. Random moments seldom hit the
//! short spans in which a defect would show, so the child can be told to halt at a point; it says
//! so by a file, and is killed there. A process that nobody put on trial has no such points.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::pipeline::Settings;

/// What has just happened to a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Point {
    /// It was read, and nothing was done with it.
    Read,
    /// Its results were handed to the sink, which may still hold them.
    Written,
    /// The sink has them; the source is not committed.
    Flushed,
    /// The source is committed.
    Committed,
    /// What steps remember is on the disk, and counts once its number is committed in a transaction.
    Prepared,
    /// What steps remember is on the disk, and counts.
    Kept,
    /// What changed of it is in its changelog, without a marker.
    Changed,
    /// It is there with its marker.
    Logged,
}

impl Point {
    /// Those that every pipeline passes, in the order a batch passes them.
    pub const ALL: [Self; 4] = [Self::Read, Self::Written, Self::Flushed, Self::Committed];
    /// Those of a pipeline whose state outlives it.
    pub const WITH_STATE: [Self; 5] = [
        Self::Read,
        Self::Written,
        Self::Flushed,
        Self::Committed,
        Self::Kept,
    ];
}

/// How a process on trial runs.
#[derive(Debug)]
pub struct Trial {
    /// Records that are read at once.
    pub records: usize,
    /// How often it commits.
    pub commit_every: Duration,
    /// Where it gives a sign of itself.
    pub halt: Option<Halt>,
    /// Whether it commits a batch before it writes it, a fault that a proof must find.
    pub commits_early: bool,
}

/// A sign at a passage of a point.
#[derive(Debug)]
pub struct Halt {
    /// The point.
    pub point: Point,
    /// Which passage, from 1 on; counted down.
    pub passage: AtomicU64,
    /// The file that is the sign.
    pub sign: PathBuf,
    /// Whether nothing more happens behind it.
    pub stays: bool,
}

static TRIAL: OnceLock<Trial> = OnceLock::new();

impl Trial {
    /// Puts this process on trial; the first call counts.
    pub fn begin(self) {
        TRIAL.get_or_init(|| self);
    }
}

/// The settings of a pipeline; smaller steps on trial, so that a kill hits between them.
pub fn settings() -> Settings {
    let mut settings = Settings::default();
    if let Some(trial) = TRIAL.get() {
        settings.limit.records = trial.records;
        settings.commit_every = trial.commit_every;
    }
    settings
}

/// Whether this process has the planted fault.
pub(super) fn commits_early() -> bool {
    TRIAL.get().is_some_and(|trial| trial.commits_early)
}

/// A batch is at this point.
pub(super) fn pass(point: Point) {
    let halt = TRIAL.get().and_then(|trial| trial.halt.as_ref());
    let Some(halt) = halt.filter(|halt| halt.point == point) else {
        return;
    };
    // Past the last passage it counts on below zero, around to a number that no run reaches.
    if halt.passage.fetch_sub(1, Ordering::Relaxed) != 1 {
        return;
    }
    // Whoever waits for the sign kills us; if it cannot be given, the trial goes on unkilled.
    let given = std::fs::write(&halt.sign, "");
    while given.is_ok() && halt.stays {
        std::thread::park();
    }
}
