//! The note beside positions that are committed in a transaction: which checkpoint of which state belongs to them.
//!
//! The checkpoint is put on the disk first, then its number is committed, and only then it counts here. So a process
//! that was killed in between finds out from the note what the checkpoint that it finds prepared is worth.

use std::collections::BTreeSet;

use ssectl_state::{StateError, Store};

/// What notes begin with.
const MARK: &str = "ssectl-state";

/// Why a state does not go with committed positions.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NoteError {
    /// The state cannot be read.
    #[error(transparent)]
    State(#[from] StateError),
    /// They belong to another state.
    #[error(
        "the positions of the group were committed with the state `{0}`, and this one is another; use the directory of that one, or another group"
    )]
    Elsewhere(String),
    /// They belong to a checkpoint that is not there.
    #[error(
        "the positions of the group were committed with checkpoint {committed}, and the state is at checkpoint {here}; use the newest copy of the directory, or another group and an empty directory"
    )]
    Checkpoint {
        /// The one that was committed.
        committed: u64,
        /// The last one that is there.
        here: u64,
    },
    /// Nothing tells what a prepared checkpoint is worth.
    #[error(
        "checkpoint {0} was prepared, and the group has no positions any more that say whether it was committed; use another group and an empty directory"
    )]
    Forgotten(u64),
}

/// The note of a checkpoint.
pub(super) fn note(id: &str, number: u64) -> String {
    format!("{MARK} {id} {number}")
}

/// Whether the checkpoint that was prepared counts, if there is one.
pub(super) fn settle<'a>(
    store: &Store,
    notes: impl IntoIterator<Item = &'a str>,
) -> Result<bool, NoteError> {
    let restored = store.restored().map_or(0, |found| found.number);
    let found: BTreeSet<(&str, u64)> = notes.into_iter().filter_map(parse).collect();
    if let Some((other, _)) = found.iter().find(|(id, _)| *id != store.id()) {
        return Err(NoteError::Elsewhere((*other).to_owned()));
    }
    let committed = found.last().map(|(_, number)| *number);
    match (committed, store.prepared()) {
        // Each one is prepared before it is committed, so nothing was committed behind the one that is here.
        (None, None) => Ok(false),
        (None, Some(_)) if restored == 0 => Ok(false),
        (None, Some(prepared)) => Err(NoteError::Forgotten(prepared)),
        (Some(committed), prepared) if Some(committed) == prepared => Ok(true),
        (Some(committed), _) if committed == restored => Ok(false),
        (Some(committed), prepared) => Err(NoteError::Checkpoint {
            committed,
            here: prepared.unwrap_or(restored),
        }),
    }
}

fn parse(note: &str) -> Option<(&str, u64)> {
    let (id, number) = note.strip_prefix(MARK)?.trim_start().split_once(' ')?;
    Some((id, number.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use ssectl_state::{Marks, StoreSpec};

    use super::*;

    fn open(dir: &Path) -> Store {
        let spec = StoreSpec {
            pipeline: "p".to_owned(),
            fingerprint: String::new(),
            memory: 1 << 20,
        };
        Store::open(dir, &spec).expect("a store")
    }

    /// A state at this checkpoint, with one behind it prepared or not.
    fn state(dir: &Path, at: u64, prepared: bool) -> Store {
        let store = open(dir);
        for _ in 0..at {
            store.checkpoint(Marks::default()).expect("kept");
        }
        if prepared {
            let mut sealed = store.seal(Marks::default()).expect("sealed");
            sealed.prepare().expect("prepared");
        }
        drop(store);
        open(dir)
    }

    #[test]
    fn a_prepared_checkpoint_counts_if_its_number_was_committed() {
        use NoteError::{Checkpoint, Forgotten};
        // By where the state is, whether one is prepared, and what was committed: where it goes on, or nowhere.
        let cases = [
            (0, false, None, Ok(0)),
            (0, true, None, Ok(0)),
            (0, true, Some(1), Ok(1)),
            (4, false, None, Ok(4)),
            (4, false, Some(4), Ok(4)),
            (4, true, Some(4), Ok(4)),
            (4, true, Some(5), Ok(5)),
            (4, true, None, Err("any more")),
            (4, false, Some(5), Err("checkpoint 5")),
            (4, false, Some(3), Err("checkpoint 3")),
            (4, true, Some(6), Err("checkpoint 6")),
        ];
        for (at, prepared, committed, expected) in cases {
            let dir = tempfile::tempdir().expect("a folder");
            let mut store = state(dir.path(), at, prepared);
            let note = committed.map(|number| note(store.id(), number));
            match (settle(&store, note.as_deref()), expected) {
                (Ok(counts), Ok(expected)) => {
                    store.settle(counts).expect("settled");
                    drop(store);
                    let store = open(dir.path());
                    let restored = store.restored().map_or(0, |found| found.number);
                    assert_eq!((restored, store.prepared()), (expected, None));
                }
                (Err(error @ (Checkpoint { .. } | Forgotten(_))), Err(expected)) => {
                    assert!(error.to_string().contains(expected), "{error}");
                }
                (result, _) => panic!("{at} {prepared} {committed:?}: {result:?}"),
            }
        }
    }

    #[test]
    fn notes_of_another_state_are_refused_and_those_of_others_are_none() {
        let dir = tempfile::tempdir().expect("a folder");
        let store = state(dir.path(), 1, false);
        let other = note("0123", 1);
        let refused = settle(&store, ["", "somebody's own", &other]);
        assert!(matches!(refused, Err(NoteError::Elsewhere(id)) if id == "0123"));
        assert!(matches!(settle(&store, ["", "somebody's own"]), Ok(false)));
    }
}
