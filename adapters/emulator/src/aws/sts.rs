//! STS GetCallerIdentity, which tools call first to see whether credentials work.

use serde_json::{Value, json};

use super::query::{Names, to_xml};
use super::{ACCOUNT, AwsError};

/// The version that requests to STS name.
pub(super) const VERSION: &str = "2011-06-15";

/// The only operation.
pub(super) const OPERATION: &str = "GetCallerIdentity";

/// STS has neither lists nor maps here.
pub(super) const NAMES: Names = Names {
    namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
    requests: &[],
    numbers: &[],
    results: &[],
    entries: "",
};

/// Answers an operation of STS.
pub(super) fn answer(operation: &str, request_id: &str) -> Result<Vec<u8>, AwsError> {
    if operation != OPERATION {
        let message = format!("The action {operation} is not valid for this endpoint.");
        return Err(AwsError::coral(400, "InvalidAction", message));
    }
    Ok(to_xml(operation, &identity(), &NAMES, request_id).into_bytes())
}

fn identity() -> Value {
    json!({
        "Arn": format!("arn:aws:iam::{ACCOUNT}:root"),
        "UserId": ACCOUNT,
        "Account": ACCOUNT,
    })
}
