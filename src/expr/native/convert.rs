//! Builtins that look at values as a whole, or make one type of another.

use super::{Native, plain, refuse, unary, v};
use crate::expr::json;
use crate::expr::meter;
use crate::expr::syntax;
use crate::expr::value::{Error, Number, Text, ValR, Value};

pub(super) fn natives() -> Vec<Native> {
    vec![
        ("type", v(0), |cv| {
            plain(cv, |value| Ok(Value::str(value.kind())))
        }),
        ("length", v(0), |cv| plain(cv, length)),
        ("abs", v(0), |cv| {
            plain(cv, |value| match &value {
                Value::Num(number) => Ok(Value::Num(number.magnitude())),
                Value::Null(_) | Value::Bool(_) => Err(refuse(&value, "cannot be negated")),
                _ => Ok(value),
            })
        }),
        ("floor", v(0), |cv| {
            plain(cv, |value| rounded(value, f64::floor))
        }),
        ("ceil", v(0), |cv| {
            plain(cv, |value| rounded(value, f64::ceil))
        }),
        ("round", v(0), |cv| {
            plain(cv, |value| rounded(value, f64::round))
        }),
        ("tojson", v(0), |cv| {
            plain(cv, |value| Ok(Value::Str(value.to_json())))
        }),
        ("fromjson", v(0), |cv| plain(cv, from_json)),
        ("tonumber", v(0), |cv| plain(cv, to_number)),
        ("contains", v(1), |cv| {
            unary(cv, |value, part| contains(&value, &part).map(Value::Bool))
        }),
        ("isnan", v(0), |cv| {
            plain(cv, |value| number(value, |number| number.is_nan()))
        }),
        ("isinfinite", v(0), |cv| {
            plain(cv, |value| {
                number(value, |number| number.as_f64().is_infinite())
            })
        }),
        ("isnormal", v(0), |cv| {
            plain(cv, |value| {
                number(value, |number| number.as_f64().is_normal())
            })
        }),
        (syntax::DEEPER, v(0), |cv| plain(cv, deeper)),
        ("_nan", v(0), |cv| plain(cv, |_| Ok(Value::from(f64::NAN)))),
        ("_infinite", v(0), |cv| {
            plain(cv, |_| Ok(Value::from(f64::INFINITY)))
        }),
    ]
}

fn rounded(value: Value, round: fn(f64) -> f64) -> ValR {
    match &value {
        Value::Num(number) => Ok(Value::Num(number.rounded(round))),
        other => Err(refuse(other, "number required")),
    }
}

fn number(value: Value, f: impl Fn(&Number) -> bool) -> ValR {
    match &value {
        Value::Num(number) => Ok(Value::Bool(f(number))),
        other => Err(refuse(other, "number required")),
    }
}

/// One more than `.`, which counts the calls of a recursive definition that are inside each other.
fn deeper(value: Value) -> ValR {
    let depth = match &value {
        Value::Num(number) => number.as_i64().unwrap_or(0) + 1,
        _ => 0,
    };
    meter::admit_depth(u32::try_from(depth).unwrap_or(u32::MAX));
    Ok(Value::int(depth))
}

fn length(value: Value) -> ValR {
    Ok(match &value {
        Value::Null(_) => Value::int(0),
        Value::Bool(_) => return Err(refuse(&value, "has no length")),
        Value::Num(number) => Value::Num(number.magnitude()),
        Value::Str(text) => {
            meter::work(text.len());
            Value::from(text.as_str().chars().count())
        }
        Value::Arr(list) => Value::from(list.len()),
        Value::Obj(object) => Value::from(object.len()),
    })
}

fn from_json(value: Value) -> ValR {
    match &value {
        Value::Str(text) => json::read(text).map_err(|invalid| {
            Error::str(format_args!(
                "{} at byte {} (while parsing {value})",
                invalid.what, invalid.offset
            ))
        }),
        other => Err(refuse(other, "cannot be parsed as JSON: only strings can")),
    }
}

/// A string that is a number, perhaps with a sign or leading zeros.
fn to_number(value: Value) -> ValR {
    let parsed = match &value {
        Value::Num(_) => return Ok(value),
        Value::Str(text) => parse_number(text),
        _ => None,
    };
    parsed
        .map(Value::Num)
        .ok_or_else(|| refuse(&value, "cannot be parsed as a number"))
}

fn parse_number(text: &Text) -> Option<Number> {
    if !text
        .as_str()
        .bytes()
        .all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte))
    {
        return None;
    }
    if let Ok(Value::Num(number)) = json::read(text) {
        return Some(number);
    }
    let (sign, digits) = match text.as_str().split_at_checked(1)? {
        ("-", digits) => ("-", digits),
        ("+", digits) => ("", digits),
        _ => ("", text.as_str()),
    };
    if digits.is_empty() || digits.starts_with(['+', '-']) {
        return None;
    }
    let plain = format!("{sign}{}", digits.trim_start_matches('0'));
    match json::read(&Text::new(plain)) {
        Ok(Value::Num(number)) => Some(number),
        _ => text.as_str().parse().ok().map(Number::Float),
    }
}

/// Whether every part of `part` is in `value`: strings in strings, items in some item, and the
/// values of keys in the values of the same keys.
fn contains(value: &Value, part: &Value) -> Result<bool, Error> {
    meter::work(meter::TERM);
    match (value, part) {
        (Value::Str(text), Value::Str(part)) => {
            meter::work(text.len());
            Ok(text.as_str().contains(part.as_str()))
        }
        (Value::Arr(list), Value::Arr(parts)) => {
            let within = |part: &Value, item: &Value| {
                item.kind() == part.kind() && contains(item, part).unwrap_or(false)
            };
            Ok(parts
                .iter()
                .all(|part| list.iter().any(|item| within(part, item))))
        }
        (Value::Obj(object), Value::Obj(parts)) => {
            let within = |part: &Value, item: &Value| {
                item.kind() == part.kind() && contains(item, part).unwrap_or(false)
            };
            Ok(parts.iter().all(|(key, part)| {
                object
                    .get(key.as_str())
                    .is_some_and(|item| within(part, item))
            }))
        }
        _ if value.kind() == part.kind() => Ok(value == part),
        _ => Err(Error::str(format_args!(
            "{} ({value}) and {} ({part}) cannot have their containment checked",
            value.kind(),
            part.kind()
        ))),
    }
}
