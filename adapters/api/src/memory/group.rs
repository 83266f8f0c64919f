//! Who reads as which group, and which partitions are whose.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Store, Stream, lock};

/// The readers of one group of one stream, in the order they joined.
#[derive(Default)]
pub(super) struct Members {
    ids: Vec<u64>,
    joined: u64,
}

/// All groups, by stream and name.
pub(super) type Groups = BTreeMap<(String, String), Members>;

/// One reader's place in its group; it leaves when this is dropped.
pub(super) struct Membership {
    store: Arc<Store>,
    stream: Arc<Stream>,
    key: (String, String),
    id: u64,
}

impl Membership {
    pub(super) fn join(store: Arc<Store>, stream: Arc<Stream>, name: &str, group: &str) -> Self {
        let key = (name.to_owned(), group.to_owned());
        let id = {
            let mut groups = lock(&store.groups);
            let members = groups.entry(key.clone()).or_default();
            members.joined += 1;
            members.ids.push(members.joined);
            members.joined
        };
        stream.changed.send_replace(());
        Self {
            store,
            stream,
            key,
            id,
        }
    }

    /// Whether the partition of that number is this reader's: they are dealt out in turn.
    pub(super) fn owns(&self, partition: usize) -> bool {
        let groups = lock(&self.store.groups);
        let Some(members) = groups.get(&self.key) else {
            return false;
        };
        members.ids[partition % members.ids.len()] == self.id
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        if let Some(members) = lock(&self.store.groups).get_mut(&self.key) {
            members.ids.retain(|id| *id != self.id);
        }
        self.stream.changed.send_replace(());
    }
}
