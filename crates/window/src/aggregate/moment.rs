//! Values with their times: the first, the last, and all of them.

use std::cmp::Ordering;

use ssectl_state::Corrupt;

use super::codec::{Reader, put_bytes, put_number, put_signed};
use crate::Time;

/// A value and when it happened; ordered by that, and by its bytes where the time is the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment {
    time: Time,
    pub(super) value: Box<[u8]>,
}

impl Moment {
    pub(super) fn new(time: Time, value: &[u8]) -> Self {
        Self {
            time,
            value: value.into(),
        }
    }

    fn encode(&self, out: &mut Vec<u8>) {
        put_signed(self.time, out);
        put_bytes(&self.value, out);
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, Corrupt> {
        Ok(Self {
            time: reader.signed()?,
            value: reader.bytes()?.into(),
        })
    }
}

/// Takes a value if it comes before the one there is, in the order of `wanted`: less for the first.
pub(super) fn offer(edge: &mut Option<Moment>, time: Time, value: &[u8], wanted: Ordering) {
    match edge {
        Some(old) => {
            let order = time.cmp(&old.time).then_with(|| value.cmp(&old.value));
            if order == wanted {
                *old = Moment::new(time, value);
            }
        }
        None => *edge = Some(Moment::new(time, value)),
    }
}

pub(super) fn merge(edge: &mut Option<Moment>, other: &Option<Moment>, wanted: Ordering) {
    if let Some(other) = other {
        offer(edge, other.time, &other.value, wanted);
    }
}

/// Bytes of memory of a value, beyond its own.
pub(super) fn heap(moments: &[Moment]) -> usize {
    let values = moments.iter().map(|moment| moment.value.len());
    size_of_val(moments) + values.sum::<usize>()
}

/// Appends the values as an array in the order of their times.
pub(super) fn write_sorted(moments: &[Moment], out: &mut Vec<u8>) {
    out.push(b'[');
    for (at, moment) in sorted(moments).into_iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        out.extend_from_slice(&moment.value);
    }
    out.push(b']');
}

pub(super) fn encode(moments: &[Moment], out: &mut Vec<u8>) {
    put_number(moments.len() as u64, out);
    for moment in sorted(moments) {
        moment.encode(out);
    }
}

pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Vec<Moment>, Corrupt> {
    reader.list(Moment::decode)
}

fn sorted(moments: &[Moment]) -> Vec<&Moment> {
    let mut sorted: Vec<_> = moments.iter().collect();
    sorted.sort_unstable();
    sorted
}
