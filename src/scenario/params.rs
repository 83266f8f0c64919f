//! Parameters of a scenario: what the file declares and what the caller gives.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Param, ParamKind};
use crate::document::{
    Entry, Env, Faults, Lookup, Node, Place, Text, Typed, interpolate, list, meant, quote,
};

/// Values for parameters by name, from `--set NAME=VALUE` or a prompt.
pub type Params = BTreeMap<String, String>;

/// What the variables of a scenario file find.
pub(super) struct Variables<'a> {
    pub(super) env: &'a Env,
    pub(super) params: &'a [Param],
}

impl Lookup for Variables<'_> {
    fn value(&self, name: &str) -> Option<&str> {
        match name.strip_prefix("param.") {
            Some(name) => {
                let param = self.params.iter().find(|param| param.name == name)?;
                param.value.as_deref()
            }
            None => self.env.value(name),
        }
    }

    fn names(&self) -> Vec<&str> {
        self.env.names()
    }

    fn undefined(&self, name: &str) -> (String, String) {
        let Some(name) = name.strip_prefix("param.") else {
            return self.env.undefined(name);
        };
        if self.params.iter().any(|param| param.name == name) {
            return (
                format!("parameter {} has no value", quote(name)),
                format!("give one with `--set {name}=...`, or a `default`"),
            );
        }
        let known = self.params.iter().map(|param| param.name.as_str());
        let hint = match meant(name, known) {
            Some(near) => format!("did you mean `${{param.{near}}}`?"),
            None => "declare it under `params`".to_owned(),
        };
        (format!("unknown parameter {}", quote(name)), hint)
    }
}

/// Environment variables only; a parameter cannot be used to declare one.
struct EnvOnly<'a>(&'a Env);

impl Lookup for EnvOnly<'_> {
    fn value(&self, name: &str) -> Option<&str> {
        self.0.value(name)
    }

    fn names(&self) -> Vec<&str> {
        self.0.names()
    }

    fn undefined(&self, name: &str) -> (String, String) {
        if name.starts_with("param.") {
            return (
                "a parameter cannot be used under `params`".to_owned(),
                "write its value out here".to_owned(),
            );
        }
        self.0.undefined(name)
    }
}

/// Interpolates and reads `params`. What is no parameter at all is left to the check of the shape.
pub(super) fn declared(root: &mut Node, env: &Env, faults: &mut Faults) -> Vec<Param> {
    let Some(node) = root.get_mut("params") else {
        return Vec::new();
    };
    interpolate(node, &EnvOnly(env), faults);
    node.entries()
        .iter()
        .map(|entry| declare(entry, faults))
        .collect()
}

fn declare(entry: &Entry, faults: &mut Faults) -> Param {
    let Entry { key, node } = entry;
    let text = |name| node.field(name).and_then(Node::text).map(str::to_owned);
    let name_is_good = key.name.starts_with(|c: char| c.is_ascii_alphabetic())
        && key
            .name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if !name_is_good {
        let message = format!("{} is no name of a parameter", quote(&key.name));
        faults
            .error(&key.place, message)
            .hint("use letters, digits, `-` and `_`, a letter first");
    }
    let kind = match text("type").as_deref() {
        Some("number") => ParamKind::Number,
        Some("path") => ParamKind::Path,
        _ => ParamKind::Text,
    };
    let default = text("default");
    if let (Some(default), Some(node)) = (&default, node.field("default")) {
        check_value(kind, &key.name, default, &node.place, faults);
    }
    Param {
        name: key.name.clone(),
        prompt: text("prompt"),
        value: default.clone(),
        default,
        help: text("help"),
        kind,
    }
}

/// Gives the parameters their values.
pub(super) fn assign(mut params: Vec<Param>, given: &Params, faults: &mut Faults) -> Vec<Param> {
    for (name, value) in given {
        let text = Text::value(format!("--set {name}"), value.clone());
        let place = Place::start_of(&text);
        let Some(param) = params.iter_mut().find(|param| param.name == *name) else {
            let known = params.iter().map(|param| param.name.as_str());
            let hint = match meant(name, known.clone()) {
                Some(near) => format!("did you mean `{near}`?"),
                None if params.is_empty() => "the scenario has no parameters".to_owned(),
                None => format!("the scenario has {}", list(known)),
            };
            let message = format!("unknown parameter {}", quote(name));
            faults.error(&place, message).hint(hint);
            continue;
        };
        check_value(param.kind, name, value, &place, faults);
        param.value = Some(match param.kind {
            ParamKind::Path => from_working_directory(value),
            ParamKind::Text | ParamKind::Number => value.clone(),
        });
    }
    params
}

fn check_value(kind: ParamKind, name: &str, value: &str, place: &Place, faults: &mut Faults) {
    let is_number = || {
        matches!(
            Node::plain(place.clone(), value)
                .scalar()
                .map(|s| s.typed()),
            Some(Typed::Number(_))
        )
    };
    if kind == ParamKind::Number && !is_number() {
        let message = format!("parameter `{name}` is {}, which is no number", quote(value));
        faults
            .error(place, message)
            .hint("write it with digits and a point, such as `1.34`");
    }
}

/// What a user types is meant from where the user is, not from the scenario's folder.
fn from_working_directory(path: &str) -> String {
    std::path::absolute(Path::new(path))
        .map_or_else(|_| path.to_owned(), |path| path.display().to_string())
}
