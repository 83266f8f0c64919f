//! From a file to resources.

use std::path::Path;

use ssectl_gateway::resource::{self, Field, FieldKind, Key, KeyKind, Resource, Setter};

use super::format;
use crate::document::{self, Env, Faults, Node, Place, Shape, interpolate, parse};

/// Most characters of a text that says nothing else.
const LENGTH: usize = 100;

/// What a `gateway.yaml` declares.
#[derive(Debug)]
pub struct Gateway {
    /// The resources, in the order of their names.
    pub resources: Vec<Resource>,
    /// The address of the stream that keeps their changes.
    pub log: Option<String>,
}

/// The JSON Schema of such files, for editors.
pub fn schema() -> serde_json::Value {
    document::schema_with_interpolation(schemars::schema_for!(format::File))
}

impl Gateway {
    /// Reads a file; `env` is what `${VAR}` finds.
    ///
    /// # Errors
    /// All faults of the file, with their places.
    pub fn read(path: &Path, env: &Env) -> Result<Self, Faults> {
        let text = document::read(path)?;
        let mut faults = Faults::default();
        let root = parse(&text, &mut faults);
        let Some(mut root) = root else {
            if !faults.has_errors() {
                faults
                    .error(&Place::start_of(&text), "the file is empty")
                    .hint("a gateway starts with `apiVersion: ssectl/v1` and `resources`");
            }
            faults.into_result()?;
            unreachable!("a file without a root has a fault");
        };
        interpolate(&mut root, env, &mut faults);
        Shape::of::<format::File>().check(&mut root, "", &mut faults);
        let gateway = match faults.has_errors() {
            true => None,
            false => Self::of(&root, &mut faults),
        };
        faults.into_result()?;
        Ok(gateway.expect("a file without errors is whole"))
    }

    fn of(root: &Node, faults: &mut Faults) -> Option<Self> {
        let file: format::File = match serde_json::from_value(root.to_json()) {
            Ok(file) => file,
            Err(error) => {
                faults.error(&root.place, error.to_string());
                return None;
            }
        };
        let declared = root.field("resources")?.entries();
        let mut resources = Vec::new();
        for entry in declared {
            let resource = file.resources.get(&entry.key.name)?;
            let fields = entry.node.field("fields").map_or(&[][..], Node::entries);
            let names = fields.iter().map(|field| field.key.name.as_str());
            let resource = resource_of(&entry.key.name, resource, names);
            if let Err(error) = resource.check() {
                faults.error(&entry.key.place, error.to_string());
            }
            resources.push(resource);
        }
        if resources.is_empty() {
            let place = &root.field("resources")?.place;
            faults.error(place, "a gateway needs at least one resource");
        }
        let log = file.log;
        Some(Self { resources, log })
    }
}

/// `names` are those of the fields in the order of the file.
fn resource_of<'a>(
    name: &str,
    declared: &format::Resource,
    names: impl Iterator<Item = &'a str>,
) -> Resource {
    let kind = match declared.key.kind {
        format::KeyType::Serial => KeyKind::Serial,
        format::KeyType::Text => KeyKind::Text {
            max_length: declared.key.max_length.unwrap_or(LENGTH),
        },
    };
    let field = |name: &str| {
        let declared = declared.fields.get(name)?;
        Some(field_of(
            name,
            declared.as_ref().unwrap_or(&format::Field::default()),
        ))
    };
    let setters = declared.set.iter().flatten();
    Resource {
        name: name.to_owned(),
        key: Key {
            name: declared.key.name.clone(),
            kind,
        },
        fields: names.filter_map(field).collect(),
        setters: setters
            .map(|(path, field)| Setter {
                path: path.clone(),
                field: field.clone(),
            })
            .collect(),
    }
}

fn field_of(name: &str, declared: &format::Field) -> resource::Field {
    let kind = match declared.kind.unwrap_or_default() {
        format::FieldType::Text => FieldKind::Text {
            max_length: declared.max_length.unwrap_or(LENGTH),
            one_of: declared.one_of.clone().unwrap_or_default(),
        },
        format::FieldType::Integer => FieldKind::Integer {
            min: declared.min.unwrap_or(i64::MIN),
            max: declared.max.unwrap_or(i64::MAX),
        },
        format::FieldType::Number => FieldKind::Number,
        format::FieldType::Boolean => FieldKind::Boolean,
    };
    Field {
        name: name.to_owned(),
        kind,
        required: declared.required.unwrap_or(false),
    }
}
