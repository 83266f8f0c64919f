//! Builtins on arrays and objects, and the numbers of a range.

use jaq_core::{Cv, Exn, ValT, ValXs};

use super::{Lang, Native, plain, refuse, unary, v};
use crate::expr::meter;
use crate::expr::value::{Error, List, Number, Object, ValR, Value};

pub(super) fn natives() -> Vec<Native> {
    vec![
        ("keys", v(0), |cv| plain(cv, |value| keys(value, true))),
        ("keys_unsorted", v(0), |cv| {
            plain(cv, |value| keys(value, false))
        }),
        ("has", v(1), |cv| unary(cv, |value, key| has(&value, &key))),
        ("add", v(0), |cv| plain(cv, add)),
        ("reverse", v(0), |cv| plain(cv, reverse)),
        ("_to_entries", v(0), |cv| plain(cv, to_entries)),
        ("from_entries", v(0), |cv| plain(cv, from_entries)),
        ("_flatten", v(1), |cv| unary(cv, flatten)),
        ("bsearch", v(1), |cv| {
            unary(cv, |value, sought| match &value {
                Value::Arr(list) => Ok(
                    match list.binary_search_by(|item| item.total_cmp(&sought)) {
                        Ok(at) => Value::from(at),
                        Err(at) => Value::int(-1 - at as i64),
                    },
                ),
                other => Err(refuse(other, "cannot be searched from")),
            })
        }),
        ("_range", v(3), range),
    ]
}

fn keys(value: Value, sorted: bool) -> ValR {
    match &value {
        Value::Arr(list) => Ok((0..list.len()).map(Value::from).collect()),
        Value::Obj(object) if sorted => Ok(object
            .sorted()
            .into_iter()
            .map(|(key, _)| Value::Str(key.clone()))
            .collect()),
        Value::Obj(object) => Ok(object
            .iter()
            .map(|(key, _)| Value::Str(key.clone()))
            .collect()),
        other => Err(refuse(other, "has no keys")),
    }
}

fn has(value: &Value, key: &Value) -> ValR {
    match (value, key) {
        (Value::Obj(object), Value::Str(key)) => {
            Ok(Value::Bool(object.get(key.as_str()).is_some()))
        }
        (Value::Arr(list), Value::Num(at)) => {
            let at = at.floor().and_then(|at| usize::try_from(at).ok());
            Ok(Value::Bool(at.is_some_and(|at| at < list.len())))
        }
        (Value::Null(_), Value::Str(_) | Value::Num(_)) => Ok(Value::Bool(false)),
        _ => Err(Error::str(format_args!(
            "Cannot check whether {} has a {} key",
            value.kind(),
            key.kind()
        ))),
    }
}

fn add(value: Value) -> ValR {
    value
        .values()
        .try_fold(Value::NULL, |sum, item| sum + item?)
}

fn reverse(value: Value) -> ValR {
    match value {
        Value::Null(_) => Ok(Value::Arr(List::default())),
        Value::Arr(list) => {
            let mut items = list.into_items();
            items.reverse();
            Ok(Value::array(items))
        }
        other => Err(refuse(&other, "cannot be reversed, as it is not an array")),
    }
}

fn to_entries(value: Value) -> ValR {
    let pairs = match &value {
        Value::Obj(_) | Value::Arr(_) => value.key_values(),
        other => return Err(refuse(other, "has no keys")),
    };
    pairs
        .map(|pair| pair.map(|(key, value)| Value::object([("key", key), ("value", value)])))
        .collect()
}

/// The key is under the first of `key`, `Key`, `name`, `Name` that is neither `null` nor `false`;
/// the value is under `value`, or else under `Value`.
fn from_entries(value: Value) -> ValR {
    let mut object = Object::default();
    for entry in value.values() {
        let entry = entry?;
        let mut key = Value::NULL;
        for name in ["key", "Key", "name", "Name"] {
            key = entry.clone().index(&Value::str(name))?;
            if key.is_truthy() {
                break;
            }
        }
        let Value::Str(key) = key else {
            return Err(Error::str(format_args!(
                "Cannot use {} ({key}) as object key",
                key.kind()
            )));
        };
        let name = if has(&entry, &Value::str("value"))?.is_truthy() {
            "value"
        } else {
            "Value"
        };
        object.insert(key, entry.index(&Value::str(name))?);
    }
    Ok(Value::Obj(object))
}

fn flatten(value: Value, depth: Value) -> ValR {
    let levels = match &depth {
        Value::Num(number) if number.as_f64() < 0.0 => {
            return Err(Error::str("flatten depth must not be negative"));
        }
        Value::Num(number) => number.truncated().unwrap_or(0),
        _ => return Err(Error::str("flatten depth must be a number")),
    };
    let mut flat = List::default();
    for item in value.values() {
        flatten_into(item?, levels, &mut flat);
    }
    Ok(Value::Arr(flat))
}

fn flatten_into(value: Value, levels: i64, flat: &mut List) {
    match value {
        Value::Arr(list) if levels > 0 => list
            .into_items()
            .into_iter()
            .for_each(|item| flatten_into(item, levels - 1, flat)),
        other => flat.extend([other]),
    }
}

/// From the first number up to before the second in steps of the third, which may be negative;
/// without end for a step of 0.
fn range(mut cv: Cv<'_, Lang>) -> ValXs<'_, Value> {
    let (step, end, start) = (cv.0.pop_var(), cv.0.pop_var(), cv.0.pop_var());
    let (Value::Num(mut at), Value::Num(end), Value::Num(step)) = (start, end, step) else {
        return Box::new(std::iter::once(Err(Exn::from(Error::str(
            "Range bounds must be numeric",
        )))));
    };
    let zero = Number::Int(0);
    let direction = step.compare(&zero, std::cmp::Ordering::Less);
    Box::new(std::iter::from_fn(move || {
        meter::work(meter::TERM);
        let going =
            direction.is_eq() || at.compare(&end, std::cmp::Ordering::Less) == direction.reverse();
        going.then(|| {
            let next = at.add(&step);
            Ok(Value::Num(std::mem::replace(&mut at, next)))
        })
    }))
}
