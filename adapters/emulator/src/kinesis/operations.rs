//! The one table of what is served: it drives dispatch and [`crate::aws::coverage`].

use super::api::{
    accounts, consumers, describe, encryption, get, iterators, lists, modes, monitoring, policies,
    put, reshard, retention, scaling, shards, streams, subscribe, tags,
};
use super::call::{Call, Output};
use super::error::kinesis;
use crate::aws::AwsError;
use crate::faults::Fault;

/// The error of an operation that is called too often.
#[derive(Clone, Copy)]
enum Throttled {
    /// That of the operations that read and write records.
    Throughput,
    /// Each record has its own.
    PerRecord,
    /// That of all others.
    Limit,
}

/// One operation.
struct Operation {
    name: &'static str,
    run: fn(&Call<'_>, &[u8]) -> Result<Output, AwsError>,
    throttled: Throttled,
    /// What is missing, or empty.
    missing: &'static str,
}

/// The error of an operation by its name.
const fn throttled(name: &str) -> Throttled {
    match name.as_bytes() {
        b"PutRecord" | b"PutRecords" => Throttled::PerRecord,
        b"GetRecords" | b"GetShardIterator" => Throttled::Throughput,
        _ => Throttled::Limit,
    }
}

/// An [`Operation`] with a result.
macro_rules! operation {
    ($name:literal, $handler:path) => {
        operation!($name, $handler, "")
    };
    ($name:literal, $handler:path, $missing:expr) => {
        Operation {
            name: $name,
            run: |call, body| call.output(&$handler(call, call.parse(body)?)?),
            throttled: throttled($name),
            missing: $missing,
        }
    };
}

/// An [`Operation`] without one.
macro_rules! command {
    ($name:literal, $handler:path) => {
        command!($name, $handler, "")
    };
    ($name:literal, $handler:path, $missing:expr) => {
        Operation {
            name: $name,
            run: |call, body| {
                $handler(call, call.parse(body)?)?;
                Ok(Output::Document(Vec::new()))
            },
            throttled: throttled($name),
            missing: $missing,
        }
    };
}

/// What is missing of enhanced monitoring.
const NO_METRICS: &str = "metrics are kept and shown, but not measured";

/// What is missing of encryption.
const NO_KEYS: &str = "the key is kept and shown, but nothing is encrypted";

/// Every operation of Kinesis, by name.
const OPERATIONS: &[Operation] = &[
    command!("AddTagsToStream", tags::add),
    command!(
        "CreateStream",
        streams::create,
        "streams in the ON_DEMAND mode keep their 4 shards"
    ),
    command!("DecreaseStreamRetentionPeriod", retention::decrease),
    command!("DeleteResourcePolicy", policies::delete),
    command!("DeleteStream", streams::delete),
    command!("DeregisterStreamConsumer", consumers::deregister),
    operation!(
        "DescribeAccountSettings",
        accounts::settings,
        "settings do not outlive the process"
    ),
    operation!("DescribeLimits", accounts::limits),
    operation!("DescribeStream", describe::describe),
    operation!("DescribeStreamConsumer", consumers::describe),
    operation!("DescribeStreamSummary", describe::summary),
    operation!("DisableEnhancedMonitoring", monitoring::disable, NO_METRICS),
    operation!("EnableEnhancedMonitoring", monitoring::enable, NO_METRICS),
    operation!("GetRecords", get::get),
    operation!("GetResourcePolicy", policies::get),
    operation!("GetShardIterator", iterators::get),
    command!("IncreaseStreamRetentionPeriod", retention::increase),
    operation!("ListShards", shards::list),
    operation!("ListStreamConsumers", consumers::list),
    operation!("ListStreams", lists::list),
    operation!("ListTagsForResource", tags::of_resource),
    operation!("ListTagsForStream", tags::of_stream),
    command!("MergeShards", reshard::merge),
    operation!("PutRecord", put::put_record),
    operation!("PutRecords", put::put_records),
    command!(
        "PutResourcePolicy",
        policies::put,
        "policies are kept and shown, but not enforced"
    ),
    operation!("RegisterStreamConsumer", consumers::register),
    command!("RemoveTagsFromStream", tags::remove),
    command!("SplitShard", reshard::split),
    command!("StartStreamEncryption", encryption::start, NO_KEYS),
    command!("StopStreamEncryption", encryption::stop, NO_KEYS),
    Operation {
        name: "SubscribeToShard",
        run: |call, body| subscribe::subscribe(call, call.parse(body)?),
        throttled: Throttled::Limit,
        missing: "",
    },
    command!("TagResource", tags::tag_resource),
    command!("UntagResource", tags::untag_resource),
    operation!(
        "UpdateAccountSettings",
        accounts::update,
        "settings do not outlive the process"
    ),
    command!("UpdateMaxRecordSize", modes::max_record_size),
    operation!("UpdateShardCount", scaling::update),
    command!(
        "UpdateStreamMode",
        modes::mode,
        "streams in the ON_DEMAND mode keep their number of shards"
    ),
    operation!(
        "UpdateStreamWarmThroughput",
        modes::warm_throughput,
        "it is kept and shown, but changes nothing"
    ),
];

/// Runs an operation.
///
/// # Errors
/// As the operation has them, or there is none of that name.
pub(crate) fn answer(call: &Call<'_>, operation: &str, body: &[u8]) -> Result<Output, AwsError> {
    let found = OPERATIONS.iter().find(|known| known.name == operation);
    match found {
        Some(found) => {
            misbehave(call, found)?;
            (found.run)(call, body)
        }
        None => Err(kinesis(
            "UnknownOperationException",
            format!("there is no operation `{operation}`"),
        )),
    }
}

/// Refuses a request because that is planned.
fn misbehave(call: &Call<'_>, operation: &Operation) -> Result<(), AwsError> {
    let strikes = || !call.is_local && call.kinesis.faults().strikes(Fault::Throttle);
    match operation.throttled {
        Throttled::Throughput if strikes() => Err(kinesis(
            "ProvisionedThroughputExceededException",
            "Rate exceeded for a shard, as planned.",
        )),
        Throttled::Limit if strikes() => Err(kinesis(
            "LimitExceededException",
            "Rate exceeded, as planned.",
        )),
        _ => Ok(()),
    }
}

/// The operations, and what is missing of each.
pub(crate) fn operations() -> impl Iterator<Item = (&'static str, &'static str)> {
    OPERATIONS
        .iter()
        .map(|operation| (operation.name, operation.missing))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The operations of version 2013-12-02 of the API.
    const ALL: &str = "AddTagsToStream CreateStream DecreaseStreamRetentionPeriod DeleteResourcePolicy DeleteStream \
        DeregisterStreamConsumer DescribeAccountSettings DescribeLimits DescribeStream DescribeStreamConsumer \
        DescribeStreamSummary DisableEnhancedMonitoring EnableEnhancedMonitoring GetRecords GetResourcePolicy \
        GetShardIterator IncreaseStreamRetentionPeriod ListShards ListStreamConsumers ListStreams ListTagsForResource \
        ListTagsForStream MergeShards PutRecord PutRecords PutResourcePolicy RegisterStreamConsumer \
        RemoveTagsFromStream SplitShard StartStreamEncryption StopStreamEncryption SubscribeToShard TagResource \
        UntagResource UpdateAccountSettings UpdateMaxRecordSize UpdateShardCount UpdateStreamMode \
        UpdateStreamWarmThroughput";

    #[test]
    fn every_operation_of_the_api_is_in_the_table() {
        assert!(
            operations()
                .map(|(name, _)| name)
                .eq(ALL.split_whitespace())
        );
    }
}
