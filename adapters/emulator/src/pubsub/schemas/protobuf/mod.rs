//! Schemas that are `.proto` files with one message.

mod successor;

use prost_reflect::{
    Cardinality, DescriptorPool, DynamicMessage, MessageDescriptor, ReflectMessage, Value,
};

/// A definition that was understood.
#[derive(Debug)]
pub(super) struct Definition {
    message: MessageDescriptor,
}

impl Definition {
    /// Reads a `.proto` file.
    ///
    /// # Errors
    /// It is none, imports another one, or has not exactly one message at its top; says why.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let parsed = protox_parse::parse("schema.proto", text);
        let mut file = parsed.map_err(|error| error.to_string())?;
        // Only of use to those who show the text.
        file.source_code_info = None;
        if let Some(import) = file.dependency.first() {
            return Err(format!("imports are not supported (`{import}`)"));
        }
        if file.message_type.len() != 1 || !file.enum_type.is_empty() {
            return Err("there must be exactly one top-level type, a message".to_owned());
        }
        let mut pool = DescriptorPool::new();
        let added = pool.add_file_descriptor_proto(file);
        added.map_err(|error| error.to_string())?;
        let mut messages = pool
            .files()
            .flat_map(|file| file.messages().collect::<Vec<_>>());
        let message = messages.next().ok_or("there is no message")?;
        Ok(Self { message })
    }

    /// Checks a message in protobuf's JSON.
    ///
    /// # Errors
    /// It is none of this schema; says why.
    pub(super) fn check_json(&self, data: &[u8]) -> Result<(), String> {
        let mut json = serde_json::Deserializer::from_slice(data);
        let message = DynamicMessage::deserialize(self.message.clone(), &mut json);
        let message = message.and_then(|message| json.end().map(|()| message));
        check_required(&message.map_err(|error| error.to_string())?)
    }

    /// Checks a message on the wire. As ever, fields that the schema does not know are let through.
    ///
    /// # Errors
    /// It is none of this schema; says why.
    pub(super) fn check_binary(&self, data: &[u8]) -> Result<(), String> {
        let message = DynamicMessage::decode(self.message.clone(), data);
        check_required(&message.map_err(|error| error.to_string())?)
    }

    /// Whether another revision differs only by optional fields that it has more or less.
    ///
    /// # Errors
    /// It differs otherwise; says how.
    pub(super) fn check_successor(&self, new: &Self) -> Result<(), String> {
        successor::check(&self.message, &new.message)
    }
}

/// Checks that the required fields of proto2 are there, in this message and in those within it.
fn check_required(message: &DynamicMessage) -> Result<(), String> {
    for field in message.descriptor().fields() {
        if field.cardinality() == Cardinality::Required && !message.has_field(&field) {
            return Err(format!("required field `{}` is missing", field.full_name()));
        }
    }
    message.fields().try_for_each(|(_, value)| match value {
        Value::Message(message) => check_required(message),
        Value::List(list) => list
            .iter()
            .filter_map(Value::as_message)
            .try_for_each(check_required),
        Value::Map(map) => map
            .values()
            .filter_map(Value::as_message)
            .try_for_each(check_required),
        _ => Ok(()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_is_one_message_of_its_own() {
        let good = "syntax = \"proto3\"; package a.b; option java_package = \"c\";
            message R { enum E { X = 0; } message S { E e = 1; } repeated S s = 1 [deprecated = true]; map<string, S> m = 2; }";
        assert!(Definition::parse(good).is_ok());
        for bad in [
            "",
            "syntax = \"proto3\";",
            "syntax = \"proto3\"; message R { strin a = 1; }",
            "syntax = \"proto3\"; message R { string a = 1; string b = 1; }",
            "syntax = \"proto3\"; message R {} message S {}",
            "syntax = \"proto3\"; message R {} enum E { X = 0; }",
            "syntax = \"proto3\"; import \"google/protobuf/timestamp.proto\"; message R { google.protobuf.Timestamp t = 1; }",
        ] {
            assert!(Definition::parse(bad).is_err(), "{bad}");
        }
        assert!(Definition::parse(&"message R { ".repeat(20_000)).is_err());
    }

    #[test]
    fn messages_have_the_fields_of_the_schema() {
        let schema =
            Definition::parse("syntax = \"proto3\"; message R { string a = 1; R r = 2; }").unwrap();
        assert_eq!(schema.check_json(br#"{"a": "x", "r": {}}"#), Ok(()));
        for bad in [&b"{\"a\": 1}"[..], b"{\"b\": 1}", b"", b"{} {}", b"{"] {
            assert!(schema.check_json(bad).is_err(), "{bad:?}");
        }
        assert_eq!(schema.check_binary(b"\x0a\x01x\x12\x00"), Ok(()));
        assert!(schema.check_binary(b"\x0a\x02x").is_err());
        let deep = |levels: usize| br#"{"r": "#.repeat(levels);
        assert!(schema.check_json(&deep(100_000)).is_err());
    }

    #[test]
    fn required_fields_are_required() {
        let schema = Definition::parse(
            "syntax = \"proto2\"; message R { required string a = 1; optional R r = 2; }",
        )
        .unwrap();
        assert_eq!(schema.check_json(br#"{"a": "x"}"#), Ok(()));
        assert!(schema.check_json(br#"{"a": "x", "r": {}}"#).is_err());
        assert!(schema.check_binary(b"").is_err());
    }
}
