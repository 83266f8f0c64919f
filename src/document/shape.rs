//! Holds a value against the JSON Schema that is generated from its Rust type.
//!
//! It knows what `schemars` writes: types, properties, `required`, `additionalProperties`, items,
//! enumerations, bounds, references and alternatives. Faults have places, and suggestions for
//! names; where the schema has alternatives, the one that is meant is found by its required names.

use schemars::JsonSchema;
use serde_json::{Map, Value as Json};
use ssectl_adapter::closest;

use super::{Entry, Faults, Node, Typed, Value, list, quote};

/// A schema to hold values against.
#[derive(Debug, Clone)]
pub struct Shape {
    schema: Json,
}

impl Shape {
    /// The schema of a type.
    pub fn of<T: JsonSchema>() -> Self {
        Self::new(schemars::schema_for!(T))
    }

    /// Any schema `schemars` has generated.
    pub fn new(schema: schemars::Schema) -> Self {
        Self {
            schema: schema.to_value(),
        }
    }

    /// The names a mapping of this shape may have.
    pub fn names(&self) -> Vec<&str> {
        self.schema
            .get("properties")
            .and_then(Json::as_object)
            .map(|properties| properties.keys().map(String::as_str).collect())
            .unwrap_or_default()
    }

    /// Reports everything in `node` that is not as the schema says. `path` names it in messages.
    pub fn check(&self, node: &Node, path: &str, faults: &mut Faults) {
        Walk {
            root: &self.schema,
            faults,
        }
        .value(node, &self.schema, path);
    }
}

struct Walk<'a> {
    root: &'a Json,
    faults: &'a mut Faults,
}

impl<'a> Walk<'a> {
    fn value(&mut self, node: &Node, schema: &'a Json, path: &str) {
        if matches!(node.value, Value::Faulty) {
            return;
        }
        let mut choices = Vec::new();
        self.alternatives(schema, &mut choices);
        let fitting: Vec<&Json> = choices
            .iter()
            .copied()
            .filter(|choice| fits(node, choice))
            .collect();
        match fitting.as_slice() {
            [] => self.mismatch(node, &choices),
            [one] => self.inside(node, one, path),
            several => self.choose(node, several, path),
        }
    }

    /// The schema without references and alternatives: the leaves of `anyOf` and `oneOf`.
    fn alternatives(&self, schema: &'a Json, found: &mut Vec<&'a Json>) {
        if let Some(reference) = schema.get("$ref").and_then(Json::as_str) {
            let target = reference
                .strip_prefix('#')
                .and_then(|pointer| self.root.pointer(pointer));
            if let Some(target) = target {
                self.alternatives(target, found);
            }
            return;
        }
        let nested = ["anyOf", "oneOf"]
            .iter()
            .find_map(|name| schema.get(name).and_then(Json::as_array));
        match nested {
            Some(nested) => {
                for schema in nested {
                    self.alternatives(schema, found);
                }
            }
            None => found.push(schema),
        }
    }

    /// Looks into a value whose kind is right.
    fn inside(&mut self, node: &Node, schema: &'a Json, path: &str) {
        match &node.value {
            Value::Map(entries) => self.mapping(node, entries, schema, path),
            Value::List(nodes) => {
                if let Some(items) = schema.get("items") {
                    for (index, node) in nodes.iter().enumerate() {
                        self.value(node, items, &format!("{path}[{index}]"));
                    }
                }
            }
            Value::Scalar(_) => self.bounds(node, schema),
            Value::Faulty => {}
        }
    }

    fn mapping(&mut self, node: &Node, entries: &[Entry], schema: &'a Json, path: &str) {
        let none = Map::new();
        let properties = schema.get("properties").and_then(Json::as_object);
        for entry in entries {
            let inner = join(path, &entry.key.name);
            let known = properties.and_then(|properties| properties.get(&entry.key.name));
            match (known, schema.get("additionalProperties")) {
                (Some(schema), _) => self.value(&entry.node, schema, &inner),
                (None, Some(Json::Bool(false))) => {
                    self.unknown_field(entry, properties.unwrap_or(&none), path);
                }
                (None, Some(schema @ Json::Object(_))) => self.value(&entry.node, schema, &inner),
                (None, _) => {}
            }
        }
        for name in required(schema) {
            if node.get(name).is_none() {
                let message = format!("missing field `{name}`{}", of(path));
                self.faults.error(&node.place, message);
            }
        }
    }

