//! ListDeadLetterSourceQueues.

use serde::{Deserialize, Serialize};

use super::pages::page;
use crate::aws::AwsError;
use crate::sqs::call::Call;
use crate::sqs::dead_letters::RedrivePolicy;

/// The parameters.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::sqs) struct Sources {
    queue_url: Option<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

/// The queues, whose name is in small letters in this answer alone.
#[derive(Debug, Serialize)]
pub(in crate::sqs) struct Found {
    #[serde(rename = "queueUrls")]
    queue_urls: Vec<String>,
    #[serde(rename = "NextToken", skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

/// ListDeadLetterSourceQueues.
pub(in crate::sqs) fn sources(call: &Call<'_>, input: Sources) -> Result<Found, AwsError> {
    let target = call.queue(input.queue_url.as_deref())?.arn();
    let queues = call.sqs.queues(call.region);
    let sources = queues.iter().filter(|queue| {
        RedrivePolicy::of(&queue.attributes()).is_some_and(|policy| policy.target_arn == target)
    });
    let names = sources.map(|queue| queue.name.clone()).collect();
    let (names, next_token) = page(names, input.max_results, input.next_token.as_deref())?;
    Ok(Found {
        queue_urls: names.iter().map(|name| call.url(name)).collect(),
        next_token,
    })
}
