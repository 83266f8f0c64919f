//! The least and the greatest value in the order of jq.

use std::borrow::Cow;
use std::cmp::Ordering;

use ssectl_state::Corrupt;

use super::codec::{Reader, put_bytes, put_signed};

/// A value to be compared.
#[derive(Debug, Clone)]
pub(super) enum Extreme {
    None,
    /// An integer, which compares fast.
    Int(i64),
    /// Any other value.
    Json(Box<[u8]>),
}

/// Digits that surely fit in 64 bits.
const INT_DIGITS: usize = 18;

impl Extreme {
    /// Takes `value` if it comes before what there is in the order of `wanted`: less for a minimum. Of values that are
    /// equal for jq, such as `1` and `1.0`, the bytes decide.
    pub(super) fn offer(&mut self, value: &[u8], wanted: Ordering) {
        match (&mut *self, int(value)) {
            (Self::Int(old), Some(new)) => {
                if new.cmp(old) == wanted {
                    *old = new;
                }
            }
            (_, new) => {
                let better = self.text().is_none_or(|old| {
                    ssectl_json::compare(value, &old).then_with(|| value.cmp(&old)) == wanted
                });
                if better {
                    *self = new.map_or_else(|| Self::Json(value.into()), Self::Int);
                }
            }
        }
    }

    pub(super) fn merge(&mut self, other: &Self, wanted: Ordering) {
        if let Some(value) = other.text() {
            self.offer(&value, wanted);
        }
    }

    /// The value, if there is one.
    pub(super) fn text(&self) -> Option<Cow<'_, [u8]>> {
        match self {
            Self::None => None,
            Self::Int(int) => Some(int.to_string().into_bytes().into()),
            Self::Json(json) => Some(Cow::Borrowed(json)),
        }
    }

    /// Bytes of memory beyond its own.
    pub(super) fn heap(&self) -> usize {
        match self {
            Self::Json(json) => json.len(),
            _ => 0,
        }
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::None => out.push(0),
            Self::Int(int) => {
                out.push(1);
                put_signed(*int, out);
            }
            Self::Json(json) => {
                out.push(2);
                put_bytes(json, out);
            }
        }
    }

    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, Corrupt> {
        match reader.byte()? {
            0 => Ok(Self::None),
            1 => reader.signed().map(Self::Int),
            2 => Ok(Self::Json(reader.bytes()?.into())),
            _ => Err(Reader::corrupt()),
        }
    }
}

/// The integer that `json` is, if it is one of few digits.
fn int(json: &[u8]) -> Option<i64> {
    let digits = json.strip_prefix(b"-").unwrap_or(json);
    let plain = digits.len() <= INT_DIGITS && digits.iter().all(u8::is_ascii_digit);
    let value = plain.then(|| {
        digits
            .iter()
            .fold(0, |value, digit| value * 10 + i64::from(digit - b'0'))
    })?;
    match (digits.len() < json.len(), value) {
        (false, value) => Some(value),
        // Zero with a sign is another number by its bytes.
        (true, 0) => None,
        (true, value) => Some(-value),
    }
}
