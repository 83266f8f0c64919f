//! The errors of SQS: shape, code of the query protocol, status.

use std::borrow::Cow;

use crate::aws::{AwsError, Protocol};
use crate::store::StoreError;

/// Codes of the query protocol that differ from the shape's name: shape, code, status.
const CODES: [(&str, &str, u16); 12] = [
    (
        "BatchEntryIdsNotDistinct",
        "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
        400,
    ),
    (
        "BatchRequestTooLong",
        "AWS.SimpleQueueService.BatchRequestTooLong",
        400,
    ),
    (
        "EmptyBatchRequest",
        "AWS.SimpleQueueService.EmptyBatchRequest",
        400,
    ),
    (
        "InvalidBatchEntryId",
        "AWS.SimpleQueueService.InvalidBatchEntryId",
        400,
    ),
    (
        "MessageNotInflight",
        "AWS.SimpleQueueService.MessageNotInflight",
        400,
    ),
    ("OverLimit", "OverLimit", 403),
    (
        "PurgeQueueInProgress",
        "AWS.SimpleQueueService.PurgeQueueInProgress",
        403,
    ),
    (
        "QueueDoesNotExist",
        "AWS.SimpleQueueService.NonExistentQueue",
        400,
    ),
    ("QueueNameExists", "QueueAlreadyExists", 400),
    ("ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid", 404),
    (
        "TooManyEntriesInBatchRequest",
        "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
        400,
    ),
    (
        "UnsupportedOperation",
        "AWS.SimpleQueueService.UnsupportedOperation",
        400,
    ),
];

/// An error of the model of SQS.
pub(super) fn sqs(shape: &'static str, message: impl Into<Cow<'static, str>>) -> AwsError {
    let known = CODES.iter().find(|(name, ..)| *name == shape);
    let (code, status) = known.map_or((shape, 400), |(_, code, status)| (*code, *status));
    AwsError {
        status,
        kind: format!("com.amazonaws.sqs#{shape}"),
        code,
        message: message.into(),
    }
}

/// There is no such queue.
pub(super) fn no_such_queue() -> AwsError {
    sqs("QueueDoesNotExist", "The specified queue does not exist.")
}

/// The error in the words of the request's protocol.
pub(super) fn in_protocol(error: AwsError, protocol: Protocol) -> AwsError {
    match protocol == Protocol::Query && error == no_such_queue() {
        true => AwsError {
            message: "The specified queue does not exist for this wsdl version.".into(),
            ..error
        },
        false => error,
    }
}

/// What became of a write to a queue that may have been deleted in the meantime.
pub(super) fn store(error: StoreError) -> AwsError {
    match error {
        StoreError::Deleted => no_such_queue(),
        error => error.into(),
    }
}

/// A parameter has a value that is not allowed.
pub(super) fn invalid(message: impl Into<Cow<'static, str>>) -> AwsError {
    AwsError::coral(400, "InvalidParameterValue", message)
}

/// The same, in the usual words.
pub(super) fn invalid_value(
    value: impl std::fmt::Display,
    parameter: &str,
    reason: &str,
) -> AwsError {
    invalid(format!(
        "Value {value} for parameter {parameter} is invalid. Reason: {reason}"
    ))
}

/// A parameter is missing.
pub(super) fn missing(parameter: &str) -> AwsError {
    let message = format!("The request must contain the parameter {parameter}.");
    AwsError::coral(400, "MissingParameter", message)
}

/// An attribute of a queue that there is not.
pub(super) fn unknown_attribute(name: &str) -> AwsError {
    sqs("InvalidAttributeName", format!("Unknown Attribute {name}."))
}

/// A value that an attribute of a queue cannot have.
pub(super) fn bad_attribute(name: &str) -> AwsError {
    sqs(
        "InvalidAttributeValue",
        format!("Invalid value for the parameter {name}."),
    )
}
