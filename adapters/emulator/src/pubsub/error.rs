//! Errors in the words of Pub/Sub.

use std::collections::BTreeMap;

use prost::Message;
use prost_types::Any;
use tonic::{Code, Status};

use super::proto::rpc;
use crate::store::StoreError;

/// There is no such resource; `name` is its whole name.
pub(super) fn not_found(name: &str) -> Status {
    Status::not_found(format!("Resource not found (resource={}).", last(name)))
}

/// The name is taken.
pub(super) fn already_exists(name: &str) -> Status {
    Status::already_exists(format!(
        "Resource already exists in the project (resource={}).",
        last(name)
    ))
}

/// An argument does not hold.
pub(super) fn invalid(message: impl Into<String>) -> Status {
    Status::invalid_argument(message)
}

/// `value` of `field` is below `least` or above `most`.
pub(super) fn out_of_bounds(field: &str, value: i64, least: i64, most: i64) -> Status {
    let (size, word, bound) = match value < least {
        true => ("small", "minimum", least),
        false => ("large", "maximum", most),
    };
    invalid(format!(
        "The value for {field} is too {size}. You passed {value} in the request, but the {word} value is {bound}."
    ))
}

/// Something that the real service has and this one has not.
pub(super) fn unsupported(what: &str) -> Status {
    Status::unimplemented(format!("this emulator has no {what}"))
}

/// What the store refused.
pub(super) fn store(error: StoreError) -> Status {
    match error {
        StoreError::OutOfMemory { .. } => Status::resource_exhausted(error.to_string()),
        StoreError::TooLarge => invalid(error.to_string()),
        StoreError::Deleted => Status::not_found("Resource not found (it was just deleted)."),
        _ => Status::internal(error.to_string()),
    }
}

/// Ack ids of a subscription with exactly-once delivery that are not good any more.
pub(super) fn invalid_ack_ids(ids: impl IntoIterator<Item = String>) -> Status {
    let permanent = |id| (id, "PERMANENT_FAILURE_INVALID_ACK_ID".to_owned());
    let metadata = ids.into_iter().map(permanent).collect();
    let message = "Some acknowledgement ids in the request were invalid. This could be because the acknowledgement \
                   ids have expired or the acknowledgement ids were malformed.";
    let reason = "EXACTLY_ONCE_ACKID_FAILURE";
    explained(Code::InvalidArgument, message, reason, metadata)
}

/// An error with what machines can read of its cause.
pub(super) fn explained(
    code: Code,
    message: &str,
    reason: &str,
    metadata: BTreeMap<String, String>,
) -> Status {
    let info = rpc::ErrorInfo {
        reason: reason.to_owned(),
        domain: "pubsub.googleapis.com".to_owned(),
        metadata,
    };
    let status = rpc::Status {
        code: code.into(),
        message: message.to_owned(),
        details: vec![Any {
            type_url: "type.googleapis.com/google.rpc.ErrorInfo".to_owned(),
            value: info.encode_to_vec(),
        }],
    };
    Status::with_details(code, message, status.encode_to_vec().into())
}

/// The last part of a resource's name.
fn last(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}
