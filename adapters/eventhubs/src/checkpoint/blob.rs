//! Checkpoints as blobs of a container, laid out as those of Microsoft's clients.
//!
//! `NAMESPACE/HUB/GROUP/checkpoint/PARTITION` and `.../ownership/PARTITION`, in small letters, are empty blobs; what counts
//! are their metadata: `sequencenumber` and `offset` of the last event that was processed, and `ownerid`. A partition belongs
//! to its owner until its blob was not touched for a while, so a processor of another client goes on where we stopped, and
//! shares with us while we run.

mod container;

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use ssectl_adapter::{Error, ErrorKind, Result};

use super::share::next_move;
use super::{Checkpoints, Member, Positions, Store};
pub(crate) use container::Container;
use container::{Blob, Version};

/// How often ownership is renewed.
const PACE: Duration = Duration::from_secs(10);
/// An owner that is silent for so long has lost its partitions.
const EXPIRY: Duration = Duration::from_secs(60);

const OWNER: &str = "ownerid";
const SEQUENCE_NUMBER: &str = "sequencenumber";
const OFFSET: &str = "offset";

/// The checkpoints of one group in a container.
#[derive(Clone)]
pub(crate) struct BlobStore {
    container: Container,
    /// `NAMESPACE/HUB/GROUP`.
    prefix: String,
}

/// Who has a partition.
struct Ownership {
    owner: String,
    version: Version,
}

impl BlobStore {
    /// `names` lead to the group: namespace, hub, group.
    pub(crate) fn new(container: Container, names: [&str; 3]) -> Self {
        Self {
            container,
            prefix: names.join("/").to_ascii_lowercase(),
        }
    }

    fn path(&self, kind: &str, partition: &str) -> String {
        format!("{}/{kind}/{partition}", self.prefix)
    }

    /// The partitions that somebody has.
    async fn ownerships(&self) -> Result<BTreeMap<String, Ownership>> {
        let mut all = BTreeMap::new();
        for blob in self
            .container
            .list(&format!("{}/ownership", self.prefix))
            .await?
        {
            let Blob {
                name,
                mut metadata,
                touched,
                version,
            } = blob;
            let owner = metadata.remove(OWNER).unwrap_or_default();
            let age = SystemTime::now()
                .duration_since(touched)
                .unwrap_or_default();
            let owner = if age > EXPIRY { String::new() } else { owner };
            all.insert(name, Ownership { owner, version });
        }
        Ok(all)
    }

    /// Makes a partition somebody's, or nobody's; false when another was faster.
    async fn give(&self, partition: &str, owner: &str, known: Option<&Version>) -> Result<bool> {
        let path = self.path("ownership", partition);
        let metadata = [(OWNER, owner.to_owned())];
        self.container.claim(&path, &metadata, known).await
    }
}

#[async_trait]
impl Store for BlobStore {
    async fn positions(&self) -> Result<Positions> {
        let mut positions = Positions::new();
        for blob in self
            .container
            .list(&format!("{}/checkpoint", self.prefix))
            .await?
        {
            let number = blob.metadata.get(SEQUENCE_NUMBER);
            let number = number
                .and_then(|text| text.parse::<i64>().ok())
                .ok_or_else(|| {
                    let what = format!(
                        "the checkpoint of partition {} has no sequence number",
                        blob.name
                    );
                    Error::new(ErrorKind::Data, what).with("container", self.container.name())
                })?;
            positions.insert(blob.name, number.saturating_add(1));
        }
        Ok(positions)
    }

    async fn write(&self, checkpoints: &Checkpoints) -> Result<()> {
        for (partition, checkpoint) in checkpoints {
            let path = self.path("checkpoint", partition);
            if checkpoint.next == 0 {
                // Nothing was processed, which no number can say.
                self.container.delete(&path).await?;
                continue;
            }
            let number = (checkpoint.next - 1).to_string();
            let mut metadata = vec![(SEQUENCE_NUMBER, number)];
            metadata.extend(checkpoint.offset.clone().map(|offset| (OFFSET, offset)));
            self.container.put(&path, &metadata).await?;
        }
        Ok(())
    }

