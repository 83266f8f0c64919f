//! GetShardIterator.

use serde::{Deserialize, Serialize};

use crate::aws::{ACCOUNT, AwsError};
use crate::kinesis::call::Call;
use crate::kinesis::checks::Checks;
use crate::kinesis::error::{internal, no_such_shard, not_found};
use crate::kinesis::iterator::ShardIterator;
use crate::kinesis::names::ShardId;
use crate::kinesis::position::Position;
use crate::kinesis::stream::DataStream;
use crate::kinesis::wire::Timestamp;

/// The parameters of GetShardIterator.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::kinesis) struct Get {
    stream_name: Option<String>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<String>,
    shard_id: Option<String>,
    shard_iterator_type: Option<String>,
    starting_sequence_number: Option<String>,
    timestamp: Option<Timestamp>,
}

/// The result of GetShardIterator.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::kinesis) struct Got {
    shard_iterator: String,
}

/// GetShardIterator.
pub(in crate::kinesis) fn get(call: &Call<'_>, input: Get) -> Result<Got, AwsError> {
    let kind = input.shard_iterator_type.as_deref();
    let position = Position {
        kind: kind.unwrap_or_default(),
        sequence: input.starting_sequence_number.as_deref(),
        timestamp: input.timestamp,
        operation: "GetShardIterator",
    };
    let mut checks = Checks::default();
    checks.required_name("shardId", input.shard_id.as_deref());
    checks.required("shardIteratorType", kind.as_ref());
    if kind.is_some() {
        position.check(&mut checks, "shardIteratorType");
    }
    checks.done()?;
    let stream = call.live_stream(input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    let shard_id = input.shard_id.unwrap_or_default();
    let shard = find_shard(call, &stream, &shard_id).map_err(|_| {
        let name = &stream.about().name;
        not_found(format!(
            "Shard {shard_id} in stream {name} under account {ACCOUNT} does not exist"
        ))
    })?;
    let log = stream
        .log(shard)
        .ok_or_else(|| internal("a shard without a log"))?;
    let (about, now_ms) = (stream.about(), call.now_ms());
    let iterator = ShardIterator {
        stream: about.name.clone(),
        stream_id: stream.id(),
        shard,
        offset: position.resolve(&about, shard, &log, now_ms)?,
        issued_ms: now_ms,
    };
    Ok(Got {
        shard_iterator: iterator.encode(),
    })
}

/// The number of a shard of a stream.
///
/// # Errors
/// It has none of that id.
pub(in crate::kinesis) fn find_shard(
    call: &Call<'_>,
    stream: &DataStream,
    id: &str,
) -> Result<u32, AwsError> {
    let about = stream.about();
    let number = ShardId::parse(id).map(|id| id.0);
    let horizon_ms = about.horizon_ms(call.now_ms());
    let shard = number.and_then(|number| about.shards.get(number as usize));
    match (number, shard) {
        (Some(number), Some(shard)) if shard.is_listed(horizon_ms) => Ok(number),
        _ => Err(no_such_shard(id, &about.name)),
    }
}
