//! GetRecords.

use serde::{Deserialize, Serialize};

use super::views::ChildView;
use crate::aws::AwsError;
use crate::faults::Fault;
use crate::kinesis::call::Call;
use crate::kinesis::checks::Checks;
use crate::kinesis::error::{self, invalid, kinesis, no_such_stream};
use crate::kinesis::iterator::{LIFETIME_MS, ShardIterator};
use crate::kinesis::reader::{Found, Wanted, read};

/// Records of one answer.
const RECORDS: i64 = 10_000;

/// Bytes of keys and data of one answer.
const BYTES: usize = 10 << 20;

/// The parameters of GetRecords.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::kinesis) struct Get {
    shard_iterator: Option<String>,
    limit: Option<i64>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<String>,
}

/// The result of GetRecords.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::kinesis) struct Got {
    records: Vec<Found>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_shard_iterator: Option<String>,
    millis_behind_latest: i64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    child_shards: Vec<ChildView>,
}

/// GetRecords.
pub(in crate::kinesis) fn get(call: &Call<'_>, input: Get) -> Result<Got, AwsError> {
    let mut checks = Checks::default();
    checks.required("shardIterator", input.shard_iterator.as_ref());
    if let Some(text) = &input.shard_iterator {
        checks.length(text, "shardIterator", text.len(), (1, 512));
    }
    checks.range("limit", input.limit, (1, RECORDS));
    checks.done()?;
    let now_ms = call.now_ms();
    let is_stale = call.kinesis.faults().strikes(Fault::StaleLease);
    let iterator = open(&input.shard_iterator.unwrap_or_default(), now_ms, is_stale)?;
    let stream = call.live_stream(Some(&iterator.stream), input.stream_arn.as_deref())?;
    let (about, shard) = (stream.about(), iterator.shard);
    let log = stream
        .log(shard)
        .filter(|_| (shard as usize) < about.shards.len());
    let log = log.filter(|_| stream.id() == iterator.stream_id);
    let log = log.ok_or_else(|| no_such_stream(&about.name))?;
    if call.kinesis.enforces_limits() {
        stream.take(shard, |used| used.take_read(now_ms))?;
    }
    let wanted = Wanted {
        offset: iterator.offset,
        records: usize::try_from(input.limit.unwrap_or(RECORDS)).unwrap_or(1),
        bytes: BYTES,
    };
    let read = read((&about, shard), &log, wanted, now_ms);
    let read = read.map_err(|error| error::store(error, &about.name))?;
    if call.kinesis.enforces_limits() {
        stream.take(shard, |used| {
            used.note_read(read.bytes as u64);
            true
        })?;
    }
    let next = ShardIterator {
        offset: read.next,
        issued_ms: now_ms,
        ..iterator
    };
    Ok(Got {
        next_shard_iterator: (!read.is_finished).then(|| next.encode()),
        millis_behind_latest: read.millis_behind(now_ms),
        child_shards: match read.is_finished {
            true => ChildView::all(&about, shard),
            false => Vec::new(),
        },
        records: read.records,
    })
}

/// Reads an iterator.
///
/// # Errors
/// It is none, or too old, or counts as such.
fn open(text: &str, now_ms: i64, is_stale: bool) -> Result<ShardIterator, AwsError> {
    let iterator = ShardIterator::decode(text).ok_or_else(|| invalid("Invalid ShardIterator."))?;
    match is_stale || iterator.is_expired(now_ms) {
        false => Ok(iterator),
        true => Err(kinesis(
            "ExpiredIteratorException",
            format!(
                "Iterator expired. The iterator was created at time {} while right now it is {now_ms} (milliseconds since \
                 1970) which is further in the future than the tolerated delay of {LIFETIME_MS} milliseconds.",
                iterator.issued_ms
            ),
        )),
    }
}
