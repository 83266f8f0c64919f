//! The errors of Kinesis.

use std::borrow::Cow;

use crate::aws::{ACCOUNT, AwsError};
use crate::store::StoreError;

/// An error of the model of Kinesis.
pub(super) fn kinesis(shape: &'static str, message: impl Into<Cow<'static, str>>) -> AwsError {
    AwsError {
        status: if shape == "InternalFailureException" {
            500
        } else {
            400
        },
        kind: shape.to_owned(),
        code: shape,
        message: message.into(),
    }
}

/// A parameter that fits the model but makes no sense.
pub(super) fn invalid(message: impl Into<Cow<'static, str>>) -> AwsError {
    kinesis("InvalidArgumentException", message)
}

/// There is no such thing.
pub(super) fn not_found(message: impl Into<Cow<'static, str>>) -> AwsError {
    kinesis("ResourceNotFoundException", message)
}

/// Something is not in the state that the operation needs.
pub(super) fn in_use(message: impl Into<Cow<'static, str>>) -> AwsError {
    kinesis("ResourceInUseException", message)
}

/// Too much of something.
pub(super) fn over_limit(message: impl Into<Cow<'static, str>>) -> AwsError {
    kinesis("LimitExceededException", message)
}

/// There is no such stream.
pub(super) fn no_such_stream(name: &str) -> AwsError {
    not_found(format!("Stream {name} under account {ACCOUNT} not found."))
}

/// There is no such shard.
pub(super) fn no_such_shard(shard: &str, stream: &str) -> AwsError {
    not_found(format!(
        "Could not find shard {shard} in stream {stream} under account {ACCOUNT}."
    ))
}

/// The emulator's own trouble, or the stream went away meanwhile.
pub(super) fn store(error: StoreError, stream: &str) -> AwsError {
    match error {
        StoreError::Deleted => no_such_stream(stream),
        error => internal(error.to_string()),
    }
}

/// The emulator's own trouble.
pub(super) fn internal(message: impl Into<Cow<'static, str>>) -> AwsError {
    kinesis("InternalFailureException", message)
}
