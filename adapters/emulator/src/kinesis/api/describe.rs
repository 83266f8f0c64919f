//! DescribeStream, DescribeStreamSummary.

use serde::{Deserialize, Serialize};

use super::OfStream;
use super::views::ShardView;
use crate::aws::AwsError;
use crate::kinesis::about::{About, Status};
use crate::kinesis::call::Call;
use crate::kinesis::checks::Checks;
use crate::kinesis::error::invalid;
use crate::kinesis::names::{self, ShardId};
use crate::kinesis::wire::Timestamp;

/// Shards of one answer, for those who do not say.
const SHARDS: i64 = 100;

/// The capacity mode in answers.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Mode {
    stream_mode: &'static str,
}

impl Mode {
    /// That of a stream.
    pub(super) fn of(about: &About) -> Self {
        let stream_mode = if about.on_demand {
            "ON_DEMAND"
        } else {
            "PROVISIONED"
        };
        Self { stream_mode }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metrics {
    shard_level_metrics: Vec<String>,
}

/// The warm throughput in answers.
#[derive(Debug, Serialize)]
pub(super) struct WarmThroughput {
    #[serde(rename = "TargetMiBps")]
    target: i64,
    #[serde(rename = "CurrentMiBps")]
    current: i64,
}

impl From<i64> for WarmThroughput {
    fn from(mibps: i64) -> Self {
        Self {
            target: mibps,
            current: mibps,
        }
    }
}

/// A stream.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Description {
    stream_name: String,
    #[serde(rename = "StreamARN")]
    stream_arn: String,
    stream_status: &'static str,
    stream_mode_details: Mode,
    retention_period_hours: i64,
    stream_creation_timestamp: Timestamp,
    enhanced_monitoring: [Metrics; 1],
    encryption_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shards: Option<Vec<ShardView>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    has_more_shards: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    open_shard_count: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    consumer_count: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    warm_throughput: Option<WarmThroughput>,
    #[serde(rename = "MaxRecordSizeInKiB", skip_serializing_if = "Option::is_none")]
    max_record_kib: Option<i64>,
}

impl Description {
    fn new(about: &About, now_ms: i64) -> Self {
        Self {
            stream_name: about.name.clone(),
            stream_arn: names::stream_arn(&about.region, &about.name),
            stream_status: about.status(now_ms).name(),
            stream_mode_details: Mode::of(about),
            retention_period_hours: about.retention_hours,
            stream_creation_timestamp: Timestamp(about.created_ms),
            enhanced_monitoring: [Metrics {
                shard_level_metrics: about.metrics.iter().cloned().collect(),
            }],
            encryption_type: if about.key_id.is_some() {
                "KMS"
            } else {
                "NONE"
            },
            key_id: about.key_id.clone(),
            shards: None,
            has_more_shards: None,
            open_shard_count: None,
            consumer_count: None,
            warm_throughput: None,
            max_record_kib: None,
        }
    }
}

/// The parameters of DescribeStream.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::kinesis) struct Describe {
    stream_name: Option<String>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<String>,
    limit: Option<i64>,
    exclusive_start_shard_id: Option<String>,
}

/// The result of DescribeStream.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::kinesis) struct Described {
    stream_description: Description,
}

/// DescribeStream.
pub(in crate::kinesis) fn describe(
    call: &Call<'_>,
    input: Describe,
) -> Result<Described, AwsError> {
    let mut checks = Checks::default();
    checks.range("limit", input.limit, (1, 10_000));
    checks.name(
        "exclusiveStartShardId",
        input.exclusive_start_shard_id.as_deref(),
    );
    checks.done()?;
    let stream = call.stream(input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    let (about, now_ms) = (stream.about(), call.now_ms());
    let after = match &input.exclusive_start_shard_id {
        None => None,
        Some(id) => {
            Some(ShardId::parse(id).ok_or_else(|| invalid(format!("{id} is no id of a shard.")))?)
        }
    };
    let horizon_ms = about.horizon_ms(now_ms);
    // A stream that is being made has none yet.
    let is_ready = about.status(now_ms) != Status::Creating;
    let shards = (0..).zip(&about.shards).filter(|(number, shard)| {
        is_ready && shard.is_listed(horizon_ms) && after.is_none_or(|after| *number > after.0)
    });
    let limit = usize::try_from(input.limit.unwrap_or(SHARDS)).unwrap_or(1);
    let mut shards: Vec<_> = shards
        .take(limit + 1)
        .map(|(number, shard)| ShardView::new(number, shard))
        .collect();
    let mut description = Description::new(&about, now_ms);
    description.has_more_shards = Some(shards.len() > limit);
    shards.truncate(limit);
    description.shards = Some(shards);
    Ok(Described {
        stream_description: description,
    })
}

/// The result of DescribeStreamSummary.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::kinesis) struct Summarised {
    stream_description_summary: Description,
}

/// DescribeStreamSummary.
pub(in crate::kinesis) fn summary(
    call: &Call<'_>,
    input: OfStream,
) -> Result<Summarised, AwsError> {
    let stream = call.stream(input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    let (about, now_ms) = (stream.about(), call.now_ms());
    let mut description = Description::new(&about, now_ms);
    description.open_shard_count = Some(about.open_shards().count());
    let consumers = about
        .consumers
        .values()
        .filter(|consumer| !consumer.is_gone(now_ms));
    description.consumer_count = Some(consumers.count());
    description.warm_throughput = about.warm_mibps.map(WarmThroughput::from);
    description.max_record_kib = Some(about.max_record_kib);
    Ok(Summarised {
        stream_description_summary: description,
    })
}
