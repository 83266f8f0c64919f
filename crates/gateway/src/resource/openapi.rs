//! What the paths of resources take and give, as an OpenAPI 3.1 document.

use serde_json::{Map, Value, json};

use super::declaration::{Field, FieldKind, KeyKind, Resource};
use super::page::LIMITS;

/// The document of these resources.
pub fn openapi(resources: &[Resource]) -> Value {
    let mut paths = Map::new();
    let mut schemas = Map::new();
    for resource in resources {
        let name = &resource.name;
        paths.insert(format!("/{name}"), collection(resource));
        paths.insert(format!("/{name}/{{key}}"), item(resource));
        for setter in &resource.setters {
            if let Some(field) = resource.field(&setter.field) {
                paths.insert(
                    format!("/{name}/{{key}}/{}", setter.path),
                    set(resource, field),
                );
            }
        }
        schemas.insert(name.clone(), shown(resource));
        schemas.insert(format!("{name}-new"), members(resource, true, true));
        schemas.insert(format!("{name}-fields"), members(resource, false, true));
        schemas.insert(format!("{name}-changes"), members(resource, false, false));
    }
    schemas.insert("problem".to_owned(), problem());
    json!({
        "openapi": "3.1.0",
        "info": {"title": "Resources", "version": env!("CARGO_PKG_VERSION")},
        "paths": paths,
        "components": {"schemas": schemas},
    })
}

fn collection(resource: &Resource) -> Value {
    let name = &resource.name;
    let mut parameters = vec![
        query(
            "limit",
            &json!({"type": "integer", "minimum": 1, "maximum": LIMITS.1, "default": LIMITS.0}),
        ),
        query("after", &key(resource)),
    ];
    let fields = resource.fields.iter();
    parameters.extend(fields.map(|field| query(&field.name, &plain(field))));
    let page = json!({
        "type": "object",
        "required": ["items", "next"],
        "properties": {
            "items": {"type": "array", "items": reference(name)},
            "next": {"type": ["string", "null"], "description": "path of the next page"},
        },
    });
    json!({
        "get": {
            "operationId": format!("list-{name}"),
            "parameters": parameters,
            "responses": responses(&[("200", "a page", Some(page))], &["400"]),
        },
        "post": {
            "operationId": format!("create-{name}"),
            "requestBody": body(&reference(&format!("{name}-new"))),
            "responses": responses(&[("201", "made", Some(reference(name)))], &["400", "409", "413", "415", "422", "503"]),
        },
    })
}

fn item(resource: &Resource) -> Value {
    let name = &resource.name;
    let changed = |act: &str, schema: &str| {
        json!({
            "operationId": format!("{act}-{name}"),
            "parameters": [if_match()],
            "requestBody": body(&reference(schema)),
            "responses": responses(&[("200", "as it is now", Some(reference(name)))], CHANGING),
        })
    };
    json!({
        "parameters": [path_key(resource)],
        "get": {
            "operationId": format!("read-{name}"),
            "responses": responses(&[("200", "the thing", Some(reference(name))), ("304", "known already", None)], &["400", "404"]),
        },
        "put": changed("replace", &format!("{name}-fields")),
        "patch": changed("change", &format!("{name}-changes")),
        "delete": {
            "operationId": format!("delete-{name}"),
            "parameters": [if_match()],
            "responses": responses(&[("204", "gone", None)], &["400", "404", "412", "503"]),
        },
    })
}

const CHANGING: &[&str] = &["400", "404", "412", "413", "415", "422", "503"];

fn set(resource: &Resource, field: &Field) -> Value {
    let name = &resource.name;
    let alone = json!({
        "type": "object",
        "required": [field.name],
        "properties": {&field.name: schema(field)},
        "additionalProperties": false,
    });
    json!({
        "parameters": [path_key(resource)],
        "put": {
            "operationId": format!("set-{}-of-{name}", field.name),
            "parameters": [if_match()],
            "requestBody": body(&json!({"anyOf": [schema(field), alone]})),
            "responses": responses(&[("200", "as it is now", Some(reference(name)))], CHANGING),
        },
    })
}

fn responses(good: &[(&str, &str, Option<Value>)], bad: &[&str]) -> Value {
    let mut responses = Map::new();
    for (status, what, schema) in good {
        let mut response = json!({"description": what});
        if let Some(schema) = schema {
            response["content"] = json!({"application/json": {"schema": schema}});
        }
        responses.insert((*status).to_owned(), response);
    }
    for status in bad {
        let content = json!({"application/problem+json": {"schema": reference("problem")}});
        responses.insert(
            (*status).to_owned(),
            json!({"description": "a problem", "content": content}),
        );
    }
    Value::Object(responses)
}

fn reference(schema: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{schema}")})
}

fn body(schema: &Value) -> Value {
    json!({"required": true, "content": {"application/json": {"schema": schema}}})
}

fn query(name: &str, schema: &Value) -> Value {
    json!({"name": name, "in": "query", "schema": schema})
}

fn path_key(resource: &Resource) -> Value {
    json!({"name": "key", "in": "path", "required": true, "schema": key(resource)})
}

fn if_match() -> Value {
    json!({"name": "If-Match", "in": "header", "schema": {"type": "string", "pattern": "^\"[0-9a-f]{16}\"$"}})
}

fn key(resource: &Resource) -> Value {
    match resource.key.kind {
        KeyKind::Serial => json!({"type": "integer", "minimum": 1}),
        KeyKind::Text { max_length } => {
            json!({"type": "string", "minLength": 1, "maxLength": max_length, "pattern": "^[^/]+$"})
        }
    }
}

/// A thing as it is shown.
fn shown(resource: &Resource) -> Value {
    let mut schema = members(resource, true, true);
    schema["properties"][&resource.key.name] = key(resource);
    let all = std::iter::once(&resource.key.name).chain(resource.fields.iter().map(|f| &f.name));
    schema["required"] = all.map(String::as_str).collect();
    schema
}

/// What a client sends: with the key if it chooses that one, and all that is required or only what changes.
fn members(resource: &Resource, with_key: bool, whole: bool) -> Value {
    let mut properties = Map::new();
    let mut required: Vec<&str> = Vec::new();
    if with_key && resource.key.kind != KeyKind::Serial {
        properties.insert(resource.key.name.clone(), key(resource));
        required.push(&resource.key.name);
    }
    for field in &resource.fields {
        properties.insert(field.name.clone(), schema(field));
        if whole && field.required {
            required.push(&field.name);
        }
    }
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

/// The values of a field, `null` among them if it is not required.
fn schema(field: &Field) -> Value {
    let plain = plain(field);
    match field.required {
        true => plain,
        false => json!({"anyOf": [plain, {"type": "null"}]}),
    }
}

fn plain(field: &Field) -> Value {
    match &field.kind {
        FieldKind::Text { max_length, one_of } if one_of.is_empty() => {
            json!({"type": "string", "maxLength": max_length})
        }
        FieldKind::Text { one_of, .. } => json!({"type": "string", "enum": one_of}),
        FieldKind::Integer { min, max } => {
            json!({"type": "integer", "minimum": min, "maximum": max})
        }
        FieldKind::Number => json!({"type": "number"}),
        FieldKind::Boolean => json!({"type": "boolean"}),
    }
}

fn problem() -> Value {
    let text = json!({"type": "string"});
    json!({
        "type": "object",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": text, "title": text, "detail": text,
            "status": {"type": "integer"},
            "errors": {"type": "array", "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {"pointer": text, "detail": text},
            }},
        },
    })
}
