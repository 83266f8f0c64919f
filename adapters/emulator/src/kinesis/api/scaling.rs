//! UpdateShardCount.

use serde::{Deserialize, Serialize};

use super::reshard::require_provisioned;
use super::streams::{SHARD_LIMIT, require_shards};
use crate::aws::AwsError;
use crate::kinesis::about::HOUR_MS;
use crate::kinesis::call::Call;
use crate::kinesis::checks::Checks;
use crate::kinesis::error::over_limit;
use crate::kinesis::names;

/// How often a stream may be scaled in a day, where limits are enforced.
const PER_DAY: usize = 10;

/// The parameters of UpdateShardCount.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::kinesis) struct Update {
    stream_name: Option<String>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<String>,
    target_shard_count: Option<i64>,
    scaling_type: Option<String>,
}

/// The result of UpdateShardCount.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::kinesis) struct Updated {
    stream_name: String,
    #[serde(rename = "StreamARN")]
    stream_arn: String,
    current_shard_count: usize,
    target_shard_count: usize,
}

/// UpdateShardCount.
pub(in crate::kinesis) fn update(call: &Call<'_>, input: Update) -> Result<Updated, AwsError> {
    let mut checks = Checks::default();
    checks.required("targetShardCount", input.target_shard_count.as_ref());
    checks.range(
        "targetShardCount",
        input.target_shard_count,
        (1, i64::from(i32::MAX)),
    );
    checks.required("scalingType", input.scaling_type.as_ref());
    checks.one_of(
        "scalingType",
        input.scaling_type.as_deref(),
        &["UNIFORM_SCALING"],
    );
    checks.done()?;
    let stream = call.stream(input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    let about = stream.about();
    let target = usize::try_from(input.target_shard_count.unwrap_or(1)).unwrap_or(usize::MAX);
    let current = about.open_shards().count();
    check(current, target)?;
    require_shards(call, target.saturating_sub(current) as u32)?;
    let now_ms = call.now_ms();
    call.reshard(&stream, |resharding| {
        require_provisioned(resharding.about())?;
        let scaled = &mut resharding.about_mut().scaled_ms;
        scaled.retain(|time| now_ms - time < 24 * HOUR_MS);
        if call.kinesis.enforces_limits() && scaled.len() >= PER_DAY {
            return Err(over_limit(format!(
                "A stream cannot be scaled more than {PER_DAY} times in 24 hours."
            )));
        }
        scaled.push(now_ms);
        resharding.spread(target as u32);
        Ok(())
    })?;
    Ok(Updated {
        stream_name: about.name.clone(),
        stream_arn: names::stream_arn(&about.region, &about.name),
        current_shard_count: current,
        target_shard_count: target,
    })
}

/// Refuses steps that are too great.
fn check(current: usize, target: usize) -> Result<(), AwsError> {
    let counts = format!("Current open shard count: {current} Target shard count: {target}");
    if target > current * 2 {
        return Err(over_limit(format!(
            "UpdateShardCount cannot scale up over double your current open shard count. {counts}"
        )));
    }
    if target * 2 < current {
        return Err(over_limit(format!(
            "UpdateShardCount cannot scale down below half your current open shard count. {counts}"
        )));
    }
    match target > SHARD_LIMIT {
        true => Err(over_limit(format!(
            "A stream cannot have more than {SHARD_LIMIT} shards. {counts}"
        ))),
        false => Ok(()),
    }
}
