//! Queue attributes as settings of a stream.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_sqs::types::QueueAttributeName as Name;
use ssectl_adapter::{Error, ErrorKind, Result, closest};

/// What can be set when a queue is made.
const SETTINGS: [&str; 15] = [
    "ContentBasedDeduplication",
    "DeduplicationScope",
    "DelaySeconds",
    "FifoQueue",
    "FifoThroughputLimit",
    "KmsDataKeyReusePeriodSeconds",
    "KmsMasterKeyId",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "Policy",
    "ReceiveMessageWaitTimeSeconds",
    "RedriveAllowPolicy",
    "RedrivePolicy",
    "SqsManagedSseEnabled",
    "VisibilityTimeout",
];

/// What says nothing of how a queue was set up.
const FACTS: [&str; 3] = ["CreatedTimestamp", "LastModifiedTimestamp", "QueueArn"];

/// What a new queue has unless told otherwise; the size was 262144 until 2025.
const DEFAULTS: [(&str, &str); 8] = [
    ("DelaySeconds", "0"),
    ("KmsDataKeyReusePeriodSeconds", "300"),
    ("MaximumMessageSize", "1048576"),
    ("MaximumMessageSize", "262144"),
    ("MessageRetentionPeriod", "345600"),
    ("ReceiveMessageWaitTimeSeconds", "0"),
    ("SqsManagedSseEnabled", "true"),
    ("VisibilityTimeout", "30"),
];

/// The attributes of a new queue of that name; a setting that SQS does not know is an error.
pub(super) fn attributes(
    name: &str,
    config: &BTreeMap<String, String>,
) -> Result<Option<HashMap<Name, String>>> {
    let mut attributes = HashMap::new();
    for (setting, value) in config {
        if !SETTINGS.contains(&setting.as_str()) {
            return Err(unknown(setting));
        }
        attributes.insert(Name::from(setting.as_str()), value.clone());
    }
    if name.ends_with(".fifo") {
        attributes
            .entry(Name::FifoQueue)
            .or_insert_with(|| "true".to_owned());
    }
    Ok((!attributes.is_empty()).then_some(attributes))
}

fn unknown(setting: &str) -> Error {
    let error = Error::new(
        ErrorKind::Config,
        format!("queues have no setting `{setting}`"),
    );
    match closest(setting, SETTINGS) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error.hint(format!("there are `{}`", SETTINGS.join("`, `"))),
    }
}

/// Settings that differ from what a new queue has, and how many messages it holds.
pub(super) fn shown(attributes: &HashMap<Name, String>) -> BTreeMap<String, String> {
    attributes
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .filter(|pair| !DEFAULTS.contains(pair) && !FACTS.contains(&pair.0))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn the_name_makes_a_fifo_queue() {
        assert_eq!(
            attributes("orders", &config(&[])).expect("no settings"),
            None
        );
        let fifo = attributes("orders.fifo", &config(&[])).expect("no settings");
        assert_eq!(
            fifo,
            Some(HashMap::from([(Name::FifoQueue, "true".to_owned())]))
        );
    }

    #[test]
    fn a_misspelt_setting_is_named_with_the_one_meant() {
        let error =
            attributes("orders", &config(&[("VisibilityTimout", "5")])).expect_err("misspelt");
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(
            error
                .hint_text()
                .is_some_and(|hint| hint.contains("`VisibilityTimeout`"))
        );
    }

    #[test]
    fn counts_are_shown_and_defaults_are_not() {
        let attributes = HashMap::from([
            (Name::VisibilityTimeout, "30".to_owned()),
            (Name::DelaySeconds, "5".to_owned()),
            (Name::ApproximateNumberOfMessages, "7".to_owned()),
            (
                Name::QueueArn,
                "arn:aws:sqs:eu-west-1:123456789012:orders".to_owned(),
            ),
        ]);
        let expected = config(&[("ApproximateNumberOfMessages", "7"), ("DelaySeconds", "5")]);
        assert_eq!(shown(&attributes), expected);
    }
}
