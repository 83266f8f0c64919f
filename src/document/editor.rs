//! The schema as editors want it.

use serde_json::{Map, Value as Json};

use super::shape::has_type;

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
