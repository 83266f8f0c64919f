//! What groups have committed, and moving it.

use std::time::Duration;

use futures::{StreamExt, TryStreamExt, stream};
use ssectl_adapter::{Backlog, Bound, Error, ErrorKind, Lag, Partition, Position, Result};

use crate::client::Service;
use crate::leases::{self, Change};
use crate::position::Place;
use crate::source::Scan;
use crate::topology::{self, Shard};

/// Requests under way at once.
const AT_ONCE: usize = 8;

/// Records between what was committed and the end of now, by shard. Kinesis does not count them, so they are read.
pub(super) async fn lag(service: &Service, stream: &str, group: &str) -> Result<Vec<Lag>> {
    let stream = service.stream(stream).await?;
    let kept = leases::store(service, &stream, group, None)
        .await?
        .list()
        .await?;
    let shards = topology::list(&stream).await?;
    let place = |shard: &Shard| kept.get(&shard.id).and_then(|lease| lease.place.clone());
    // What was closed and read to its end is behind everybody.
    let shards: Vec<_> = shards
        .iter()
        .map(|shard| (shard, place(shard)))
        .filter(|(shard, place)| !shard.closed || *place != Some(Place::End))
        .collect();
    let lags = shards.into_iter().map(|(shard, place)| {
        let scan = Scan {
            stream: &stream,
            shard: &shard.id,
            closed: shard.closed,
            per_second: service.config.reads_per_second,
        };
        one(scan, place)
    });
    stream::iter(lags.collect::<Vec<_>>())
        .buffered(AT_ONCE)
        .try_collect()
        .await
}

async fn one(scan: Scan<'_>, place: Option<Place>) -> Result<Lag> {
    let backlog = match &place {
        None => Backlog::Unknown("nothing was committed".to_owned()),
        Some(place) => {
            let counted = scan.count(place).await?;
            match counted.complete {
                true => Backlog::Records(counted.records),
                false => Backlog::Unknown(format!(
                    "more than {} records, the oldest {} old",
                    counted.records,
                    age(counted.behind)
                )),
            }
        }
    };
    Ok(Lag {
        partition: Partition::from(scan.shard.clone()),
        committed: place.map_or(Position::None, |place| place.position()),
        end: Position::None,
        backlog,
    })
}

fn age(behind: Duration) -> String {
    match behind.as_secs() {
        0 => format!("{} ms", behind.as_millis()),
        seconds => format!("{seconds} s"),
    }
}

/// Moves what the group reads next, in every shard.
pub(super) async fn seek(service: &Service, stream: &str, group: &str, to: &Bound) -> Result<()> {
    let stream = service.stream(stream).await?;
    let store = leases::store(service, &stream, group, None).await?;
    let kept = store.list().await?;
    for owner in kept.values().filter_map(|lease| lease.owner.as_ref()) {
        if store.is_alive(owner).await == Some(true) {
            let error = Error::new(ErrorKind::Config, format!("group `{group}` is reading"));
            return Err(error
                .with("stream", &stream.name)
                .hint("stop its readers first"));
        }
    }
    let shards = topology::list(&stream).await?;
    let places = shards.iter().map(|shard| {
        let scan = Scan {
            stream: &stream,
            shard: &shard.id,
            closed: shard.closed,
            per_second: service.config.reads_per_second,
        };
        let seen = kept.get(&shard.id);
        async move {
            scan.place(to)
                .await
                .map(|place| Change::of(&shard.id, seen, None, Some(place)))
        }
    });
    let places = stream::iter(places.collect::<Vec<_>>()).buffered(AT_ONCE);
    let changes: Vec<Change> = places.try_collect().await?;
    match store.swap(changes).await?.iter().all(|written| *written) {
        true => Ok(()),
        false => Err(Error::new(
            ErrorKind::Unavailable,
            format!("a reader of group `{group}` changed its leases meanwhile"),
        )
        .with("stream", &stream.name)
        .temporary()),
    }
}
