//! CreateStream, DeleteStream.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::tags;
use crate::aws::{ACCOUNT, AwsError};
use crate::kinesis::about::{About, Status};
use crate::kinesis::call::Call;
use crate::kinesis::checks::Checks;
use crate::kinesis::error::{in_use, invalid, kinesis, over_limit};

/// Open shards of all streams of a region.
pub(super) const SHARD_LIMIT: usize = 10_000;

/// Shards of a new stream that scales itself.
pub(super) const ON_DEMAND_SHARDS: u32 = 4;

/// The capacity modes.
pub(super) const MODES: [&str; 2] = ["PROVISIONED", "ON_DEMAND"];

/// How a stream's capacity is set.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ModeDetails {
    pub(super) stream_mode: Option<String>,
}

/// The parameters of CreateStream.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::kinesis) struct Create {
    stream_name: Option<String>,
    shard_count: Option<i64>,
    stream_mode_details: Option<ModeDetails>,
    tags: Option<BTreeMap<String, String>>,
    #[serde(rename = "WarmThroughputMiBps")]
    warm_throughput: Option<i64>,
    #[serde(rename = "MaxRecordSizeInKiB")]
    max_record_kib: Option<i64>,
}

impl Create {
    fn check(&self) -> Result<(), AwsError> {
        let mut checks = Checks::default();
        checks.required_name("streamName", self.stream_name.as_deref());
        checks.range("shardCount", self.shard_count, (1, i64::from(i32::MAX)));
        checks.range(
            "warmThroughputMiBps",
            self.warm_throughput,
            (0, i64::from(i32::MAX)),
        );
        checks.range("maxRecordSizeInKiB", self.max_record_kib, (1024, 10_240));
        if let Some(details) = &self.stream_mode_details {
            let mode = details.stream_mode.as_deref();
            checks.required("streamModeDetails.streamMode", mode.as_ref());
            checks.one_of("streamModeDetails.streamMode", mode, &MODES);
        }
        checks.done()
    }

    /// Whether it scales itself: so it is said, or nothing is, not even a number of shards.
    fn is_on_demand(&self) -> bool {
        match &self.stream_mode_details {
            Some(details) => details.stream_mode.as_deref() == Some("ON_DEMAND"),
            None => self.shard_count.is_none(),
        }
    }

    /// How many shards it begins with.
    fn shards(&self) -> Result<u32, AwsError> {
        match (self.is_on_demand(), self.shard_count) {
            (true, Some(_)) => Err(invalid(
                "ShardCount is not supported with the ON_DEMAND stream mode.",
            )),
            (true, None) => Ok(ON_DEMAND_SHARDS),
            (false, None) => Err(kinesis(
                "ValidationException",
                "ShardCount is required for streams in the PROVISIONED stream mode.",
            )),
            (false, Some(count)) => Ok(u32::try_from(count).unwrap_or(u32::MAX)),
        }
    }
}

/// CreateStream.
pub(in crate::kinesis) fn create(call: &Call<'_>, input: Create) -> Result<(), AwsError> {
    input.check()?;
    let shards = input.shards()?;
    require_shards(call, shards)?;
    let name = input.stream_name.as_deref().unwrap_or_default();
    let on_demand = input.is_on_demand();
    if input.warm_throughput.is_some() && !on_demand {
        return Err(invalid(
            "Warm throughput is only supported in the ON_DEMAND stream mode.",
        ));
    }
    let tags = input.tags.unwrap_or_default();
    tags::check(&tags)?;
    let mut about = About::new(call.region, name, shards, call.now_ms());
    about.on_demand = on_demand;
    about.tags = tags;
    about.warm_mibps = input.warm_throughput;
    about.max_record_kib = input.max_record_kib.unwrap_or(about.max_record_kib);
    about.change = Some((Status::Creating, call.kinesis.change_end_ms()));
    // Clears away one of that name whose deletion is over.
    drop(call.kinesis.stream(call.region, name));
    match call.kinesis.create(&about)? {
        true => Ok(()),
        false => Err(in_use(format!(
            "Stream {name} under account {ACCOUNT} already exists."
        ))),
    }
}

/// Refuses more open shards than an account may have.
///
/// # Errors
/// `more` are too many.
pub(super) fn require_shards(call: &Call<'_>, more: u32) -> Result<(), AwsError> {
    let streams = call.kinesis.streams(call.region);
    let open: usize = streams
        .iter()
        .map(|stream| stream.about().open_shards().count())
        .sum();
    if open + more as usize <= SHARD_LIMIT {
        return Ok(());
    }
    Err(over_limit(format!(
        "This request would exceed the shard limit for the account {ACCOUNT} in {}. Current shard count for the account: \
         {open}. Limit: {SHARD_LIMIT}. Number of additional shards that would have resulted from this request: {more}. \
         Refer to the AWS Service Limits page (https://docs.aws.amazon.com/general/latest/gr/aws_service_limits.html) \
         for current limits and how to request higher limits.",
        call.region
    )))
}

/// The parameters of DeleteStream.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::kinesis) struct Delete {
    stream_name: Option<String>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<String>,
    enforce_consumer_deletion: Option<bool>,
}

/// DeleteStream.
pub(in crate::kinesis) fn delete(call: &Call<'_>, input: Delete) -> Result<(), AwsError> {
    let stream = call.stream(input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    let end_ms = call.kinesis.change_end_ms();
    stream.update(call.kinesis.store(), |about, _| {
        let now_ms = call.now_ms();
        let has_consumers = about.consumers.values().any(|consumer| !consumer.is_gone(now_ms));
        if has_consumers && input.enforce_consumer_deletion != Some(true) {
            return Err(in_use(format!(
                "Stream {} under account {ACCOUNT} has consumers, deregister them or set EnforceConsumerDeletion.",
                about.name
            )));
        }
        about.change = Some((Status::Deleting, end_ms));
        Ok(())
    })?;
    // Gone at once where deleting takes no time.
    drop(call.kinesis.stream(call.region, &stream.about().name));
    Ok(())
}
