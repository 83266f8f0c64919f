//! Aggregated records: many records of users in one of Kinesis.
//!
//! The format is that of the Kinesis Producer Library (`aggregation-format.md` of its repository): four magic
//! bytes, a protobuf message, and the MD5 of that message.

use bytes::{Bytes, BytesMut};
use md5::{Digest, Md5};
use prost::Message;

/// What aggregated records begin with.
const MAGIC: [u8; 4] = [0xf3, 0x89, 0x9a, 0xc2];
const DIGEST: usize = 16;

/// The records, and the keys that they refer to by number.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Aggregate {
    #[prost(string, repeated, tag = "1")]
    pub(crate) partition_keys: Vec<String>,
    #[prost(string, repeated, tag = "2")]
    pub(crate) explicit_hash_keys: Vec<String>,
    #[prost(message, repeated, tag = "3")]
    pub(crate) records: Vec<UserRecord>,
}

/// A record of a user.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct UserRecord {
    #[prost(uint64, required, tag = "1")]
    pub(crate) partition_key: u64,
    #[prost(uint64, optional, tag = "2")]
    pub(crate) explicit_hash_key: Option<u64>,
    #[prost(bytes = "bytes", required, tag = "3")]
    pub(crate) data: Bytes,
    #[prost(message, repeated, tag = "4")]
    pub(crate) tags: Vec<Tag>,
}

/// A note on a record.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Tag {
    #[prost(string, required, tag = "1")]
    pub(crate) key: String,
    #[prost(string, optional, tag = "2")]
    pub(crate) value: Option<String>,
}

/// Whether data would be taken for an aggregated record, if the rest of it fits.
pub(crate) fn looks_aggregated(data: &[u8]) -> bool {
    data.starts_with(&MAGIC)
}

/// The bytes of an aggregated record.
pub(crate) fn encode(aggregate: &Aggregate) -> Bytes {
    let message = aggregate.encode_to_vec();
    let mut data = BytesMut::with_capacity(MAGIC.len() + message.len() + DIGEST);
    data.extend_from_slice(&MAGIC);
    data.extend_from_slice(&message);
    data.extend_from_slice(&Md5::digest(&message));
    data.freeze()
}

/// The records in an aggregated record; `None` for any other data, as all clients of AWS have it.
pub(crate) fn decode(data: &Bytes) -> Option<Aggregate> {
    if !looks_aggregated(data) || data.len() < MAGIC.len() + DIGEST {
        return None;
    }
    let message = data.slice(MAGIC.len()..data.len() - DIGEST);
    if Md5::digest(&message)[..] != data[data.len() - DIGEST..] {
        return None;
    }
    let aggregate = Aggregate::decode(message).ok()?;
    let known =
        |record: &UserRecord| (record.partition_key as usize) < aggregate.partition_keys.len();
    (!aggregate.records.is_empty() && aggregate.records.iter().all(known)).then_some(aggregate)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aggregate() -> Aggregate {
        let record = |data: &'static [u8], partition_key| UserRecord {
            partition_key,
            explicit_hash_key: None,
            data: Bytes::from_static(data),
            tags: vec![Tag {
                key: "n".to_owned(),
                value: None,
            }],
        };
        Aggregate {
            partition_keys: vec!["a".to_owned(), "b".to_owned()],
            explicit_hash_keys: Vec::new(),
            records: vec![record(b"one", 0), record(b"", 1), record(b"\0\xff", 0)],
        }
    }

    #[test]
    fn records_come_back() {
        assert_eq!(decode(&encode(&aggregate())), Some(aggregate()));
    }

    /// Made by `aws_kinesis_agg` 1.2.3 of AWS: three records with the keys `pk-1`, `pk-2`, `pk-1`.
    #[test]
    fn records_of_the_library_of_aws_are_read() {
        let data = include_bytes!("../tests/data/aggregated.bin");
        let read = decode(&Bytes::from_static(data)).expect("an aggregated record");
        let records: Vec<_> = read
            .records
            .iter()
            .map(|record| {
                (
                    read.partition_keys[record.partition_key as usize].as_str(),
                    &record.data[..],
                )
            })
            .collect();
        let expected: [(&str, &[u8]); 3] = [
            ("pk-1", b"first"),
            ("pk-2", b"\x00\xff\xfe"),
            ("pk-1", b"third"),
        ];
        assert_eq!(records, expected);
    }

    #[test]
    fn any_other_data_is_left_alone() {
        let good = encode(&aggregate());
        let mut torn = good.to_vec();
        torn[6] ^= 1;
        let mut lost = aggregate();
        lost.partition_keys.pop();
        for data in [
            Bytes::new(),
            "plain".into(),
            good.slice(..good.len() - 1),
            torn.into(),
            MAGIC.to_vec().into(),
            encode(&lost),
        ] {
            assert_eq!(decode(&data), None);
        }
    }
}
