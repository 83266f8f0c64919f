//! A reader among others of its group.

use std::collections::BTreeMap;

use ssectl_adapter::Result;
use tokio::time::Instant;

use crate::checkpoint::{Checkpoints, Member, Store};

/// How a source commits.
pub(super) enum Group {
    /// With others, who share the partitions.
    Sharing {
        member: Box<dyn Member>,
        /// When it last looked at the others.
        looked: Option<Instant>,
    },
    /// For partitions that were asked for by name.
    Alone(std::sync::Arc<dyn Store>),
}

impl Group {
    /// Whether it is time to look at the others.
    pub(super) fn is_due(&self) -> bool {
        match self {
            Self::Sharing { member, looked } => {
                looked.is_none_or(|looked| looked.elapsed() >= member.pace())
            }
            Self::Alone(_) => false,
        }
    }

    /// The partitions that are ours now, and what is committed there.
    pub(super) async fn share(
        &mut self,
        partitions: &[String],
    ) -> Result<BTreeMap<String, Option<i64>>> {
        match self {
            Self::Sharing { member, looked } => {
                let mut ours = member.share(partitions).await?;
                *looked = Some(Instant::now());
                ours.retain(|id, _| partitions.contains(id));
                Ok(ours)
            }
            Self::Alone(store) => {
                let mut committed = store.positions().await?;
                let ours = partitions.iter();
                Ok(ours.map(|id| (id.clone(), committed.remove(id))).collect())
            }
        }
    }

    pub(super) async fn commit(&mut self, checkpoints: &Checkpoints) -> Result<()> {
        match self {
            Self::Sharing { member, .. } => member.commit(checkpoints).await,
            Self::Alone(store) => store.write(checkpoints).await,
        }
    }

    pub(super) async fn leave(self) -> Result<()> {
        match self {
            Self::Sharing { member, .. } => member.leave().await,
            Self::Alone(_) => Ok(()),
        }
    }
}
