//! Opening a read: which shards, from where, and where it ends.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, stream};
use ssectl_adapter::{Bound, Error, ErrorKind, Result, SourceSpec};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::cursor::{Cursor, Start};
use super::end::End;
use super::lane::Lane;
use super::scan::Scan;
use super::start::{Beginning, stop};
use super::{AT_ONCE, DISCOVERY, KinesisSource, fan_out};
use crate::client::{Service, Stream};
use crate::leases::{Keeper, View};
use crate::position::Place;
use crate::topology::{self, Lineage, Shard, ShardId};

/// A shard's cursor and end, as the range has them.
struct Prepared {
    id: ShardId,
    cursor: Option<Box<Cursor>>,
    end: Option<End>,
}

/// Opens a read of a stream.
pub(crate) async fn open(service: &Service, spec: &SourceSpec) -> Result<KinesisSource> {
    let stream = service.stream(&spec.stream).await?;
    let mut shards = topology::list(&stream).await?;
    let only: BTreeSet<ShardId> = spec
        .partitions
        .iter()
        .map(|id| ShardId::from(id.as_str()))
        .collect();
    check(&stream, &shards, &only)?;
    if !only.is_empty() {
        shards.retain(|shard| only.contains(&shard.id));
    }
    let consumer = match &service.config.fan_out {
        Some(name) => Some(fan_out::consumer(&stream, name).await?),
        None => None,
    };
    let opening = Opening {
        stream: &stream,
        spec,
        consumer: consumer.clone(),
        per_second: service.config.reads_per_second,
    };
    let prepared: Vec<_> = shards.iter().map(|shard| opening.prepare(shard)).collect();
    let prepared = stream::iter(prepared).buffer_unordered(AT_ONCE);
    let prepared: Vec<Prepared> = prepared.try_collect().await?;
    let mut source = KinesisSource {
        per_second: service.config.reads_per_second,
        consumer,
        lineage: Lineage::default(),
        lanes: BTreeMap::new(),
        prepared: BTreeMap::new(),
        kept: kept(spec)?,
        bounded: false,
        ends: BTreeMap::new(),
        tasks: JoinSet::new(),
        discovery: only.is_empty().then(|| Instant::now() + DISCOVERY),
        only,
        group: None,
        view: Arc::new(View::default()),
        stored: opening.is_stored(),
        turn: 0,
        stream: stream.clone(),
    };
    for id in source.lineage.learn(shards) {
        source.lanes.insert(id, Lane::default());
    }
    for Prepared { id, cursor, end } in prepared {
        source.ends.extend(end.map(|end| (id.clone(), end)));
        source.prepared.insert(id, cursor);
    }
    source.bounded = spec.range.to.is_some();
    if let Some(group) = &spec.group {
        let keeper = Keeper::join(service, &stream, group).await?;
        source.group = Some(keeper);
        source.follow_group();
    }
    Ok(source)
}

/// The places of a checkpoint.
fn kept(spec: &SourceSpec) -> Result<BTreeMap<ShardId, Place>> {
    let at = spec.at.iter();
    at.map(|(shard, position)| Ok((ShardId::from(shard.as_str()), Place::of(position)?)))
        .collect()
}

fn check(stream: &Stream, shards: &[Shard], only: &BTreeSet<ShardId>) -> Result<()> {
    let missing = only
        .iter()
        .find(|id| shards.iter().all(|shard| shard.id != **id));
    match missing {
        None => Ok(()),
        Some(id) => {
            let error = Error::new(ErrorKind::NotFound, format!("there is no shard `{id}`"))
                .with("stream", &stream.name);
            let known = shards
                .first()
                .map(|shard| format!("shards have names such as `{}`", shard.id));
            Err(known.into_iter().fold(error, Error::hint))
        }
    }
}

struct Opening<'a> {
    stream: &'a Stream,
    spec: &'a SourceSpec,
    consumer: Option<Arc<str>>,
    per_second: u8,
}

impl Opening<'_> {
    /// Whether a group goes on where it committed.
    fn is_stored(&self) -> bool {
        self.spec.group.is_some() && self.spec.range.from == Bound::Stored
    }

    async fn prepare(&self, shard: &Shard) -> Result<Prepared> {
        let scan = Scan {
            stream: self.stream,
            shard: &shard.id,
            closed: shard.closed,
            per_second: self.per_second,
        };
        let cursor = match self.is_stored() {
            true => None,
            false => {
                self.cursor(
                    &shard.id,
                    Beginning::find(&self.spec.range.from, &scan).await?,
                )
                .await?
            }
        };
        let end = match &self.spec.range.to {
            None => None,
            Some(to) => {
                Some(End::fix(self.stream, &shard.id, shard.closed, stop(to, &scan).await?).await?)
            }
        };
        Ok(Prepared {
            id: shard.id.clone(),
            cursor,
            end,
        })
    }

    async fn cursor(
        &self,
        id: &ShardId,
        beginning: Option<Beginning>,
    ) -> Result<Option<Box<Cursor>>> {
        let Some(Beginning { start, gate }) = beginning else {
            return Ok(None);
        };
        let now = start == Start::Latest;
        let mut cursor = Cursor::new(self.stream, id, start, gate, self.per_second);
        if let Some(consumer) = &self.consumer {
            cursor.subscribe(consumer);
        }
        if now {
            cursor.fix().await?;
        }
        Ok(Some(Box::new(cursor)))
    }
}
