//! Errors as they go over the wire.

use super::{DecodeError, Value};

/// The conditions of errors; those with a dot are Event Hubs' own.
pub(crate) mod condition {
    pub(crate) const NOT_FOUND: &str = "amqp:not-found";
    pub(crate) const UNAUTHORIZED: &str = "amqp:unauthorized-access";
    pub(crate) const DECODE: &str = "amqp:decode-error";
    pub(crate) const FRAMING: &str = "amqp:connection:framing-error";
    pub(crate) const FORCED: &str = "amqp:connection:forced";
    pub(crate) const INTERNAL: &str = "amqp:internal-error";
    pub(crate) const INVALID_FIELD: &str = "amqp:invalid-field";
    pub(crate) const NOT_ALLOWED: &str = "amqp:not-allowed";
    pub(crate) const NOT_IMPLEMENTED: &str = "amqp:not-implemented";
    pub(crate) const RESOURCE_LIMIT: &str = "amqp:resource-limit-exceeded";
    pub(crate) const UNATTACHED_HANDLE: &str = "amqp:session:unattached-handle";
    pub(crate) const HANDLE_IN_USE: &str = "amqp:session:handle-in-use";
    pub(crate) const WINDOW_VIOLATION: &str = "amqp:session:window-violation";
    pub(crate) const STOLEN: &str = "amqp:link:stolen";
    pub(crate) const DETACH_FORCED: &str = "amqp:link:detach-forced";
    pub(crate) const TRANSFER_LIMIT: &str = "amqp:link:transfer-limit-exceeded";
    pub(crate) const MESSAGE_SIZE: &str = "amqp:link:message-size-exceeded";
    pub(crate) const ARGUMENT: &str = "com.microsoft:argument-error";
    pub(crate) const ARGUMENT_RANGE: &str = "com.microsoft:argument-out-of-range";
    pub(crate) const SERVER_BUSY: &str = "com.microsoft:server-busy";
}

/// An error: a condition for programs and a description for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{condition}: {description}")]
pub(crate) struct AmqpError {
    pub(crate) condition: &'static str,
    pub(crate) description: String,
}

impl AmqpError {
    /// An error of that condition.
    pub(crate) fn new(condition: &'static str, description: impl Into<String>) -> Self {
        Self {
            condition,
            description: description.into(),
        }
    }

    /// The form in which performatives carry it.
    pub(crate) fn to_value(&self) -> Value {
        let fields = vec![
            Value::symbol(self.condition),
            Value::string(self.description.clone()),
            Value::Null,
        ];
        Value::Described(Box::new((Value::ulong(0x1D), Value::List(fields))))
    }
}

impl From<DecodeError> for AmqpError {
    fn from(error: DecodeError) -> Self {
        Self::new(condition::DECODE, error.to_string())
    }
}
