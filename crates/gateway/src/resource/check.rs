//! Whether a body fits its resource.

use axum::http::StatusCode;
use serde_json::{Map, Value};

use super::declaration::{Field, FieldKind, KeyKind, Resource};
use super::item::ItemKey;
use crate::Problem;
use crate::problem::Violation;

/// What a body may leave out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// All that is required is there, and the key if the client chooses it.
    Create,
    /// All that is required is there; the key may be, if it is the same.
    Replace,
    /// Only what changes.
    Merge,
}

/// A body that fits.
#[derive(Debug)]
pub(super) struct Fitting {
    pub(super) key: Option<ItemKey>,
    pub(super) fields: Map<String, Value>,
}

/// Takes a body apart. `at` is the key of the path, where there is one.
pub(super) fn fit(
    resource: &Resource,
    body: &[u8],
    extent: Extent,
    at: Option<&ItemKey>,
) -> Result<Fitting, Problem> {
    let Value::Object(mut members) = parse(body)? else {
        let detail = "the body must be a JSON object".to_owned();
        return Err(Problem::invalid(vec![violation("", detail)]));
    };
    let mut wrong = Vec::new();
    let key = own_key(
        resource,
        members.remove(&resource.key.name),
        extent,
        at,
        &mut wrong,
    );
    for (name, value) in &members {
        match resource.field(name) {
            None => wrong.push(violation(name, "there is no such member".to_owned())),
            Some(field) => wrong.extend(why_not(field, value).map(|why| violation(name, why))),
        }
    }
    let missing = |field: &&Field| field.required && !members.contains_key(&field.name);
    if extent != Extent::Merge {
        let missing = resource.fields.iter().filter(missing);
        wrong.extend(missing.map(|field| violation(&field.name, "it is required".to_owned())));
    }
    match wrong.is_empty() {
        true => Ok(Fitting {
            key,
            fields: members,
        }),
        false => Err(Problem::invalid(wrong)),
    }
}

/// JSON, or what is wrong with it and where.
pub(super) fn parse(body: &[u8]) -> Result<Value, Problem> {
    serde_json::from_slice(body).map_err(|error| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            format!("the body is not JSON: {error}"),
        )
    })
}

/// Why a value is none of a field, if so.
pub(super) fn why_not(field: &Field, value: &Value) -> Option<String> {
    if value.is_null() {
        return field
            .required
            .then(|| "it is required and cannot be null".to_owned());
    }
    match &field.kind {
        FieldKind::Text { max_length, one_of } => text(value, *max_length, one_of),
        FieldKind::Integer { min, max } => match value.as_i64() {
            Some(number) if (*min..=*max).contains(&number) => None,
            _ => Some(format!("must be a whole number from {min} to {max}")),
        },
        FieldKind::Number => (!value.is_number()).then(|| "must be a number".to_owned()),
        FieldKind::Boolean => (!value.is_boolean()).then(|| "must be true or false".to_owned()),
    }
}

fn text(value: &Value, max_length: usize, one_of: &[String]) -> Option<String> {
    let Value::String(text) = value else {
        return Some("must be a text".to_owned());
    };
    if text.chars().count() > max_length {
        return Some(format!("has more than {max_length} characters"));
    }
    let known = one_of.is_empty() || one_of.contains(text);
    (!known).then(|| format!("must be one of: {}", one_of.join(", ")))
}

/// The key in a body, where it may and must be.
fn own_key(
    resource: &Resource,
    value: Option<Value>,
    extent: Extent,
    at: Option<&ItemKey>,
    wrong: &mut Vec<Violation>,
) -> Option<ItemKey> {
    let name = &resource.key.name;
    let chosen = matches!(resource.key.kind, KeyKind::Text { .. });
    let found = match (&value, resource.key.kind) {
        (Some(Value::String(text)), KeyKind::Text { .. }) => text_key(resource, text),
        (Some(Value::Number(number)), KeyKind::Serial) => number.as_u64().map(ItemKey::Number),
        _ => None,
    };
    let why = match (&value, extent) {
        (None, Extent::Create) if chosen => "it is required",
        (Some(_), Extent::Create) if !chosen => "the server gives it out; leave it out",
        (Some(_), Extent::Create) if found.is_none() => {
            "must be a text of at least one character, within its greatest length, without `/`"
        }
        (Some(_), Extent::Replace | Extent::Merge) if found.as_ref() != at => {
            "it cannot change; leave it out"
        }
        _ => return found,
    };
    wrong.push(violation(name, why.to_owned()));
    None
}

/// A text as a key, if it can be one: it has to stand in a path.
pub(super) fn text_key(resource: &Resource, text: &str) -> Option<ItemKey> {
    let KeyKind::Text { max_length } = resource.key.kind else {
        return None;
    };
    let fits = !text.is_empty() && text.chars().count() <= max_length && !text.contains('/');
    fits.then(|| ItemKey::Text(text.to_owned()))
}

fn violation(name: &str, detail: String) -> Violation {
    let pointer = match name {
        "" => String::new(),
        name => format!("/{}", name.replace('~', "~0").replace('/', "~1")),
    };
    Violation { pointer, detail }
}
