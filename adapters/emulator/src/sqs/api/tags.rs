//! TagQueue, UntagQueue, ListQueueTags.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Nothing, OfQueue};
use crate::aws::{AwsError, or_default};
use crate::sqs::call::Call;
use crate::sqs::error::{invalid, missing};

/// Tags of one queue.
const LIMIT: usize = 50;

/// Tags by key.
type Tags = BTreeMap<String, String>;

/// The parameters of TagQueue.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::sqs) struct Tag {
    queue_url: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    tags: Tags,
}

/// TagQueue.
pub(in crate::sqs) fn tag(call: &Call<'_>, input: Tag) -> Result<Nothing, AwsError> {
    let queue = call.queue(input.queue_url.as_deref())?;
    if input.tags.is_empty() {
        return Err(missing("Tags"));
    }
    queue.update(call.sqs.store(), |about| {
        about.tags.extend(input.tags);
        check(&about.tags)
    })?;
    Ok(Nothing {})
}

/// Checks all tags of a queue.
///
/// # Errors
/// There are too many, or one is too long or reserved.
pub(super) fn check(tags: &Tags) -> Result<(), AwsError> {
    if tags.len() > LIMIT {
        return Err(invalid(format!(
            "Too many tags added for queue, the limit is {LIMIT}."
        )));
    }
    let suits = |(key, value): (&String, &String)| {
        let letters = key.chars().count();
        (1..=128).contains(&letters)
            && value.chars().count() <= 256
            && !key.to_lowercase().starts_with("aws:")
    };
    match tags.iter().all(suits) {
        true => Ok(()),
        false => Err(invalid(
            "A tag's key has 1 to 128 characters and does not begin with aws:, its value has at most 256.",
        )),
    }
}

/// The parameters of UntagQueue.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::sqs) struct Untag {
    queue_url: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    tag_keys: Vec<String>,
}

/// UntagQueue.
pub(in crate::sqs) fn untag(call: &Call<'_>, input: Untag) -> Result<Nothing, AwsError> {
    let queue = call.queue(input.queue_url.as_deref())?;
    if input.tag_keys.is_empty() {
        return Err(missing("TagKeys"));
    }
    queue.update(call.sqs.store(), |about| {
        about.tags.retain(|key, _| !input.tag_keys.contains(key));
        Ok::<_, AwsError>(())
    })?;
    Ok(Nothing {})
}

/// The tags of a queue.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::sqs) struct Listed {
    #[serde(skip_serializing_if = "Tags::is_empty")]
    tags: Tags,
}

/// ListQueueTags.
pub(in crate::sqs) fn list(call: &Call<'_>, input: OfQueue) -> Result<Listed, AwsError> {
    let queue = call.queue(input.queue_url.as_deref())?;
    Ok(Listed {
        tags: queue.about().tags,
    })
}
