//! Aggregated records, in the format of the Kinesis Producer Library (`aggregation-format.md` of its repository): four magic
//! bytes, a protobuf message, and the MD5 of that message. A record that needs more than a key and bytes is one of one.

use bytes::{Bytes, BytesMut};
use md5::{Digest, Md5};
use prost::Message;

/// What aggregated records begin with.
const MAGIC: [u8; 4] = [0xf3, 0x89, 0x9a, 0xc2];

/// Bytes of the digest.
const DIGEST: usize = 16;

/// The records, and the keys that they refer to by number.
#[derive(Clone, PartialEq, Message)]
struct Aggregate {
    #[prost(string, repeated, tag = "1")]
    partition_keys: Vec<String>,
    #[prost(string, repeated, tag = "2")]
    explicit_hash_keys: Vec<String>,
    #[prost(message, repeated, tag = "3")]
    records: Vec<UserRecord>,
}

/// A record of a user.
#[derive(Clone, PartialEq, Message)]
pub(super) struct UserRecord {
    #[prost(uint64, required, tag = "1")]
    partition_key: u64,
    #[prost(uint64, optional, tag = "2")]
    explicit_hash_key: Option<u64>,
    #[prost(bytes = "bytes", required, tag = "3")]
    pub(super) data: Bytes,
    #[prost(message, repeated, tag = "4")]
    pub(super) tags: Vec<Tag>,
}

/// A note on a record.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Tag {
    #[prost(string, required, tag = "1")]
    pub(super) key: String,
    #[prost(string, optional, tag = "2")]
    pub(super) value: Option<String>,
}

/// Whether data would be taken for an aggregated record, if the rest of it fits.
pub(super) fn looks_aggregated(data: &[u8]) -> bool {
    data.starts_with(&MAGIC)
}

/// An aggregated record of one.
pub(super) fn wrap(partition_key: &str, data: Bytes, tags: Vec<Tag>) -> Bytes {
    let record = UserRecord {
        partition_key: 0,
        explicit_hash_key: None,
        data,
        tags,
    };
    let aggregate = Aggregate {
        partition_keys: vec![partition_key.to_owned()],
        explicit_hash_keys: Vec::new(),
        records: vec![record],
    };
    let message = aggregate.encode_to_vec();
    let mut data = BytesMut::with_capacity(MAGIC.len() + message.len() + DIGEST);
    data.extend_from_slice(&MAGIC);
    data.extend_from_slice(&message);
    data.extend_from_slice(&Md5::digest(&message));
    data.freeze()
}

/// The partition key and the record in an aggregated record of one; `None` for any other data.
pub(super) fn unwrap(data: &Bytes) -> Option<(String, UserRecord)> {
    if !looks_aggregated(data) || data.len() < MAGIC.len() + DIGEST {
        return None;
    }
    let message = data.slice(MAGIC.len()..data.len() - DIGEST);
    if Md5::digest(&message)[..] != data[data.len() - DIGEST..] {
        return None;
    }
    let mut aggregate = Aggregate::decode(message).ok()?;
    let record = aggregate.records.pop()?;
    let key = usize::try_from(record.partition_key).ok()?;
    let key = aggregate.partition_keys.get(key)?.clone();
    aggregate.records.is_empty().then_some((key, record))
}
