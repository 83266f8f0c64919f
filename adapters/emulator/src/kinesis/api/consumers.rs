//! RegisterStreamConsumer, DeregisterStreamConsumer, DescribeStreamConsumer, ListStreamConsumers.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{tags, tokens};
use crate::aws::{ACCOUNT, AwsError};
use crate::kinesis::about::{About, Consumer, Status};
use crate::kinesis::call::Call;
use crate::kinesis::checks::Checks;
use crate::kinesis::error::{in_use, invalid, no_such_stream, over_limit};
use crate::kinesis::names::{consumer_arn, stream_arn};
use crate::kinesis::resource::{Resource, find_consumer, no_such_consumer};
use crate::kinesis::stream::DataStream;
use crate::kinesis::wire::Timestamp;

/// Consumers of one stream.
const CONSUMERS: usize = 20;

/// Consumers of one answer, for those who do not say.
const PAGE: i64 = 100;

/// A consumer in answers.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct View {
    consumer_name: String,
    #[serde(rename = "ConsumerARN")]
    consumer_arn: String,
    consumer_status: &'static str,
    consumer_creation_timestamp: Timestamp,
    #[serde(rename = "StreamARN", skip_serializing_if = "Option::is_none")]
    stream_arn: Option<String>,
}

impl View {
    fn new(about: &About, name: &str, consumer: &Consumer, now_ms: i64) -> Self {
        Self {
            consumer_name: name.to_owned(),
            consumer_arn: consumer_arn(&about.region, &about.name, name, consumer.created_ms),
            consumer_status: consumer.status(now_ms).name(),
            consumer_creation_timestamp: Timestamp(consumer.created_ms),
            stream_arn: None,
        }
    }
}

/// The parameters of RegisterStreamConsumer.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::kinesis) struct Register {
    #[serde(rename = "StreamARN")]
    stream_arn: Option<String>,
    consumer_name: Option<String>,
    tags: Option<BTreeMap<String, String>>,
}

/// The result of RegisterStreamConsumer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::kinesis) struct Registered {
    consumer: View,
}

/// RegisterStreamConsumer.
pub(in crate::kinesis) fn register(
    call: &Call<'_>,
    input: Register,
) -> Result<Registered, AwsError> {
    let mut checks = Checks::default();
    checks.required("streamARN", input.stream_arn.as_ref());
    checks.required_name("consumerName", input.consumer_name.as_deref());
    checks.done()?;
    let name = input.consumer_name.unwrap_or_default();
    let tags = input.tags.unwrap_or_default();
    tags::check(&tags)?;
    let stream = call.stream(None, input.stream_arn.as_deref())?;
    let (now_ms, end_ms) = (call.now_ms(), call.kinesis.change_end_ms());
    let view = call.update(&stream, |about| {
        about
            .consumers
            .retain(|_, consumer| !consumer.is_gone(now_ms));
        if about.consumers.contains_key(&name) {
            return Err(in_use(format!(
                "Consumer {name} under stream {} already exists for account {ACCOUNT}.",
                about.name
            )));
        }
        if about.consumers.len() >= CONSUMERS {
            return Err(over_limit(format!(
                "Stream {} under account {ACCOUNT} has {CONSUMERS} consumers, the limit.",
                about.name
            )));
        }
        let consumer = Consumer {
            created_ms: now_ms,
            policy: None,
            tags,
            change: Some((Status::Creating, end_ms)),
        };
        let mut view = View::new(about, &name, &consumer, now_ms);
        // It is made now, however soon it is ready.
        view.consumer_status = Status::Creating.name();
        about.consumers.insert(name, consumer);
        Ok(view)
    })?;
    Ok(Registered { consumer: view })
}

/// The parameters of those that take nothing but a consumer.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::kinesis) struct OfConsumer {
    #[serde(rename = "StreamARN")]
    stream_arn: Option<String>,
    consumer_name: Option<String>,
    #[serde(rename = "ConsumerARN")]
    consumer_arn: Option<String>,
}

