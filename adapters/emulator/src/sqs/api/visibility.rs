//! ChangeMessageVisibility and ChangeMessageVisibilityBatch.

use serde::Deserialize;

use super::Nothing;
use crate::aws::{AwsError, or_default};
use crate::queue::{LeaseTooLong, OnExpired, Settled};
use crate::sqs::call::Call;
use crate::sqs::entries::{self, BatchResult, Done};
use crate::sqs::error::{invalid_value, missing};
use crate::sqs::queue::Queue;
use crate::sqs::receipts;

/// How long a message can be invisible in all, in seconds.
const LONGEST: i64 = 43_200;

/// The parameters of ChangeMessageVisibility, and of an entry of ChangeMessageVisibilityBatch.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::sqs) struct Change {
    queue_url: Option<String>,
    id: Option<String>,
    receipt_handle: Option<String>,
    visibility_timeout: Option<i64>,
}

/// ChangeMessageVisibility.
pub(in crate::sqs) fn change(call: &Call<'_>, input: Change) -> Result<Nothing, AwsError> {
    let queue = call.queue(input.queue_url.as_deref())?;
    change_one(&queue, &input)?;
    Ok(Nothing {})
}

/// The parameters of ChangeMessageVisibilityBatch.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::sqs) struct ChangeBatch {
    queue_url: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    entries: Vec<Change>,
}

/// ChangeMessageVisibilityBatch.
pub(in crate::sqs) fn change_batch(
    call: &Call<'_>,
    input: ChangeBatch,
) -> Result<BatchResult<Done>, AwsError> {
    let queue = call.queue(input.queue_url.as_deref())?;
    let ids = input.entries.iter().map(|entry| entry.id.as_deref());
    entries::check("ChangeMessageVisibilityBatchRequestEntry", ids)?;
    let results = input.entries.into_iter().map(|entry| {
        let result = change_one(&queue, &entry);
        let id = entry.id.unwrap_or_default();
        (id.clone(), result.map(|()| Done { id }))
    });
    Ok(BatchResult::of(results))
}

fn change_one(queue: &Queue, entry: &Change) -> Result<(), AwsError> {
    let handle = entry
        .receipt_handle
        .as_deref()
        .ok_or_else(|| missing("ReceiptHandle"))?;
    let seconds = entry
        .visibility_timeout
        .ok_or_else(|| missing("VisibilityTimeout"))?;
    if !(0..=LONGEST).contains(&seconds) {
        let reason = format!("VisibilityTimeout must be an integer between 0 and {LONGEST}.");
        return Err(invalid_value(seconds, "VisibilityTimeout", &reason));
    }
    let receipt = receipts::decode(queue.id(), handle)?;
    // AWS documents MessageNotInflight for messages that are not in flight, but hides them again.
    let on_expired = match queue.is_fifo() {
        true => OnExpired::Refuse,
        false => OnExpired::Settle,
    };
    let changed = queue
        .messages
        .change_lease(receipt, seconds * 1000, LONGEST * 1000, on_expired);
    queue.forget_attempts(receipt);
    match changed {
        Ok(Settled::Done) => Ok(()),
        Ok(Settled::Expired) => Err(invalid_value(
            handle,
            "ReceiptHandle",
            "The receipt handle has expired.",
        )),
        Ok(Settled::Gone | Settled::Superseded) => Err(invalid_value(
            handle,
            "ReceiptHandle",
            "Message does not exist or is not available for visibility timeout change.",
        )),
        Err(LeaseTooLong) => {
            let reason = format!(
                "Total VisibilityTimeout for the message is beyond the limit [{LONGEST} seconds]."
            );
            Err(invalid_value(seconds, "VisibilityTimeout", &reason))
        }
    }
}
