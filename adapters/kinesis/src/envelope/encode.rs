//! From a record to one of Kinesis.

use std::hash::{BuildHasher, RandomState};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use ssectl_adapter::{Error, ErrorKind, Record, Result};

use super::{HASHED, KEY, LONGEST_KEY, NO_KEY, NULL, TIMESTAMP, tags, time};
use crate::aggregate::{self, Aggregate, Tag, UserRecord, looks_aggregated};
use crate::config::{Envelope, HashKey, KinesisConfig};

/// A record that is ready to be put.
#[derive(Debug, Clone)]
pub(crate) struct Encoded {
    pub(crate) partition_key: String,
    pub(crate) explicit_hash_key: Option<u128>,
    pub(crate) data: Bytes,
}

impl Encoded {
    /// What counts against the limits of records and requests, in bytes.
    pub(crate) fn size(&self) -> usize {
        self.partition_key.len() + self.data.len()
    }
}

/// Makes records of Kinesis.
pub(crate) struct Encoder {
    envelope: Envelope,
    hash_key: Option<HashKey>,
    /// Spreads records without a key; other encoders spread them otherwise.
    spread: RandomState,
    count: u64,
}

impl Encoder {
    pub(crate) fn new(config: &KinesisConfig) -> Self {
        Self {
            envelope: config.envelope,
            hash_key: config.explicit_hash_key.clone(),
            spread: RandomState::new(),
            count: 0,
        }
    }

    /// Makes a record of Kinesis of ours; nothing but what the envelope gives up is lost.
    pub(crate) fn encode(&mut self, record: &Record) -> Result<Encoded> {
        let partition_key = self.partition_key(record);
        let explicit_hash_key = self.explicit_hash_key(record)?;
        let tags = self.tags(record, &partition_key)?;
        let value = record.value.clone().unwrap_or_default();
        let wrapped = !tags.is_empty() || looks_aggregated(&value);
        let data = match wrapped && self.envelope != Envelope::Never {
            true => wrap(partition_key.clone(), explicit_hash_key, value, tags),
            false => value,
        };
        Ok(Encoded {
            partition_key,
            explicit_hash_key,
            data,
        })
    }

    /// The key where it can be one; where there is none, something else for every record.
    fn partition_key(&mut self, record: &Record) -> String {
        match record.key.as_deref() {
            Some(key) if !key.is_empty() => match as_partition_key(key) {
                Some(key) => key.to_owned(),
                None => format!("{HASHED}{:016x}", fnv1a(key)),
            },
            _ => {
                self.count += 1;
                let number = self.spread.hash_one(self.count);
                match record.timestamp {
                    Some(at) => format!("{NO_KEY}{number:016x}@{}", time::print(at)),
                    None => format!("{NO_KEY}{number:016x}"),
                }
            }
        }
    }

    fn explicit_hash_key(&self, record: &Record) -> Result<Option<u128>> {
        match &self.hash_key {
            None => Ok(None),
            Some(HashKey::Fixed(number)) => Ok(Some(*number)),
            Some(HashKey::Header(name)) => {
                let found = record.headers.iter().find(|(header, _)| header == name);
                let text = found.and_then(|(_, value)| std::str::from_utf8(value.as_ref()?).ok());
                match text.and_then(|text| text.parse().ok()) {
                    Some(number) => Ok(Some(number)),
                    None => Err(Error::new(
                        ErrorKind::Data,
                        format!(
                            "the record has no number below 2^128 in header `{name}`, which is to be its hash key"
                        ),
                    )),
                }
            }
        }
    }

    /// What partition key and data do not say.
    fn tags(&self, record: &Record, partition_key: &str) -> Result<Vec<Tag>> {
        let own = |key: &str, value: String| Tag {
            key: key.to_owned(),
            value: Some(value),
        };
        let mut tags = Vec::new();
        let key = record.key.as_deref();
        if let Some(key) = key.filter(|key| *key != partition_key.as_bytes()) {
            tags.push(own(KEY, STANDARD.encode(key)));
        }
        if record.value.is_none() {
            tags.push(Tag {
                key: NULL.to_owned(),
                value: None,
            });
        }
        tags.extend(record.headers.iter().map(tags::of));
        if self.envelope == Envelope::Never {
            return self.refuse_tags(record, tags);
        }
        // The partition key of a record without a key has its time.
        let elsewhere = partition_key.starts_with(NO_KEY);
        let wanted = self.envelope == Envelope::WithTimes || !tags.is_empty();
        if let Some(at) = record.timestamp.filter(|_| wanted && !elsewhere) {
            tags.push(own(TIMESTAMP, time::print(at)));
        }
        Ok(tags)
    }

    /// Without envelopes, what only they can hold is an error; a hash key's header has done its work.
    fn refuse_tags(&self, record: &Record, tags: Vec<Tag>) -> Result<Vec<Tag>> {
        let hash_key = |name: &str| self.hash_key == Some(HashKey::Header(name.to_owned()));
        if tags.iter().all(|tag| hash_key(&tag.key)) {
            return Ok(Vec::new());
        }
        let what = match record {
            Record { value: None, .. } => "a null value",
            Record { headers, .. } if headers.iter().any(|(name, _)| !hash_key(name)) => "headers",
            _ => "a key that is no partition key (1 to 256 characters of text)",
        };
        Err(Error::new(
            ErrorKind::Data,
            format!("the record has {what}, which only an envelope can hold"),
        )
        .hint("leave `envelope: never` away, or take it out with a step"))
    }
}

/// An aggregated record of one.
fn wrap(partition_key: String, hash_key: Option<u128>, data: Bytes, tags: Vec<Tag>) -> Bytes {
    aggregate::encode(&Aggregate {
        partition_keys: vec![partition_key],
        explicit_hash_keys: hash_key.iter().map(u128::to_string).collect(),
        records: vec![UserRecord {
            partition_key: 0,
            explicit_hash_key: hash_key.map(|_| 0),
            data,
            tags,
        }],
    })
}

/// A key as a partition key that will be read as the same key.
fn as_partition_key(key: &[u8]) -> Option<&str> {
    let key = std::str::from_utf8(key).ok()?;
    let ours = key.starts_with(NO_KEY) || key.starts_with(HASHED);
    (!ours && key.encode_utf16().count() <= LONGEST_KEY).then_some(key)
}

/// FNV-1a of 64 bits: the same shard for the same key, whichever program wrote it.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
