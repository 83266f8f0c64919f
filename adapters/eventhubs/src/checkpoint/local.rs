//! Checkpoints as files of this machine.
//!
//! A group has a directory: `checkpoints.json` is replaced as a whole and forced to disk, `lock` is held
//! while it changes, and each reader holds a lock on a file of its own in `readers`. The system frees locks
//! when a process ends, however it ends, so the partitions of a dead reader are free at once.

mod folder;
mod state;

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use ssectl_adapter::{Error, ErrorKind, Result};

use super::share::next_move;
use super::{Checkpoints, Member, Positions, Store};
use folder::Folder;
use state::State;

/// How often readers look whether another one came or went.
const PACE: Duration = Duration::from_secs(1);

/// The directory of one group.
pub(crate) struct LocalStore {
    folder: Folder,
}

impl LocalStore {
    /// `names` lead to the group: where the hub is, the hub, the group.
    pub(crate) fn new(root: &Path, names: [&str; 3], incarnation: Option<u64>) -> Self {
        Self {
            folder: Folder::new(root, names, incarnation),
        }
    }
}

/// Files block, so they are worked on elsewhere.
async fn blocking<T: Send + 'static>(
    folder: &Folder,
    work: impl FnOnce(&Folder) -> Result<T> + Send + 'static,
) -> Result<T> {
    let folder = folder.clone();
    let done = tokio::task::spawn_blocking(move || work(&folder)).await;
    let broken = |_| Error::new(ErrorKind::Other, "the thread of the checkpoints broke off");
    done.map_err(broken)?
}

#[async_trait]
impl Store for LocalStore {
    async fn positions(&self) -> Result<Positions> {
        blocking(&self.folder, |folder| Ok(folder.read()?.positions())).await
    }

    async fn write(&self, checkpoints: &Checkpoints) -> Result<()> {
        let checkpoints = checkpoints.clone();
        blocking(&self.folder, move |folder| {
            folder.change(|state| state.commit(&checkpoints, |_| true))
        })
        .await
    }

    async fn has_readers(&self) -> Result<bool> {
        blocking(&self.folder, |folder| {
            folder.locked(|| Ok(!folder.living(None)?.is_empty()))
        })
        .await
    }

    async fn join(&self) -> Result<Box<dyn Member>> {
        let (name, lock) = blocking(&self.folder, Folder::register).await?;
        Ok(Box::new(LocalMember {
            folder: self.folder.clone(),
            name,
            _lock: lock,
        }))
    }
}

/// A reader of the group on this machine.
struct LocalMember {
    folder: Folder,
    name: String,
    /// Says that the reader lives, for as long as it is open.
    _lock: File,
}

#[async_trait]
impl Member for LocalMember {
    async fn share(&mut self, partitions: &[String]) -> Result<BTreeMap<String, Option<i64>>> {
        let (me, partitions) = (self.name.clone(), partitions.to_vec());
        blocking(&self.folder, move |folder| {
            folder.change(|state| {
                let living = folder.living(Some(&me))?;
                deal(state, &me, living, &partitions);
                Ok(state.held_by(&me))
            })
        })
        .await
    }

    async fn commit(&mut self, checkpoints: &Checkpoints) -> Result<()> {
        let (me, checkpoints) = (self.name.clone(), checkpoints.clone());
        blocking(&self.folder, move |folder| {
            folder.change(|state| state.commit(&checkpoints, |owner| owner == Some(&*me)))
        })
        .await
    }

    async fn leave(self: Box<Self>) -> Result<()> {
        let me = self.name.clone();
        blocking(&self.folder, move |folder| {
            folder.change(|state| {
                state.free(|owner| owner == me);
                Ok(())
            })?;
            folder.unregister(&me)
        })
        .await
    }

    fn pace(&self) -> Duration {
        PACE
    }
}

/// Frees what dead readers had, then makes the move of `me`.
fn deal(state: &mut State, me: &str, living: Vec<String>, partitions: &[String]) {
    state.free(|owner| !living.iter().any(|name| name == owner));
    let mut held: BTreeMap<String, usize> = living.into_iter().map(|name| (name, 0)).collect();
    for owner in partitions.iter().filter_map(|id| state.owner(id)) {
        *held.entry(owner.to_owned()).or_default() += 1;
    }
    let step = next_move(me, &held, partitions.len());
    let mine = partitions
        .iter()
        .rev()
        .filter(|id| state.owner(id) == Some(me));
    let mine: Vec<_> = mine.take(step.release).cloned().collect();
    for partition in mine {
        state.give(&partition, None);
    }
    let free = partitions.iter().filter(|id| state.owner(id).is_none());
    let free: Vec<_> = free.take(step.claim).cloned().collect();
    for partition in free {
        state.give(&partition, Some(me));
    }
}

