//! ReceiveMessage, with its waiting.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep};

use crate::aws::{AwsError, or_default};
use crate::faults::Fault;
use crate::queue::{Leased, OnExpired};
use crate::sqs::attributes;
use crate::sqs::call::Call;
use crate::sqs::dead_letters::RedrivePolicy;
use crate::sqs::error::{invalid, invalid_value, no_such_queue, unknown_attribute};
use crate::sqs::message_attributes::{self, Attributes};
use crate::sqs::messages::{Envelope, message_id, sequence_number};
use crate::sqs::move_tasks::bury;
use crate::sqs::queue::Queue;
use crate::sqs::service::Sqs;
use crate::sqs::{error, receipts, text};

/// System attributes that can be asked for.
const SYSTEM: [&str; 10] = [
    "All",
    "AWSTraceHeader",
    "ApproximateFirstReceiveTimestamp",
    "ApproximateReceiveCount",
    "DeadLetterQueueSourceArn",
    "MessageDeduplicationId",
    "MessageGroupId",
    "SenderId",
    "SentTimestamp",
    "SequenceNumber",
];

/// How long a lease lasts that ends early on purpose.
const STALE_MS: i64 = 100;

/// The parameters of ReceiveMessage.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::sqs) struct Receive {
    queue_url: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    attribute_names: Vec<String>,
    #[serde(default, deserialize_with = "or_default")]
    message_system_attribute_names: Vec<String>,
    #[serde(default, deserialize_with = "or_default")]
    message_attribute_names: Vec<String>,
    max_number_of_messages: Option<i64>,
    visibility_timeout: Option<i64>,
    wait_time_seconds: Option<i64>,
    receive_request_attempt_id: Option<String>,
}

/// Messages.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::sqs) struct Received {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    messages: Vec<Message>,
}

/// A message as it is received.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Message {
    message_id: String,
    receipt_handle: String,
    #[serde(rename = "MD5OfBody")]
    body_md5: String,
    body: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    attributes: BTreeMap<&'static str, String>,
    #[serde(
        rename = "MD5OfMessageAttributes",
        skip_serializing_if = "Option::is_none"
    )]
    attributes_md5: Option<String>,
    #[serde(skip_serializing_if = "Attributes::is_empty")]
    message_attributes: Attributes,
}

/// A checked request.
struct Wanted {
    limit: usize,
    lease_ms: i64,
    wait: Duration,
    system: Vec<String>,
    attributes: Vec<String>,
    attempt: Option<String>,
}

/// ReceiveMessage.
pub(in crate::sqs) async fn receive(call: &Call<'_>, input: Receive) -> Result<Received, AwsError> {
    let queue = call.queue(input.queue_url.as_deref())?;
    let wanted = check(&queue, input)?;
    let leased = wait(call.sqs, &queue, &wanted).await?;
    if let Some(attempt) = wanted.attempt.clone().filter(|_| !leased.is_empty()) {
        let receipts = leased.iter().map(|leased| leased.receipt).collect();
        queue.note_attempt(attempt, receipts, call.sqs.now_ms());
    }
    let messages = leased
        .into_iter()
        .map(|leased| describe(&queue, leased, &wanted));
    Ok(Received {
        messages: messages.collect(),
    })
}

fn check(queue: &Queue, input: Receive) -> Result<Wanted, AwsError> {
    let values = queue.attributes();
    let limit = input.max_number_of_messages.unwrap_or(1);
    if !(1..=10).contains(&limit) {
        return Err(invalid_value(
            limit,
            "MaxNumberOfMessages",
            "Must be between 1 and 10, if provided.",
        ));
    }
    let wait = input
        .wait_time_seconds
        .unwrap_or_else(|| attributes::number(&values, "ReceiveMessageWaitTimeSeconds"));
    if !(0..=20).contains(&wait) {
        return Err(invalid_value(
            wait,
            "WaitTimeSeconds",
            "Must be >= 0 and <= 20, if provided.",
        ));
    }
    let lease = input
        .visibility_timeout
        .unwrap_or_else(|| attributes::number(&values, "VisibilityTimeout"));
    if !(0..=43_200).contains(&lease) {
        return Err(invalid_value(
            lease,
            "VisibilityTimeout",
            "Must be between 0 and 43200, if provided.",
        ));
    }
    let system: Vec<_> = input
        .attribute_names
        .into_iter()
        .chain(input.message_system_attribute_names)
        .collect();
    if let Some(unknown) = system
        .iter()
        .find(|name| !SYSTEM.contains(&name.as_str()) && !attributes::is_known(name))
    {
        return Err(unknown_attribute(unknown));
    }
    if let Some(attempt) = &input.receive_request_attempt_id {
        if !queue.is_fifo() {
            return Err(invalid(
                "The request include parameter that is not valid for this queue type: ReceiveRequestAttemptId.",
            ));
        }
        text::check_id(attempt, "ReceiveRequestAttemptId")?;
    }
    Ok(Wanted {
        limit: usize::try_from(limit).unwrap_or(1),
        lease_ms: lease * 1000,
        wait: Duration::from_secs(wait.unsigned_abs()),
        system,
        attributes: input.message_attribute_names,
        attempt: input.receive_request_attempt_id,
    })
}

