//! What the steps of a pipeline remember, and how far its sources were read: kept together, so that a pipeline that was
//! killed goes on as if nothing had happened.

use std::collections::BTreeMap;
use std::path::Path;

use ssectl_adapter::{Commit, Partition, Position};
use ssectl_state::{Checkpoint, Marks, Sealed, Space, StateError, Store, StoreSpec};
use tokio::task::JoinHandle;

use super::error::PipelineError;
use super::trial::{self, Point};

/// Bytes of memory that state may take unless something else is said; what is beyond them goes to disk.
pub const STATE_MEMORY: usize = 256 << 20;

/// The state of a pipeline, and where its inputs stood when it was kept last.
pub struct State {
    store: Store,
    /// Where the positions mean something.
    target: String,
}

impl Default for State {
    fn default() -> Self {
        Self::temporary(STATE_MEMORY)
    }
}

impl State {
    /// State that ends with the process. What takes more than so many bytes of memory is put into a temporary directory.
    pub fn temporary(memory: usize) -> Self {
        Self {
            store: Store::temporary(memory),
            target: String::new(),
        }
    }

    /// State in a directory. `target` says where the inputs are: positions that were kept elsewhere mean nothing here.
    ///
    /// # Errors
    /// It is open elsewhere, damaged, or belongs to other steps.
    pub fn open(root: &Path, spec: &StoreSpec, target: &str) -> Result<Self, StateError> {
        Ok(Self {
            store: Store::open(root, spec)?,
            target: target.to_owned(),
        })
    }

    /// Whether it outlives the process.
    pub fn is_durable(&self) -> bool {
        self.store.dir().is_some()
    }

    /// The number of the checkpoint that it goes on from.
    pub fn restored(&self) -> Option<u64> {
        self.store.restored().map(|found| found.number)
    }

    /// Whether there is a checkpoint, but of inputs at another target: they are read from where a first run would.
    pub fn is_from_elsewhere(&self) -> bool {
        let restored = self.store.restored();
        restored.is_some_and(|found| found.marks.target != self.target)
    }

    /// Where an input goes on, by partition: the next position to read. Of a source that commits no positions, under the
    /// empty name, how many records were read of it. Empty at the first start.
    pub fn positions(&self, input: &str) -> BTreeMap<Partition, Position> {
        let restored = self.store.restored().filter(|_| !self.is_from_elsewhere());
        let positions = restored.and_then(|found| found.marks.positions.get(input));
        positions.cloned().unwrap_or_default()
    }

    /// Where a step has its tables.
    pub(super) fn space(&self, step: &str) -> Space {
        self.store.space(step)
    }
}

/// Takes checkpoints while a pipeline runs.
pub(super) struct Keeper {
    state: State,
    /// The names of the inputs.
    names: Vec<String>,
    marks: Marks,
    /// Whether anything happened since the last checkpoint.
    changed: bool,
    under_way: Option<UnderWay>,
}

/// A checkpoint that is being written, and what may be committed to the sources when it is.
struct UnderWay {
    writing: JoinHandle<Result<Checkpoint, StateError>>,
    commits: Commits,
}

/// By source, what may be committed, and how many records that is.
pub(super) type Commits = Vec<(Commit, usize)>;

impl Keeper {
    pub(super) fn new(state: State, names: Vec<String>) -> Self {
        let restored = state
            .store
            .restored()
            .filter(|_| !state.is_from_elsewhere());
        let mut marks = restored
            .map(|found| found.marks.clone())
            .unwrap_or_default();
        marks.target.clone_from(&state.target);
        Self {
            state,
            names,
            marks,
            changed: false,
            under_way: None,
        }
    }

    pub(super) fn is_durable(&self) -> bool {
        self.state.is_durable()
    }

    /// Whether a checkpoint should be taken before more is read.
    pub(super) fn is_crowded(&self) -> bool {
        self.state.store.is_crowded()
    }

    /// What was read of a source went through all steps.
    pub(super) fn note(&mut self, source: usize, commit: &Commit) {
        self.changed = true;
        if let Commit::UpTo(positions) = commit {
            let name = self.names[source].clone();
            let known = self.marks.positions.entry(name).or_default();
            known.extend(positions.clone());
        }
    }

    /// Whether there is nothing that the last checkpoint does not hold.
    pub(super) fn is_current(&self) -> bool {
        !self.changed
    }

    pub(super) fn is_writing(&self) -> bool {
        self.under_way.is_some()
    }

    /// Writes what the steps handed over, in the background. All results up to here must be flushed.
    pub(super) fn begin(&mut self, commits: Commits) -> Result<(), StateError> {
        let sealed = self.state.store.seal(self.marks.clone())?;
        self.changed = false;
        self.under_way = Some(UnderWay {
            writing: tokio::task::spawn_blocking(move || Sealed::write(sealed)),
            commits,
        });
        Ok(())
    }

    /// Waits for the checkpoint that is being written; answers what may be committed now. Cancel-safe.
    pub(super) async fn written(&mut self) -> Result<Commits, PipelineError> {
        let Some(under_way) = &mut self.under_way else {
            return Ok(Commits::new());
        };
        let written = (&mut under_way.writing).await;
        let commits = std::mem::take(&mut under_way.commits);
        self.under_way = None;
        written.map_err(|error| PipelineError::Worker(error.to_string()))??;
        trial::pass(Point::Saved);
        Ok(commits)
    }
}
