//! From the name of a target to an adapter and its options.

use std::fmt;

use serde_json::{Value as Json, json};
use ssectl_adapter::{Options, Registry};

use super::{Config, format};
use crate::document::{
    Entry, Fault, Faults, Node, Place, Shape, Text, Value, interpolate, list, meant, quote,
    schema_with_interpolation,
};

/// The names in a target that are no options of its adapter.
const OWN: [&str; 2] = ["adapter", "emulator"];

/// A target ready to be opened.
#[derive(Clone)]
pub struct ResolvedTarget {
    /// Its name.
    pub name: String,
    /// The adapter's name.
    pub adapter: String,
    /// The adapter's options. They may hold secrets: never print them.
    pub options: Options,
    /// Whether the emulator is to be started and used.
    pub emulator: bool,
    /// Where it is configured.
    pub place: Place,
}

/// Without the options, which may hold secrets.
impl fmt::Debug for ResolvedTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResolvedTarget")
            .field("name", &self.name)
            .field("adapter", &self.adapter)
            .field("emulator", &self.emulator)
            .finish_non_exhaustive()
    }
}

impl Config {
    /// The target of that name, or the default one, with its variables filled in.
    ///
    /// # Errors
    /// All faults of this target, those of others not.
    pub fn resolve_target(
        &self,
        name: Option<&str>,
        registry: &Registry,
    ) -> Result<ResolvedTarget, Faults> {
        let mut faults = Faults::default();
        let target = match self.find(name, &mut faults) {
            Some(entry) => self.resolve(entry, registry, &mut faults),
            None => None,
        };
        faults.into_result()?;
        Ok(target.expect("a target without errors is whole"))
    }

    /// The faults of all targets, for `lint`; variables that are not set are warnings.
    pub fn check(&self, registry: &Registry) -> Vec<Fault> {
        let mut faults = Faults::default();
        let targets = self.root.get("targets");
        for entry in targets.map_or(&[] as &[Entry], Node::entries) {
            let mut entry = entry.clone();
            let mut unset = Faults::default();
            interpolate(&mut entry.node, &self.env, &mut unset);
            faults.extend(unset.into_warnings());
            self.resolve(&entry, registry, &mut faults);
        }
        match faults.into_result() {
            Ok(warnings) => warnings,
            Err(faults) => faults.iter().cloned().collect(),
        }
    }

    /// What keeps the variables of a target from being filled in, such as one that is not set.
    pub fn unfilled(&self, name: &str) -> Vec<String> {
        let targets = self.root.get("targets");
        let mut faults = Faults::default();
        if let Some(entry) = targets.and_then(|targets| targets.entry(name)) {
            interpolate(&mut entry.node.clone(), &self.env, &mut faults);
        }
        faults.iter().map(|fault| fault.message.clone()).collect()
    }

    fn find(&self, name: Option<&str>, faults: &mut Faults) -> Option<&Entry> {
        let asked = match name {
            Some(name) => Node::plain(Place::start_of(&Text::value("--target", name)), name),
            None => self.root.get("target")?.clone(),
        };
        let name = asked.text()?;
        let found = self
            .root
            .get("targets")
            .and_then(|targets| targets.entry(name));
        if found.is_none() {
            faults
                .error(&asked.place, format!("unknown target {}", quote(name)))
                .hint_with(|| {
                    let known = format!("the targets are {}", list(self.targets()));
                    Some(match meant(name, self.targets()) {
                        Some(near) => format!("did you mean `{near}`? {known}"),
                        None => known,
                    })
                });
        }
        found
    }

