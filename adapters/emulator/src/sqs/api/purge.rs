//! PurgeQueue.

use super::{Nothing, OfQueue};
use crate::aws::AwsError;
use crate::sqs::call::Call;
use crate::sqs::error::sqs;

/// Time between two purges of a queue.
const PAUSE_MS: i64 = 60_000;

/// PurgeQueue.
pub(in crate::sqs) fn purge(call: &Call<'_>, input: OfQueue) -> Result<Nothing, AwsError> {
    let queue = call.queue(input.queue_url.as_deref())?;
    if queue.purged_within(PAUSE_MS, call.sqs.now_ms()) {
        let name = &queue.name;
        return Err(sqs(
            "PurgeQueueInProgress",
            format!("Only one PurgeQueue operation on {name} is allowed every 60 seconds."),
        ));
    }
    queue.messages.purge()?;
    Ok(Nothing {})
}
