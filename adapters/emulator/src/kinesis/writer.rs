//! Writing records: one append for each shard of a request.

use super::error::{self, invalid};
use super::frames::NewRecords;
use super::hash;
use super::sequence::Sequence;
use super::service::Kinesis;
use super::stream::{DataStream, Inside};
use crate::aws::AwsError;
use crate::faults::Fault;

/// A record to be written.
#[derive(Debug)]
pub(super) struct NewRecord<'a> {
    pub(super) partition_key: &'a str,
    pub(super) explicit_hash_key: Option<&'a str>,
    pub(super) data: &'a [u8],
}

/// Where a record went.
#[derive(Debug, Clone, Copy)]
pub(super) struct Written {
    pub(super) shard: u32,
    pub(super) sequence: Sequence,
}

/// Records of one request that go to one shard.
struct Pending {
    shard: u32,
    records: NewRecords,
    /// Their places in the request.
    places: Vec<usize>,
}

/// Writes records; tells of each where it went or why it did not.
///
/// # Errors
/// One of them cannot be written ever; then none is.
pub(super) fn write(
    kinesis: &Kinesis,
    stream: &DataStream,
    records: &[NewRecord<'_>],
) -> Result<Vec<Result<Written, AwsError>>, AwsError> {
    let now_ms = kinesis.now_ms();
    // Shards are not closed as long as this is held.
    let inside = stream.inside();
    let hashes: Vec<_> = records.iter().map(hash_of).collect::<Result<_, _>>()?;
    let mut results: Vec<Option<Result<Written, AwsError>>> = Vec::new();
    results.resize_with(records.len(), || None);
    let mut all: Vec<Pending> = Vec::new();
    for (place, (record, hash)) in records.iter().zip(hashes).enumerate() {
        let shard = inside
            .route(hash)
            .ok_or_else(|| error::internal("no shard is open"))?;
        if kinesis.enforces_limits() {
            let bytes = (record.partition_key.len() + record.data.len()) as u64;
            if let Err(error) = stream.take(shard, |used| used.take_write(bytes, now_ms)) {
                results[place] = Some(Err(error));
                continue;
            }
        }
        if kinesis.faults().strikes(Fault::Throttle) {
            results[place] = Some(Err(stream.rate_exceeded(shard)));
            continue;
        }
        let is_encrypted = inside.about.key_id.is_some();
        let pending = pending(&mut all, shard, || NewRecords::new(now_ms, is_encrypted));
        pending.records.add(record.partition_key, record.data);
        pending.places.push(place);
    }
    for pending in &all {
        append(&inside, pending, now_ms, &mut results);
    }
    drop(inside);
    stream.wake();
    for result in results
        .iter_mut()
        .filter(|result| matches!(result, Some(Ok(_))))
    {
        // It was written, but its writer cannot know and writes it again.
        if kinesis.faults().strikes(Fault::Duplicate) {
            *result = Some(Err(error::internal("Internal service failure.")));
        }
    }
    let missing = || Err(error::internal("the record was not written"));
    Ok(results
        .into_iter()
        .map(|result| result.unwrap_or_else(missing))
        .collect())
}

/// The hash key of a record.
fn hash_of(record: &NewRecord<'_>) -> Result<u128, AwsError> {
    match record.explicit_hash_key {
        None => Ok(hash::hash(record.partition_key)),
        Some(key) => hash::parse(key).ok_or_else(|| {
            invalid(format!(
                "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was {key}"
            ))
        }),
    }
}

/// What goes to a shard, with room for one more.
fn pending(
    all: &mut Vec<Pending>,
    shard: u32,
    records: impl FnOnce() -> NewRecords,
) -> &mut Pending {
    let has_room = |pending: &Pending| pending.shard == shard && !pending.records.is_full();
    let place = all.iter().rposition(has_room).unwrap_or_else(|| {
        all.push(Pending {
            shard,
            records: records(),
            places: Vec::new(),
        });
        all.len() - 1
    });
    &mut all[place]
}

/// Appends what goes to a shard and notes the results.
fn append(
    inside: &Inside,
    pending: &Pending,
    now_ms: i64,
    results: &mut [Option<Result<Written, AwsError>>],
) {
    let (about, number) = (&inside.about, pending.shard);
    let appended = match inside.logs.get(number as usize) {
        Some(log) => pending
            .records
            .append(log)
            .map_err(|error| error::store(error, &about.name)),
        None => Err(error::no_such_stream(&about.name)),
    };
    if let (Ok(_), Some(log)) = (&appended, inside.logs.get(number as usize)) {
        // Readers in other dialects.
        log.wake();
    }
    let shard = &about.shards[number as usize];
    for (offset, place) in (0..).zip(&pending.places) {
        let written = |base: &i64| Written {
            shard: number,
            sequence: shard.sequence(number, base + offset, now_ms),
        };
        results[*place] = Some(appended.as_ref().map(written).map_err(AwsError::clone));
    }
}
