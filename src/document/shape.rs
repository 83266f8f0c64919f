//! Holds a value against the JSON Schema that is generated from its Rust type.
//!
//! It knows what `schemars` writes: types, properties, `required`, `additionalProperties`, items,
//! enumerations, bounds, references and alternatives. Faults have places, and suggestions for
//! names; where the schema has alternatives, the one that is meant is found by its required names.

mod hint;
mod keyword;

use schemars::JsonSchema;
use serde_json::{Map, Value as Json};

use super::{Entry, Faults, Node, Place, Scalar, Typed, Value, list, meant, quote};
use hint::mismatch_hint;
pub(super) use keyword::has_type;
use keyword::{alternatives, constants, describe, fits, required};

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
    ///
    /// What comes from a variable or flag becomes text where only text can be, and a number or
    /// boolean where only that can be, whether it is in quotes or not.
    pub fn check(&self, node: &mut Node, path: &str, faults: &mut Faults) {
        let at = start(&node.place);
        Walk {
            root: &self.schema,
            faults,
        }
        .value(node, &self.schema, path, &at);
    }
}

/// Reported by the parser, as is that it has no effect.
const MERGE_KEY: &str = "<<";

struct Walk<'a> {
    root: &'a Json,
    faults: &'a mut Faults,
}

impl<'a> Walk<'a> {
    /// `at` is where the value gets its name: what is missing in it is reported there.
    fn value(&mut self, node: &mut Node, schema: &'a Json, path: &str, at: &Place) {
        if matches!(node.value, Value::Faulty) {
            return;
        }
        let mut choices = Vec::new();
        alternatives(self.root, schema, &mut choices);
        let mut fitting = fitting_choices(node, &choices);
        if fitting.is_empty()
            && let Some(reread) = node.reread()
        {
            fitting = fitting_choices(&reread, &choices);
            if !fitting.is_empty() {
                *node = reread;
            }
        }
        match fitting.as_slice() {
            [] => self.mismatch(node, &choices),
            [one] => self.inside(node, one, path, at),
            several => self.choose(node, several, path, at),
        }
    }

    /// Looks into a value whose kind is right.
    fn inside(&mut self, node: &mut Node, schema: &'a Json, path: &str, at: &Place) {
        match &mut node.value {
            Value::Map(entries) => self.mapping(entries, schema, path, at),
            Value::List(nodes) => {
                if let Some(items) = schema.get("items") {
                    for (index, node) in nodes.iter_mut().enumerate() {
                        let path = format!("{path}[{index}]");
                        let at = start(&node.place);
                        self.value(node, items, &path, &at);
                    }
                }
            }
            Value::Scalar(_) => self.bounds(node, schema),
            Value::Faulty => {}
        }
    }

    fn mapping(&mut self, entries: &mut [Entry], schema: &'a Json, path: &str, at: &Place) {
        let none = Map::new();
        let properties = schema.get("properties").and_then(Json::as_object);
        let known: Vec<&str> = properties
            .unwrap_or(&none)
            .keys()
            .map(String::as_str)
            .collect();
        let mut misspelt = Vec::new();
        for entry in entries.iter_mut() {
            let name = &entry.key.name;
            let inner = join(path, name);
            let property = properties.and_then(|properties| properties.get(name));
            match (property, schema.get("additionalProperties")) {
                (Some(schema), _) => self.value(&mut entry.node, schema, &inner, &entry.key.place),
                (None, Some(Json::Bool(false))) => {
                    misspelt.extend(meant(name, known.iter().copied()));
                    self.unknown_field(entry, &known, path);
                }
                (None, Some(schema @ Json::Object(_))) => {
                    self.value(&mut entry.node, schema, &inner, &entry.key.place);
                }
                (None, _) => {}
            }
        }
        for name in required(schema) {
            let is_there = |entry: &Entry| entry.key.name == name || entry.key.name == MERGE_KEY;
            if !entries.iter().any(is_there) && !misspelt.contains(&name) {
                let message = format!("missing field `{name}`{}", of(path));
                self.faults.error(at, message);
            }
        }
    }

    fn unknown_field(&mut self, entry: &Entry, known: &[&str], path: &str) {
        let name = &entry.key.name;
        if name == MERGE_KEY {
            return;
        }
        let message = format!("unknown field {}{}", quote(name), of(path));
        self.faults.error(&entry.key.place, message).hint_with(|| {
            let knows = format!("the fields are {}", list(known.iter().copied()));
            Some(match meant(name, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`? {knows}"),
                None if known.is_empty() => "it has no fields".to_owned(),
                None => knows,
            })
        });
    }

    fn bounds(&mut self, node: &Node, schema: &Json) {
        let Some(Typed::Number(number)) = node.scalar().map(Scalar::typed) else {
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
    fn choose(&mut self, node: &mut Node, choices: &[&'a Json], path: &str, at: &Place) {
        if !matches!(node.value, Value::Map(_)) {
            return self.inside(node, choices[0], path, at);
        }
        let named: Vec<&&Json> = choices
            .iter()
            .filter(|choice| required(choice).any(|name| node.get(name).is_some()))
            .collect();
        match named.as_slice() {
            [one] => self.inside(node, one, path, at),
            [] => self.undecided(node, choices, path),
            several => {
                let there = several.iter().flat_map(|choice| required(choice));
                let there: Vec<&Entry> = there.filter_map(|name| node.entry(name)).collect();
                if let [first, second, ..] = there.as_slice() {
                    let (first, second) = (&first.key, &second.key);
                    let message =
                        format!("`{}` and `{}` exclude each other", first.name, second.name);
                    self.faults
                        .error(&second.place, message)
                        .hint("keep one of them here");
                }
            }
        }
    }

    fn undecided(&mut self, node: &Node, choices: &[&'a Json], path: &str) {
        let wanted: Vec<&str> = choices.iter().flat_map(|choice| required(choice)).collect();
        let near = |entry: &Entry| meant(&entry.key.name, wanted.iter().copied());
        let one_of = format!(
            "expected one of the fields {}",
            list(wanted.iter().copied())
        );
        let suspect = node.entries().iter().find(|entry| near(entry).is_some());
        match suspect.or(node.entries().first()) {
            Some(entry) => {
                let message = format!("unknown field {}{}", quote(&entry.key.name), of(path));
                let near = near(entry).map(|near| format!("did you mean `{near}`?"));
                self.faults
                    .error(&entry.key.place, message)
                    .hint(near.unwrap_or(one_of));
            }
            None => {
                self.faults.error(&node.place, one_of);
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
            let one_of = if constants.len() > 1 { "one of " } else { "" };
            expected.insert(0, format!("{one_of}{}", list(constants.iter().copied())));
        }
        let message = format!(
            "expected {}, found {}",
            expected.join(" or "),
            node.describe()
        );
        self.faults
            .error(&node.place, message)
            .hint_with(|| mismatch_hint(node, choices, &constants));
    }
}

fn fitting_choices<'a>(node: &Node, choices: &[&'a Json]) -> Vec<&'a Json> {
    let choices = choices.iter().copied();
    choices.filter(|choice| fits(node, choice)).collect()
}

/// A single caret where a value starts.
fn start(place: &Place) -> Place {
    let at = place.span().start;
    Place::new(place.text(), at..at)
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
