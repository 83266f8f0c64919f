//! The one table of what is served: it drives dispatch and [`crate::aws::coverage`].

use std::future::Future;
use std::pin::Pin;

use super::api::{
    attributes, dead_letters, delete, move_tasks, permissions, purge, queues, receive, send, tags,
    visibility,
};
use super::call::{Call, Output};
use super::error;
use crate::aws::{AwsError, Input};
use crate::faults::Fault;

/// The result of an operation that waits.
type Later<'a> = Pin<Box<dyn Future<Output = Result<Output, AwsError>> + Send + 'a>>;

/// How an operation is run.
enum Run {
    /// It answers at once.
    Now(fn(&Call<'_>, Input) -> Result<Output, AwsError>),
    /// It may wait.
    Later(for<'a> fn(&'a Call<'a>, Input) -> Later<'a>),
}

/// One operation.
struct Operation {
    name: &'static str,
    run: Run,
    /// What is missing, or empty.
    missing: &'static str,
}

/// An [`Operation`] that answers at once.
macro_rules! operation {
    ($name:literal, $handler:path) => {
        operation!($name, $handler, "")
    };
    ($name:literal, $handler:path, $missing:expr) => {
        Operation {
            name: $name,
            run: Run::Now(|call, input| call.output(&$handler(call, call.parse(input)?)?)),
            missing: $missing,
        }
    };
}

/// Every operation of SQS, by name.
const OPERATIONS: &[Operation] = &[
    operation!(
        "AddPermission",
        permissions::add,
        "policies are kept and shown, but not enforced"
    ),
    operation!("CancelMessageMoveTask", move_tasks::cancel),
    operation!("ChangeMessageVisibility", visibility::change),
    operation!("ChangeMessageVisibilityBatch", visibility::change_batch),
    operation!(
        "CreateQueue",
        queues::create,
        "a name can be used again at once after DeleteQueue; encryption and policies are kept and shown, but not done"
    ),
    operation!("DeleteMessage", delete::delete),
    operation!("DeleteMessageBatch", delete::delete_batch),
    operation!("DeleteQueue", queues::delete),
    operation!("GetQueueAttributes", attributes::get),
    operation!("GetQueueUrl", queues::url, "queues of other accounts"),
    operation!("ListDeadLetterSourceQueues", dead_letters::sources),
    operation!(
        "ListMessageMoveTasks",
        move_tasks::list,
        "tasks do not outlive the process"
    ),
    operation!("ListQueueTags", tags::list),
    operation!("ListQueues", queues::list),
    operation!("PurgeQueue", purge::purge),
    Operation {
        name: "ReceiveMessage",
        run: Run::Later(|call, input| Box::pin(receive_later(call, input))),
        missing: "",
    },
    operation!("RemovePermission", permissions::remove),
    operation!("SendMessage", send::send),
    operation!("SendMessageBatch", send::send_batch),
    operation!(
        "SetQueueAttributes",
        attributes::set,
        "encryption and policies are kept and shown, but not done"
    ),
    operation!(
        "StartMessageMoveTask",
        move_tasks::start,
        "tasks do not outlive the process"
    ),
    operation!("TagQueue", tags::tag),
    operation!("UntagQueue", tags::untag),
];

async fn receive_later(call: &Call<'_>, input: Input) -> Result<Output, AwsError> {
    let result = receive::receive(call, call.parse(input)?).await?;
    call.output(&result)
}

/// Runs an operation.
///
/// # Errors
/// As the operation has them, or there is none of that name.
pub(crate) async fn answer(
    call: &Call<'_>,
    operation: &str,
    input: Input,
) -> Result<Output, AwsError> {
    if call.sqs.faults.strikes(Fault::Throttle) {
        return Err(AwsError::coral(400, "ThrottlingException", "Rate exceeded"));
    }
    let found = OPERATIONS.iter().find(|known| known.name == operation);
    let found = found.filter(|_| !call.is_of_queue() || !OF_ACCOUNT.contains(&operation));
    let answered = match found.map(|found| &found.run) {
        Some(Run::Now(run)) => run(call, input),
        Some(Run::Later(run)) => run(call, input).await,
        None => {
            let message = format!("The action {operation} is not valid for this endpoint.");
            Err(AwsError::coral(400, "InvalidAction", message))
        }
    };
    answered.map_err(|error| error::in_protocol(error, call.protocol))
}

/// Operations that a queue's own URL does not have.
const OF_ACCOUNT: [&str; 2] = ["CreateQueue", "ListQueues"];

/// The operations, and what is missing of each.
pub(crate) fn operations() -> impl Iterator<Item = (&'static str, &'static str)> {
    OPERATIONS
        .iter()
        .map(|operation| (operation.name, operation.missing))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The operations of version 2012-11-05 of the API.
    const ALL: [&str; 23] = [
        "AddPermission",
        "CancelMessageMoveTask",
        "ChangeMessageVisibility",
        "ChangeMessageVisibilityBatch",
        "CreateQueue",
        "DeleteMessage",
        "DeleteMessageBatch",
        "DeleteQueue",
        "GetQueueAttributes",
        "GetQueueUrl",
        "ListDeadLetterSourceQueues",
        "ListMessageMoveTasks",
        "ListQueueTags",
        "ListQueues",
        "PurgeQueue",
        "ReceiveMessage",
        "RemovePermission",
        "SendMessage",
        "SendMessageBatch",
        "SetQueueAttributes",
        "StartMessageMoveTask",
        "TagQueue",
        "UntagQueue",
    ];

    #[test]
    fn every_operation_of_the_api_is_in_the_table() {
        assert!(operations().map(|(name, _)| name).eq(ALL));
    }
}
