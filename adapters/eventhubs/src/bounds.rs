//! From bounds of a range to sequence numbers of partitions.

mod search;

use std::collections::BTreeMap;

use azure_messaging_eventhubs::ConsumerClient;
use ssectl_adapter::{Bound, Error, ErrorKind, Position, Result};

use crate::checkpoint::Positions;
use crate::client::{Extent, Hub, Service};
use crate::config::OffsetReset;

/// What partitions hold, by their names.
pub(crate) type Extents = BTreeMap<String, Extent>;

/// Who can say where a bound is.
pub(crate) struct Surveyor<'a> {
    pub(crate) service: &'a Service,
    pub(crate) client: &'a ConsumerClient,
    pub(crate) hub: &'a Hub,
}

impl Surveyor<'_> {
    /// What these partitions hold now.
    pub(crate) async fn extents(&self, partitions: &[String]) -> Result<Extents> {
        let mut extents = Extents::new();
        for id in partitions {
            let extent = self.service.extent(self.client, id).await;
            let extent = extent.map_err(|error| error.with("hub", &self.hub.name))?;
            extents.insert(id.clone(), extent);
        }
        Ok(extents)
    }

    /// Where a read begins; `Stored` counts as the start.
    pub(crate) async fn starts(&self, extents: &Extents, bound: &Bound) -> Result<Positions> {
        let reset = self.service.config.offset_reset;
        let mut starts = self.resolve(extents, bound).await?;
        if matches!(bound, Bound::At(_)) {
            for (id, next) in &mut starts {
                *next = within(&self.hub.name, id, *next, extents[id], reset)?;
            }
        }
        Ok(starts)
    }

    /// Where a read stops; never behind what the partitions hold.
    pub(crate) async fn ends(&self, extents: &Extents, bound: &Bound) -> Result<Positions> {
        let mut ends = self.resolve(extents, bound).await?;
        for (id, end) in &mut ends {
            *end = (*end).min(extents[id].end);
        }
        Ok(ends)
    }

    async fn resolve(&self, extents: &Extents, bound: &Bound) -> Result<Positions> {
        let mut all = Positions::new();
        for (id, extent) in extents {
            let Extent { first, end } = *extent;
            let distance = |n: &u64| i64::try_from(*n).unwrap_or(i64::MAX);
            let place = match bound {
                Bound::Start | Bound::Stored => first,
                Bound::End => end,
                Bound::AfterStart(n) => first.saturating_add(distance(n)).min(end),
                Bound::BeforeEnd(n) => end.saturating_sub(distance(n)).max(first),
                Bound::At(position) => number(position)?,
                Bound::Time(time) => self.not_before(id, *extent, *time).await?,
            };
            all.insert(id.clone(), place);
        }
        Ok(all)
    }
}

/// A sequence number.
fn number(position: &Position) -> Result<i64> {
    let number = match position {
        Position::Offset(number) => Some(*number),
        Position::Token(text) => text.parse().ok(),
        Position::None => None,
    };
    number.ok_or_else(|| {
        Error::new(
            ErrorKind::Config,
            format!("`{position}` is no position in a hub, which are sequence numbers"),
        )
    })
}

/// A position that the partition does not hold is moved to where `reset` says.
pub(crate) fn within(
    hub: &str,
    partition: &str,
    next: i64,
    extent: Extent,
    reset: OffsetReset,
) -> Result<i64> {
    let Extent { first, end } = extent;
    if (first..=end).contains(&next) {
        return Ok(next);
    }
    let state = if next < first {
        "gone"
    } else {
        "not there yet"
    };
    match reset {
        OffsetReset::Earliest => Ok(first),
        OffsetReset::Latest => Ok(end),
        OffsetReset::Error => Err(Error::new(
            ErrorKind::OutOfRange,
            format!("sequence number {next} of hub `{hub}` is {state}"),
        )
        .with("partition", partition)
        .with("first", first)
        .with("end", end)
        .hint(
            "read from `start`, or give the target `offset-reset: earliest` in ssectl.yaml to go on with what is left",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXTENT: Extent = Extent { first: 10, end: 20 };

    #[test]
    fn positions_that_are_held_stay() {
        for next in [10, 15, 20] {
            let found = within("h", "0", next, EXTENT, OffsetReset::Error);
            assert_eq!(found.expect("held"), next);
        }
    }

    #[test]
    fn others_are_told_or_moved() {
        for (next, says) in [(9, "gone"), (21, "not there yet")] {
            let error = within("h", "0", next, EXTENT, OffsetReset::Error).expect_err(says);
            assert_eq!(error.kind(), ErrorKind::OutOfRange);
            assert!(error.to_string().contains(says), "{error}");
            let moved = |reset| within("h", "0", next, EXTENT, reset).expect("moved");
            assert_eq!(moved(OffsetReset::Earliest), 10);
            assert_eq!(moved(OffsetReset::Latest), 20);
        }
    }

    #[test]
    fn positions_are_numbers() {
        assert_eq!(number(&Position::Token("7".into())).expect("a number"), 7);
        let error = number(&Position::Token("x".into())).expect_err("no number");
        assert_eq!(error.kind(), ErrorKind::Config);
    }
}
