//! StartStreamEncryption, StopStreamEncryption: kept and shown, nothing is encrypted.

use serde::Deserialize;

use crate::aws::AwsError;
use crate::kinesis::call::Call;
use crate::kinesis::checks::Checks;
use crate::kinesis::error::invalid;

/// The parameters of both.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::kinesis) struct Change {
    stream_name: Option<String>,
    #[serde(rename = "StreamARN")]
    stream_arn: Option<String>,
    encryption_type: Option<String>,
    key_id: Option<String>,
}

/// StartStreamEncryption.
pub(in crate::kinesis) fn start(call: &Call<'_>, input: Change) -> Result<(), AwsError> {
    change(call, input, Some)
}

/// StopStreamEncryption.
pub(in crate::kinesis) fn stop(call: &Call<'_>, input: Change) -> Result<(), AwsError> {
    change(call, input, |_| None)
}

fn change(
    call: &Call<'_>,
    input: Change,
    key: impl FnOnce(String) -> Option<String>,
) -> Result<(), AwsError> {
    let kind = input.encryption_type.as_deref();
    let mut checks = Checks::default();
    checks.required("encryptionType", kind.as_ref());
    checks.one_of("encryptionType", kind, &["NONE", "KMS"]);
    checks.required("keyId", input.key_id.as_ref());
    if let Some(key) = &input.key_id {
        checks.length(key, "keyId", key.chars().count(), (1, 2048));
    }
    checks.done()?;
    if kind != Some("KMS") {
        return Err(invalid("EncryptionType has to be KMS."));
    }
    let stream = call.stream(input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    call.update_slowly(&stream, |about| {
        about.key_id = key(input.key_id.unwrap_or_default());
        Ok(())
    })
}
