//! Groups: which reader has which shard, and how far the shards were read.
//!
//! The rules are those of the Kinesis Client Library: a lease per shard, written only by who has seen its last change.
//! Where leases are kept is a [`Store`]: a file on this machine, or a table of DynamoDB.

mod balance;
#[cfg(feature = "dynamodb")]
mod dynamo;
mod file;
mod keeper;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use ssectl_adapter::{Error, ErrorKind, Result};

use crate::client::{Service, Stream};
use crate::config::Checkpoints;
use crate::position::Place;
use crate::topology::ShardId;

pub(crate) use keeper::Keeper;

/// What is kept for a shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lease {
    /// Who reads it.
    pub(crate) owner: Option<Arc<str>>,
    /// Grows with every change.
    pub(crate) counter: u64,
    /// Where to read on; none before the first commit.
    pub(crate) place: Option<Place>,
}

/// A lease to be written where it was not changed since it was read.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) shard: ShardId,
    /// The counter that was read; none where there was no lease.
    pub(crate) seen: Option<u64>,
    pub(crate) lease: Lease,
}

impl Change {
    /// The next state of a lease.
    pub(crate) fn of(
        shard: &ShardId,
        seen: Option<&Lease>,
        owner: Option<&Arc<str>>,
        place: Option<Place>,
    ) -> Self {
        let lease = Lease {
            owner: owner.cloned(),
            counter: seen.map_or(1, |lease| lease.counter + 1),
            place,
        };
        Self {
            shard: shard.clone(),
            seen: seen.map(|lease| lease.counter),
            lease,
        }
    }
}

/// The leases of one group at one stream.
pub(crate) type Leases = BTreeMap<ShardId, Lease>;

/// Where leases are kept.
#[async_trait]
pub(crate) trait Store: Send + Sync {
    /// All leases of the group.
    async fn list(&self) -> Result<Leases>;

    /// Writes each change whose lease is as it was seen; says for each whether it was written.
    async fn swap(&self, changes: Vec<Change>) -> Result<Vec<bool>>;

    /// Whether owners have to change their leases to show that they live.
    fn needs_signs_of_life(&self) -> bool;

    /// Whether the owner lives; `None` where only silence shows that it does not.
    async fn is_alive(&self, owner: &str) -> Option<bool>;
}

/// What a reader knows of its group.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct View {
    /// Shards of this reader, and where to read on in each.
    pub(crate) held: BTreeMap<ShardId, Place>,
    /// Shards that were read to their end.
    pub(crate) ended: BTreeSet<ShardId>,
    /// Shards of other readers that live.
    pub(crate) others: BTreeSet<ShardId>,
}

/// The store of a group. `reader` names one who takes leases; an administrator takes none.
pub(crate) async fn store(
    service: &Service,
    stream: &Stream,
    group: &str,
    reader: Option<&Arc<str>>,
) -> Result<Arc<dyn Store>> {
    if group.is_empty() {
        return Err(Error::new(ErrorKind::Config, "a group has a name"));
    }
    Ok(match &service.config.checkpoints {
        Checkpoints::File => Arc::new(file::FileStore::open(service, stream, group, reader)?),
        #[cfg(feature = "dynamodb")]
        Checkpoints::DynamoDb(table) => {
            Arc::new(dynamo::Table::open(service, table, stream, group).await?)
        }
    })
}
