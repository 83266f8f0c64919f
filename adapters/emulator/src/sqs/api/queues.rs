//! CreateQueue, DeleteQueue, GetQueueUrl, ListQueues.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::pages::page;
use super::{Nothing, OfQueue};
use crate::aws::{ACCOUNT, AwsError, or_default};
use crate::sqs::attributes::{self, Values};
use crate::sqs::call::Call;
use crate::sqs::error::{missing, no_such_queue, sqs, unknown_attribute};
use crate::sqs::queue::{About, Queue};
use crate::sqs::{api, dead_letters, text};

/// The parameters of CreateQueue.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::sqs) struct Create {
    queue_name: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    attributes: Values,
    /// In small letters in the JSON protocol alone.
    #[serde(default, deserialize_with = "or_default", alias = "tags")]
    tags: BTreeMap<String, String>,
}

/// A queue's URL.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::sqs) struct Url {
    queue_url: String,
}

/// CreateQueue. A queue that is there with the same attributes is fine.
pub(in crate::sqs) fn create(call: &Call<'_>, input: Create) -> Result<Url, AwsError> {
    let name = input
        .queue_name
        .filter(|name| !name.is_empty())
        .ok_or_else(|| missing("QueueName"))?;
    let fifo = input
        .attributes
        .get("FifoQueue")
        .map(|value| value.to_lowercase());
    let is_fifo = fifo.as_deref() == Some("true");
    text::check_queue_name(&name, is_fifo)?;
    if fifo.is_some() && !is_fifo {
        return Err(unknown_attribute("FifoQueue"));
    }
    let given = attributes::check(input.attributes, is_fifo)?;
    let url = Url {
        queue_url: call.url(&name),
    };
    if let Some(known) = call.sqs.known_queue(call.region, &name) {
        return same(&known, &given).map(|()| url);
    }
    api::tags::check(&input.tags)?;
    call.sqs
        .check_dead_letter_queue(&given, &dead_letters::arn(call.region, &name), is_fifo)?;
    let mut values = attributes::defaults(is_fifo);
    attributes::merge(&mut values, given.clone());
    attributes::check_together(&values)?;
    let now = call.sqs.now_ms() / 1000;
    let about = About {
        attributes: Arc::new(values),
        tags: input.tags,
        created: now,
        modified: now,
    };
    let queue = call.sqs.create(call.region, &name, &about)?;
    // Somebody else may have been faster.
    same(&queue, &given).map(|()| url)
}

/// Whether a queue has the attributes that are given.
fn same(queue: &Queue, given: &Values) -> Result<(), AwsError> {
    let known = queue.attributes();
    let differs =
        |(name, value): &(&String, &String)| known.get(*name).map_or("", String::as_str) != *value;
    match given.iter().find(differs) {
        None => Ok(()),
        Some((name, _)) => Err(sqs(
            "QueueNameExists",
            format!(
                "A queue already exists with the same name and a different value for attribute {name}"
            ),
        )),
    }
}

/// DeleteQueue.
pub(in crate::sqs) fn delete(call: &Call<'_>, input: OfQueue) -> Result<Nothing, AwsError> {
    let queue = call.queue(input.queue_url.as_deref())?;
    call.sqs.delete(&queue)?;
    Ok(Nothing {})
}

/// The parameters of GetQueueUrl.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::sqs) struct GetUrl {
    queue_name: Option<String>,
    #[serde(rename = "QueueOwnerAWSAccountId")]
    owner: Option<String>,
}

/// GetQueueUrl.
pub(in crate::sqs) fn url(call: &Call<'_>, input: GetUrl) -> Result<Url, AwsError> {
    let name = input.queue_name.ok_or_else(|| missing("QueueName"))?;
    let is_here = input.owner.is_none_or(|owner| owner == ACCOUNT);
    match call.sqs.queue(call.region, &name).filter(|_| is_here) {
        Some(_) => Ok(Url {
            queue_url: call.url(&name),
        }),
        None => Err(no_such_queue()),
    }
}

/// The parameters of ListQueues.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::sqs) struct List {
    #[serde(default, deserialize_with = "or_default")]
    queue_name_prefix: String,
    max_results: Option<i64>,
    next_token: Option<String>,
}

/// Queue URLs, and how to get more.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::sqs) struct Listed {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    queue_urls: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

/// ListQueues.
pub(in crate::sqs) fn list(call: &Call<'_>, input: List) -> Result<Listed, AwsError> {
    let queues = call.sqs.queues(call.region);
    let names = queues.iter().map(|queue| queue.name.clone());
    let names = names
        .filter(|name| name.starts_with(&input.queue_name_prefix))
        .collect();
    let (names, next_token) = page(names, input.max_results, input.next_token.as_deref())?;
    Ok(Listed {
        queue_urls: names.iter().map(|name| call.url(name)).collect(),
        next_token,
    })
}
