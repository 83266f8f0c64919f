//! What a new revision of a `.proto` file may change: by <https://cloud.google.com/pubsub/docs/commit-schema-revision>
//! optional fields may come and go, and everything else stays.

use std::collections::HashSet;

use prost_reflect::{Cardinality, EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};

/// Checks that two revisions of a message differ only by optional fields that one has and the other has not.
///
/// # Errors
/// They differ otherwise; says how.
pub(super) fn check(old: &MessageDescriptor, new: &MessageDescriptor) -> Result<(), String> {
    Comparison::default().messages(old, new)
}

#[derive(Default)]
struct Comparison {
    /// Messages that were compared: they may contain themselves.
    seen: HashSet<String>,
}

impl Comparison {
    fn messages(&mut self, old: &MessageDescriptor, new: &MessageDescriptor) -> Result<(), String> {
        if old.full_name() != new.full_name() {
            return Err(format!("{} became {}", old.full_name(), new.full_name()));
        }
        if !self.seen.insert(old.full_name().to_owned()) {
            return Ok(());
        }
        for field in old.fields() {
            match new.get_field(field.number()) {
                Some(other) => self.fields(&field, &other)?,
                None => check_optional(&field, new)?,
            }
        }
        let added = new
            .fields()
            .filter(|field| old.get_field(field.number()).is_none());
        added
            .into_iter()
            .try_for_each(|field| check_optional(&field, old))
    }

    fn fields(&mut self, old: &FieldDescriptor, new: &FieldDescriptor) -> Result<(), String> {
        let is_same = old.name() == new.name() && old.cardinality() == new.cardinality();
        match (old.kind(), new.kind()) {
            (Kind::Message(old), Kind::Message(new)) if is_same => self.messages(&old, &new),
            (Kind::Enum(old), Kind::Enum(new)) if is_same => enums(&old, &new),
            (old_kind, new_kind) if is_same && old_kind == new_kind => Ok(()),
            _ => Err(format!(
                "field {} = {} changed",
                old.full_name(),
                old.number()
            )),
        }
    }
}

/// Checks that each of two revisions of an enumeration has the values of the other.
fn enums(old: &EnumDescriptor, new: &EnumDescriptor) -> Result<(), String> {
    for (one, other) in [(old, new), (new, old)] {
        for value in one.values() {
            let same = other.get_value_by_name(value.name());
            if same.is_none_or(|same| same.number() != value.number()) {
                let (name, number) = (value.full_name(), value.number());
                return Err(format!(
                    "{name} = {number} is missing in {}",
                    other.full_name()
                ));
            }
        }
    }
    Ok(())
}

/// Checks that a field that `other` has not may be missing there.
fn check_optional(field: &FieldDescriptor, other: &MessageDescriptor) -> Result<(), String> {
    match field.cardinality() {
        Cardinality::Optional => Ok(()),
        Cardinality::Required | Cardinality::Repeated => Err(format!(
            "{} = {} is missing in {} and is not optional",
            field.full_name(),
            field.number(),
            other.full_name()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Definition;

    fn compare(old: &str, new: &str) -> Result<(), String> {
        let parse = |fields: &str| {
            let text = format!("syntax = \"proto3\"; message R {{ {fields} }}");
            Definition::parse(&text).unwrap()
        };
        parse(old).check_successor(&parse(new))
    }

    #[test]
    fn only_optional_fields_may_come_and_go() {
        let nested = |fields| format!("message S {{ {fields} R r = 9; }} S s = 1;");
        let symbols = |values| format!("enum E {{ X = 0; {values} }} E e = 1;");
        for (one, other, is_good) in [
            ("string a = 1;", "string a = 1; int32 b = 2;", true),
            ("string a = 1;", "string b = 1;", false),
            ("string a = 1;", "bytes a = 1;", false),
            ("string a = 1;", "repeated string a = 1;", false),
            (
                "string a = 1;",
                "string a = 1; repeated string b = 2;",
                false,
            ),
            (&nested("string a = 1;"), &nested(""), true),
            (&nested("string a = 1;"), &nested("int32 a = 1;"), false),
            (&symbols("Y = 1;"), &symbols(""), false),
        ] {
            assert_eq!(compare(one, other).is_ok(), is_good, "{one} {other}");
            assert_eq!(compare(other, one).is_ok(), is_good, "{other} {one}");
        }
    }
}
