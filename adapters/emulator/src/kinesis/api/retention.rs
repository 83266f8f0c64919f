//! IncreaseStreamRetentionPeriod, DecreaseStreamRetentionPeriod.

use serde::Deserialize;

use crate::aws::AwsError;
use crate::kinesis::call::Call;
use crate::kinesis::checks::Checks;
use crate::kinesis::error::invalid;

/// The shortest retention in hours.
const LEAST: i64 = 24;

/// The longest.
const MOST: i64 = 8760;

/// The parameters of both.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::kinesis) struct Change {
    stream_name: Option<String>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<String>,
    retention_period_hours: Option<i64>,
}

/// IncreaseStreamRetentionPeriod. What is gone already does not come back.
pub(in crate::kinesis) fn increase(call: &Call<'_>, input: Change) -> Result<(), AwsError> {
    change(call, input, |asked, known, stream| match asked < known {
        false => Ok(()),
        true => Err(invalid(format!(
            "Requested retention period ({asked} hours) for stream {stream} can not be shorter than existing retention \
             period ({known} hours). Use DecreaseRetentionPeriod API."
        ))),
    })
}

/// DecreaseStreamRetentionPeriod.
pub(in crate::kinesis) fn decrease(call: &Call<'_>, input: Change) -> Result<(), AwsError> {
    change(call, input, |asked, known, stream| match asked > known {
        false => Ok(()),
        true => Err(invalid(format!(
            "Requested retention period ({asked} hours) for stream {stream} can not be longer than existing retention \
             period ({known} hours). Use IncreaseRetentionPeriod API."
        ))),
    })
}

fn change(
    call: &Call<'_>,
    input: Change,
    check: impl FnOnce(i64, i64, &str) -> Result<(), AwsError>,
) -> Result<(), AwsError> {
    let mut checks = Checks::default();
    checks.required(
        "retentionPeriodHours",
        input.retention_period_hours.as_ref(),
    );
    checks.done()?;
    let hours = input.retention_period_hours.unwrap_or_default();
    let stream = call.stream(input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    if hours < LEAST {
        return Err(invalid(format!(
            "Minimum allowed retention period is {LEAST} hours. Requested retention period ({hours} hours) is too short."
        )));
    }
    if hours > MOST {
        return Err(invalid(format!(
            "Maximum allowed retention period is {MOST} hours. Requested retention period ({hours} hours) is too long."
        )));
    }
    call.update_slowly(&stream, |about| {
        check(hours, about.retention_hours, &about.name)?;
        about.floor_ms = about.horizon_ms(call.now_ms());
        about.retention_hours = hours;
        Ok(())
    })
}
