//! Reading a stream: every shard by requests of its own, parents before children, and what came in handed over in turns.

mod batch;
mod cursor;
mod end;
mod fan_out;
mod lane;
mod open;
mod pace;
mod page;
mod requests;
mod scan;
mod shards;
mod start;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt, stream};
use ssectl_adapter::{Commit, Error, ErrorKind, Fetched, Limit, Partition, Result, Source};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::client::Stream;
use crate::leases::{Keeper, View};
use crate::position::Place;
use crate::topology::{self, Lineage, Shard, ShardId};
use cursor::Cursor;
use end::{End, Stop};
use lane::{Lane, Stage};
use page::Page;

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
    /// Where a checkpoint says to begin, which counts more than that and what is committed.
    kept: BTreeMap<ShardId, Place>,
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

    fn partitions(&self) -> Option<Vec<Partition>> {
        Some(self.open_shards().map(Partition::from).collect())
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
