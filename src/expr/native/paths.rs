//! Builtins that find, and remove by, paths.

use jaq_core::box_iter::box_once;
use jaq_core::native::{Fun, bome, run, v};
use jaq_core::path::Opt;
use jaq_core::{Cv, Exn, Native, ValT, ValXs};

use super::{Lang, filter};
use crate::expr::meter;
use crate::expr::syntax;
use crate::expr::value::{Error, List, ValR, Value, bounds, position, total_cmp};

pub(super) fn natives() -> Vec<Fun<Lang>> {
    vec![
        at(),
        run::<Lang>(("path", filter(), path)),
        run::<Lang>(("delpaths", v(1), |mut cv| {
            let paths = cv.0.pop_var();
            bome(delete(cv.1, paths))
        })),
    ]
}

/// The marker of a traced program: keeps its argument, and its input goes through.
fn at() -> Fun<Lang> {
    let native = Native::new(|mut cv: Cv<'_, Lang>| {
        pass(cv.0.pop_var());
        box_once(Ok(cv.1))
    });
    let native = native.with_paths(|mut cv| {
        pass(cv.0.pop_var());
        box_once(Ok(cv.1))
    });
    let native = native.with_update(|mut cv, update| {
        pass(cv.0.pop_var());
        update(cv.1)
    });
    (syntax::AT, v(1), native)
}

fn pass(place: Value) {
    if let Value::Num(place) = place
        && let Some(place) = place.as_i64().and_then(|place| usize::try_from(place).ok())
    {
        meter::pass(place);
    }
}

/// The paths to the outputs of a filter.
fn path(mut cv: Cv<'_, Lang>) -> ValXs<'_, Value> {
    let (filter, context) = cv.0.pop_fun();
    let start = (context, (cv.1, Default::default()));
    let mut found = meter::in_path(|| filter.paths(start));
    Box::new(std::iter::from_fn(move || {
        let found = meter::in_path(|| found.next())?;
        Some(found.map(|(_, path)| {
            let mut keys: Vec<Value> = path.iter().cloned().collect();
            keys.reverse();
            Value::array(keys)
        }))
    }))
}

/// Removes the parts of `value` at `paths`; a path to nothing is no error.
fn delete(value: Value, paths: Value) -> ValR {
    let Value::Arr(paths) = paths else {
        return Err(Error::str("Paths must be specified as an array"));
    };
    let paths = paths.into_items().into_iter().map(|path| match path {
        Value::Arr(path) => Ok(path),
        _ => Err(Error::str("Path must be specified as an array")),
    });
    let mut paths = paths.collect::<Result<Vec<_>, _>>()?;
    paths.sort_unstable_by(|a, b| total_cmp(a, b));
    let paths: Vec<&[Value]> = paths.iter().map(|path| &path[..]).collect();
    delete_all(value, &paths)
}

/// Removes what sorted paths lead to: first inside the parts, from the last to the first, then the
/// parts themselves at once, so that no key is moved by the removal of another.
fn delete_all(mut value: Value, paths: &[&[Value]]) -> ValR {
    meter::step();
    if paths.first().is_some_and(|path| path.is_empty()) {
        return Ok(Value::NULL);
    }
    let mut keys = Vec::new();
    for group in paths.chunk_by(|a, b| a[0] == b[0]).rev() {
        let key = &group[0][0];
        if group[0].len() == 1 {
            keys.push(key);
            continue;
        }
        if matches!(value, Value::Null(_)) || matches!(value.clone().index(key)?, Value::Null(_)) {
            continue;
        }
        let rests: Vec<&[Value]> = group.iter().map(|path| &path[1..]).collect();
        let changed = value.map_index(key, Opt::Essential, |part| {
            std::iter::once(delete_all(part, &rests).map_err(Exn::from))
        });
        value = changed.map_err(|error| {
            error
                .get_err()
                .unwrap_or_else(|_| Error::str("cannot delete"))
        })?;
    }
    keys.reverse();
    delete_keys(value, &keys)
}

fn delete_keys(value: Value, keys: &[&Value]) -> ValR {
    match value {
        Value::Null(_) => Ok(value),
        Value::Obj(mut object) => {
            let names = keys.iter().map(|key| match key {
                Value::Str(name) => Ok(name.as_str()),
                other => Err(Error::str(format_args!(
                    "Cannot delete field at {} index of object",
                    shape(other)
                ))),
            });
            match names.collect::<Result<Vec<_>, _>>()?[..] {
                [name] => object.remove(name),
                ref sorted => object.retain(|key| sorted.binary_search(&key).is_err()),
            }
            Ok(Value::Obj(object))
        }
        Value::Arr(list) if !keys.is_empty() => delete_items(list, keys),
        value => match keys.first() {
            None => Ok(value),
            Some(key) => Err(Error::str(format_args!(
                "Cannot delete field at {} index of {}",
                shape(key),
                value.kind()
            ))),
        },
    }
}

/// How jq calls an index of this type.
fn shape(key: &Value) -> &'static str {
    match key {
        Value::Num(_) => "array",
        _ => "object",
    }
}

fn delete_items(list: List, keys: &[&Value]) -> ValR {
    let mut keep = vec![true; list.len()];
    for key in keys {
        match key {
            Value::Num(number) => {
                if let Some(at) = position(number, list.len()).filter(|at| *at < list.len()) {
                    keep[at] = false;
                }
            }
            Value::Obj(slice) => {
                let (start, end) = bounds(&(slice.get("start")..slice.get("end")), list.len())?;
                keep[start..end].fill(false);
            }
            other => {
                return Err(Error::str(format_args!(
                    "Cannot delete field at {} index of array",
                    shape(other)
                )));
            }
        }
    }
    let kept = list
        .into_items()
        .into_iter()
        .zip(keep)
        .filter_map(|(item, keep)| keep.then_some(item));
    Ok(kept.collect())
}
