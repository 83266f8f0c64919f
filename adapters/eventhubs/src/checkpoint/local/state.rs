//! What stands in `checkpoints.json`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use ssectl_adapter::Result;

use super::super::{Checkpoints, Positions};

/// The format that this program writes.
pub(super) const VERSION: u32 = 1;

/// All that is known of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) version: u32,
    /// Which hub of that name it is about.
    #[serde(default)]
    pub(super) incarnation: Option<u64>,
    partitions: BTreeMap<String, Entry>,
}

/// One partition.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    /// The next event to read, if anything was committed.
    next: Option<i64>,
    /// Who reads it.
    owner: Option<String>,
}

impl State {
    pub(super) fn new(incarnation: Option<u64>) -> Self {
        Self {
            version: VERSION,
            incarnation,
            partitions: BTreeMap::new(),
        }
    }

    pub(super) fn positions(&self) -> Positions {
        let committed = self.partitions.iter();
        committed
            .filter_map(|(id, entry)| Some((id.clone(), entry.next?)))
            .collect()
    }

    /// Commits where `may` says so of the partition's owner.
    pub(super) fn commit(
        &mut self,
        checkpoints: &Checkpoints,
        may: impl Fn(Option<&str>) -> bool,
    ) -> Result<()> {
        for (id, checkpoint) in checkpoints {
            let entry = self.partitions.entry(id.clone()).or_default();
            if may(entry.owner.as_deref()) {
                entry.next = Some(checkpoint.next);
            }
        }
        Ok(())
    }

    pub(super) fn owner(&self, partition: &str) -> Option<&str> {
        self.partitions.get(partition)?.owner.as_deref()
    }

    pub(super) fn give(&mut self, partition: &str, owner: Option<&str>) {
        let entry = self.partitions.entry(partition.to_owned()).or_default();
        entry.owner = owner.map(str::to_owned);
    }

    /// Takes the partitions of some owners away from them.
    pub(super) fn free(&mut self, whose: impl Fn(&str) -> bool) {
        for entry in self.partitions.values_mut() {
            entry.owner.take_if(|owner| whose(owner));
        }
    }

    pub(super) fn held_by(&self, owner: &str) -> BTreeMap<String, Option<i64>> {
        let all = self.partitions.iter();
        all.filter(|(_, entry)| entry.owner.as_deref() == Some(owner))
            .map(|(id, entry)| (id.clone(), entry.next))
            .collect()
    }
}
