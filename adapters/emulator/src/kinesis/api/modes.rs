//! UpdateStreamMode, UpdateMaxRecordSize, UpdateStreamWarmThroughput.

use serde::{Deserialize, Serialize};

use super::describe::WarmThroughput;
use super::streams::{MODES, ModeDetails};
use crate::aws::AwsError;
use crate::kinesis::call::Call;
use crate::kinesis::checks::Checks;
use crate::kinesis::error::{invalid, kinesis};
use crate::kinesis::names;

/// The greatest warm throughput, 10 GiB/s.
const MOST_WARM: i64 = 10 * 1024;

/// The parameters of UpdateStreamMode.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::kinesis) struct UpdateMode {
    #[serde(rename = "StreamARN")]
    stream_arn: Option<String>,
    stream_mode_details: Option<ModeDetails>,
    #[serde(rename = "WarmThroughputMiBps")]
    warm_throughput: Option<i64>,
}

/// UpdateStreamMode.
pub(in crate::kinesis) fn mode(call: &Call<'_>, input: UpdateMode) -> Result<(), AwsError> {
    let details = input.stream_mode_details;
    let mode = details
        .as_ref()
        .and_then(|details| details.stream_mode.as_deref());
    let mut checks = Checks::default();
    checks.required("streamARN", input.stream_arn.as_ref());
    checks.required("streamModeDetails", details.as_ref());
    if details.is_some() {
        checks.required("streamModeDetails.streamMode", mode.as_ref());
    }
    checks.one_of("streamModeDetails.streamMode", mode, &MODES);
    checks.range("warmThroughputMiBps", input.warm_throughput, (0, MOST_WARM));
    checks.done()?;
    let stream = call.stream(None, input.stream_arn.as_deref())?;
    let on_demand = mode == Some("ON_DEMAND");
    if let Some(warm) = input.warm_throughput {
        require_warmth(call, on_demand, warm)?;
    }
    call.update_slowly(&stream, |about| {
        about.on_demand = on_demand;
        about.warm_mibps = input
            .warm_throughput
            .or(about.warm_mibps)
            .filter(|_| on_demand);
        Ok(())
    })
}

/// The parameters of UpdateMaxRecordSize.
#[derive(Debug, Deserialize)]
pub(in crate::kinesis) struct UpdateSize {
    #[serde(rename = "StreamARN")]
    stream_arn: Option<String>,
    #[serde(rename = "MaxRecordSizeInKiB")]
    max_record_kib: Option<i64>,
}

/// UpdateMaxRecordSize.
pub(in crate::kinesis) fn max_record_size(
    call: &Call<'_>,
    input: UpdateSize,
) -> Result<(), AwsError> {
    let mut checks = Checks::default();
    checks.required("maxRecordSizeInKiB", input.max_record_kib.as_ref());
    checks.range("maxRecordSizeInKiB", input.max_record_kib, (1024, 10_240));
    checks.done()?;
    let stream = call.stream(None, input.stream_arn.as_deref())?;
    call.update_slowly(&stream, |about| {
        about.max_record_kib = input.max_record_kib.unwrap_or(about.max_record_kib);
        Ok(())
    })
}

/// The parameters of UpdateStreamWarmThroughput.
#[derive(Debug, Deserialize)]
pub(in crate::kinesis) struct UpdateWarmth {
    #[serde(rename = "StreamName")]
    stream_name: Option<String>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<String>,
    #[serde(rename = "WarmThroughputMiBps")]
    warm_throughput: Option<i64>,
}

/// The result of UpdateStreamWarmThroughput.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::kinesis) struct Warmed {
    #[serde(rename = "StreamARN")]
    stream_arn: String,
    stream_name: String,
    warm_throughput: WarmThroughput,
}

/// UpdateStreamWarmThroughput.
pub(in crate::kinesis) fn warm_throughput(
    call: &Call<'_>,
    input: UpdateWarmth,
) -> Result<Warmed, AwsError> {
    let mut checks = Checks::default();
    checks.required("warmThroughputMiBps", input.warm_throughput.as_ref());
    checks.range(
        "warmThroughputMiBps",
        input.warm_throughput,
        (0, i64::from(i32::MAX)),
    );
    checks.done()?;
    let warm = input.warm_throughput.unwrap_or_default();
    let stream = call.stream(input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    require_warmth(call, stream.about().on_demand, warm)?;
    call.update_slowly(&stream, |about| {
        about.warm_mibps = Some(warm);
        Ok(())
    })?;
    let about = stream.about();
    Ok(Warmed {
        stream_arn: names::stream_arn(&about.region, &about.name),
        stream_name: about.name.clone(),
        warm_throughput: warm.into(),
    })
}

/// Refuses a warm throughput where there is none.
///
/// # Errors
/// The stream does not scale itself, the account has no commitment, or it is too much.
fn require_warmth(call: &Call<'_>, on_demand: bool, warm: i64) -> Result<(), AwsError> {
    if !on_demand {
        return Err(invalid(
            "Warm throughput is only supported in the ON_DEMAND stream mode.",
        ));
    }
    if warm > MOST_WARM {
        return Err(invalid(format!(
            "Warm throughput can be at most {MOST_WARM} MiB per second."
        )));
    }
    match call
        .kinesis
        .account(call.region, |account| account.committed_ms.is_some())
    {
        true => Ok(()),
        false => Err(kinesis(
            "ValidationException",
            "Warm throughput needs MinimumThroughputBillingCommitment to be enabled for the account.",
        )),
    }
}
