//! EnableEnhancedMonitoring, DisableEnhancedMonitoring.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::aws::AwsError;
use crate::kinesis::call::Call;
use crate::kinesis::checks::Checks;
use crate::kinesis::names;

/// The metrics of a shard.
const METRICS: [&str; 7] = [
    "IncomingBytes",
    "IncomingRecords",
    "OutgoingBytes",
    "OutgoingRecords",
    "WriteProvisionedThroughputExceeded",
    "ReadProvisionedThroughputExceeded",
    "IteratorAgeMilliseconds",
];

/// All of them.
const ALL: &str = "ALL";

/// The parameters of both.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::kinesis) struct Change {
    stream_name: Option<String>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<String>,
    shard_level_metrics: Option<Vec<String>>,
}

/// The result of both.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::kinesis) struct Changed {
    stream_name: String,
    #[serde(rename = "StreamARN")]
    stream_arn: String,
    current_shard_level_metrics: BTreeSet<String>,
    desired_shard_level_metrics: BTreeSet<String>,
}

/// EnableEnhancedMonitoring.
pub(in crate::kinesis) fn enable(call: &Call<'_>, input: Change) -> Result<Changed, AwsError> {
    change(call, input, |metrics, named| metrics.extend(named))
}

/// DisableEnhancedMonitoring.
pub(in crate::kinesis) fn disable(call: &Call<'_>, input: Change) -> Result<Changed, AwsError> {
    change(call, input, |metrics, named| {
        metrics.retain(|metric| !named.contains(metric));
    })
}

fn change(
    call: &Call<'_>,
    input: Change,
    change: impl FnOnce(&mut BTreeSet<String>, BTreeSet<String>),
) -> Result<Changed, AwsError> {
    let named = input.shard_level_metrics;
    let mut checks = Checks::default();
    checks.required("shardLevelMetrics", named.as_ref());
    let named = named.unwrap_or_default();
    checks.length(
        named.join(", "),
        "shardLevelMetrics",
        named.len(),
        (1, METRICS.len()),
    );
    let words: Vec<_> = METRICS.into_iter().chain([ALL]).collect();
    for (place, metric) in (1..).zip(&named) {
        checks.one_of(
            &format!("shardLevelMetrics.{place}.member"),
            Some(metric),
            &words,
        );
    }
    checks.done()?;
    let named = match named.iter().any(|metric| metric == ALL) {
        true => METRICS.map(str::to_owned).into(),
        false => BTreeSet::from_iter(named),
    };
    let stream = call.stream(input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    call.update_slowly(&stream, |about| {
        let before = about.metrics.clone();
        change(&mut about.metrics, named);
        Ok(Changed {
            stream_name: about.name.clone(),
            stream_arn: names::stream_arn(&about.region, &about.name),
            current_shard_level_metrics: before,
            desired_shard_level_metrics: about.metrics.clone(),
        })
    })
}
