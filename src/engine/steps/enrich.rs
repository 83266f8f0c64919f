//! A row of a table as a member of the record.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use ssectl_adapter::Record;

use super::{Encoding, RecordError, eval};
use crate::engine::Rows;
use crate::engine::lookup::{Fetched, Key, Lookup};
use crate::expr::{Outputs, Program};

/// What happens to a record that no row belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Missing {
    /// It goes on with `null`.
    #[default]
    Keep,
    /// It is left out.
    Filter,
    /// It is bad.
    Fail,
}

/// Where rows come from.
#[derive(Clone)]
pub enum Table {
    /// From memory: the table was read.
    Read(Rows),
    /// The table is asked.
    Asked(Arc<Lookup>),
}

/// What became of a record.
pub(super) enum Enriched {
    /// It has this value.
    Value(Bytes),
    /// It is left out.
    LeftOut,
    /// The row of this key has to be fetched first.
    Unknown(Key),
}

/// Where the row of a record was found.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// In memory, for good.
    Here,
    /// In the cache.
    Cached,
    /// It was fetched for the batch.
    Fetched,
}

/// Gives each record the row that belongs to it.
#[derive(Clone)]
pub struct Enrich {
    /// What is looked up.
    pub by: Program,
    /// The table.
    pub table: Table,
    /// The member that the row becomes.
    pub member: String,
    /// What happens to a record that no row belongs to.
    pub missing: Missing,
}

impl Enrich {
    /// The value with the row in it, and where that was found; `fetched` are rows that were asked for.
    pub(super) fn value(
        &self,
        record: &Record,
        encoding: Encoding,
        buffer: &mut Outputs,
        fetched: Option<&Fetched>,
    ) -> Result<(Enriched, Found), RecordError> {
        buffer.clear();
        eval(record, encoding, |input| self.by.eval(input, buffer))?;
        let key = buffer.get(0).filter(|key| !key.is_null());
        let (row, found) = match key.map(|key| self.find(key.json(), fetched)) {
            None => (None, Found::Here),
            Some(Some(found)) => found,
            Some(None) => {
                let key = key.map_or_else(Key::default, |key| key.json().into());
                return Ok((Enriched::Unknown(key), Found::Fetched));
            }
        };
        let row = match (&row, self.missing) {
            (Some(row), _) => row.as_ref(),
            (None, Missing::Keep) => b"null",
            (None, Missing::Filter) => return Ok((Enriched::LeftOut, found)),
            (None, Missing::Fail) => {
                let key = key.map_or("null".into(), |key| String::from_utf8_lossy(key.json()));
                return Err(RecordError::Refused(format!(
                    "the table has no row for {}",
                    key.chars().take(40).collect::<String>()
                )));
            }
        };
        let value = record
            .value
            .as_deref()
            .filter(|_| encoding == Encoding::Json);
        match Members::of(value.unwrap_or_default()) {
            Ok(members) => Ok((Enriched::Value(members.with(&self.member, row)), found)),
            Err(()) => Err(RecordError::Refused(
                "`enrich` puts a row into an object, and the record is none".to_owned(),
            )),
        }
    }
}

impl Enrich {
    /// The row of a key, or that there is none; `None` if that is not known yet.
    fn find(&self, key: &[u8], fetched: Option<&Fetched>) -> Option<(Option<Bytes>, Found)> {
        match &self.table {
            Table::Read(rows) => Some((rows.get(key), Found::Here)),
            Table::Asked(lookup) => match fetched.and_then(|fetched| fetched.get(key)) {
                Some(row) => Some((row.clone(), Found::Fetched)),
                None => lookup.known(key).map(|row| (row, Found::Cached)),
            },
        }
    }
}

/// The members of an object in their order, each as it is written.
pub(crate) struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'a> Members<'a> {
    /// Those of an object; an error if the JSON is none.
    pub(crate) fn of(json: &'a [u8]) -> Result<Self, ()> {
        serde_json::from_slice(json).map_err(drop)
    }

    /// The object with one member set, behind all others.
    pub(crate) fn with(&self, name: &str, value: &[u8]) -> Bytes {
        let mut object = vec![b'{'];
        for (other, value) in &self.0 {
            if other != name {
                push(&mut object, other, value.get().as_bytes());
            }
        }
        push(&mut object, name, value);
        object.push(b'}');
        object.into()
    }
}

fn push(object: &mut Vec<u8>, name: &str, value: &[u8]) {
    if object.len() > 1 {
        object.push(b',');
    }
    object.extend_from_slice(serde_json::Value::from(name).to_string().as_bytes());
    object.push(b':');
    object.extend_from_slice(value);
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(InOrder)
    }
}

/// Reads the members one after the other.
struct InOrder;

impl<'de> Visitor<'de> for InOrder {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
        let mut members: Vec<(String, &RawValue)> = Vec::new();
        while let Some((name, value)) = map.next_entry()? {
            members.push((name, value));
        }
        Ok(Members(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(object: &str) -> String {
        let members: Members<'_> = serde_json::from_str(object).expect("an object");
        String::from_utf8(members.with("x", b"[1]").to_vec()).expect("text")
    }

    #[test]
    fn a_member_is_added_and_the_others_keep_their_text() {
        assert_eq!(with("{}"), r#"{"x":[1]}"#);
        assert_eq!(
            with(r#" { "b" : 1.50, "a\n": {"x":2} } "#),
            r#"{"b":1.50,"a\n":{"x":2},"x":[1]}"#
        );
    }

    #[test]
    fn a_member_of_the_same_name_is_replaced() {
        assert_eq!(with(r#"{"x":1,"a":2,"x":3}"#), r#"{"a":2,"x":[1]}"#);
    }
}
