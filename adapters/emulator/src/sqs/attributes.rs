//! The attributes of a queue: names, values, defaults.

use std::collections::BTreeMap;

use serde_json::Value;

use super::MESSAGE_BYTES;
use super::dead_letters;
use super::error::{bad_attribute, sqs, unknown_attribute};
use crate::aws::AwsError;
use crate::queue::QueueSettings;

/// Values by name.
pub(super) type Values = BTreeMap<String, String>;

/// Attributes that are computed, and cannot be set.
pub(super) const COMPUTED: [&str; 6] = [
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
    "CreatedTimestamp",
    "LastModifiedTimestamp",
    "QueueArn",
];

/// Numbers: name, least, greatest, default.
const NUMBERS: [(&str, i64, i64, Option<&str>); 6] = [
    ("DelaySeconds", 0, 900, Some("0")),
    ("KmsDataKeyReusePeriodSeconds", 60, 86_400, None),
    (
        "MaximumMessageSize",
        1024,
        MESSAGE_BYTES as i64,
        Some("1048576"),
    ),
    ("MessageRetentionPeriod", 60, 1_209_600, Some("345600")),
    ("ReceiveMessageWaitTimeSeconds", 0, 20, Some("0")),
    ("VisibilityTimeout", 0, 43_200, Some("30")),
];

/// Attributes that FIFO queues alone have: name, values, the first of which is the default.
const FIFO: [(&str, [&str; 2]); 3] = [
    ("ContentBasedDeduplication", ["false", "true"]),
    ("DeduplicationScope", ["queue", "messageGroup"]),
    ("FifoThroughputLimit", ["perQueue", "perMessageGroupId"]),
];

/// Attributes that an empty value removes.
const REMOVABLE: [&str; 4] = [
    "KmsMasterKeyId",
    "Policy",
    "RedriveAllowPolicy",
    "RedrivePolicy",
];

/// Whether there is an attribute of that name.
pub(super) fn is_known(name: &str) -> bool {
    COMPUTED.contains(&name)
        || REMOVABLE.contains(&name)
        || NUMBERS.iter().any(|(known, ..)| *known == name)
        || FIFO.iter().any(|(known, _)| *known == name)
        || ["All", "FifoQueue", "SqsManagedSseEnabled"].contains(&name)
}

/// The attributes of a new queue that sets none.
pub(super) fn defaults(is_fifo: bool) -> Values {
    let numbers = NUMBERS
        .iter()
        .filter_map(|(name, _, _, value)| Some((*name, (*value)?)));
    let fifo = FIFO
        .iter()
        .map(|(name, values)| (*name, values[0]))
        .chain([("FifoQueue", "true")]);
    let fifo = fifo.filter(|_| is_fifo);
    let all = numbers
        .chain(fifo)
        .chain([("SqsManagedSseEnabled", "true")]);
    all.map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// Checks values that are to be set, and brings policies into the form that they are kept in.
///
/// # Errors
/// `InvalidAttributeName`, `InvalidAttributeValue`, or `InvalidParameterValue` of a policy.
pub(super) fn check(values: Values, is_fifo: bool) -> Result<Values, AwsError> {
    let has_key = values
        .get("KmsMasterKeyId")
        .is_some_and(|key| !key.is_empty());
    let is_managed = |value: &String| value.eq_ignore_ascii_case("true");
    if has_key && values.get("SqsManagedSseEnabled").is_some_and(is_managed) {
        return Err(sqs(
            "InvalidAttributeName",
            "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE.",
        ));
    }
    let checked = values.into_iter().map(|(name, value)| {
        let value = check_one(&name, value, is_fifo)?;
        Ok((name, value))
    });
    checked.collect()
}

fn check_one(name: &str, value: String, is_fifo: bool) -> Result<String, AwsError> {
    if let Some((_, least, greatest, _)) = NUMBERS.iter().find(|(known, ..)| *known == name) {
        let number = value.parse::<i64>().ok();
        let number = number.filter(|number| (*least..=*greatest).contains(number));
        return number
            .map(|number| number.to_string())
            .ok_or_else(|| bad_attribute(name));
    }
    if let Some((_, allowed)) = FIFO.iter().find(|(known, _)| *known == name && is_fifo) {
        let value = if name == "ContentBasedDeduplication" {
            value.to_lowercase()
        } else {
            value
        };
        return one_of(name, value, allowed);
    }
    match name {
        "FifoQueue" if is_fifo => one_of(name, value.to_lowercase(), &["true"]),
        "SqsManagedSseEnabled" => one_of(name, value.to_lowercase(), &["true", "false"]),
        "KmsMasterKeyId" => Ok(value),
        _ if REMOVABLE.contains(&name) && value.is_empty() => Ok(value),
        "Policy" => match serde_json::from_str::<Value>(&value) {
            Ok(Value::Object(_)) => Ok(value),
            _ => Err(bad_attribute(name)),
        },
        "RedrivePolicy" => dead_letters::check_policy(&value),
        "RedriveAllowPolicy" => dead_letters::check_allow_policy(&value),
        "DeduplicationScope" | "FifoThroughputLimit" => Err(sqs(
            "InvalidAttributeName",
            format!("You can specify the {name} only when FifoQueue is set to true."),
        )),
        _ => Err(unknown_attribute(name)),
    }
}

/// Checks attributes that go together, all of those that a queue would have.
///
/// # Errors
/// `InvalidAttributeValue`.
pub(super) fn check_together(values: &Values) -> Result<(), AwsError> {
    let is_high = is(values, "FifoThroughputLimit", "perMessageGroupId");
    match is_high && !is(values, "DeduplicationScope", "messageGroup") {
        false => Ok(()),
        true => Err(sqs(
            "InvalidAttributeValue",
            "Invalid value for the parameter FifoThroughputLimit. Reason: perMessageGroupId is allowed only when \
             DeduplicationScope is set to messageGroup.",
        )),
    }
}

fn one_of(name: &str, value: String, allowed: &[&str]) -> Result<String, AwsError> {
    match allowed.contains(&value.as_str()) {
        true => Ok(value),
        false => Err(bad_attribute(name)),
    }
}

/// Sets checked values; an empty one removes the attribute. One kind of encryption ends the other.
pub(super) fn merge(into: &mut Values, new: Values) {
    if new.get("KmsMasterKeyId").is_some_and(|key| !key.is_empty()) {
        into.insert("SqsManagedSseEnabled".to_owned(), "false".to_owned());
    }
    if is(&new, "SqsManagedSseEnabled", "true") {
        into.remove("KmsMasterKeyId");
    }
    for (name, value) in new {
        match value.is_empty() {
            true => drop(into.remove(&name)),
            false => drop(into.insert(name, value)),
        }
    }
}

/// A number among attributes, all of which were checked.
pub(super) fn number(values: &Values, name: &str) -> i64 {
    values
        .get(name)
        .and_then(|value| value.parse().ok())
        .unwrap_or_default()
}

/// Whether an attribute has that value.
pub(super) fn is(values: &Values, name: &str, value: &str) -> bool {
    values.get(name).is_some_and(|known| known == value)
}

/// What the attributes ask of the queue.
pub(super) fn settings(values: &Values) -> QueueSettings {
    QueueSettings {
        delay_ms: number(values, "DelaySeconds") * 1000,
        retention_ms: number(values, "MessageRetentionPeriod") * 1000,
        ordered: is(values, "FifoQueue", "true"),
        max_leases: MAX_IN_FLIGHT,
    }
}

/// Messages of a queue that may be in flight at a time.
const MAX_IN_FLIGHT: usize = 120_000;
