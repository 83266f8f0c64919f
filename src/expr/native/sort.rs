//! Builtins that order and group the items of an array by what a filter says of them.

use std::cmp::Ordering;

use jaq_core::{Cv, Exn, ValXs};

use super::{Lang, Native, filter, refuse};
use crate::expr::meter;
use crate::expr::value::{Value, total_cmp};

/// An item, and all outputs of the filter for it.
type Keyed = (Vec<Value>, Value);
type Result<'a, T> = std::result::Result<T, Exn<'a, Value>>;

pub(super) fn natives() -> Vec<Native> {
    vec![
        ("sort_by", filter(), |cv| {
            once(sorted(cv).map(|items| items.into_iter().map(|(_, item)| item).collect()))
        }),
        ("group_by", filter(), |cv| {
            once(groups(cv).map(|groups| groups.into_iter().map(Value::array).collect()))
        }),
        ("unique_by", filter(), |cv| {
            once(groups(cv).map(|groups| {
                groups
                    .into_iter()
                    .filter_map(|group| group.into_iter().next())
                    .collect()
            }))
        }),
        ("min_by", filter(), |cv| {
            once(extreme(cv, |order| order.is_lt()))
        }),
        ("max_by", filter(), |cv| {
            once(extreme(cv, |order| order.is_ge()))
        }),
    ]
}

fn once<'a>(value: Result<'a, Value>) -> ValXs<'a, Value> {
    Box::new(std::iter::once(value))
}

fn keyed<'a>(mut cv: Cv<'a, Lang>, done: &'static str) -> Result<'a, Vec<Keyed>> {
    let (filter, context) = cv.0.pop_fun();
    let Value::Arr(list) = cv.1 else {
        return Err(Exn::from(refuse(
            &cv.1,
            &format!("cannot be {done}, as it is not an array"),
        )));
    };
    meter::hold(list.len() * size_of::<Keyed>());
    let release = Release(list.len() * size_of::<Keyed>());
    let key = |item: Value| {
        let key = filter
            .run((context.clone(), item.clone()))
            .collect::<Result<'a, Vec<_>>>()?;
        Ok((key, item))
    };
    let keyed = list.into_items().into_iter().map(key).collect();
    drop(release);
    keyed
}

/// Gives the memory of the keys back, also if a key fails.
struct Release(usize);

impl Drop for Release {
    fn drop(&mut self) {
        meter::release(self.0);
    }
}

fn sorted<'a>(cv: Cv<'a, Lang>) -> Result<'a, Vec<Keyed>> {
    let mut items = keyed(cv, "sorted")?;
    items.sort_by(|(a, _), (b, _)| total_cmp(a, b));
    Ok(items)
}

fn groups<'a>(cv: Cv<'a, Lang>) -> Result<'a, Vec<Vec<Value>>> {
    let mut items = keyed(cv, "grouped")?;
    items.sort_by(|(a, _), (b, _)| total_cmp(a, b));
    let mut groups: Vec<Vec<Value>> = Vec::new();
    let mut last = None;
    for (key, item) in items {
        match groups.last_mut() {
            Some(group) if last.as_ref() == Some(&key) => group.push(item),
            _ => groups.push(vec![item]),
        }
        last = Some(key);
    }
    Ok(groups)
}

/// The item whose key is `better` than that of all before; `null` if there are no items.
fn extreme<'a>(cv: Cv<'a, Lang>, better: fn(Ordering) -> bool) -> Result<'a, Value> {
    let items = keyed(cv, "searched")?.into_iter();
    let best = items.reduce(|best, next| {
        if better(total_cmp(&next.0, &best.0)) {
            next
        } else {
            best
        }
    });
    Ok(best.map_or(Value::NULL, |(_, item)| item))
}
