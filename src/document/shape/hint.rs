//! How to get from a value of the wrong kind to one of the right kind.

use serde_json::Value as Json;

use super::keyword::{constants, has_type};
use crate::document::{Node, Typed, Value, list, meant};

/// What to write instead of `node`, where `choices` are allowed and `words` are their constants.
pub(super) fn mismatch_hint(node: &Node, choices: &[&Json], words: &[&str]) -> Option<String> {
    let near = node
        .text()
        .and_then(|text| meant(text, words.iter().copied()));
    if let Some(near) = near {
        return Some(format!("did you mean `{near}`?"));
    }
    let examples = choices
        .iter()
        .find_map(|choice| choice.get("examples")?.as_array());
    if let Some(examples) = examples {
        let examples = list(examples.iter().filter_map(Json::as_str));
        return Some(format!("write it like {examples}"));
    }
    let wants = |name: &str| {
        let mut free = choices
            .iter()
            .filter(|choice| constants(choice).next().is_none());
        free.any(|choice| has_type(choice, name))
    };
    match &node.value {
        Value::Map(_) | Value::List(_) if wants("string") => {
            Some("put quotes around it if it is meant to be text".to_owned())
        }
        Value::Scalar(scalar) => scalar_hint(&scalar.typed(), wants),
        _ => None,
    }
}

fn scalar_hint(typed: &Typed, wants: impl Fn(&str) -> bool) -> Option<String> {
    match typed {
        Typed::Text(text) if wants("boolean") => {
            let text = text.to_lowercase();
            let yes = ["yes", "on", "y", "true"].contains(&text.as_str());
            let no = ["no", "off", "n", "false"].contains(&text.as_str());
            (yes || no).then(|| format!("write `{yes}`"))
        }
        Typed::Text(text) if wants("integer") || wants("number") => {
            let number = text.trim().parse::<f64>().is_ok();
            number.then(|| "remove the quotes".to_owned())
        }
        Typed::Number(_) | Typed::Bool(_) if wants("string") => {
            Some("put quotes around it".to_owned())
        }
        _ => None,
    }
}
