//! Errors as AWS answers them, in every protocol.

use std::borrow::Cow;
use std::fmt::Display;

use crate::store::StoreError;

/// An error answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AwsError {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The shape's full name, `__type` of the JSON protocols.
    pub(crate) kind: String,
    /// The code of the query protocol.
    pub(crate) code: &'static str,
    /// What is wrong, for people.
    pub(crate) message: Cow<'static, str>,
}

impl AwsError {
    /// An error that all services share.
    pub(crate) fn coral(
        status: u16,
        code: &'static str,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        let shape = match code {
            "MissingParameter" => "MissingRequiredParameter",
            "InvalidAction" => "UnknownOperation",
            "MalformedInput" => "Serialization",
            "ThrottlingException" => "Throttling",
            other => other,
        };
        Self {
            status,
            kind: format!("com.amazon.coral.service#{shape}Exception"),
            code,
            message: message.into(),
        }
    }

    /// The body of the request is not what the operation takes.
    pub(crate) fn malformed(reason: impl Display) -> Self {
        Self::coral(
            400,
            "MalformedInput",
            format!("the request cannot be read: {reason}"),
        )
    }

    /// Whether the caller is to blame.
    pub(crate) fn is_senders(&self) -> bool {
        self.status < 500
    }

    /// `Sender` or `Receiver`.
    pub(crate) fn fault(&self) -> &'static str {
        match self.is_senders() {
            true => "Sender",
            false => "Receiver",
        }
    }
}

impl From<StoreError> for AwsError {
    /// The emulator's own trouble; the message says which.
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::OutOfMemory { .. } => {
                Self::coral(503, "ServiceUnavailable", error.to_string())
            }
            error => Self::coral(500, "InternalFailure", error.to_string()),
        }
    }
}