#[cfg(test)]
mod tests {
    use super::super::Checkpoint;
    use super::*;

    const HUB: [&str; 3] = ["amqp://localhost:1", "orders", "billing"];

    fn ids(count: usize) -> Vec<String> {
        (0..count).map(|id| id.to_string()).collect()
    }

    fn at(partition: &str, next: i64) -> Checkpoints {
        let checkpoint = Checkpoint { next, offset: None };
        Checkpoints::from([(partition.to_owned(), checkpoint)])
    }

    #[tokio::test]
    async fn what_is_committed_is_there_after_a_restart() {
        let root = tempfile::tempdir().expect("a folder");
        let store = LocalStore::new(root.path(), HUB, Some(1));
        assert!(store.positions().await.expect("nothing yet").is_empty());
        let mut member = store.join().await.expect("a member");
        member.share(&ids(2)).await.expect("all of them");
        member.commit(&at("1", 42)).await.expect("stored");
        // As after kill -9: nobody leaves.
        drop(member);
        let store = LocalStore::new(root.path(), HUB, Some(1));
        let positions = store.positions().await.expect("read");
        assert_eq!(positions, Positions::from([("1".to_owned(), 42)]));
        assert!(!store.has_readers().await.expect("read"));
        let mut member = store.join().await.expect("a member");
        let mine = member.share(&ids(2)).await.expect("all of them");
        assert_eq!(
            mine,
            BTreeMap::from([("0".into(), None), ("1".into(), Some(42))])
        );
    }

    #[tokio::test]
    async fn readers_share_and_hand_over() {
        let root = tempfile::tempdir().expect("a folder");
        let store = LocalStore::new(root.path(), HUB, None);
        let mut one = store.join().await.expect("a member");
        assert_eq!(one.share(&ids(4)).await.expect("all").len(), 4);
        let mut two = store.join().await.expect("a member");
        assert!(two.share(&ids(4)).await.expect("none is free").is_empty());
        assert_eq!(one.share(&ids(4)).await.expect("half").len(), 2);
        assert_eq!(two.share(&ids(4)).await.expect("half").len(), 2);
        // What one gave away it commits no more.
        one.commit(&at("3", 9)).await.expect("left out");
        assert!(store.positions().await.expect("read").is_empty());
        two.commit(&at("3", 7)).await.expect("stored");
        one.leave().await.expect("gone");
        let all = two.share(&ids(4)).await.expect("all");
        assert_eq!((all.len(), all["3"]), (4, Some(7)));
    }

    #[tokio::test]
    async fn a_hub_that_was_made_anew_has_no_checkpoints() {
        let root = tempfile::tempdir().expect("a folder");
        let old = LocalStore::new(root.path(), HUB, Some(1));
        old.write(&at("0", 5)).await.expect("stored");
        let new = LocalStore::new(root.path(), HUB, Some(2));
        assert!(new.positions().await.expect("read").is_empty());
        new.write(&at("1", 3)).await.expect("stored");
        let positions = new.positions().await.expect("read");
        assert_eq!(positions, Positions::from([("1".to_owned(), 3)]));
    }

    #[tokio::test]
    async fn groups_of_strange_names_do_not_touch_each_other() {
        let root = tempfile::tempdir().expect("a folder");
        for (number, group) in ["a/b", "a%2Fb", "..", ".", "A", "a"]
            .into_iter()
            .enumerate()
        {
            let store = LocalStore::new(root.path(), ["p", "h", group], None);
            assert!(store.positions().await.expect(group).is_empty(), "{group}");
            let next = i64::try_from(number).expect("small");
            store.write(&at("0", next)).await.expect("stored");
            assert_eq!(store.positions().await.expect("read")["0"], next);
        }
    }

    #[tokio::test]
    async fn damaged_checkpoints_are_told_and_not_overwritten() {
        let root = tempfile::tempdir().expect("a folder");
        let store = LocalStore::new(root.path(), HUB, None);
        store.write(&at("0", 5)).await.expect("stored");
        let file = store.folder.file();
        for damage in ["{", "{\"version\":99,\"partitions\":{}}"] {
            std::fs::write(&file, damage).expect("written");
            let error = store.write(&at("0", 6)).await.expect_err(damage);
            assert_eq!(error.kind(), ErrorKind::Data, "{error}");
            assert_eq!(std::fs::read_to_string(&file).expect("read"), damage);
        }
    }
}
