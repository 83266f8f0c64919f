//! What one aggregate keeps of the values it has got.

use std::cmp::Ordering;
use std::io::Write;

use ssectl_state::Corrupt;

use super::cardinality::Cardinality;
use super::codec::{Reader, put_bytes, put_number};
use super::extreme::Extreme;
use super::kind::Kind;
use super::moment::{self, Moment};
use super::quantiles::Quantiles;
use super::tally::Tally;
use super::total::Total;

/// The state of an aggregate.
#[derive(Debug, Clone)]
pub(super) enum State {
    Count(u64),
    Total(Total),
    Least(Extreme),
    Greatest(Extreme),
    First(Option<Moment>),
    Last(Option<Moment>),
    All(Vec<Moment>),
    Tally(Box<Tally>),
    Cardinality(Box<Cardinality>),
    Quantiles(Box<Quantiles>),
    /// The JSON that `reduce` is at; none before the first event.
    Folded(Option<Box<[u8]>>),
}

/// States as the first byte of their encoding; a number once given stays.
mod tag {
    pub(super) const COUNT: u8 = 0;
    pub(super) const TOTAL: u8 = 1;
    pub(super) const LEAST: u8 = 2;
    pub(super) const GREATEST: u8 = 3;
    pub(super) const FIRST: u8 = 4;
    pub(super) const LAST: u8 = 5;
    pub(super) const ALL: u8 = 6;
    pub(super) const TALLY: u8 = 7;
    pub(super) const CARDINALITY: u8 = 8;
    pub(super) const QUANTILES: u8 = 9;
    pub(super) const FOLDED: u8 = 10;
}

impl State {
    /// That of no events.
    pub(super) fn new(kind: Kind) -> Self {
        match kind {
            Kind::Count => Self::Count(0),
            Kind::Sum | Kind::Average => Self::Total(Total::new()),
            Kind::Min => Self::Least(Extreme::None),
            Kind::Max => Self::Greatest(Extreme::None),
            Kind::First => Self::First(None),
            Kind::Last => Self::Last(None),
            Kind::Collect => Self::All(Vec::new()),
            Kind::Distinct | Kind::Top(_) => Self::Tally(Box::default()),
            Kind::ApproxDistinct => Self::Cardinality(Box::new(Cardinality::new())),
            Kind::Percentile(_) => Self::Quantiles(Box::new(Quantiles::new())),
            Kind::Reduce => Self::Folded(None),
        }
    }

    /// Takes over what another state of the same aggregate has; those of `reduce` are left alone.
    pub(super) fn merge(&mut self, other: &Self) {
        match (self, other) {
            (Self::Count(mine), Self::Count(theirs)) => *mine += theirs,
            (Self::Total(mine), Self::Total(theirs)) => mine.merge(theirs),
            (Self::Least(mine), Self::Least(theirs)) => mine.merge(theirs, Ordering::Less),
            (Self::Greatest(mine), Self::Greatest(theirs)) => mine.merge(theirs, Ordering::Greater),
            (Self::First(mine), Self::First(theirs)) => moment::merge(mine, theirs, Ordering::Less),
            (Self::Last(mine), Self::Last(theirs)) => {
                moment::merge(mine, theirs, Ordering::Greater);
            }
            (Self::All(mine), Self::All(theirs)) => mine.extend_from_slice(theirs),
            (Self::Tally(mine), Self::Tally(theirs)) => mine.merge(theirs),
            (Self::Cardinality(mine), Self::Cardinality(theirs)) => mine.merge(theirs),
            (Self::Quantiles(mine), Self::Quantiles(theirs)) => mine.merge(theirs),
            _ => {}
        }
    }

