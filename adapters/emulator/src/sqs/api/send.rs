//! SendMessage and SendMessageBatch.

use serde::{Deserialize, Serialize};

use crate::aws::{AwsError, or_default};
use crate::sqs::MESSAGE_BYTES;
use crate::sqs::call::Call;
use crate::sqs::entries::{self, BatchResult};
use crate::sqs::error::{invalid, sqs};
use crate::sqs::message_attributes::Attributes;
use crate::sqs::messages::{self, Parameters, Receipted};

/// The parameters of SendMessage, and of an entry of SendMessageBatch.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::sqs) struct Send {
    queue_url: Option<String>,
    id: Option<String>,
    message_body: Option<String>,
    delay_seconds: Option<i64>,
    message_attributes: Option<Attributes>,
    message_system_attributes: Option<Attributes>,
    message_deduplication_id: Option<String>,
    message_group_id: Option<String>,
}

impl Send {
    fn parameters(self, call: &Call<'_>) -> Parameters {
        Parameters {
            body: self.message_body,
            delay_seconds: self.delay_seconds,
            attributes: self.message_attributes.unwrap_or_default(),
            system_attributes: self.message_system_attributes.unwrap_or_default(),
            trace: call.trace.map(str::to_owned),
            dedup_id: self.message_deduplication_id,
            group_id: self.message_group_id,
        }
    }
}

/// What the sender learns.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::sqs) struct Sent {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    message_id: String,
    #[serde(rename = "MD5OfMessageBody")]
    body_md5: String,
    #[serde(
        rename = "MD5OfMessageAttributes",
        skip_serializing_if = "Option::is_none"
    )]
    attributes_md5: Option<String>,
    #[serde(
        rename = "MD5OfMessageSystemAttributes",
        skip_serializing_if = "Option::is_none"
    )]
    system_md5: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence_number: Option<String>,
}

impl Sent {
    fn new(id: Option<String>, sent: Receipted) -> Self {
        Self {
            id,
            message_id: sent.message_id,
            body_md5: sent.body_md5,
            attributes_md5: sent.attributes_md5,
            system_md5: sent.system_md5,
            sequence_number: sent.sequence_number,
        }
    }
}

/// SendMessage.
pub(in crate::sqs) fn send(call: &Call<'_>, input: Send) -> Result<Sent, AwsError> {
    let queue = call.queue(input.queue_url.as_deref())?;
    let checked = messages::check(&queue, input.parameters(call))?;
    Ok(Sent::new(None, messages::send(&queue, checked)?))
}

/// The parameters of SendMessageBatch.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::sqs) struct SendBatch {
    queue_url: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    entries: Vec<Send>,
}

/// SendMessageBatch.
pub(in crate::sqs) fn send_batch(
    call: &Call<'_>,
    input: SendBatch,
) -> Result<BatchResult<Sent>, AwsError> {
    let queue = call.queue(input.queue_url.as_deref())?;
    let ids = input.entries.iter().map(|entry| entry.id.as_deref());
    entries::check("SendMessageBatchRequestEntry", ids)?;
    for entry in &input.entries {
        let ids = (
            entry.message_group_id.is_some(),
            entry.message_deduplication_id.is_some(),
        );
        messages::check_ids(&queue, ids).map_err(|error| invalid(error.message))?;
    }
    let checked = input.entries.into_iter().map(|mut entry| {
        let id = entry.id.take().unwrap_or_default();
        let bytes = entry.message_body.as_ref().map_or(0, String::len);
        let checked = messages::check(&queue, entry.parameters(call));
        // What is wrong with one entry does not make the batch too long, but its body counts.
        let size = checked.as_ref().map_or(bytes, |checked| checked.size);
        (id, size, checked)
    });
    let checked: Vec<_> = checked.collect();
    let total: usize = checked.iter().map(|(_, size, _)| size).sum();
    if total > MESSAGE_BYTES {
        return Err(sqs(
            "BatchRequestTooLong",
            format!(
                "Batch requests cannot be longer than {MESSAGE_BYTES} bytes. You have sent {total} bytes."
            ),
        ));
    }
    let results = checked.into_iter().map(|(id, _, checked)| {
        let sent = checked.and_then(|checked| messages::send(&queue, checked));
        let sent = sent.map(|sent| Sent::new(Some(id.clone()), sent));
        (id, sent)
    });
    Ok(BatchResult::of(results))
}
