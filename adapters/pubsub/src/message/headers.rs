//! Headers as attributes: one each where Pub/Sub can have it so, else all of them together.

use ssectl_adapter::Headers;

use super::{
    HEADERS, LONGEST_NAME, LONGEST_VALUE, MOST_ATTRIBUTES, ORDER, OWN_PREFIX, Packed, as_value,
};

/// How the headers of a record travel.
#[derive(Debug)]
pub(super) enum Carried {
    /// As attributes.
    Attributes(Vec<(String, String)>),
    /// Before the value: attributes cannot hold them.
    Prefix(Vec<(String, Packed)>),
}

/// The way for these headers, beside `taken` other attributes.
pub(super) fn carry(headers: &Headers, taken: usize) -> Carried {
    if let Some(attributes) = natural(headers, taken) {
        return Carried::Attributes(attributes);
    }
    let packed: Vec<_> = headers
        .iter()
        .map(|(name, value)| (name.clone(), Packed::of(value.as_ref())))
        .collect();
    match serde_json::to_string(&packed) {
        Ok(json) if json.len() <= LONGEST_VALUE => {
            Carried::Attributes(vec![(HEADERS.to_owned(), json)])
        }
        _ => Carried::Prefix(packed),
    }
}

/// One attribute each, and perhaps one for their order.
fn natural(headers: &Headers, taken: usize) -> Option<Vec<(String, String)>> {
    let sorted = headers.is_sorted_by(|a, b| a.0 < b.0);
    let needed = headers.len() + usize::from(!sorted) + taken;
    if needed > MOST_ATTRIBUTES || !sorted && !distinct(headers) {
        return None;
    }
    let mut all = Vec::with_capacity(needed);
    for (name, value) in headers {
        let value = as_value(value.as_ref()?)?;
        if !is_name(name) {
            return None;
        }
        all.push((name.clone(), value.to_owned()));
    }
    if !sorted {
        let names: Vec<_> = headers.iter().map(|(name, _)| name.as_str()).collect();
        if names.iter().any(|name| name.contains(',')) {
            return None;
        }
        let order = names.join(",");
        if order.len() > LONGEST_VALUE {
            return None;
        }
        all.push((ORDER.to_owned(), order));
    }
    Some(all)
}

/// Puts headers that came as attributes into the order in which they were sent; those that
/// nobody mentions come last, by name.
pub(super) fn arrange(headers: &mut Headers, order: Option<&str>) {
    let names: Vec<&str> = order
        .map(|names| names.split(',').collect())
        .unwrap_or_default();
    let place = |name: &str| names.iter().position(|n| *n == name).unwrap_or(names.len());
    headers.sort_by(|a, b| (place(&a.0), &a.0).cmp(&(place(&b.0), &b.0)));
}

/// The headers that were sent together; `None` when it is nothing of the kind.
pub(super) fn unpack(packed: Vec<(String, Packed)>) -> Option<Headers> {
    packed
        .into_iter()
        .map(|(name, value)| Some((name, value.bytes()?)))
        .collect()
}

fn distinct(headers: &Headers) -> bool {
    let mut names: Vec<_> = headers.iter().map(|(name, _)| name).collect();
    names.sort_unstable();
    names.windows(2).all(|two| two[0] != two[1])
}

/// Whether a header can be an attribute of its own name; `goog` is Google's, `ssectl.` is ours.
fn is_name(name: &str) -> bool {
    (1..=LONGEST_NAME).contains(&name.len())
        && !name.to_ascii_lowercase().starts_with("goog")
        && !name.starts_with(OWN_PREFIX)
}
