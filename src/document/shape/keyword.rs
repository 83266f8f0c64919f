//! The keywords of JSON Schema that `schemars` writes.

use serde_json::Value as Json;

use crate::document::{Node, Typed, Value};

/// The schema without references and alternatives: the leaves of `anyOf` and `oneOf`.
pub(super) fn alternatives<'a>(root: &'a Json, schema: &'a Json, found: &mut Vec<&'a Json>) {
    if let Some(reference) = schema.get("$ref").and_then(Json::as_str) {
        let pointer = reference.strip_prefix('#');
        if let Some(target) = pointer.and_then(|pointer| root.pointer(pointer)) {
            alternatives(root, target, found);
        }
        return;
    }
    let nested = ["anyOf", "oneOf"]
        .iter()
        .find_map(|name| schema.get(name).and_then(Json::as_array));
    match nested {
        Some(nested) => {
            for schema in nested {
                alternatives(root, schema, found);
            }
        }
        None => found.push(schema),
    }
}

/// Whether a value is of the kind, and of the constants, that a schema without alternatives allows.
pub(super) fn fits(node: &Node, schema: &Json) -> bool {
    let kind = match &node.value {
        Value::Faulty => return true,
        Value::List(_) => has_type(schema, "array"),
        Value::Map(_) => has_type(schema, "object"),
        Value::Scalar(scalar) => match scalar.typed() {
            Typed::Null => has_type(schema, "null"),
            Typed::Bool(_) => has_type(schema, "boolean"),
            Typed::Text(_) => has_type(schema, "string"),
            Typed::Number(number) => {
                let whole = number.is_i64() || number.is_u64();
                has_type(schema, "number") || (whole && has_type(schema, "integer"))
            }
        },
    };
    let mut constants = constants(schema).peekable();
    kind && (constants.peek().is_none() || constants.any(|constant| *constant == node.to_json()))
}

/// Whether a schema allows a type; one without `type` allows every one, or that of its constants.
pub(in crate::document) fn has_type(schema: &Json, name: &str) -> bool {
    match schema.get("type") {
        Some(Json::String(one)) => one == name,
        Some(Json::Array(several)) => several.iter().any(|one| one == name),
        _ => constants(schema).next().is_none() || name == "string",
    }
}

pub(super) fn constants(schema: &Json) -> impl Iterator<Item = &Json> {
    let several = schema.get("enum").and_then(Json::as_array);
    schema
        .get("const")
        .into_iter()
        .chain(several.into_iter().flatten())
}

pub(super) fn required(schema: &Json) -> impl Iterator<Item = &str> {
    let names = schema.get("required").and_then(Json::as_array);
    names.into_iter().flatten().filter_map(Json::as_str)
}

/// What a schema without alternatives expects, in words; its constants are listed elsewhere.
pub(super) fn describe(schema: &Json) -> Option<String> {
    if constants(schema).next().is_some() {
        return None;
    }
    let names = [
        ("string", "text"),
        ("integer", "an integer"),
        ("number", "a number"),
        ("boolean", "`true` or `false`"),
        ("array", "a list"),
        ("object", "a mapping"),
    ];
    if has_type(schema, "string")
        && let Some(title) = schema.get("title").and_then(Json::as_str)
    {
        return Some(title.to_owned());
    }
    let words: Vec<&str> = names
        .iter()
        .filter(|(name, _)| has_type(schema, name))
        .map(|(_, words)| *words)
        .collect();
    (!words.is_empty()).then(|| words.join(" or "))
}
