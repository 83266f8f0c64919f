//! Batches: records of as many shards as fit.

use std::collections::BTreeMap;

use ssectl_adapter::{Batch, Commit, Fault, Limit, Partition};

use super::KinesisSource;
use crate::topology::ShardId;

impl KinesisSource {
    /// Records of as many shards as fit, beginning with another one each time.
    pub(super) fn batch(&mut self, limit: Limit) -> Batch {
        let mut batch = Batch::default();
        let mut positions = BTreeMap::new();
        let (mut count, mut bytes) = (0, 0);
        let ids: Vec<ShardId> = self
            .lanes
            .iter()
            .filter(|(_, lane)| !lane.ready.is_empty())
            .map(|(id, _)| id.clone())
            .collect();
        self.turn = self.turn.wrapping_add(1);
        for at in 0..ids.len() {
            let id = &ids[(self.turn + at) % ids.len()];
            let Some(lane) = self.lanes.get_mut(id) else {
                continue;
            };
            while let Some(next) = lane.ready.front() {
                let size = next.size();
                if count > 0 && (count >= limit.records || bytes + size > limit.bytes) {
                    break;
                }
                count += 1;
                bytes += size;
                let Some(entry) = lane.take() else { break };
                positions.insert(Partition::from(id.clone()), entry.next.position());
                match entry.record {
                    Ok(record) => batch.records.push(record),
                    Err((origin, raw, error)) => batch.faults.push(Fault {
                        origin,
                        index: batch.records.len(),
                        raw: Some(raw),
                        cut_from: None,
                        error,
                    }),
                }
            }
            self.finish_if_empty(id);
        }
        batch.commit = Commit::UpTo(positions);
        batch
    }
}
