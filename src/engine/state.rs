//! What the steps of a pipeline remember, and how far its sources were read: kept together, so that a pipeline that was
//! killed goes on as if nothing had happened.

use std::collections::BTreeMap;
use std::path::Path;

use ssectl_adapter::{Commit, Partition, Position};
use ssectl_state::{Marks, Rebuild, Sealed, Space, StateError, Store, StoreSpec};
use tokio::task::JoinHandle;

use super::changelog::{Changelog, Found};
use super::error::PipelineError;
use super::notes::{self, NoteError};
use super::trial::{self, Point};

/// Bytes of memory that state may take unless something else is said; what is beyond them goes to disk.
pub const STATE_MEMORY: usize = 256 << 20;

/// The state of a pipeline, and where its inputs stood when it was kept last.
pub struct State {
    store: Store,
    /// Where the positions mean something.
    target: String,
    /// Where its changes go, for another machine.
    changelog: Option<Changelog>,
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
            changelog: None,
        }
    }

    /// State in a directory. `target` says where the inputs are: positions that were kept elsewhere mean nothing here.
    ///
    /// # Errors
    /// It is open elsewhere, damaged, or belongs to other steps.
    pub fn open(root: &Path, spec: &StoreSpec, target: &str) -> Result<Self, StateError> {
        let mut store = Store::open(root, spec)?;
        // Results of a checkpoint that was prepared may come again; they are not to be missed.
        store.settle(false)?;
        Ok(Self {
            store,
            target: target.to_owned(),
            changelog: None,
        })
    }

    /// The same where positions are committed together with the number of the checkpoint that belongs to them: that is
    /// the one to go on from, whether this process came to know of the commit or not. `notes` are those that were found
    /// beside the positions.
    ///
    /// # Errors
    /// As [`State::open`]; and the positions belong to another state, or to a checkpoint that is not there.
    pub fn open_noted<'a>(
        root: &Path,
        spec: &StoreSpec,
        target: &str,
        notes: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, NoteError> {
        let mut store = Store::open(root, spec)?;
        let counts = notes::settle(&store, notes)?;
        store.settle(counts)?;
        Ok(Self {
            store,
            target: target.to_owned(),
            changelog: None,
        })
    }

    /// Whether the state in a directory is older than that of a changelog, at a checkpoint of this number.
    ///
    /// # Errors
    /// As [`State::open`].
    pub fn is_behind(root: &Path, spec: &StoreSpec, number: u64) -> Result<bool, StateError> {
        if number == 0 || Rebuild::is_unfinished(root, spec) {
            return Ok(number > 0);
        }
        let store = Store::open(root, spec)?;
        Ok(store.restored().is_none_or(|found| found.number < number))
    }

    /// Sends its changes there from now on. `found` is what the stream says; if that is not all, it is told first.
    ///
    /// # Errors
    /// The stream cannot be written.
    pub async fn log_to(&mut self, mut log: Changelog, found: &Found) -> Result<(), PipelineError> {
        log.catch_up(&self.store, found).await?;
        self.changelog = Some(log);
        Ok(())
    }

    /// Whether it outlives the process.
    pub fn is_durable(&self) -> bool {
        self.store.dir().is_some()
    }

    /// The number of the checkpoint that it goes on from.
    pub fn restored(&self) -> Option<u64> {
        self.store.restored().map(|found| found.number)
    }

    /// Whether it goes on from a checkpoint at which all input had ended.
    pub fn had_ended(&self) -> bool {
        self.store.restored().is_some_and(|found| found.marks.ended)
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
    /// One that is on the disk and counts once its number is committed.
    prepared: Option<Sealed>,
    /// The names of the inputs.
    names: Vec<String>,
    marks: Marks,
    /// Whether anything happened since the last checkpoint.
    changed: bool,
    under_way: Option<UnderWay>,
}

/// A checkpoint that is being written, and what may be committed to the sources when it is.
struct UnderWay {
    writing: JoinHandle<Result<Option<Changelog>, PipelineError>>,
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
            prepared: None,
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

    /// How far event time has come, and whether all input has ended.
    pub(super) fn mark(&mut self, (watermark, ended): (Option<i64>, bool)) {
        // Behind the end there is no time.
        self.marks.watermark = watermark.filter(|_| !ended).or(self.marks.watermark);
        self.marks.ended = ended;
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
        self.write(sealed, commits);
        Ok(())
    }

    fn write(&mut self, sealed: Sealed, commits: Commits) {
        let writing = write(sealed, self.state.changelog.take());
        self.under_way = Some(UnderWay {
            writing: tokio::spawn(writing),
            commits,
        });
    }

    /// Puts what the steps handed over on the disk, so that it counts once its number is committed with the positions of
    /// the first source. Answers what is to be committed.
    pub(super) async fn prepare(&mut self) -> Result<Commit, PipelineError> {
        let mut sealed = self.state.store.seal(self.marks.clone())?;
        let writing = tokio::task::spawn_blocking(move || {
            sealed.prepare()?;
            trial::pass(Point::Prepared);
            Ok::<_, StateError>(sealed)
        });
        let written = writing.await;
        let sealed = written.map_err(|error| PipelineError::Worker(error.to_string()))??;
        let note = notes::note(self.state.store.id(), sealed.number());
        self.prepared = Some(sealed);
        let positions = self.names.first();
        let positions = positions.and_then(|name| self.marks.positions.get(name));
        Ok(Commit::Noted {
            positions: positions.cloned().unwrap_or_default(),
            note,
        })
    }

    /// The number was committed: makes the checkpoint count here too, in the background.
    pub(super) fn confirm(&mut self) {
        self.changed = false;
        if let Some(sealed) = self.prepared.take() {
            self.write(sealed, Commits::new());
        }
    }

    /// Waits for the checkpoint that is being written; answers what may be committed now. Cancel-safe.
    pub(super) async fn written(&mut self) -> Result<Commits, PipelineError> {
        let Some(under_way) = &mut self.under_way else {
            return Ok(Commits::new());
        };
        let written = (&mut under_way.writing).await;
        let commits = std::mem::take(&mut under_way.commits);
        self.under_way = None;
        let written = written.map_err(|error| PipelineError::Worker(error.to_string()));
        self.state.changelog = written??;
        Ok(commits)
    }

    /// Closes what is open beside the sources and sinks.
    pub(super) async fn close(self) -> Result<(), PipelineError> {
        match self.state.changelog {
            Some(changelog) => changelog.close().await,
            None => Ok(()),
        }
    }
}

/// Writes a checkpoint: first to its changelog, so that what counts here counts there as well.
async fn write(
    sealed: Sealed,
    mut changelog: Option<Changelog>,
) -> Result<Option<Changelog>, PipelineError> {
    if let Some(changelog) = &mut changelog {
        changelog.write(&sealed).await?;
    }
    let writing = tokio::task::spawn_blocking(move || {
        let written = sealed.write();
        trial::pass(Point::Kept);
        written
    });
    let written = writing.await;
    written.map_err(|error| PipelineError::Worker(error.to_string()))??;
    Ok(changelog)
}
