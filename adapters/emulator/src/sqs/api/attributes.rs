//! GetQueueAttributes and SetQueueAttributes.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Nothing;
use crate::aws::{AwsError, or_default};
use crate::sqs::attributes::{self, COMPUTED, Values};
use crate::sqs::call::Call;
use crate::sqs::error::{missing, sqs, unknown_attribute};
use crate::sqs::queue::Queue;

/// The parameters of GetQueueAttributes.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::sqs) struct Get {
    queue_url: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    attribute_names: Vec<String>,
}

/// Attributes by name.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::sqs) struct Got {
    #[serde(skip_serializing_if = "Values::is_empty")]
    attributes: Values,
}

/// GetQueueAttributes.
pub(in crate::sqs) fn get(call: &Call<'_>, input: Get) -> Result<Got, AwsError> {
    let queue = call.queue(input.queue_url.as_deref())?;
    if let Some(unknown) = input
        .attribute_names
        .iter()
        .find(|name| !attributes::is_known(name))
    {
        return Err(unknown_attribute(unknown));
    }
    let is_wanted = |name: &str| {
        input
            .attribute_names
            .iter()
            .any(|wanted| wanted == name || wanted == "All")
    };
    let mut attributes = Values::clone(&queue.attributes());
    if COMPUTED.iter().any(|name| is_wanted(name)) {
        attributes.extend(computed(&queue));
    }
    let has_key = attributes.contains_key("KmsMasterKeyId");
    attributes.retain(|name, _| is_wanted(name) && (has_key || name != KEY_REUSE));
    Ok(Got { attributes })
}

/// How long a data key is used, which says nothing of a queue without a key.
const KEY_REUSE: &str = "KmsDataKeyReusePeriodSeconds";

fn computed(queue: &Queue) -> impl Iterator<Item = (String, String)> {
    let (counts, about) = (queue.messages.counts(), queue.about());
    let values = [
        counts.ready.to_string(),
        counts.delayed.to_string(),
        counts.leased.to_string(),
        about.created.to_string(),
        about.modified.to_string(),
        queue.arn(),
    ];
    COMPUTED.into_iter().map(str::to_owned).zip(values)
}

/// The parameters of SetQueueAttributes.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::sqs) struct Set {
    queue_url: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    attributes: Values,
}

/// SetQueueAttributes.
pub(in crate::sqs) fn set(call: &Call<'_>, input: Set) -> Result<Nothing, AwsError> {
    let queue = call.queue(input.queue_url.as_deref())?;
    if input.attributes.is_empty() {
        return Err(missing("Attribute.Name"));
    }
    let is_fifo = queue.is_fifo();
    if is_fifo
        && input
            .attributes
            .get("FifoQueue")
            .is_some_and(|value| !value.eq_ignore_ascii_case("true"))
    {
        return Err(sqs(
            "InvalidAttributeValue",
            "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported.",
        ));
    }
    let given = attributes::check(input.attributes, is_fifo)?;
    call.sqs
        .check_dead_letter_queue(&given, &queue.arn(), is_fifo)?;
    queue.update(call.sqs.store(), |about| {
        let values = Arc::make_mut(&mut about.attributes);
        attributes::merge(values, given);
        attributes::check_together(values)?;
        about.modified = call.sqs.now_ms() / 1000;
        Ok::<_, AwsError>(())
    })?;
    Ok(Nothing {})
}
