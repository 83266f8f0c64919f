//! Records of Kinesis as records of no dialect, and back, as the Kinesis adapter of ssectl writes and reads them.
//!
//! A key and bytes are a partition key and data. What Kinesis cannot say so, such as headers, stands in the tags of an
//! aggregated record of one. An aggregated record of several stays what it is: it has one offset.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use super::aggregate::{self, Tag, looks_aggregated};
use super::frames::{self, Records};
use crate::interchange::Record;
use crate::interchange::own::{self, KEY, PREFIX, TIMESTAMP};
use crate::store::Frame;

/// What partition keys of records without a key begin with.
const NO_KEY: &str = "no-key:";

/// What partition keys of keys that cannot be one begin with.
const HASHED: &str = "hashed-key:";

/// The tag of values that are null.
const NULL: &str = "ssectl.null";

/// What the names of tags begin with that stand for headers of bytes that are no text.
const BASE64: &str = "ssectl.base64.";

/// What the names of tags begin with that stand for headers whose names look like one of these.
const HEADER: &str = "ssectl.header.";

/// The longest partition key, in UTF-16 units.
const LONGEST_KEY: usize = 256;

/// A record, and where and when it was put.
#[derive(Debug)]
pub(super) struct Stamped {
    pub(super) offset: i64,
    /// Unix milliseconds.
    pub(super) arrival_ms: i64,
    pub(super) is_encrypted: bool,
    pub(super) record: frames::Record,
}

/// The records of a frame of Kinesis.
pub(crate) fn records_of(frame: &Frame) -> Vec<Record> {
    let Some(records) = Records::decode(frame.payload.clone()) else {
        return Vec::new();
    };
    let arrival_ms = records.arrival_ms;
    let stamped = (frame.header.base_offset..).zip(records);
    stamped
        .map(|(offset, record)| record_of(offset, arrival_ms, record))
        .collect()
}

fn record_of(offset: i64, arrival_ms: i64, stored: frames::Record) -> Record {
    let plain = |partition_key: &str, value: Bytes| {
        let (key, time) = match partition_key.strip_prefix(NO_KEY) {
            Some(rest) => (
                None,
                rest.split_once('@').and_then(|(_, at)| own::millis(at)),
            ),
            None => (Some(Bytes::copy_from_slice(partition_key.as_bytes())), None),
        };
        Record {
            offset,
            timestamp_ms: time.unwrap_or(arrival_ms),
            key,
            value: Some(value),
            headers: Vec::new(),
        }
    };
    let Some((partition_key, user)) = aggregate::unwrap(&stored.data) else {
        // Keys were text when they came.
        let partition_key = std::str::from_utf8(&stored.partition_key).unwrap_or_default();
        return plain(partition_key, stored.data);
    };
    let mut record = plain(&partition_key, user.data);
    user.tags
        .into_iter()
        .for_each(|tag| apply(&mut record, tag));
    record
}

/// Applies a tag; one that is damaged is a header.
fn apply(record: &mut Record, tag: Tag) {
    let base64 = || STANDARD.decode(tag.value.as_deref()?).ok().map(Bytes::from);
    let time = || own::millis(tag.value.as_deref()?);
    match tag.key.as_str() {
        KEY if let Some(key) = base64() => record.key = Some(key),
        NULL => record.value = None,
        TIMESTAMP if let Some(time) = time() => record.timestamp_ms = time,
        name => {
            let bytes = name.strip_prefix(BASE64).zip(base64());
            record.headers.push(match bytes {
                Some((name, bytes)) => (name.to_owned(), Some(bytes)),
                None => {
                    let name = name.strip_prefix(HEADER).unwrap_or(name).to_owned();
                    (name, tag.value.map(Bytes::from))
                }
            });
        }
    }
}

/// A record of another dialect as one of Kinesis; it arrived at its own time.
pub(super) fn stamped(record: Record) -> Stamped {
    let partition_key = partition_key(&record);
    let mut tags = Vec::new();
    let key = record.key.as_deref();
    if let Some(key) = key.filter(|key| *key != partition_key.as_bytes()) {
        tags.push(Tag {
            key: KEY.to_owned(),
            value: Some(STANDARD.encode(key)),
        });
    }
    if record.value.is_none() {
        tags.push(Tag {
            key: NULL.to_owned(),
            value: None,
        });
    }
    tags.extend(record.headers.iter().map(tag_of));
    let value = record.value.unwrap_or_default();
    let data = match tags.is_empty() && !looks_aggregated(&value) {
        true => value,
        false => aggregate::wrap(&partition_key, value, tags),
    };
    Stamped {
        offset: record.offset,
        arrival_ms: record.timestamp_ms,
        is_encrypted: false,
        record: frames::Record {
            partition_key: partition_key.into(),
            data,
        },
    }
}

/// The key where it can be one; without one, something else for every record.
fn partition_key(record: &Record) -> String {
    match record.key.as_deref() {
        Some(key) if !key.is_empty() => match as_partition_key(key) {
            Some(key) => key.to_owned(),
            None => format!("{HASHED}{:016x}", own::fnv1a(key)),
        },
        _ => format!("{NO_KEY}{:016x}", record.offset),
    }
}

fn as_partition_key(key: &[u8]) -> Option<&str> {
    let key = std::str::from_utf8(key).ok()?;
    let is_ours = key.starts_with(NO_KEY) || key.starts_with(HASHED);
    (!is_ours && key.encode_utf16().count() <= LONGEST_KEY).then_some(key)
}

/// The tag of a header. Tags are text, and so are most headers.
fn tag_of((name, value): &(String, Option<Bytes>)) -> Tag {
    let text = value.as_deref().map(std::str::from_utf8).transpose();
    match text {
        Err(_) => Tag {
            key: format!("{BASE64}{name}"),
            value: value.as_ref().map(|bytes| STANDARD.encode(bytes)),
        },
        Ok(text) => Tag {
            key: match name.starts_with(PREFIX) {
                true => format!("{HEADER}{name}"),
                false => name.clone(),
            },
            value: text.map(str::to_owned),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interchange::odd;

    fn there_and_back(record: &Record) -> Record {
        let Stamped {
            offset,
            arrival_ms,
            record,
            ..
        } = stamped(record.clone());
        record_of(offset, arrival_ms, record)
    }

    #[test]
    fn every_record_survives() {
        for odd in odd::records() {
            // Before 1970, too.
            for timestamp_ms in [-5, 5] {
                let record = Record {
                    timestamp_ms,
                    ..odd.clone()
                };
                assert_eq!(there_and_back(&record), record);
            }
        }
    }

    #[test]
    fn a_key_and_bytes_are_what_they_are() {
        let record = Record {
            key: Some("user 7".into()),
            value: Some("v".into()),
            ..Record::default()
        };
        let found = stamped(record).record;
        assert_eq!(
            (&found.partition_key[..], &found.data[..]),
            (&b"user 7"[..], &b"v"[..])
        );
    }
}