    fn unknown_field(&mut self, entry: &Entry, properties: &Map<String, Json>, path: &str) {
        let name = &entry.key.name;
        if name == "<<" {
            return;
        }
        let known: Vec<&str> = properties.keys().map(String::as_str).collect();
        let knows = format!("the fields are {}", list(known.iter().copied()));
        let hint = match closest(name, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`? {knows}"),
            None if known.is_empty() => "it has no fields".to_owned(),
            None => knows,
        };
        let message = format!("unknown field {}{}", quote(name), of(path));
        self.faults.error(&entry.key.place, message).hint(hint);
    }

    fn bounds(&mut self, node: &Node, schema: &Json) {
        let Some(Typed::Number(number)) = node.scalar().map(super::Scalar::typed) else {
            return;
        };
        let bound = |name: &str| schema.get(name).and_then(Json::as_f64);
        let value = number.as_f64().unwrap_or(f64::NAN);
        let problem = if let Some(least) = bound("minimum").filter(|least| value < *least) {
            format!("at least {least}")
        } else if let Some(most) = bound("maximum").filter(|most| value > *most) {
            format!("at most {most}")
        } else {
            return;
        };
        let message = format!("expected {problem}, found {}", node.describe());
        self.faults.error(&node.place, message);
    }

    /// Several alternatives have the right kind: the one with a required name that is there.
    fn choose(&mut self, node: &Node, choices: &[&'a Json], path: &str) {
        let meant: Vec<&Json> = choices
            .iter()
            .copied()
            .filter(|choice| required(choice).any(|name| node.get(name).is_some()))
            .collect();
        match meant.as_slice() {
            [one] => self.inside(node, one, path),
            [] if node.entries().is_empty() && !matches!(node.value, Value::Map(_)) => {
                self.inside(node, choices[0], path);
            }
            [] => self.undecided(node, choices),
            several => {
                let there: Vec<&Entry> = several
                    .iter()
                    .flat_map(|choice| required(choice))
                    .filter_map(|name| node.entry(name))
                    .collect();
                if let [first, second, ..] = there.as_slice() {
                    let (first, second) = (first.key.name.as_str(), &second.key);
                    let message = format!("`{first}` and `{}` exclude each other", second.name);
                    self.faults
                        .error(&second.place, message)
                        .hint("keep one of them here");
                }
            }
        }
    }

    fn undecided(&mut self, node: &Node, choices: &[&'a Json]) {
        let wanted: Vec<&str> = choices.iter().flat_map(|choice| required(choice)).collect();
        let near = node.entries().iter().find_map(|entry| {
            let near = closest(&entry.key.name, wanted.iter().copied())?;
            Some((entry, near))
        });
        let wanted = list(wanted.iter().copied());
        match near {
            Some((entry, near)) => self
                .faults
                .error(
                    &entry.key.place,
                    format!("unknown field {}", quote(&entry.key.name)),
                )
                .hint(format!("did you mean `{near}`?")),
            None => {
                let message = format!("expected one of the fields {wanted}");
                self.faults.error(&node.place, message);
            }
        }
    }

    fn mismatch(&mut self, node: &Node, choices: &[&'a Json]) {
        let mut expected: Vec<String> = Vec::new();
        let constants: Vec<&str> = choices
            .iter()
            .flat_map(|choice| constants(choice))
            .filter_map(Json::as_str)
            .collect();
        for choice in choices {
            let text = describe(choice);
            if let Some(text) = text.filter(|text| !expected.contains(text)) {
                expected.push(text);
            }
        }
        if !constants.is_empty() {
            expected.insert(0, list(constants.iter().copied()));
        }
        let message = format!(
            "expected {}, found {}",
            expected.join(" or "),
            node.describe()
        );
        let hint = self.mismatch_hint(node, choices, &constants);
        self.faults.error(&node.place, message).maybe_hint(hint);
    }

    fn mismatch_hint(&self, node: &Node, choices: &[&Json], constants: &[&str]) -> Option<String> {
        let wants = |name: &str| choices.iter().any(|choice| has_type(choice, name));
        if let Some(near) = node
            .text()
            .and_then(|text| closest(text, constants.iter().copied()))
        {
            return Some(format!("did you mean `{near}`?"));
        }
        match &node.value {
            Value::Map(_) | Value::List(_) if wants("string") => {
                Some("put quotes around it if it is meant to be text".to_owned())
            }
            Value::Scalar(scalar) => match scalar.typed() {
                Typed::Text(text) if wants("boolean") => {
                    let yes = ["yes", "on", "y"].contains(&text.to_lowercase().as_str());
                    let no = ["no", "off", "n"].contains(&text.to_lowercase().as_str());
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
            },
            _ => None,
        }
    }
}

/// Whether a value is of the kind, and of the constants, that a schema without alternatives allows.
fn fits(node: &Node, schema: &Json) -> bool {
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
fn has_type(schema: &Json, name: &str) -> bool {
    match schema.get("type") {
        Some(Json::String(one)) => one == name,
        Some(Json::Array(several)) => several.iter().any(|one| one == name),
        _ => constants(schema).next().is_none() || name == "string",
    }
}

fn constants(schema: &Json) -> impl Iterator<Item = &Json> {
    let several = schema.get("enum").and_then(Json::as_array);
    schema
        .get("const")
        .into_iter()
        .chain(several.into_iter().flatten())
}

fn required(schema: &Json) -> impl Iterator<Item = &str> {
    let names = schema.get("required").and_then(Json::as_array);
    names.into_iter().flatten().filter_map(Json::as_str)
}

/// What a schema without alternatives expects, in words; its constants are listed elsewhere.
fn describe(schema: &Json) -> Option<String> {
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

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

fn of(path: &str) -> String {
    if path.is_empty() {
        String::new()
    } else {
        format!(" in {}", quote(path))
    }
}

/// The same schema for editors: where a number, a boolean or one of some names is expected, a
/// `${VAR}` may stand too, because it has a type only after interpolation.
pub fn schema_with_interpolation(schema: schemars::Schema) -> Json {
    let mut schema = schema.to_value();
    allow_interpolation(&mut schema);
    schema
}

fn allow_interpolation(schema: &mut Json) {
    let interpolated = || serde_json::json!({"type": "string", "pattern": r"\$\{"});
    match schema {
        Json::Array(items) => items.iter_mut().for_each(allow_interpolation),
        Json::Object(fields) => {
            let choices = ["oneOf", "anyOf"]
                .into_iter()
                .find(|name| fields.contains_key(*name));
            let constant = |choice: &Json| choice.get("const").is_some();
            if let Some(choices) = choices.and_then(|name| fields.get_mut(name))
                && let Some(choices) = choices.as_array_mut()
                && choices.iter().any(constant)
            {
                choices.push(interpolated());
                return;
            }
            let narrow = ["integer", "number", "boolean"].iter();
            let own = Json::Object(fields.clone());
            let is_narrow = fields.contains_key("enum")
                || (fields.contains_key("type") && narrow.clone().any(|name| has_type(&own, name)));
            if is_narrow && !has_type(&own, "object") {
                let mut outer = Map::new();
                if let Some(description) = fields.remove("description") {
                    outer.insert("description".to_owned(), description);
                }
                let inner = Json::Object(std::mem::take(fields));
                outer.insert("anyOf".to_owned(), Json::Array(vec![inner, interpolated()]));
                *fields = outer;
                return;
            }
            for (name, value) in fields.iter_mut() {
                if !["default", "examples", "const", "enum"].contains(&name.as_str()) {
                    allow_interpolation(value);
                }
            }
        }
        _ => {}
    }
}