    fn resolve(
        &self,
        entry: &Entry,
        registry: &Registry,
        faults: &mut Faults,
    ) -> Option<ResolvedTarget> {
        let Entry { key, node } = entry;
        let mut node = node.clone();
        interpolate(&mut node, &self.env, faults);
        let name = &key.name;
        let Some(adapter) = node.field("adapter") else {
            if node.get("adapter").is_none_or(Node::is_null) {
                let message = format!("target {} has no `adapter`", quote(name));
                faults
                    .error(&key.place, message)
                    .hint(format!("this build has {}", adapters(registry)));
            }
            return None;
        };
        let kind = adapter.text()?;
        let mut options = without_own(&node);
        let emulator = node.field("emulator").and_then(Node::text) == Some("true");
        match registry.get(kind) {
            Ok(adapter) => {
                let path = format!("targets.{name}");
                let mut schema = adapter.options_schema();
                if emulator {
                    // Where the emulator is, is known only when it runs.
                    schema.remove("required");
                }
                Shape::new(schema).check(&mut options, &path, faults);
            }
            Err(error) => {
                let hint = error.hint_text().map(str::to_owned);
                faults
                    .error(&adapter.place, error.to_string())
                    .hint_with(|| hint);
            }
        }
        let Json::Object(options) = options.to_json() else {
            return None;
        };
        Some(ResolvedTarget {
            name: name.clone(),
            adapter: kind.to_owned(),
            options,
            emulator,
            place: key.place.clone(),
        })
    }
}

/// What is left for the adapter. Nothing under a name says nothing about it.
fn without_own(node: &Node) -> Node {
    let kept = node.entries().iter();
    let kept =
        kept.filter(|entry| !OWN.contains(&entry.key.name.as_str()) && !entry.node.is_null());
    Node {
        place: node.place.clone(),
        value: Value::Map(kept.cloned().collect()),
        secret: false,
    }
}

fn adapters(registry: &Registry) -> String {
    list(registry.iter().map(|adapter| adapter.name()))
}

/// The JSON Schema of configuration files, for editors; it knows the options of every adapter in
/// this build.
pub fn schema(registry: &Registry) -> Json {
    let mut schema = schema_with_interpolation(schemars::schema_for!(format::Config));
    let mut rules = Vec::new();
    for adapter in registry.iter() {
        let name = adapter.name();
        let mut options = adapter.options_schema();
        // Not with `emulator: true`.
        options.remove("required");
        let mut options = schema_with_interpolation(options);
        embed(&mut options, &mut schema, name);
        let mut own = schema["$defs"]["Target"]["properties"].clone();
        own["adapter"] = json!({"const": name, "description": adapter.summary()});
        for own_name in OWN {
            options["properties"][own_name] = own[own_name].clone();
        }
        let is_this = json!({"properties": {"adapter": {"const": name}}, "required": ["adapter"]});
        rules.push(json!({"if": is_this, "then": options}));
    }
    let names: Vec<&str> = registry.iter().map(|adapter| adapter.name()).collect();
    let target = &mut schema["$defs"]["Target"];
    target["properties"]["adapter"]["examples"] = json!(names);
    target["allOf"] = json!(rules);
    schema
}

/// Moves the definitions of an adapter's schema to those of the whole one, under names of their own.
fn embed(options: &mut Json, schema: &mut Json, adapter: &str) {
    for keyword in ["$schema", "title"] {
        if let Some(fields) = options.as_object_mut() {
            fields.remove(keyword);
        }
    }
    rename_references(options, adapter);
    let definitions = options
        .as_object_mut()
        .and_then(|fields| fields.remove("$defs"));
    if let Some(Json::Object(definitions)) = definitions {
        for (name, definition) in definitions {
            schema["$defs"][format!("{adapter}.{name}")] = definition;
        }
    }
}

fn rename_references(schema: &mut Json, adapter: &str) {
    match schema {
        Json::Array(items) => {
            for item in items {
                rename_references(item, adapter);
            }
        }
        Json::Object(fields) => {
            for (name, value) in fields.iter_mut() {
                match value {
                    Json::String(target) if name == "$ref" => {
                        *target = target.replace("#/$defs/", &format!("#/$defs/{adapter}."));
                    }
                    _ => rename_references(value, adapter),
                }
            }
        }
        _ => {}
    }
}
