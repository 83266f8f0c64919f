//! Where a bounded read stops.
//!
//! Kinesis does not tell the number of a shard's newest record. But it gives an iterator that stands behind it, and what
//! this iterator gives first, now or later, is the first record that is not to be read. So each page is followed by a look
//! through that iterator: while it gives nothing, all that was read before the look is wanted.

use std::time::Duration;

use ssectl_adapter::{Error, Result, Timestamp};
use tokio::time::Instant;

use super::cursor::{Refused, SKEW, Start, get, iterator};
use super::page::{Entry, Page};
use crate::client::Stream;
use crate::position::{Place, Point};
use crate::topology::ShardId;

/// The iterator is used this often, so that it does not expire (after five minutes).
const REFRESH: Duration = Duration::from_secs(200);

/// How far the time of a shard's newest record may differ from what Kinesis says.
const SLACK: Duration = Duration::from_secs(5);

/// A look behind the newest record of a moment, through an iterator that stands there.
#[derive(Debug)]
struct Tip {
    stream: Stream,
    shard: ShardId,
    iterator: Option<String>,
    fixed: Instant,
    /// The same moment by the clock, for when the iterator is lost.
    time: Timestamp,
    used: Instant,
    /// Nothing comes behind it: the shard was closed already.
    last: bool,
    /// The first record behind it.
    found: Option<Point>,
}

/// Where to stop before the end.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stop {
    /// At this place.
    pub(crate) before: Option<Place>,
    /// At the first record that is not older.
    pub(crate) until: Option<Timestamp>,
}

impl Stop {
    fn stops(&self, entry: &Entry) -> bool {
        let behind = |point: &Point| match point.sub {
            Some(_) => entry.point > *point,
            None => entry.point.sequence != point.sequence && entry.point > *point,
        };
        let stopped = match &self.before {
            None | Some(Place::End) => false,
            Some(Place::Horizon) => true,
            Some(Place::At(point)) => entry.point >= *point,
            Some(Place::After(point)) => behind(point),
        };
        stopped
            || self
                .until
                .is_some_and(|until| entry.time().is_some_and(|time| time >= until))
    }
}

/// The end of a read of one shard.
#[derive(Debug)]
pub(crate) struct End {
    tip: Tip,
    stop: Stop,
}

impl End {
    /// Behind the newest record of now, or earlier.
    pub(crate) async fn fix(
        stream: &Stream,
        shard: &ShardId,
        closed: bool,
        stop: Stop,
    ) -> Result<Self> {
        let time = Timestamp::from_nanos(jiff::Timestamp::now().as_nanosecond());
        let iterator = iterator(stream, shard, &Start::Latest).await;
        let iterator =
            iterator.map_err(|error| error.with("stream", &stream.name).with("shard", shard))?;
        let tip = Tip {
            stream: stream.clone(),
            shard: shard.clone(),
            iterator: Some(iterator),
            fixed: Instant::now(),
            time,
            used: Instant::now(),
            last: closed,
            found: None,
        };
        Ok(Self { tip, stop })
    }

    /// Takes away what is not to be read, and notes whether anything is left for later.
    pub(super) async fn cut(&mut self, page: &mut Page) -> Result<()> {
        cut_at(page, |entry| self.stop.stops(entry));
        page.ended |= page.at_tip;
        if page.ended {
            return Ok(());
        }
        self.tip.look(page).await?;
        if let Some(found) = &self.tip.found {
            cut_at(page, |entry| entry.point >= *found);
            page.ended |= page.newest.as_ref().is_some_and(|newest| newest >= found);
        }
        Ok(())
    }
}

fn cut_at(page: &mut Page, stop: impl Fn(&Entry) -> bool) {
    if let Some(at) = page.entries.iter().position(stop) {
        page.entries.truncate(at);
        page.ended = true;
    }
}

impl Tip {
    /// Looks for the first record behind the tip, unless the page is certainly older.
    async fn look(&mut self, page: &Page) -> Result<()> {
        let older = page.behind > self.fixed.elapsed() + SLACK;
        let fresh = self.used.elapsed() < REFRESH;
        if self.found.is_some() || self.last || (fresh && (older || page.newest.is_none())) {
            return Ok(());
        }
        loop {
            let at = match &self.iterator {
                Some(iterator) => iterator.clone(),
                None => {
                    let later = Timestamp::from_nanos(self.time.as_nanos() + SKEW);
                    iterator(&self.stream, &self.shard, &Start::Arrived(later)).await?
                }
            };
            let answer = match get(&self.stream, &at, 1).await {
                Ok(answer) => answer,
                Err(Refused::Expired) => {
                    self.iterator = None;
                    continue;
                }
                Err(Refused::Failed(error)) => return Err(self.told(error)),
            };
            self.used = Instant::now();
            if let Some(first) = answer.records.first() {
                self.found = Some(Point::whole(first.sequence_number.as_str()));
                return Ok(());
            }
            let more = answer.next.is_some() && answer.behind.unwrap_or(0) > 0;
            self.iterator = answer.next.or(Some(at));
            if !more {
                return Ok(());
            }
        }
    }

    fn told(&self, error: Error) -> Error {
        error.with("at", "the end of the read")
    }
}
