//! A thing, and its text.

use std::fmt;
use std::hash::Hasher;

use bytes::Bytes;
use headers::ETag;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use xxhash_rust::xxh3::Xxh3Default;

use super::declaration::Resource;

/// The key of a thing; numbers by their worth, texts by their bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum ItemKey {
    Number(u64),
    Text(String),
}

impl fmt::Display for ItemKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

/// A thing as it is kept.
#[derive(Debug, Clone)]
pub(super) struct Item {
    /// All members but the key.
    pub(super) fields: Map<String, Value>,
    /// How often it has changed, from 1.
    pub(super) revision: u64,
    /// All of it as JSON.
    pub(super) text: Bytes,
}

impl Item {
    pub(super) fn new(
        resource: &Resource,
        key: &ItemKey,
        fields: Map<String, Value>,
        revision: u64,
    ) -> Self {
        let text = write(resource, key, &fields);
        Self {
            fields,
            revision,
            text,
        }
    }

    /// A strong validator: another one for another text, and for the same text after a change.
    pub(super) fn etag(&self) -> ETag {
        let mut hasher = Xxh3Default::new();
        hasher.update(&self.text);
        hasher.write_u64(self.revision);
        let tag = format!("\"{:016x}\"", hasher.digest());
        tag.parse().expect("digits between quotes are a tag")
    }
}

/// The key, then the fields in the order of their declaration; what is missing is `null`.
fn write(resource: &Resource, key: &ItemKey, fields: &Map<String, Value>) -> Bytes {
    let mut text = String::from("{");
    let json = |value: &Value| value.to_string();
    text.push_str(&format!(
        "{}:{}",
        quoted(&resource.key.name),
        match key {
            ItemKey::Number(number) => number.to_string(),
            ItemKey::Text(key) => quoted(key),
        }
    ));
    for field in &resource.fields {
        let value = fields
            .get(&field.name)
            .map_or_else(|| "null".to_owned(), json);
        text.push_str(&format!(",{}:{value}", quoted(&field.name)));
    }
    text.push('}');
    text.into()
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
