//! Reading a stream: every shard by requests of its own, parents before children, and what came in handed over in turns.

mod cursor;
mod end;
mod fan_out;
mod lane;
mod open;
mod pace;
mod page;
mod scan;
mod start;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt, stream};
use ssectl_adapter::{
    Batch, Commit, Error, ErrorKind, Fault, Fetched, Limit, Partition, Result, Source,
};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::client::Stream;
use crate::leases::{Keeper, View};
use crate::position::Place;
use crate::topology::{self, Lineage, Shard, ShardId};
use cursor::{Cursor, Start};
use end::{End, Stop};
use lane::{Lane, Stage};
use page::Page;
use start::Beginning;

pub(crate) use open::open;
pub(crate) use scan::Scan;

/// How often a read that follows looks for new shards, besides the times when one ends.
const DISCOVERY: Duration = Duration::from_secs(10);
/// The same while a shard has ended and its children are not listed yet.
const SOON: Duration = Duration::from_millis(500);
/// Requests under way at once when a read opens or its end is fixed.
const AT_ONCE: usize = 16;

/// An open read of one stream.
pub(crate) struct KinesisSource {
    stream: Stream,
    per_second: u8,
    /// ARN of the consumer that reads by enhanced fan-out.
    consumer: Option<Arc<str>>,
    /// Only these shards, without what comes of them; all when empty.
    only: BTreeSet<ShardId>,
    lineage: Lineage,
    lanes: BTreeMap<ShardId, Lane>,
    /// Cursors of shards that were found when the read opened; the others begin at their oldest record.
    prepared: BTreeMap<ShardId, Option<Box<Cursor>>>,
    bounded: bool,
    ends: BTreeMap<ShardId, End>,
    tasks: JoinSet<Event>,
    discovery: Option<Instant>,
    group: Option<Keeper>,
    view: Arc<View>,
    /// A group goes on where it committed.
    stored: bool,
    /// The lane that is asked first.
    turn: usize,
}

/// What a task brought.
enum Event {
    Page {
        shard: ShardId,
        generation: u64,
        cursor: Box<Cursor>,
        page: Result<Page>,
    },
    Shards(Result<Vec<Shard>>),
}

impl KinesisSource {
    /// Begins what may begin, and asks for more of what was handed over.
    fn pump(&mut self) {
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

    /// Takes over the shards that the group gives, and lets go of those it takes.
    fn follow_group(&mut self) {
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
    fn begin(&mut self, id: &ShardId) {
        let held = self.group.is_none() || self.view.held.contains_key(id);
        let waiting = self
            .lanes
            .get(id)
            .is_some_and(|lane| matches!(lane.stage, Stage::Waiting));
        if !waiting || !held || !self.lineage.may_begin(id) {
            return;
        }
        let resumed = self.view.held.get(id).filter(|_| self.stored);
        let cursor = match (resumed, self.prepared.remove(id)) {
            (Some(place), _) => {
                Beginning::at(place.clone()).map(|beginning| self.cursor(id, beginning))
            }
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

    fn happened(&mut self, event: Event) -> Result<()> {
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

    /// Adds shards that are new; those the read did not know begin at their oldest record.
    fn learn(&mut self, mut shards: Vec<Shard>) {
        if self.bounded || !self.only.is_empty() {
            shards.retain(|shard| self.lanes.contains_key(&shard.id));
        }
        for id in self.lineage.learn(shards) {
            self.lanes.insert(id, Lane::default());
        }
    }

    fn finish_if_empty(&mut self, id: &ShardId) {
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

    /// Whether nothing is left to read, here or by others of the group.
    fn is_done(&self) -> bool {
        let done = |(id, lane): (&ShardId, &Lane)| {
            matches!(lane.stage, Stage::Finished) || self.view.others.contains(id)
        };
        (self.bounded || !self.only.is_empty()) && self.lanes.iter().all(done)
    }

    /// Records of as many shards as fit, beginning with another one each time.
    fn batch(&mut self, limit: Limit) -> Batch {
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

#[async_trait]
impl Source for KinesisSource {
    async fn fetch(&mut self, limit: Limit) -> Result<Fetched> {
        let deadline = Instant::now() + limit.wait;
        loop {
            while let Some(event) = self.tasks.try_join_next() {
                self.happened(event.map_err(broken)?)?;
            }
            self.pump();
            if self.lanes.values().any(|lane| !lane.ready.is_empty()) {
                return Ok(Fetched::Batch(self.batch(limit)));
            }
            if self.is_done() {
                return Ok(Fetched::End);
            }
            if let Some(error) = self.group.as_ref().and_then(Keeper::failed) {
                return Err(error);
            }
            if Instant::now() >= deadline {
                return Ok(Fetched::Idle);
            }
            let wake = self
                .discovery
                .filter(|_| !self.bounded)
                .map_or(deadline, |at| at.min(deadline));
            tokio::select! {
                biased;
                Some(event) = self.tasks.join_next() => self.happened(event.map_err(broken)?)?,
                () = changed(self.group.as_ref()) => {}
                () = sleep_until(wake) => {}
            }
        }
    }

    /// Fixes the end of every shard that there is; see `end.rs`.
    async fn bound(&mut self) -> Result<()> {
        if self.bounded {
            return Ok(());
        }
        let shards = topology::list(&self.stream).await?;
        self.learn(shards);
        let open = self
            .lanes
            .iter()
            .filter(|(_, lane)| !matches!(lane.stage, Stage::Ended | Stage::Finished));
        let open: Vec<_> = open
            .map(|(id, _)| (id.clone(), self.lineage.is_closed(id)))
            .collect();
        let stream = &self.stream;
        let ends = open.into_iter().map(|(id, closed)| async move {
            let end = End::fix(stream, &id, closed, Stop::default()).await?;
            Ok::<_, Error>((id, end))
        });
        let ends = stream::iter(ends.collect::<Vec<_>>()).buffer_unordered(AT_ONCE);
        self.ends = ends.try_collect().await?;
        self.bounded = true;
        for (id, lane) in &mut self.lanes {
            if let Stage::Idle(cursor) = &mut lane.stage {
                cursor.end = self.ends.remove(id);
            }
        }
        Ok(())
    }

    async fn commit(&mut self, commit: &Commit) -> Result<()> {
        let (Some(keeper), Commit::UpTo(positions)) = (&self.group, commit) else {
            return Ok(());
        };
        let mut places = BTreeMap::new();
        for (partition, position) in positions {
            places.insert(ShardId::from(partition.as_str()), Place::of(position)?);
        }
        keeper.commit(places).await
    }

    async fn close(mut self: Box<Self>) -> Result<()> {
        self.tasks.shutdown().await;
        match self.group.take() {
            Some(keeper) => keeper.close().await,
            None => Ok(()),
        }
    }
}

async fn changed(group: Option<&Keeper>) {
    match group {
        Some(keeper) => keeper.changed().await,
        None => std::future::pending().await,
    }
}

fn broken(error: tokio::task::JoinError) -> Error {
    Error::new(ErrorKind::Other, "a request ended without an answer").caused_by(error)
}
