//! jq's order of values: `null`, `false`, `true`, numbers, strings, arrays, objects.

use std::cmp::Ordering;

use super::super::meter;
use super::{Object, Value};

impl Value {
    /// Order in which two NaN compare as `nans` says: for jq one is less than the other, whichever
    /// comes first, but nothing can be sorted by that.
    fn compare(&self, other: &Self, nans: Ordering) -> Ordering {
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Num(a), Self::Num(b)) => a.compare(b, nans),
            (Self::Str(a), Self::Str(b)) => {
                meter::work(a.len().min(b.len()));
                a.as_str().cmp(b.as_str())
            }
            (Self::Arr(a), Self::Arr(b)) => {
                meter::work(32);
                let pairs = a.iter().zip(b.iter());
                let unequal = pairs
                    .map(|(a, b)| a.compare(b, nans))
                    .find(|order| order.is_ne());
                unequal.unwrap_or_else(|| a.len().cmp(&b.len()))
            }
            (Self::Obj(a), Self::Obj(b)) => compare_objects(a, b, nans),
            _ => self.rank().cmp(&other.rank()),
        }
    }

    /// The order by which jq sorts.
    pub(crate) fn total_cmp(&self, other: &Self) -> Ordering {
        self.compare(other, Ordering::Equal)
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Null(_) => 0,
            Self::Bool(_) => 1,
            Self::Num(_) => 2,
            Self::Str(_) => 3,
            Self::Arr(_) => 4,
            Self::Obj(_) => 5,
        }
    }
}

/// First by the sorted keys, then by the values in the order of the keys.
fn compare_objects(a: &Object, b: &Object, nans: Ordering) -> Ordering {
    meter::work(64 * (a.len() + b.len()));
    let (a, b) = (a.sorted(), b.sorted());
    let keys = a.iter().map(|(key, _)| key.as_str());
    keys.cmp(b.iter().map(|(key, _)| key.as_str()))
        .then_with(|| {
            let pairs = a.iter().zip(&b);
            let mut orders = pairs.map(|((_, a), (_, b))| a.compare(b, nans));
            orders
                .find(|order| order.is_ne())
                .unwrap_or(Ordering::Equal)
        })
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Str(a), Self::Str(b)) => {
                meter::work(a.len().min(b.len()));
                a == b
            }
            (Self::Arr(a), Self::Arr(b)) => {
                meter::work(32);
                a[..] == b[..]
            }
            (Self::Obj(a), Self::Obj(b)) => {
                meter::work(32 * a.len());
                let same = |(key, value): &(super::Text, _)| b.get(key.as_str()) == Some(value);
                a.len() == b.len() && a.iter().all(same)
            }
            _ => self.compare(other, Ordering::Less).is_eq(),
        }
    }
}

/// As the operators `<`, `<=`, `>`, `>=` of jq.
impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.compare(other, Ordering::Less))
    }
}

/// The order by which jq sorts arrays of keys or paths.
pub(crate) fn total_cmp(a: &[Value], b: &[Value]) -> Ordering {
    meter::work(meter::TERM);
    let unequal = a
        .iter()
        .zip(b)
        .map(|(a, b)| a.total_cmp(b))
        .find(|order| order.is_ne());
    unequal.unwrap_or_else(|| a.len().cmp(&b.len()))
}
