//! STS GetCallerIdentity, which tools call first to see whether credentials work.

use serde_json::{Value, json};

use super::query::{Names, to_xml};
use super::{ACCOUNT, AwsError};

/// The version that requests to STS name.
pub(super) const VERSION: &str = "2011-06-15";

/// One operation, and its result if it is served.
type Operation = (&'static str, Option<fn() -> Value>);

/// Every operation of STS.
pub(super) const OPERATIONS: [Operation; 9] = [
    ("AssumeRole", None),
    ("AssumeRoleWithSAML", None),
    ("AssumeRoleWithWebIdentity", None),
    ("AssumeRoot", None),
    ("DecodeAuthorizationMessage", None),
    ("GetAccessKeyInfo", None),
    ("GetCallerIdentity", Some(identity)),
    ("GetFederationToken", None),
    ("GetSessionToken", None),
];

/// STS has neither lists nor maps here.
pub(super) const NAMES: Names = Names {
    namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
    requests: &[],
    numbers: &[],
    results: &[],
    entries: "",
    void: &[],
};

/// Answers an operation of STS.
pub(super) fn answer(operation: &str, request_id: &str) -> Result<Vec<u8>, AwsError> {
    let known = OPERATIONS.iter().find(|(name, _)| *name == operation);
    let result = known.and_then(|(_, result)| *result).ok_or_else(|| {
        let message = format!("The action {operation} is not valid for this endpoint.");
        AwsError::coral(400, "InvalidAction", message)
    })?;
    Ok(to_xml(operation, &result(), &NAMES, request_id).into_bytes())
}

fn identity() -> Value {
    json!({
        "Arn": format!("arn:aws:iam::{ACCOUNT}:root"),
        "UserId": ACCOUNT,
        "Account": ACCOUNT,
    })
}
