//! Positions that only counting finds: so many records behind the start, or before the end.

use std::collections::VecDeque;
use std::time::Duration;

use ssectl_adapter::{Bound, ErrorKind, Result, Timestamp};

use super::cursor::{Cursor, Start};
use super::end::{End, Stop};
use super::start::Beginning;
use crate::client::Stream;
use crate::position::{Place, Point};
use crate::topology::ShardId;

/// A shard to be counted through.
pub(crate) struct Scan<'a> {
    pub(crate) stream: &'a Stream,
    pub(crate) shard: &'a ShardId,
    pub(crate) closed: bool,
    pub(crate) per_second: u8,
}

/// How far back a search for the newest records goes, one try after another; then to the oldest record.
const WINDOWS: [Duration; 4] = [
    Duration::from_secs(60),
    Duration::from_secs(15 * 60),
    Duration::from_secs(3 * 60 * 60),
    Duration::from_secs(36 * 60 * 60),
];

/// The place of the newest records.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Newest {
    /// They begin with this record.
    From(Point),
    /// There are fewer than that.
    All,
}

/// Records that were counted.
#[derive(Debug, Default)]
pub(crate) struct Count {
    pub(crate) records: u64,
    /// There are no more.
    pub(crate) complete: bool,
    /// How far the oldest of them are from the newest.
    pub(crate) behind: Duration,
}

impl Scan<'_> {
    /// The record behind the `skip` oldest ones; none when there are no more.
    pub(crate) async fn after_start(&self, skip: u64) -> Result<Option<Point>> {
        let mut cursor = self.cursor(Start::Horizon.into()).await?;
        let mut left = skip;
        loop {
            let page = cursor.next().await?;
            for entry in page.entries {
                if left == 0 {
                    return Ok(Some(entry.point));
                }
                left -= 1;
            }
            if page.ended {
                return Ok(None);
            }
        }
    }

    /// Where the `count` newest records begin.
    pub(crate) async fn before_end(&self, count: u64) -> Result<Newest> {
        let now = jiff::Timestamp::now().as_nanosecond();
        for window in WINDOWS {
            let since = Timestamp::from_nanos(now - i128::try_from(window.as_nanos()).unwrap_or(0));
            match self.newest(Start::Arrived(since), count).await {
                Ok(newest) if newest.len() as u64 == count => return Ok(begin(newest)),
                // A clock that is ahead asks for times that are still to come.
                Err(error) if error.kind() != ErrorKind::Config => return Err(error),
                Ok(_) | Err(_) => {}
            }
        }
        let newest = self.newest(Start::Horizon, count).await?;
        Ok(if newest.len() as u64 == count {
            begin(newest)
        } else {
            Newest::All
        })
    }

    /// The newest record; none when there are none.
    pub(crate) async fn last(&self) -> Result<Option<Point>> {
        Ok(match self.before_end(1).await? {
            Newest::From(point) => Some(point),
            Newest::All => None,
        })
    }

    /// Records from a place to the end of now, as far as the requests of a second reach.
    pub(crate) async fn count(&self, place: &Place) -> Result<Count> {
        let mut count = Count::default();
        let Some(beginning) = Beginning::at(place.clone()) else {
            return Ok(Count {
                complete: true,
                ..count
            });
        };
        let mut cursor = self.cursor(beginning).await?;
        for request in 0..self.per_second {
            let page = cursor.next().await?;
            count.records += page.entries.len() as u64;
            if request == 0 {
                count.behind = page.behind;
            }
            if page.ended {
                count.complete = true;
                break;
            }
        }
        Ok(count)
    }

    /// The place in this shard that a bound means, as it can be kept.
    pub(crate) async fn place(&self, bound: &Bound) -> Result<Place> {
        let found = match bound {
            Bound::Start | Bound::Stored | Bound::AfterStart(0) => return Ok(Place::Horizon),
            Bound::At(position) => return Place::of(position),
            Bound::End | Bound::BeforeEnd(0) => None,
            Bound::AfterStart(skip) => self.after_start(*skip).await?,
            Bound::BeforeEnd(count) => match self.before_end(*count).await? {
                Newest::From(point) => Some(point),
                Newest::All => return Ok(Place::Horizon),
            },
            Bound::Time(_) => self.first(bound).await?,
        };
        Ok(match found {
            Some(point) => Place::At(point),
            None if self.closed => Place::End,
            None => self.last().await?.map_or(Place::Horizon, Place::After),
        })
    }

    /// The first record of a range.
    async fn first(&self, from: &Bound) -> Result<Option<Point>> {
        let Some(beginning) = Beginning::find(from, self).await? else {
            return Ok(None);
        };
        let mut cursor = self.cursor(beginning).await?;
        loop {
            let page = cursor.next().await?;
            if let Some(entry) = page.entries.front() {
                return Ok(Some(entry.point.clone()));
            }
            if page.ended {
                return Ok(None);
            }
        }
    }

    async fn newest(&self, start: Start, count: u64) -> Result<VecDeque<Point>> {
        let mut cursor = self.cursor(start.into()).await?;
        let mut newest = VecDeque::new();
        loop {
            let page = cursor.next().await?;
            for entry in page.entries {
                newest.push_back(entry.point);
                if newest.len() as u64 > count {
                    newest.pop_front();
                }
            }
            if page.ended {
                return Ok(newest);
            }
        }
    }

    async fn cursor(&self, beginning: Beginning) -> Result<Cursor> {
        let Beginning { start, gate } = beginning;
        let mut cursor = Cursor::new(self.stream, self.shard, start, gate, self.per_second);
        cursor.closed = self.closed;
        cursor.end = Some(End::fix(self.stream, self.shard, self.closed, Stop::default()).await?);
        Ok(cursor)
    }
}

fn begin(newest: VecDeque<Point>) -> Newest {
    newest.into_iter().next().map_or(Newest::All, Newest::From)
}
