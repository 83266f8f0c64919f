//! Schemas of Apache Avro, by <https://avro.apache.org/docs/1.12.0/specification/>.

mod binary;
mod json;
mod types;

use apache_avro::Schema;
use apache_avro::schema_compatibility::{Compatibility, SchemaCompatibility};

use self::types::Types;

/// A definition that was understood.
#[derive(Debug)]
pub(super) struct Definition {
    schema: Schema,
    types: Types,
}

impl Definition {
    /// Reads a schema, which is JSON.
    ///
    /// # Errors
    /// It is none; says why.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let schema = Schema::parse_str(text).map_err(|error| error.to_string())?;
        let types = Types::compile(&schema)?;
        Ok(Self { schema, types })
    }

    /// Checks a message in Avro's JSON encoding.
    ///
    /// # Errors
    /// It is no value of this schema; says why.
    pub(super) fn check_json(&self, data: &[u8]) -> Result<(), String> {
        json::check(&self.types, data)
    }

    /// Checks a message in Avro's binary encoding, without a header.
    ///
    /// # Errors
    /// It is no value of this schema; says why.
    pub(super) fn check_binary(&self, data: &[u8]) -> Result<(), String> {
        binary::check(&self.types, data)
    }

    /// Whether what is written with either schema can be read with the other.
    ///
    /// # Errors
    /// It cannot always; says why.
    pub(super) fn check_successor(&self, new: &Self) -> Result<(), String> {
        match SchemaCompatibility::mutual_read(&self.schema, &new.schema) {
            Ok(Compatibility::Full) => Ok(()),
            Ok(Compatibility::Partial) => {
                Err("some values of one schema cannot be read with the other".to_owned())
            }
            Err(error) => Err(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(fields: &str) -> Definition {
        let text = format!(r#"{{"type": "record", "name": "R", "fields": [{fields}]}}"#);
        Definition::parse(&text).unwrap()
    }

    #[test]
    fn what_is_no_schema_is_refused() {
        let unknown = r#"{"type": "record", "name": "R", "fields": [{"name": "a", "type": "S"}]}"#;
        for bad in ["", "{", r#"{"type": "recrd"}"#, r#""x""#, unknown] {
            assert!(Definition::parse(bad).is_err(), "{bad}");
        }
        let deep = format!("{}\"int\"{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(Definition::parse(&deep).is_err());
    }

    #[test]
    fn revisions_may_add_and_remove_what_has_a_default() {
        let old = record(r#"{"name": "a", "type": "string"}"#);
        let more = record(
            r#"{"name": "a", "type": "string"}, {"name": "b", "type": ["null", "int"], "default": null}"#,
        );
        assert!(old.check_successor(&old).is_ok() && more.check_successor(&more).is_ok());
        assert!(old.check_successor(&more).is_ok() && more.check_successor(&old).is_ok());
        let required = record(r#"{"name": "a", "type": "string"}, {"name": "b", "type": "int"}"#);
        assert!(old.check_successor(&required).is_err());
        assert!(required.check_successor(&old).is_err());
        let other = record(r#"{"name": "a", "type": "int"}"#);
        assert!(old.check_successor(&other).is_err());
        let wider = record(
            r#"{"name": "a", "type": "string"}, {"name": "b", "type": ["null", "int", "string"], "default": null}"#,
        );
        assert!(more.check_successor(&wider).is_err());
    }
}