impl OfConsumer {
    /// The consumer's stream and name.
    fn find(&self, call: &Call<'_>) -> Result<(Arc<DataStream>, String), AwsError> {
        let mut checks = Checks::default();
        checks.consumer_arn("consumerARN", self.consumer_arn.as_deref());
        checks.name("consumerName", self.consumer_name.as_deref());
        checks.done()?;
        if let Some(arn) = &self.consumer_arn {
            let found = Resource::find(call, Some(arn))?;
            return Ok((found.stream, found.consumer.unwrap_or_default()));
        }
        let (Some(arn), Some(name)) = (&self.stream_arn, &self.consumer_name) else {
            return Err(invalid(
                "Either ConsumerARN or both StreamARN and ConsumerName have to be provided.",
            ));
        };
        let stream = call.stream(None, Some(arn))?;
        let about = stream.about();
        match find_consumer(&about, name, call.now_ms()) {
            Some(_) => Ok((stream, name.clone())),
            None => Err(no_such_consumer(name, &about.name)),
        }
    }
}

/// DeregisterStreamConsumer.
pub(in crate::kinesis) fn deregister(call: &Call<'_>, input: OfConsumer) -> Result<(), AwsError> {
    let (stream, name) = input.find(call)?;
    let (now_ms, end_ms) = (call.now_ms(), call.kinesis.change_end_ms());
    stream.update(call.kinesis.store(), |about, _| {
        if let Some(consumer) = about.consumers.get_mut(&name) {
            consumer.change = Some((Status::Deleting, end_ms));
        }
        about
            .consumers
            .retain(|_, consumer| !consumer.is_gone(now_ms));
        Ok(())
    })
}

/// The result of DescribeStreamConsumer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::kinesis) struct Described {
    consumer_description: View,
}

/// DescribeStreamConsumer.
pub(in crate::kinesis) fn describe(
    call: &Call<'_>,
    input: OfConsumer,
) -> Result<Described, AwsError> {
    let (stream, name) = input.find(call)?;
    let (about, now_ms) = (stream.about(), call.now_ms());
    let consumer = find_consumer(&about, &name, now_ms);
    let consumer = consumer.ok_or_else(|| no_such_consumer(&name, &about.name))?;
    let mut view = View::new(&about, &name, consumer, now_ms);
    view.stream_arn = Some(stream_arn(&about.region, &about.name));
    Ok(Described {
        consumer_description: view,
    })
}

/// The parameters of ListStreamConsumers.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::kinesis) struct List {
    #[serde(rename = "StreamARN")]
    stream_arn: Option<String>,
    next_token: Option<String>,
    max_results: Option<i64>,
    stream_creation_timestamp: Option<Timestamp>,
}

/// The result of ListStreamConsumers.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::kinesis) struct Listed {
    consumers: Vec<View>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

/// ListStreamConsumers.
pub(in crate::kinesis) fn list(call: &Call<'_>, input: List) -> Result<Listed, AwsError> {
    let mut checks = Checks::default();
    checks.required("streamARN", input.stream_arn.as_ref());
    checks.range("maxResults", input.max_results, (1, 10_000));
    checks.done()?;
    let stream = call.stream(None, input.stream_arn.as_deref())?;
    let (about, now_ms) = (stream.about(), call.now_ms());
    let is_other = |time: Timestamp| time.0 / 1000 != about.created_ms / 1000;
    if input.stream_creation_timestamp.is_some_and(is_other) {
        return Err(no_such_stream(&about.name));
    }
    let after: Option<String> = match &input.next_token {
        Some(token) => Some(tokens::open(token, now_ms)?),
        None => None,
    };
    let limit = usize::try_from(input.max_results.unwrap_or(PAGE)).unwrap_or(1);
    let consumers = about.consumers.iter().filter(|(name, consumer)| {
        !consumer.is_gone(now_ms) && after.as_ref().is_none_or(|after| *name > after)
    });
    let mut consumers: Vec<_> = consumers.take(limit + 1).collect();
    let is_last = consumers.len() <= limit;
    consumers.truncate(limit);
    let last = consumers.last().filter(|_| !is_last);
    Ok(Listed {
        next_token: last.map(|(name, _)| tokens::seal(name, now_ms)),
        consumers: consumers
            .into_iter()
            .map(|(name, consumer)| View::new(&about, name, consumer, now_ms))
            .collect(),
    })
}
