//! Committed offsets.

use std::time::Duration;

use kafka_protocol::ResponseError;
use kafka_protocol::protocol::StrBytes;

use super::group::{Group, Phase};

/// How far a group has read in one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Committed {
    /// The next offset to read.
    pub(crate) offset: i64,
    pub(crate) leader_epoch: i32,
    pub(crate) metadata: StrBytes,
    /// When it was committed, Unix milliseconds.
    pub(crate) time_ms: i64,
}

/// Who commits.
#[derive(Clone, Debug)]
pub(crate) struct Committer {
    pub(crate) member_id: StrBytes,
    pub(crate) instance_id: Option<StrBytes>,
    /// Negative for a client that assigns itself partitions.
    pub(crate) generation: i32,
}

impl Group {
    /// Stores offsets if the committer may.
    pub(super) fn commit(
        &mut self,
        committer: &Committer,
        offsets: Vec<((String, i32), Committed)>,
        now: Duration,
    ) -> Result<(), ResponseError> {
        self.check_committer(committer, now)?;
        self.offsets.extend(offsets);
        Ok(())
    }

    fn check_committer(
        &mut self,
        committer: &Committer,
        now: Duration,
    ) -> Result<(), ResponseError> {
        self.advance(now);
        if committer.generation < 0 && self.members.is_empty() {
            return Ok(());
        }
        self.identify(&committer.member_id, committer.instance_id.as_ref())?;
        if committer.generation != self.generation {
            return Err(ResponseError::IllegalGeneration);
        }
        if matches!(self.phase, Phase::Completing { .. }) {
            return Err(ResponseError::RebalanceInProgress);
        }
        if let Some(member) = self.members.get_mut(&committer.member_id) {
            member.heard(now);
        }
        Ok(())
    }
}