    async fn has_readers(&self) -> Result<bool> {
        let ownerships = self.ownerships().await?;
        Ok(ownerships
            .values()
            .any(|ownership| !ownership.owner.is_empty()))
    }

    async fn join(&self) -> Result<Box<dyn Member>> {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let nanos = since.unwrap_or_default().as_nanos();
        Ok(Box::new(BlobMember {
            store: self.clone(),
            name: format!("ssectl-{nanos:x}-{}", std::process::id()),
            mine: Vec::new(),
        }))
    }
}

/// A reader of the group.
struct BlobMember {
    store: BlobStore,
    name: String,
    mine: Vec<String>,
}

impl BlobMember {
    /// Takes partitions up to a fair share: free ones, and one of who has most when none is free.
    async fn claim(
        &mut self,
        partitions: &[String],
        all: &BTreeMap<String, Ownership>,
        held: &BTreeMap<String, usize>,
        mut count: usize,
    ) -> Result<()> {
        let owner = |id: &String| all.get(id).map_or("", |ownership| &ownership.owner);
        for id in partitions.iter().filter(|id| owner(id).is_empty()) {
            if count == 0 {
                return Ok(());
            }
            let known = all.get(id).map(|ownership| &ownership.version);
            if self.store.give(id, &self.name, known).await? {
                self.mine.push(id.clone());
                count -= 1;
            }
        }
        let richest = held.iter().max_by_key(|(_, held)| **held);
        let (Some((richest, most)), true) = (richest, count > 0) else {
            return Ok(());
        };
        // Readers that have nothing yet are seen by nobody, so nobody would give them anything.
        let stolen = partitions.iter().find(|id| owner(id) == richest);
        if let Some(id) = stolen
            && *most > self.mine.len() + 1
            && self
                .store
                .give(id, &self.name, all.get(id).map(|o| &o.version))
                .await?
        {
            self.mine.push(id.clone());
        }
        Ok(())
    }
}

#[async_trait]
impl Member for BlobMember {
    async fn share(&mut self, partitions: &[String]) -> Result<BTreeMap<String, Option<i64>>> {
        let all = self.store.ownerships().await?;
        let mut held = BTreeMap::from([(self.name.clone(), 0)]);
        for ownership in all.values().filter(|ownership| !ownership.owner.is_empty()) {
            *held.entry(ownership.owner.clone()).or_default() += 1;
        }
        let mine = all
            .iter()
            .filter(|(_, ownership)| ownership.owner == self.name);
        let mine: Vec<_> = mine
            .map(|(id, ownership)| (id.clone(), &ownership.version))
            .collect();
        let step = next_move(&self.name, &held, partitions.len());
        self.mine.clear();
        for (index, (id, version)) in mine.iter().enumerate() {
            let keeps = index + step.release < mine.len();
            let owner = if keeps { self.name.as_str() } else { "" };
            if self.store.give(id, owner, Some(version)).await? && keeps {
                self.mine.push(id.clone());
            }
        }
        self.claim(partitions, &all, &held, step.claim).await?;
        let positions = self.store.positions().await?;
        let ours = self.mine.iter();
        Ok(ours
            .map(|id| (id.clone(), positions.get(id).copied()))
            .collect())
    }

    async fn commit(&mut self, checkpoints: &Checkpoints) -> Result<()> {
        let mut ours = checkpoints.clone();
        ours.retain(|id, _| self.mine.contains(id));
        self.store.write(&ours).await
    }

    async fn leave(self: Box<Self>) -> Result<()> {
        for (id, ownership) in self.store.ownerships().await? {
            if ownership.owner == self.name {
                self.store.give(&id, "", Some(&ownership.version)).await?;
            }
        }
        Ok(())
    }

    fn pace(&self) -> Duration {
        PACE
    }
}
