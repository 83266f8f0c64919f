//! Redrive policies: where messages go that were received too often, and whose messages a queue takes.

use serde_json::{Map, Value, json};

use super::attributes::Values;
use super::error::{invalid, invalid_value};
use crate::aws::{ACCOUNT, AwsError};

/// A checked redrive policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RedrivePolicy {
    pub(super) target_arn: String,
    pub(super) max_receives: u32,
}

impl RedrivePolicy {
    /// The policy among attributes.
    pub(super) fn of(values: &Values) -> Option<Self> {
        let fields = object(values.get("RedrivePolicy")?)?;
        Some(Self {
            target_arn: fields.get("deadLetterTargetArn")?.as_str()?.to_owned(),
            max_receives: u32::try_from(count(fields.get("maxReceiveCount")?)?).ok()?,
        })
    }
}

/// Checks the form of a redrive policy and brings it into the one that it is kept in.
pub(super) fn check_policy(text: &str) -> Result<String, AwsError> {
    let bad = |reason: &str| invalid_value(text, "RedrivePolicy", reason);
    let fields = object(text).ok_or_else(|| bad("Redrive policy is not a valid JSON map."))?;
    let target = fields.get("deadLetterTargetArn").and_then(Value::as_str);
    let target = target.ok_or_else(|| {
        bad("Redrive policy does not contain mandatory attribute: deadLetterTargetArn.")
    })?;
    let limit = fields.get("maxReceiveCount").ok_or_else(|| {
        bad("Redrive policy does not contain mandatory attribute: maxReceiveCount.")
    })?;
    let limit = count(limit).filter(|limit| (1..=1000).contains(limit));
    let limit = limit.ok_or_else(|| {
        let given = &fields["maxReceiveCount"];
        bad(&format!(
            "Invalid value for maxReceiveCount: {given}, valid values are from 1 to 1000 both inclusive."
        ))
    })?;
    Ok(json!({"deadLetterTargetArn": target, "maxReceiveCount": limit}).to_string())
}

/// Checks the form of a redrive allow policy.
pub(super) fn check_allow_policy(text: &str) -> Result<String, AwsError> {
    let bad = |reason: &str| invalid_value(text, "RedriveAllowPolicy", reason);
    let fields = object(text).ok_or_else(|| {
        bad("Amazon SQS can't create the redrive allow policy, it is not a valid JSON map.")
    })?;
    let permission = fields.get("redrivePermission").and_then(Value::as_str);
    let sources = fields.get("sourceQueueArns").and_then(Value::as_array);
    let sources = sources.map_or(0, Vec::len);
    match (permission, sources) {
        (Some("allowAll" | "denyAll"), 0) | (Some("byQueue"), 1..=10) => {
            Ok(Value::Object(fields).to_string())
        }
        (Some("byQueue"), 0) => Err(bad(
            "Amazon SQS can't create the redrive allow policy, sourceQueueArns is missing.",
        )),
        (Some("byQueue"), _) => Err(bad(
            "Amazon SQS can't create the redrive allow policy with more than 10 sourceQueueArns.",
        )),
        (Some("allowAll" | "denyAll"), _) => Err(bad(
            "Amazon SQS can't create the redrive allow policy, sourceQueueArns goes with byQueue alone.",
        )),
        _ => Err(bad(
            "Amazon SQS can't create the redrive allow policy, redrivePermission must be allowAll, denyAll or byQueue.",
        )),
    }
}

/// Whether a queue with these attributes takes dead letters of the queue `source_arn`.
pub(super) fn allows(target: &Values, source_arn: &str) -> bool {
    let Some(fields) = target
        .get("RedriveAllowPolicy")
        .and_then(|text| object(text))
    else {
        return true;
    };
    match fields.get("redrivePermission").and_then(Value::as_str) {
        Some("denyAll") => false,
        Some("byQueue") => {
            let sources = fields.get("sourceQueueArns").and_then(Value::as_array);
            sources.is_some_and(|sources| sources.iter().any(|arn| arn == source_arn))
        }
        _ => true,
    }
}

/// The region and the name in the ARN of a queue of this account.
pub(super) fn parse_arn(arn: &str) -> Option<(&str, &str)> {
    let (region, rest) = arn.strip_prefix("arn:aws:sqs:")?.split_once(':')?;
    let name = rest.strip_prefix(ACCOUNT)?.strip_prefix(':')?;
    Some((region, name))
}

/// The ARN of a queue.
pub(super) fn arn(region: &str, name: &str) -> String {
    format!("arn:aws:sqs:{region}:{ACCOUNT}:{name}")
}

/// That an ARN is none of a queue here.
pub(super) fn bad_arn(parameter: &str) -> AwsError {
    invalid(format!(
        "The {parameter} parameter is not the ARN of a queue of this account."
    ))
}

fn object(text: &str) -> Option<Map<String, Value>> {
    match serde_json::from_str(text).ok()? {
        Value::Object(fields) => Some(fields),
        _ => None,
    }
}

/// A number, or a text with one.
fn count(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:sqs:us-east-1:000000000000:d";

    #[test]
    fn a_policy_is_kept_in_one_form() {
        let kept = check_policy(&format!(
            "{{\"maxReceiveCount\": \"3\", \"deadLetterTargetArn\": \"{ARN}\", \"x\": 1}}"
        ));
        assert_eq!(
            kept.unwrap(),
            format!("{{\"deadLetterTargetArn\":\"{ARN}\",\"maxReceiveCount\":3}}")
        );
        for bad in [
            "",
            "[]",
            "{}",
            "{\"deadLetterTargetArn\":\"a\"}",
            "{\"deadLetterTargetArn\":\"a\",\"maxReceiveCount\":0}",
            "{\"deadLetterTargetArn\":\"a\",\"maxReceiveCount\":1001}",
        ] {
            assert_eq!(
                check_policy(bad).unwrap_err().code,
                "InvalidParameterValue",
                "{bad}"
            );
        }
    }

    #[test]
    fn an_allow_policy_names_who_may() {
        let with = |policy: &str| {
            Values::from([(
                "RedriveAllowPolicy".to_owned(),
                check_allow_policy(policy).unwrap(),
            )])
        };
        assert!(allows(&Values::new(), ARN));
        assert!(allows(&with("{\"redrivePermission\":\"allowAll\"}"), ARN));
        assert!(!allows(&with("{\"redrivePermission\":\"denyAll\"}"), ARN));
        let by_queue = with(&format!(
            "{{\"redrivePermission\":\"byQueue\",\"sourceQueueArns\":[\"{ARN}\"]}}"
        ));
        assert!(
            allows(&by_queue, ARN) && !allows(&by_queue, "arn:aws:sqs:us-east-1:000000000000:e")
        );
        assert!(check_allow_policy("{\"redrivePermission\":\"byQueue\"}").is_err());
        assert!(check_allow_policy("{\"redrivePermission\":\"some\"}").is_err());
    }

    #[test]
    fn arns_are_of_this_account() {
        assert_eq!(parse_arn(ARN), Some(("us-east-1", "d")));
        assert_eq!(
            parse_arn(&arn("eu-west-1", "q.fifo")),
            Some(("eu-west-1", "q.fifo"))
        );
        assert_eq!(parse_arn("arn:aws:sqs:us-east-1:123456789012:d"), None);
        assert_eq!(parse_arn("d"), None);
    }
}
