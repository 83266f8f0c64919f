//! The arithmetic operators, with jq's rules for each type and jq's messages.

use std::ops::{Add, Div, Mul, Neg, Rem, Sub};

use super::super::meter;
use super::{Error, Number, Object, Text, ValR, Value};

/// The longest string that repeating makes; anything longer is over the limit of bytes.
const LONGEST: usize = u32::MAX as usize;

fn refuse(left: &Value, right: &Value, what: &str) -> Error {
    let (a, b) = (left.kind(), right.kind());
    Error::str(format_args!(
        "{a} ({left}) and {b} ({right}) cannot be {what}"
    ))
}

impl Add for Value {
    type Output = ValR;

    fn add(self, other: Self) -> ValR {
        meter::work(meter::TERM);
        Ok(match (self, other) {
            (Self::Null(_), value) | (value, Self::Null(_)) => value,
            (Self::Num(a), Self::Num(b)) => Self::Num(a.add(&b)),
            (Self::Str(mut a), Self::Str(b)) => {
                a.push(b.as_str());
                meter::admit_bytes(a.len());
                Self::Str(a)
            }
            (Self::Arr(mut a), Self::Arr(b)) => {
                a.extend(b.into_items());
                Self::Arr(a)
            }
            (Self::Obj(mut a), Self::Obj(b)) => {
                a.extend(b.into_entries());
                Self::Obj(a)
            }
            (a, b) => return Err(refuse(&a, &b, "added")),
        })
    }
}

impl Sub for Value {
    type Output = ValR;

    fn sub(self, other: Self) -> ValR {
        match (self, other) {
            (Self::Num(a), Self::Num(b)) => Ok(Self::Num(a.subtract(&b))),
            (Self::Arr(mut a), Self::Arr(b)) => {
                let mut gone = b.into_items();
                gone.sort_unstable_by(Self::total_cmp);
                a.retain(|item| {
                    let found = gone.binary_search_by(|known| known.total_cmp(item));
                    !found.is_ok_and(|at| gone[at] == *item)
                });
                Ok(Self::Arr(a))
            }
            (a, b) => Err(refuse(&a, &b, "subtracted")),
        }
    }
}

impl Mul for Value {
    type Output = ValR;

    fn mul(self, other: Self) -> ValR {
        match (self, other) {
            (Self::Num(a), Self::Num(b)) => Ok(Self::Num(a.multiply(&b))),
            (Self::Str(text), Self::Num(times)) | (Self::Num(times), Self::Str(text)) => {
                Ok(repeat(&text, &times))
            }
            (Self::Obj(mut a), Self::Obj(b)) => {
                merge(&mut a, b);
                Ok(Self::Obj(a))
            }
            (a, b) => Err(refuse(&a, &b, "multiplied")),
        }
    }
}

/// `null` for 0 times or less; else a fraction counts as the whole number below, but at least as 1.
fn repeat(text: &Text, times: &Number) -> Value {
    let times = times.as_f64();
    if times.is_nan() || times <= 0.0 {
        return Value::NULL;
    }
    let times = (times as usize).max(1);
    let size = text.len().saturating_mul(times).min(LONGEST + 1);
    meter::admit_bytes(size);
    meter::charge(size);
    let repeated = text.as_str().repeat(times);
    meter::release(size);
    Value::from(repeated)
}

/// Sets the keys of `b` in `a`; where both have an object, merges those.
fn merge(a: &mut Object, b: Object) {
    for (key, value) in b.into_entries() {
        meter::work(meter::TERM);
        match (a.get(key.as_str()), value) {
            (Some(Value::Obj(_)), Value::Obj(inner)) => {
                if let Some(Value::Obj(mut outer)) = a.take(key.as_str()) {
                    merge(&mut outer, inner);
                    a.insert(key, Value::Obj(outer));
                }
            }
            (_, value) => a.insert(key, value),
        }
    }
}

impl Div for Value {
    type Output = ValR;

    fn div(self, other: Self) -> ValR {
        match (&self, &other) {
            (Self::Num(a), Self::Num(b)) => match a.divide(b) {
                Some(quotient) => Ok(Self::Num(quotient)),
                None => Err(refuse(&self, &other, "divided because the divisor is zero")),
            },
            (Self::Str(text), Self::Str(separator)) => Ok(split(text, separator.as_str())),
            _ => Err(refuse(&self, &other, "divided")),
        }
    }
}

/// The parts of `text` between the `separator`s; between all characters if it is empty.
fn split(text: &Text, separator: &str) -> Value {
    meter::work(text.len());
    let whole = text.as_str();
    let part = |part: &str| Value::Str(text.slice_of(part));
    if whole.is_empty() {
        Value::array(Vec::new())
    } else if separator.is_empty() {
        let ends = whole
            .char_indices()
            .map(|(at, char)| (at, at + char.len_utf8()));
        ends.map(|(start, end)| Value::Str(text.slice(start, end)))
            .collect()
    } else {
        whole.split(separator).map(part).collect()
    }
}

impl Rem for Value {
    type Output = ValR;

    fn rem(self, other: Self) -> ValR {
        match (&self, &other) {
            (Self::Num(a), Self::Num(b)) => match a.remainder(b) {
                Some(remainder) => Ok(Self::Num(remainder)),
                None => Err(refuse(
                    &self,
                    &other,
                    "divided (remainder) because the divisor is zero",
                )),
            },
            _ => Err(refuse(&self, &other, "divided (remainder)")),
        }
    }
}

impl Neg for Value {
    type Output = ValR;

    fn neg(self) -> ValR {
        match &self {
            Self::Num(number) => Ok(Self::Num(number.negate())),
            other => Err(Error::str(format_args!(
                "{} ({other}) cannot be negated",
                other.kind()
            ))),
        }
    }
}
