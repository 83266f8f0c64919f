//! Typed options out of scenario files and URIs.

use serde::de::DeserializeOwned;

use crate::{Error, ErrorKind, Result, closest};

/// Options of a target as they stand in a file: names to JSON values.
pub type Options = serde_json::Map<String, serde_json::Value>;

/// Decodes options into an adapter's configuration; the type denies unknown fields.
///
/// A misspelt name is answered with the nearest one the schema knows.
pub fn decode<T: DeserializeOwned + schemars::JsonSchema>(
    adapter: &str,
    options: &Options,
) -> Result<T> {
    let known = names::<T>();
    if let Some(name) = options.keys().find(|name| !known.contains(name)) {
        let error = Error::new(
            ErrorKind::Config,
            format!("unknown option `{name}` of `{adapter}`"),
        );
        let list = known.join("`, `");
        return Err(match closest(name, known.iter().map(String::as_str)) {
            Some(near) => error.hint(format!("did you mean `{near}`? it knows `{list}`")),
            None => error.hint(format!("it knows `{list}`")),
        });
    }
    serde_json::from_value(serde_json::Value::Object(options.clone())).map_err(|error| {
        Error::new(
            ErrorKind::Config,
            format!("options of `{adapter}`: {error}"),
        )
    })
}

fn names<T: schemars::JsonSchema>() -> Vec<String> {
    let schema = schemars::schema_for!(T);
    schema
        .get("properties")
        .and_then(|properties| properties.as_object())
        .map(|properties| properties.keys().cloned().collect())
        .unwrap_or_default()
}
