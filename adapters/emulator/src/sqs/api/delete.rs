//! DeleteMessage and DeleteMessageBatch.

use serde::Deserialize;

use super::Nothing;
use crate::aws::{AwsError, or_default};
use crate::queue::{OnExpired, Settled};
use crate::sqs::call::Call;
use crate::sqs::entries::{self, BatchResult, Done};
use crate::sqs::error::{self, invalid_value, missing};
use crate::sqs::queue::Queue;
use crate::sqs::receipts;

/// The parameters of DeleteMessage, and of an entry of DeleteMessageBatch.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::sqs) struct Delete {
    queue_url: Option<String>,
    id: Option<String>,
    receipt_handle: Option<String>,
}

/// DeleteMessage.
pub(in crate::sqs) fn delete(call: &Call<'_>, input: Delete) -> Result<Nothing, AwsError> {
    let queue = call.queue(input.queue_url.as_deref())?;
    let mut results = delete_all(&queue, &[input])?;
    results.pop().unwrap_or(Ok(())).map(|()| Nothing {})
}

/// The parameters of DeleteMessageBatch.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::sqs) struct DeleteBatch {
    queue_url: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    entries: Vec<Delete>,
}

/// DeleteMessageBatch.
pub(in crate::sqs) fn delete_batch(
    call: &Call<'_>,
    input: DeleteBatch,
) -> Result<BatchResult<Done>, AwsError> {
    let queue = call.queue(input.queue_url.as_deref())?;
    let ids = input.entries.iter().map(|entry| entry.id.as_deref());
    entries::check("DeleteMessageBatchRequestEntry", ids)?;
    let results = delete_all(&queue, &input.entries)?;
    let results = input
        .entries
        .into_iter()
        .zip(results)
        .map(|(entry, result)| {
            let id = entry.id.unwrap_or_default();
            (id.clone(), result.map(|()| Done { id }))
        });
    Ok(BatchResult::of(results))
}

/// Deletes what can be deleted, with one write.
fn delete_all(queue: &Queue, entries: &[Delete]) -> Result<Vec<Result<(), AwsError>>, AwsError> {
    // A FIFO queue refuses a receipt whose lease is over: the message may be with somebody else soon.
    let on_expired = match queue.is_fifo() {
        true => OnExpired::Refuse,
        false => OnExpired::Settle,
    };
    let decoded = entries.iter().map(|entry| {
        let handle = entry
            .receipt_handle
            .as_deref()
            .ok_or_else(|| missing("ReceiptHandle"))?;
        receipts::decode(queue.id(), handle)
    });
    let decoded: Vec<_> = decoded.collect();
    let known: Vec<_> = decoded.iter().flatten().copied().collect();
    let settled = queue.messages.settle(&known, on_expired);
    let mut settled = settled.map_err(error::store)?.into_iter();
    let judge = |(decoded, entry): (Result<_, AwsError>, &Delete)| {
        decoded?;
        match settled.next() {
            Some(Settled::Expired) => {
                Err(expired(entry.receipt_handle.as_deref().unwrap_or_default()))
            }
            // The message is gone, or with somebody else: AWS says that all is well.
            _ => Ok(()),
        }
    };
    Ok(decoded.into_iter().zip(entries).map(judge).collect())
}

fn expired(handle: &str) -> AwsError {
    invalid_value(handle, "ReceiptHandle", "The receipt handle has expired.")
}
