//! What groups have committed, and which of a group's readers has which partition.
//!
//! Event Hubs keeps neither: its consumer groups are names to read by, and every client brings a
//! store of its own. Ours is a directory of files, or a blob container that is laid out as Microsoft's
//! clients do it.

mod blob;
mod local;
mod share;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use ssectl_adapter::{Error, ErrorKind, Result};

use crate::client::{Hub, Service};
use blob::{BlobStore, Container};
use local::LocalStore;

/// The next event to read, by partition.
pub(crate) type Positions = BTreeMap<String, i64>;

/// A place that a group has come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Checkpoint {
    /// Sequence number of the next event to read.
    pub(crate) next: i64,
    /// The service's offset of the event before it, as far as it is known.
    pub(crate) offset: Option<String>,
}

/// What is to be committed, by partition.
pub(crate) type Checkpoints = BTreeMap<String, Checkpoint>;

/// The checkpoints of one group at one hub.
#[async_trait]
pub(crate) trait Store: Send + Sync {
    /// What the group has committed.
    async fn positions(&self) -> Result<Positions>;

    /// Commits, whoever has the partitions. Ok when it will survive a crash.
    async fn write(&self, checkpoints: &Checkpoints) -> Result<()>;

    /// Whether somebody reads as the group now.
    async fn has_readers(&self) -> Result<bool>;

    /// Becomes one of the group's readers.
    async fn join(&self) -> Result<Box<dyn Member>>;
}

/// One of a group's readers, until it leaves or is dropped.
#[async_trait]
pub(crate) trait Member: Send {
    /// Gives back what is more than a fair share of these partitions, takes what is missing in it as far
    /// as it is free, and answers all that this reader has now, with what is committed there.
    async fn share(&mut self, partitions: &[String]) -> Result<BTreeMap<String, Option<i64>>>;

    /// Commits where the reader has the partition still; what it lost is left out.
    async fn commit(&mut self, checkpoints: &Checkpoints) -> Result<()>;

    /// Gives all partitions back.
    async fn leave(self: Box<Self>) -> Result<()>;

    /// How often to share.
    fn pace(&self) -> Duration;
}

/// Opens the store that the options ask for.
pub(crate) async fn open(service: &Service, hub: &Hub, group: &str) -> Result<Arc<dyn Store>> {
    if group.is_empty() {
        return Err(Error::new(ErrorKind::Config, "a group has a name"));
    }
    let origin = service.origin().await?;
    if let Some(url) = &service.config.checkpoint_container {
        let names = [&*origin.namespace, &*hub.name, group];
        return Ok(Arc::new(BlobStore::new(Container::open(url)?, names)));
    }
    let folder = match &service.config.checkpoint_dir {
        Some(folder) => folder.clone(),
        None => usual_folder(|name| std::env::var_os(name).map(PathBuf::from))?,
    };
    // Two emulators on this machine differ in their ports alone.
    let place = origin.endpoint.as_deref().unwrap_or(&origin.namespace);
    Ok(Arc::new(LocalStore::new(
        &folder,
        [place, &hub.name, group],
        incarnation(hub.created),
    )))
}

/// Where programs keep what must survive a restart, by the XDG base directories.
fn usual_folder(set: impl Fn(&str) -> Option<PathBuf>) -> Result<PathBuf> {
    let absolute = |name| set(name).filter(|path| path.is_absolute());
    let home = || absolute("HOME").map(|home| home.join(".local/state"));
    match absolute("XDG_STATE_HOME").or_else(home) {
        Some(state) => Ok(state.join("ssectl/eventhubs")),
        None => Err(Error::new(
            ErrorKind::Config,
            "no directory for the checkpoints of groups",
        )
        .hint("set the option `checkpoint-dir`, or `XDG_STATE_HOME`, or `HOME`")),
    }
}

/// Tells a hub from one of the same name that was made later.
fn incarnation(created: Option<SystemTime>) -> Option<u64> {
    let since = created?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    u64::try_from(since.as_millis()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checkpoints_are_state_of_the_user() {
        let with = |pairs: &[(&str, &str)]| {
            let found = |name: &str| {
                let pair = pairs.iter().find(|(known, _)| *known == name);
                pair.map(|(_, value)| PathBuf::from(value))
            };
            usual_folder(found).map(|path| path.display().to_string())
        };
        let state = with(&[("XDG_STATE_HOME", "/state"), ("HOME", "/home/u")]);
        assert_eq!(state.expect("a folder"), "/state/ssectl/eventhubs");
        let home = with(&[("XDG_STATE_HOME", "relative"), ("HOME", "/home/u")]);
        assert_eq!(
            home.expect("a folder"),
            "/home/u/.local/state/ssectl/eventhubs"
        );
        assert_eq!(with(&[]).expect_err("nowhere").kind(), ErrorKind::Config);
    }
}
