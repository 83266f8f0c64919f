//! What a stream holds, in a form that does not depend on the target.

use std::collections::BTreeMap;
use std::fmt;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use ssectl_adapter::{ID_HEADER, Record};

use crate::scenario::canonical;

/// Bytes of a record that are shown.
const LONGEST: usize = 200;

/// A SHA-256 of contents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digest([u8; 32]);

/// The records of a stream as a multiset, and their order for each key.
///
/// Key, value and headers count; a value that is JSON counts as what it means, not as how it is
/// written. Times, partitions and positions do not count, nor ids that come from positions: targets set them by themselves.
#[derive(Debug, Clone, Default)]
pub struct Contents {
    records: BTreeMap<Vec<u8>, Same>,
    count: u64,
    /// The hash of all records of a key, chained in their order.
    chains: BTreeMap<Vec<u8>, [u8; 32]>,
}

/// Records that are the same.
#[derive(Debug, Clone)]
pub(super) struct Same {
    pub(super) times: u64,
    /// The first of them, for people.
    pub(super) shown: String,
}

impl Contents {
    /// Adds the next record of a partition.
    pub fn add(&mut self, record: &Record) {
        let form = form(record);
        if let Some(key) = &record.key {
            let chain = self.chains.entry(key.to_vec()).or_default();
            *chain = Sha256::new()
                .chain_update(*chain)
                .chain_update(&form)
                .finalize()
                .into();
        }
        let same = self.records.entry(form).or_insert_with(|| Same {
            times: 0,
            shown: shown(record),
        });
        same.times += 1;
        self.count += 1;
    }

    /// How many records there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The digest of the multiset: equal for equal records in any order.
    pub fn digest(&self) -> Digest {
        let mut hash = Sha256::new();
        for (form, Same { times, .. }) in &self.records {
            hash.update((form.len() as u64).to_be_bytes());
            hash.update(form);
            hash.update(times.to_be_bytes());
        }
        Digest(hash.finalize().into())
    }

    /// Records by their form, and how often each is there.
    pub(super) fn records(&self) -> &BTreeMap<Vec<u8>, Same> {
        &self.records
    }

    /// Keys whose records come in another order than in `other`.
    pub(super) fn keys_in_another_order(&self, other: &Self) -> Vec<String> {
        let differs = |(key, chain): (&Vec<u8>, &[u8; 32])| {
            let same = other.chains.get(key).is_none_or(|found| found == chain);
            (!same).then(|| String::from_utf8_lossy(key).into_owned())
        };
        self.chains.iter().filter_map(differs).collect()
    }
}

impl Digest {
    /// One digest of several named ones.
    pub fn of<'a>(parts: impl IntoIterator<Item = (&'a str, Digest)>) -> Self {
        let mut hash = Sha256::new();
        for (name, Self(part)) in parts {
            hash.update((name.len() as u64).to_be_bytes());
            hash.update(name);
            hash.update(part);
        }
        Self(hash.finalize().into())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The bytes that stand for a record: two records have the same if and only if they are the same.
fn form(record: &Record) -> Vec<u8> {
    let mut form = Vec::new();
    part(&mut form, record.key.as_deref());
    let own = |(name, _): &&(String, Option<Bytes>)| name != ID_HEADER;
    let headers = record.headers.iter().filter(own);
    form.extend((headers.clone().count() as u64).to_be_bytes());
    for (name, value) in headers {
        part(&mut form, Some(name.as_bytes()));
        part(&mut form, value.as_deref());
    }
    let json = record
        .value
        .as_deref()
        .and_then(|value| canonical(value).ok());
    form.push(u8::from(json.is_some()));
    part(&mut form, json.as_deref().or(record.value.as_deref()));
    form
}

/// Bytes with their length before them, or that there are none.
fn part(form: &mut Vec<u8>, bytes: Option<&[u8]>) {
    form.push(u8::from(bytes.is_some()));
    if let Some(bytes) = bytes {
        form.extend((bytes.len() as u64).to_be_bytes());
        form.extend(bytes);
    }
}

/// Key, headers and value on one line.
fn shown(record: &Record) -> String {
    let text = |bytes: &Option<Bytes>| match bytes {
        None => "null".to_owned(),
        Some(bytes) => String::from_utf8_lossy(bytes).into_owned(),
    };
    let mut line = String::new();
    if record.key.is_some() {
        line += &format!("key={} ", text(&record.key));
    }
    for (name, value) in &record.headers {
        line += &format!("{name}={} ", text(value));
    }
    line += &text(&record.value).replace('\n', " ");
    if line.len() > LONGEST {
        line.truncate(line.floor_char_boundary(LONGEST));
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(key: &str, value: &str) -> Record {
        Record {
            key: Some(key.to_owned().into()),
            ..Record::from_value(value.to_owned())
        }
    }

    fn contents(records: &[Record]) -> Contents {
        let mut contents = Contents::default();
        records.iter().for_each(|record| contents.add(record));
        contents
    }

    #[test]
    fn order_and_spelling_do_not_count_for_the_digest_and_anything_else_does() {
        let one = contents(&[record("a", r#"{"x":1,"y":2}"#), record("b", "2")]);
        let same = contents(&[record("b", "2.0"), record("a", r#"{ "y": 2, "x": 1 }"#)]);
        assert_eq!(one.digest(), same.digest());
        let mut headed = record("b", "2");
        headed.headers.push(("h".to_owned(), None));
        for other in [
            contents(&[record("a", r#"{"x":1,"y":2}"#)]),
            contents(&[
                record("a", r#"{"x":1,"y":2}"#),
                record("b", "2"),
                record("b", "2"),
            ]),
            contents(&[record("a", r#"{"x":1,"y":2}"#), record("c", "2")]),
            contents(&[record("a", r#"{"x":1,"y":2}"#), record("b", "\"2\"")]),
            contents(&[record("a", r#"{"x":1,"y":2}"#), headed]),
        ] {
            assert_ne!(one.digest(), other.digest(), "{other:?}");
        }
    }

    #[test]
    fn the_order_of_a_key_is_known_and_that_between_keys_is_not() {
        let one = contents(&[record("a", "1"), record("b", "1"), record("a", "2")]);
        let between = contents(&[record("b", "1"), record("a", "1"), record("a", "2")]);
        let within = contents(&[record("a", "2"), record("b", "1"), record("a", "1")]);
        assert!(one.keys_in_another_order(&between).is_empty());
        assert_eq!(one.keys_in_another_order(&within), ["a"]);
    }
}