    /// Whether this is a state of such an aggregate.
    pub(super) fn fits(&self, kind: Kind) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(&Self::new(kind))
    }

    /// Appends the state as JSON, for people: what is summed, counted or kept, without the name of the aggregate.
    pub(super) fn describe(&self, out: &mut Vec<u8>) {
        // Writing to memory does not fail.
        let _ = match self {
            Self::Count(count) => write!(out, "{count}"),
            Self::Cardinality(set) => write!(out, "{}", set.estimate()),
            Self::Total(total) => {
                total.write_sum(out);
                Ok(())
            }
            Self::Least(extreme) | Self::Greatest(extreme) => {
                out.write_all(extreme.text().as_deref().unwrap_or(b"null"))
            }
            Self::First(edge) | Self::Last(edge) => {
                out.write_all(edge.as_ref().map_or(b"null", |moment| &moment.value))
            }
            Self::All(all) => {
                moment::write_sorted(all, out);
                Ok(())
            }
            Self::Tally(tally) => {
                tally.write_top(usize::MAX, out);
                Ok(())
            }
            Self::Quantiles(quantiles) => quantiles.describe(out),
            Self::Folded(state) => out.write_all(state.as_deref().unwrap_or(b"null")),
        };
    }

    /// Bytes of memory beyond its own, roughly.
    pub(super) fn heap(&self) -> usize {
        match self {
            Self::Count(_) => 0,
            Self::Total(total) => total.heap(),
            Self::Least(extreme) | Self::Greatest(extreme) => extreme.heap(),
            Self::First(edge) | Self::Last(edge) => {
                edge.as_ref().map_or(0, |moment| moment.value.len())
            }
            Self::All(moments) => moment::heap(moments),
            Self::Tally(tally) => size_of::<Tally>() + tally.heap(),
            Self::Cardinality(set) => size_of::<Cardinality>() + set.heap(),
            Self::Quantiles(quantiles) => size_of::<Quantiles>() + quantiles.heap(),
            Self::Folded(state) => state.as_ref().map_or(0, |json| json.len()),
        }
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.push(self.tag());
        match self {
            Self::Count(count) => put_number(*count, out),
            Self::Total(total) => total.encode(out),
            Self::Least(extreme) | Self::Greatest(extreme) => extreme.encode(out),
            Self::First(edge) | Self::Last(edge) => moment::encode(edge.as_slice(), out),
            Self::All(moments) => moment::encode(moments, out),
            Self::Tally(tally) => tally.encode(out),
            Self::Cardinality(set) => set.encode(out),
            Self::Quantiles(quantiles) => quantiles.encode(out),
            Self::Folded(state) => put_bytes(state.as_deref().unwrap_or_default(), out),
        }
    }

    fn tag(&self) -> u8 {
        match self {
            Self::Count(_) => tag::COUNT,
            Self::Total(_) => tag::TOTAL,
            Self::Least(_) => tag::LEAST,
            Self::Greatest(_) => tag::GREATEST,
            Self::First(_) => tag::FIRST,
            Self::Last(_) => tag::LAST,
            Self::All(_) => tag::ALL,
            Self::Tally(_) => tag::TALLY,
            Self::Cardinality(_) => tag::CARDINALITY,
            Self::Quantiles(_) => tag::QUANTILES,
            Self::Folded(_) => tag::FOLDED,
        }
    }

    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, Corrupt> {
        Ok(match reader.byte()? {
            tag::COUNT => Self::Count(reader.number()?),
            tag::TOTAL => Self::Total(Total::decode(reader)?),
            tag::LEAST => Self::Least(Extreme::decode(reader)?),
            tag::GREATEST => Self::Greatest(Extreme::decode(reader)?),
            tag::FIRST => Self::First(moment::decode(reader)?.pop()),
            tag::LAST => Self::Last(moment::decode(reader)?.pop()),
            tag::ALL => Self::All(moment::decode(reader)?),
            tag::TALLY => Self::Tally(Box::new(Tally::decode(reader)?)),
            tag::CARDINALITY => Self::Cardinality(Box::new(Cardinality::decode(reader)?)),
            tag::QUANTILES => Self::Quantiles(Box::new(Quantiles::decode(reader)?)),
            tag::FOLDED => {
                let json = reader.bytes()?;
                Self::Folded((!json.is_empty()).then(|| json.into()))
            }
            _ => return Err(Reader::corrupt()),
        })
    }
}
