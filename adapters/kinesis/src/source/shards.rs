//! Shards: when one begins and where, who of a group has it, and what its end sets free.

use tokio::time::Instant;

use super::KinesisSource;
use super::cursor::{Cursor, Start};
use super::lane::{Lane, Stage};
use super::start::Beginning;
use crate::topology::{Shard, ShardId};

impl KinesisSource {
    /// Takes over the shards that the group gives, and lets go of those it takes.
    pub(super) fn follow_group(&mut self) {
        let Some(keeper) = &self.group else { return };
        self.view = keeper.view();
        for (id, lane) in &mut self.lanes {
            if self.view.ended.contains(id) && matches!(lane.stage, Stage::Waiting) {
                lane.stage = Stage::Finished;
                self.lineage.finish(id);
            } else if !self.view.held.contains_key(id) {
                lane.give_up();
            }
        }
        let offered = self
            .lanes
            .keys()
            .filter(|id| self.lineage.may_begin(id) && !self.lineage.is_finished(id));
        keeper.offer(offered.cloned().collect());
    }

    /// Starts to read a shard whose turn has come.
    pub(super) fn begin(&mut self, id: &ShardId) {
        let held = self.group.is_none() || self.view.held.contains_key(id);
        let waiting = self
            .lanes
            .get(id)
            .is_some_and(|lane| matches!(lane.stage, Stage::Waiting));
        if !waiting || !held || !self.lineage.may_begin(id) {
            return;
        }
        let held = self.view.held.get(id).filter(|_| self.stored).cloned();
        let resumed = self.kept.remove(id).or(held);
        let cursor = match (resumed, self.prepared.remove(id)) {
            (Some(place), _) => Beginning::at(place).map(|beginning| self.cursor(id, beginning)),
            (None, Some(prepared)) => prepared,
            (None, None) => Some(self.cursor(id, Start::Horizon.into())),
        };
        let end = self.ends.remove(id);
        let Some(lane) = self.lanes.get_mut(id) else {
            return;
        };
        match cursor {
            Some(mut cursor) => {
                cursor.end = end;
                lane.stage = Stage::Idle(cursor);
            }
            None => self.finish(id),
        }
    }

    fn cursor(&self, id: &ShardId, beginning: Beginning) -> Box<Cursor> {
        let mut cursor = Cursor::new(
            &self.stream,
            id,
            beginning.start,
            beginning.gate,
            self.per_second,
        );
        if let Some(consumer) = &self.consumer {
            cursor.subscribe(consumer);
        }
        Box::new(cursor)
    }

    /// Adds shards that are new; those the read did not know begin at their oldest record.
    pub(super) fn learn(&mut self, mut shards: Vec<Shard>) {
        if self.bounded || !self.only.is_empty() {
            shards.retain(|shard| self.lanes.contains_key(&shard.id));
        }
        for id in self.lineage.learn(shards) {
            self.lanes.insert(id, Lane::default());
        }
    }

    /// Ends a shard that was read to its end, once all of it was handed over.
    pub(super) fn finish_if_empty(&mut self, id: &ShardId) {
        if self
            .lanes
            .get(id)
            .is_some_and(|lane| matches!(lane.stage, Stage::Ended) && lane.ready.is_empty())
        {
            self.finish(id);
        }
    }

    /// All of a shard was handed over: its children may begin.
    fn finish(&mut self, id: &ShardId) {
        self.lineage.finish(id);
        if let Some(lane) = self.lanes.get_mut(id) {
            lane.stage = Stage::Finished;
            // The end of a read is not that of the shard.
            if let Some(keeper) = self.group.as_ref().filter(|_| !self.bounded) {
                keeper.finish(id, lane.handed_over.clone());
            }
        }
        if let Some(at) = &mut self.discovery {
            *at = Instant::now();
        }
    }

    /// The shards that are read here and not handed over to their end. A child takes the place of its parents when
    /// they are done with; until it is known, a parent keeps its place.
    pub(super) fn open_shards(&self) -> impl Iterator<Item = ShardId> {
        let follows = !self.bounded && self.only.is_empty();
        let open = self.lanes.iter().filter(move |(id, lane)| {
            let done = matches!(lane.stage, Stage::Finished);
            let childless = follows && done && self.lineage.expects_children_of(id);
            let ours = self.group.is_none() || self.view.held.contains_key(*id);
            ours && (childless || !done && self.lineage.may_begin(id))
        });
        open.map(|(id, _)| id.clone())
    }

    /// Whether nothing is left to read, here or by others of the group.
    pub(super) fn is_done(&self) -> bool {
        let done = |(id, lane): (&ShardId, &Lane)| {
            matches!(lane.stage, Stage::Finished) || self.view.others.contains(id)
        };
        (self.bounded || !self.only.is_empty()) && self.lanes.iter().all(done)
    }
}
