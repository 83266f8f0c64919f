//! From a record of Kinesis to those of users: one, or as many as were aggregated.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use ssectl_adapter::{Error, ErrorKind, Record, Result, Timestamp};

use super::{KEY, NO_KEY, NULL, TIMESTAMP, tags, time};
use crate::aggregate::{self, Aggregate, Tag, UserRecord};

/// A record of a user that was read.
#[derive(Debug)]
pub(crate) struct Decoded {
    /// Its number among several that were aggregated; none where it was alone.
    pub(crate) sub: Option<u64>,
    /// The record without its origin, or its bytes and what is wrong with them.
    pub(crate) record: Result<Record, (Bytes, Error)>,
}

/// The records of users in one of Kinesis, in their order.
pub(crate) fn decode(partition_key: &str, data: Bytes, arrival: Option<Timestamp>) -> Vec<Decoded> {
    match aggregate::decode(&data) {
        Some(aggregate) => unwrap(aggregate, arrival),
        None => vec![Decoded {
            sub: None,
            record: Ok(keyed(partition_key, data, arrival)),
        }],
    }
}

fn unwrap(aggregate: Aggregate, arrival: Option<Timestamp>) -> Vec<Decoded> {
    let Aggregate {
        partition_keys,
        records,
        ..
    } = aggregate;
    let alone = records.len() == 1;
    let decoded = records.into_iter().zip(0_u64..).map(|(user, number)| {
        // Checked when it was taken for an aggregate.
        let partition_key = usize::try_from(user.partition_key)
            .ok()
            .and_then(|at| partition_keys.get(at));
        Decoded {
            sub: (!alone).then_some(number),
            record: tagged(partition_key.map_or("", String::as_str), user, arrival),
        }
    });
    decoded.collect()
}

/// A record that is its partition key and its data.
fn keyed(partition_key: &str, data: Bytes, arrival: Option<Timestamp>) -> Record {
    let (key, time) = match partition_key.strip_prefix(NO_KEY) {
        Some(rest) => (
            None,
            rest.split_once('@').and_then(|(_, at)| time::parse(at)),
        ),
        None => (Some(Bytes::copy_from_slice(partition_key.as_bytes())), None),
    };
    Record {
        key,
        timestamp: time.or(arrival),
        ..Record::from_value(data)
    }
}

fn tagged(
    partition_key: &str,
    user: UserRecord,
    arrival: Option<Timestamp>,
) -> Result<Record, (Bytes, Error)> {
    let UserRecord { data, tags, .. } = user;
    let mut record = keyed(partition_key, data, arrival);
    for tag in tags {
        if let Err(error) = apply(&mut record, tag) {
            return Err((record.value.unwrap_or_default(), error));
        }
    }
    Ok(record)
}

fn apply(record: &mut Record, tag: Tag) -> Result<()> {
    let damaged = |what: &str| {
        Error::new(
            ErrorKind::Data,
            format!("tag `{what}` of the envelope cannot be read"),
        )
        .hint("tags whose names begin with `ssectl.` are those of this program")
    };
    let value = tag.value.as_deref();
    match tag.key.as_str() {
        KEY => match value.and_then(|text| STANDARD.decode(text).ok()) {
            Some(key) => record.key = Some(key.into()),
            None => return Err(damaged(KEY)),
        },
        NULL => record.value = None,
        TIMESTAMP => match value.and_then(time::parse) {
            Some(time) => record.timestamp = Some(time),
            None => return Err(damaged(TIMESTAMP)),
        },
        _ => {
            let name = tag.key.clone();
            record
                .headers
                .push(tags::header(tag).ok_or_else(|| damaged(&name))?);
        }
    }
    Ok(())
}
