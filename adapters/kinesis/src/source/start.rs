//! From the bounds of a range to places in a shard.

use ssectl_adapter::{Bound, Error, ErrorKind, Result, Timestamp};

use super::cursor::{Gate, Start};
use super::end::Stop;
use super::scan::{Newest, Scan};
use crate::position::Place;

/// Where the read of a shard begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Beginning {
    pub(crate) start: Start,
    pub(crate) gate: Option<Gate>,
}

impl From<Start> for Beginning {
    fn from(start: Start) -> Self {
        Self { start, gate: None }
    }
}

impl Beginning {
    /// At a place that was read or committed; none behind the end of a shard.
    pub(crate) fn at(place: Place) -> Option<Self> {
        Some(match place {
            Place::Horizon => Start::Horizon.into(),
            Place::End => return None,
            Place::At(point) => Self {
                start: Start::At(point.sequence.clone()),
                gate: Some(Gate::At(point)),
            },
            Place::After(point) if point.sub.is_none() => Start::After(point.sequence).into(),
            Place::After(point) => Self {
                start: Start::At(point.sequence.clone()),
                gate: Some(Gate::After(point)),
            },
        })
    }

    /// Where a range begins in a shard; none where that is behind its end.
    pub(crate) async fn find(from: &Bound, scan: &Scan<'_>) -> Result<Option<Self>> {
        Ok(match from {
            Bound::Start | Bound::Stored | Bound::AfterStart(0) => Some(Start::Horizon.into()),
            Bound::End | Bound::BeforeEnd(0) => Some(Start::Latest.into()),
            Bound::At(position) => Self::at(Place::of(position)?),
            Bound::Time(time) => Some(Self {
                start: Start::Arrived((*time).min(now())),
                gate: Some(Gate::Since(*time)),
            }),
            Bound::AfterStart(skip) => match scan.after_start(*skip).await? {
                Some(point) => Self::at(Place::At(point)),
                None => Some(Start::Latest.into()),
            },
            Bound::BeforeEnd(count) => match scan.before_end(*count).await? {
                Newest::From(point) => Self::at(Place::At(point)),
                Newest::All => Some(Start::Horizon.into()),
            },
        })
    }
}

/// Where a range stops in a shard before its end.
pub(crate) async fn stop(to: &Bound, scan: &Scan<'_>) -> Result<Stop> {
    let before = |place| Stop {
        before: Some(place),
        until: None,
    };
    Ok(match to {
        Bound::End | Bound::BeforeEnd(0) => Stop::default(),
        Bound::Start => before(Place::Horizon),
        Bound::Stored => {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "a shard cannot be read to `stored`, only from there",
            ));
        }
        Bound::At(position) => before(Place::of(position)?),
        Bound::Time(time) => Stop {
            before: None,
            until: Some(*time),
        },
        Bound::AfterStart(count) => match scan.after_start(*count).await? {
            Some(point) => before(Place::At(point)),
            None => Stop::default(),
        },
        Bound::BeforeEnd(count) => match scan.before_end(*count).await? {
            Newest::From(point) => before(Place::At(point)),
            Newest::All => before(Place::Horizon),
        },
    })
}

fn now() -> Timestamp {
    Timestamp::from_nanos(jiff::Timestamp::now().as_nanosecond())
}
