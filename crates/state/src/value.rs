//! What tables hold, and how it is shown to people.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::Corrupt;

/// What a table holds by group and key.
pub trait Value: Send + Sized + 'static {
    /// What `ssectl state` knows values of this type by; it stands in the state and does not change.
    const KIND: &'static str = "bytes";

    /// Appends the bytes that [`Value::decode`] reads.
    fn encode(&self, out: &mut Vec<u8>);

    /// The value of these bytes.
    ///
    /// # Errors
    /// They were not written by [`Value::encode`].
    fn decode(bytes: &[u8]) -> Result<Self, Corrupt>;

    /// Bytes of memory it takes, roughly.
    fn size(&self) -> usize;

    /// The value as JSON, for people. Without an implementation it is its bytes: the JSON they are, or their text, or
    /// `{"base64": …}`.
    fn describe(&self) -> String {
        let mut bytes = Vec::new();
        self.encode(&mut bytes);
        readable(&bytes)
    }
}

/// Makes JSON of the bytes of a value.
pub type Describe = fn(&[u8]) -> Result<String, Corrupt>;

/// The kinds of values that can be shown to people.
#[derive(Debug, Clone, Default)]
pub struct Kinds(HashMap<&'static str, Describe>);

impl Kinds {
    /// Adds those of a type.
    #[must_use]
    pub fn with<V: Value>(mut self) -> Self {
        self.0
            .insert(V::KIND, |bytes| Ok(V::decode(bytes)?.describe()));
        self
    }

    /// A value of this kind as JSON. Of a kind that is not known the bytes are shown.
    ///
    /// # Errors
    /// The bytes are no value of this kind.
    pub fn describe(&self, kind: &str, bytes: &[u8]) -> Result<String, Corrupt> {
        match self.0.get(kind) {
            Some(describe) => describe(bytes),
            None => Ok(readable(bytes)),
        }
    }
}

/// Bytes as JSON: what they are if they are JSON, else a string, or `{"base64": …}` if they are no text.
pub fn readable(bytes: &[u8]) -> String {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return format!("{{\"base64\":\"{}\"}}", STANDARD.encode(bytes));
    };
    match serde_json::from_str::<&serde_json::value::RawValue>(text) {
        Ok(json) => json.get().to_owned(),
        Err(_) => serde_json::Value::from(text).to_string(),
    }
}
