//! Checks messages in Avro's JSON encoding while they are parsed, without keeping them.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::types::{Type, Types};

/// Checks that `data` is one value of the schema, and nothing more. Fields that the schema does not know are let
/// through, as Google's emulator does.
///
/// # Errors
/// It is not; says why.
pub(super) fn check(types: &Types, data: &[u8]) -> Result<(), String> {
    let mut json = serde_json::Deserializer::from_slice(data);
    let datum = Datum {
        types,
        kind: types.root(),
    };
    let checked = datum.deserialize(&mut json).and_then(|()| json.end());
    checked.map_err(|error| error.to_string())
}

/// A value of a type.
#[derive(Clone, Copy)]
struct Datum<'a> {
    types: &'a Types,
    kind: &'a Type,
}

impl<'a> Datum<'a> {
    fn of(self, kind: &'a Type) -> Self {
        Self { kind, ..self }
    }

    fn kind(self) -> &'a Type {
        self.types.resolve(self.kind)
    }

    /// What JSON has for the type.
    fn expected(self) -> &'static str {
        match self.kind() {
            Type::Null | Type::Named(_) => "null",
            Type::Boolean => "boolean",
            Type::Int | Type::Long => "number_integer",
            Type::Float | Type::Double => "number_float",
            Type::Bytes | Type::String | Type::Enum(_) | Type::Fixed(_) => "string",
            Type::Array(_) => "array",
            Type::Map(_) | Type::Record(_) | Type::Union(_) => "object",
        }
    }

    /// Nothing, if the value is good; else what it is and what it should be.
    fn good<E: Error>(self, is_good: bool, came: &str) -> Result<(), E> {
        match is_good {
            true => Ok(()),
            false => Err(E::custom(format!(
                "JSON object with type {came} does not match schema which expected {}",
                self.expected()
            ))),
        }
    }

    fn integer<E: Error>(self, number: Option<i64>) -> Result<(), E> {
        let is_good = match self.kind() {
            Type::Int => number.is_some_and(|number| i32::try_from(number).is_ok()),
            Type::Long => number.is_some(),
            Type::Float | Type::Double => true,
            _ => false,
        };
        self.good(is_good, "number_integer")
    }

    fn record<'de, A: MapAccess<'de>>(
        self,
        fields: &'a [(String, Type)],
        mut map: A,
    ) -> Result<(), A::Error> {
        let mut seen = vec![false; fields.len()];
        while let Some(name) = map.next_key::<String>()? {
            match fields.iter().position(|(field, _)| *field == name) {
                Some(index) => {
                    seen[index] = true;
                    map.next_value_seed(self.of(&fields[index].1))?;
                }
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        let mut missing = fields.iter().zip(seen).filter(|(_, seen)| !seen);
        match missing.next() {
            None => Ok(()),
            Some(((field, _), _)) => Err(A::Error::custom(format!(
                "JSON object has no field `{field}`, which the schema has"
            ))),
        }
    }

    /// A branch under its name.
    fn union<'de, A: MapAccess<'de>>(
        self,
        branches: &'a [(String, Type)],
        mut map: A,
    ) -> Result<(), A::Error> {
        let name = map.next_key::<String>()?.unwrap_or_default();
        let mut branches = branches.iter();
        let Some((_, kind)) = branches.find(|(branch, _)| *branch == name) else {
            let problem = format!("`{name}` is no branch of the union that the schema expected");
            return Err(A::Error::custom(problem));
        };
        map.next_value_seed(self.of(kind))?;
        match map.next_key::<IgnoredAny>()? {
            None => Ok(()),
            Some(_) => Err(A::Error::custom(
                "a value of a union has more than one branch",
            )),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Datum<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Datum<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.expected())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        let is_null = |kind: &Type| matches!(kind, Type::Null);
        let is_good = match self.kind() {
            Type::Union(branches) => branches.iter().any(|(_, kind)| is_null(kind)),
            kind => is_null(kind),
        };
        self.good(is_good, "null")
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        self.good(matches!(self.kind(), Type::Boolean), "boolean")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        self.integer(Some(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        self.integer(i64::try_from(number).ok())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        let is_good = matches!(self.kind(), Type::Float | Type::Double);
        self.good(is_good, "number_float")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        // Bytes are characters up to U+00FF.
        let is_bytes = || text.chars().all(|c| u32::from(c) < 256);
        let is_good = match self.kind() {
            Type::String => true,
            Type::Bytes => is_bytes(),
            Type::Fixed(size) => is_bytes() && text.chars().count() == *size,
            Type::Enum(symbols) => symbols.iter().any(|symbol| symbol == text),
            _ => false,
        };
        self.good(is_good, "string")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let Type::Array(kind) = self.kind() else {
            return self.good(false, "array");
        };
        while items.next_element_seed(self.of(kind))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        match self.kind() {
            Type::Record(fields) => self.record(fields, map),
            Type::Union(branches) => self.union(branches, map),
            Type::Map(kind) => {
                while map.next_key::<IgnoredAny>()?.is_some() {
                    map.next_value_seed(self.of(kind))?;
                }
                Ok(())
            }
            _ => self.good(false, "object"),
        }
    }
}

#[cfg(test)]
mod tests {
    use apache_avro::Schema;

    use super::*;

    /// Whether a message is a value of a schema.
    fn fits(schema: &str, data: &str) -> bool {
        let types = Types::compile(&Schema::parse_str(schema).unwrap()).unwrap();
        check(&types, data.as_bytes()).is_ok()
    }

    #[test]
    fn values_have_the_types_of_the_schema() {
        let fixed = r#"{"type": "fixed", "name": "F", "size": 2}"#;
        let choice = r#"{"type": "enum", "name": "E", "symbols": ["X", "Y"]}"#;
        let time = r#"{"type": "long", "logicalType": "timestamp-millis"}"#;
        for (schema, good, bad) in [
            (r#""int""#, "-2147483648", "2147483648"),
            (r#""int""#, "1", "1.5"),
            (r#""long""#, "9223372036854775807", "9223372036854775808"),
            (r#""double""#, "1", r#""1""#),
            (r#""boolean""#, "true", "0"),
            (r#""bytes""#, r#""\u00ff\u0000""#, r#""\u0100""#),
            (fixed, r#""\u00ffa""#, r#""a""#),
            (choice, r#""Y""#, r#""Z""#),
            (time, "1700000000000", r#""2023-01-01""#),
            (
                r#"{"type": "array", "items": "int"}"#,
                "[1, 2]",
                "[1, null]",
            ),
            (
                r#"{"type": "map", "values": "int"}"#,
                r#"{"a": 1}"#,
                r#"{"a": "1"}"#,
            ),
            (r#"["null", "string"]"#, "null", r#""x""#),
            (
                r#"["null", "string"]"#,
                r#"{"string": "x"}"#,
                r#"{"int": 1}"#,
            ),
            (r#"["string", "int"]"#, r#"{"int": 1}"#, "null"),
            (r#""null""#, "null", ""),
            (r#""string""#, r#""x""#, r#""x" 1"#),
        ] {
            assert!(fits(schema, good), "{schema} {good}");
            assert!(!fits(schema, bad), "{schema} {bad}");
        }
    }

    #[test]
    fn a_record_has_all_its_fields() {
        let schema = r#"{"type": "record", "name": "a.b.R", "fields": [
            {"name": "a", "type": "string"}, {"name": "next", "type": ["null", "R"], "default": null}]}"#;
        assert!(fits(schema, r#"{"a": "x", "next": null}"#));
        assert!(fits(
            schema,
            r#"{"next": {"a.b.R": {"a": "y", "next": null}}, "a": "x", "more": [1]}"#
        ));
        assert!(!fits(schema, r#"{"a": "x"}"#));
        assert!(!fits(
            schema,
            r#"{"a": "x", "next": {"R": {"a": "y", "next": null}}}"#
        ));
        assert!(!fits(schema, "[]"));
        let deep = r#"{"a": "x", "next": {"a.b.R": "#.repeat(100_000);
        assert!(!fits(schema, &deep));
    }
}