/// Messages as soon as there are some, nothing when the time is over or the emulator ends.
async fn wait(sqs: &Arc<Sqs>, queue: &Queue, wanted: &Wanted) -> Result<Vec<Leased>, AwsError> {
    let deadline = Instant::now() + wanted.wait;
    let mut stopped = sqs.stopped();
    loop {
        // From here on no change goes unseen.
        let mut changed = std::pin::pin!(queue.messages.changed());
        changed.as_mut().enable();
        let leased = take(sqs, queue, wanted)?;
        let left = deadline.saturating_duration_since(Instant::now());
        if !leased.is_empty() || left.is_zero() || *stopped.borrow() {
            return Ok(leased);
        }
        let due = queue
            .messages
            .next_due()
            .map(|due| due.saturating_sub(sqs.now_ms()).max(1));
        let due = due.map(|due| Duration::from_millis(due.unsigned_abs()));
        tokio::select! {
            () = changed => {}
            () = sleep(due.map_or(left, |due| due.min(left))) => {}
            _ = stopped.wait_for(|stopped| *stopped) => {}
        }
    }
}

/// What there is now. Messages that were received too often go to the dead-letter queue on the way.
fn take(sqs: &Sqs, queue: &Queue, wanted: &Wanted) -> Result<Vec<Leased>, AwsError> {
    if sqs
        .queue(&queue.region, &queue.name)
        .is_none_or(|known| known.id() != queue.id())
    {
        return Err(no_such_queue());
    }
    if let Some(receipts) = wanted
        .attempt
        .as_ref()
        .and_then(|id| queue.attempt(id, sqs.now_ms()))
        && let Some(again) = queue.messages.receive_again(&receipts, wanted.lease_ms)?
    {
        return Ok(again);
    }
    let policy = RedrivePolicy::of(&queue.attributes());
    // A queue may name itself, or one that is gone: then messages stay.
    let target = policy
        .as_ref()
        .and_then(|policy| sqs.queue_of_arn(&policy.target_arn));
    let target = target.filter(|target| target.id() != queue.id());
    let max_receives = policy
        .filter(|_| target.is_some())
        .map(|policy| policy.max_receives);
    loop {
        let received = queue
            .messages
            .receive(wanted.limit, wanted.lease_ms, max_receives)?;
        if received.is_over_limit && !queue.is_fifo() {
            return Err(error::sqs("OverLimit", "Too many messages are in flight."));
        }
        if let Some(target) = &target {
            bury(queue, target, &received.exhausted)?;
        }
        if !received.messages.is_empty() || received.exhausted.is_empty() {
            return Ok(misdeliver(sqs, queue, received.messages));
        }
    }
}

/// Does to messages what is planned: leases that end at once, so that the message comes twice, or far too early; and
/// in a standard queue another order.
fn misdeliver(sqs: &Sqs, queue: &Queue, mut messages: Vec<Leased>) -> Vec<Leased> {
    for leased in &messages {
        let cut = match () {
            () if !queue.is_fifo() && sqs.faults.strikes(Fault::Duplicate) => 0,
            () if sqs.faults.strikes(Fault::StaleLease) => STALE_MS,
            () => continue,
        };
        // A message that is gone meanwhile needs no fault.
        let _ = queue
            .messages
            .change_lease(leased.receipt, cut, i64::MAX, OnExpired::Refuse);
    }
    if !queue.is_fifo() && sqs.faults.strikes(Fault::Reorder) {
        messages.reverse();
    }
    messages
}

fn describe(queue: &Queue, leased: Leased, wanted: &Wanted) -> Message {
    let envelope = Envelope::decode(leased.message.envelope.clone());
    let selected = message_attributes::select(&envelope.attributes, &wanted.attributes);
    let (message_attributes, attributes_md5) = selected.unzip();
    let attributes = system_attributes(queue, &leased, &envelope, &wanted.system);
    let body = leased.message.body;
    Message {
        message_id: message_id(leased.message.id),
        receipt_handle: receipts::encode(queue.id(), leased.receipt),
        body_md5: text::md5(&body),
        body: String::from_utf8_lossy(&body).into_owned(),
        attributes,
        attributes_md5,
        message_attributes: message_attributes.unwrap_or_default(),
    }
}

fn system_attributes(
    queue: &Queue,
    leased: &Leased,
    envelope: &Envelope,
    wanted: &[String],
) -> BTreeMap<&'static str, String> {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let all = [
        ("AWSTraceHeader", some(&envelope.trace)),
        (
            "ApproximateFirstReceiveTimestamp",
            Some(leased.first_leased_ms.to_string()),
        ),
        ("ApproximateReceiveCount", Some(leased.receives.to_string())),
        ("DeadLetterQueueSourceArn", some(&envelope.dead_letter_of)),
        ("MessageDeduplicationId", some(&envelope.dedup_id)),
        (
            "MessageGroupId",
            leased.message.group.as_deref().and_then(some),
        ),
        ("SenderId", some(&envelope.sender)),
        ("SentTimestamp", Some(leased.message.sent_ms.to_string())),
        (
            "SequenceNumber",
            queue
                .is_fifo()
                .then(|| sequence_number(leased.receipt.offset)),
        ),
    ];
    let is_wanted = |name: &str| {
        wanted
            .iter()
            .any(|wanted| wanted == name || wanted == "All")
    };
    let all = all.into_iter().filter(|(name, _)| is_wanted(name));
    all.filter_map(|(name, value)| Some((name, value?)))
        .collect()
}
