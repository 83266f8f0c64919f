//! Requests: asked in tasks of their own, at most one for each shard, and what their answers bring.

use ssectl_adapter::Result;
use tokio::time::Instant;

use super::cursor::Cursor;
use super::lane::Stage;
use super::page::Page;
use super::{DISCOVERY, Event, KinesisSource, SOON};
use crate::topology::{self, ShardId};

impl KinesisSource {
    /// Begins what may begin, and asks for more of what was handed over.
    pub(super) fn pump(&mut self) {
        self.follow_group();
        let ids: Vec<ShardId> = self.lanes.keys().cloned().collect();
        for id in ids {
            self.begin(&id);
            self.ask(&id);
        }
        if !self.bounded && self.discovery.is_some_and(|at| at <= Instant::now()) {
            self.discovery = None;
            let stream = self.stream.clone();
            self.tasks
                .spawn(async move { Event::Shards(topology::list(&stream).await) });
        }
    }

    /// Asks for the next page of a shard, unless enough of it is there.
    fn ask(&mut self, id: &ShardId) {
        let Some(lane) = self.lanes.get_mut(id).filter(|lane| lane.wants_more()) else {
            return;
        };
        let Stage::Idle(mut cursor) = std::mem::replace(&mut lane.stage, Stage::Busy) else {
            return;
        };
        cursor.closed = self.lineage.is_closed(id);
        let (shard, generation) = (id.clone(), lane.generation);
        self.tasks.spawn(async move {
            let page = cursor.next().await;
            Event::Page {
                shard,
                generation,
                cursor,
                page,
            }
        });
    }

    /// Takes in what a task brought.
    pub(super) fn happened(&mut self, event: Event) -> Result<()> {
        match event {
            Event::Page {
                shard,
                generation,
                cursor,
                page,
            } => self.arrived(&shard, generation, cursor, page),
            Event::Shards(shards) => {
                let learnt = shards.map(|shards| self.learn(shards));
                let wait = if self.lineage.expects_children() {
                    SOON
                } else {
                    DISCOVERY
                };
                self.discovery = Some(Instant::now() + wait);
                learnt
            }
        }
    }

    fn arrived(
        &mut self,
        id: &ShardId,
        generation: u64,
        mut cursor: Box<Cursor>,
        page: Result<Page>,
    ) -> Result<()> {
        let Some(lane) = self
            .lanes
            .get_mut(id)
            .filter(|lane| lane.generation == generation)
        else {
            return Ok(());
        };
        if self.bounded && cursor.end.is_none() {
            // It was asked for before the end was fixed.
            cursor.end = self.ends.remove(id);
            if let Ok(mut page) = page {
                // More may have come between the answer and the end.
                page.at_tip = false;
                cursor.hold(page);
            }
            lane.stage = Stage::Idle(cursor);
            return Ok(());
        }
        match page {
            Ok(page) => {
                lane.stage = if page.ended {
                    Stage::Ended
                } else {
                    Stage::Idle(cursor)
                };
                lane.add(page);
                self.finish_if_empty(id);
                Ok(())
            }
            Err(error) => {
                lane.stage = Stage::Idle(cursor);
                Err(error)
            }
        }
    }
}
