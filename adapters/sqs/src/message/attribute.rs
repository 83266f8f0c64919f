//! Values of message attributes: text, bytes, and what SQS has no word for.

use aws_sdk_sqs::primitives::Blob;
use aws_sdk_sqs::types::MessageAttributeValue;
use bytes::Bytes;

use super::{PLACEHOLDER, as_text};

/// A value of an attribute. Its type may have a label of our own, which SQS carries along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Attribute {
    /// Text that SQS takes.
    Text(String),
    /// A decimal number.
    Number(String),
    /// Anything else.
    Binary(Bytes),
    /// No bytes; SQS has no empty values.
    Empty,
    /// No value.
    Null,
}

const EMPTY: &str = "String.empty";
const NULL: &str = "String.null";

impl Attribute {
    /// The value of a key or of a header.
    pub(super) fn of(bytes: Option<&Bytes>) -> Self {
        match bytes {
            None => Self::Null,
            Some(bytes) if bytes.is_empty() => Self::Empty,
            Some(bytes) => match as_text(bytes) {
                Some(text) => Self::Text(text.to_owned()),
                None => Self::Binary(bytes.clone()),
            },
        }
    }

    /// Bytes that count against the size of the message, without the name's.
    pub(super) fn size(&self) -> usize {
        let value = match self {
            Self::Text(text) | Self::Number(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
            Self::Empty | Self::Null => PLACEHOLDER.len(),
        };
        self.data_type().len() + value
    }

    fn data_type(&self) -> &'static str {
        match self {
            Self::Text(_) => "String",
            Self::Number(_) => "Number",
            Self::Binary(_) => "Binary",
            Self::Empty => EMPTY,
            Self::Null => NULL,
        }
    }

    /// As the SDK wants it.
    pub(super) fn into_value(self) -> MessageAttributeValue {
        let mut value = MessageAttributeValue::builder();
        let kind = self.data_type();
        value = match self {
            Self::Text(text) | Self::Number(text) => value.string_value(text),
            Self::Binary(bytes) => value.binary_value(Blob::new(bytes)),
            Self::Empty | Self::Null => value.string_value(PLACEHOLDER),
        };
        value
            .data_type(kind)
            .build()
            .expect("the type is there, and nothing else is required")
    }
}

/// The bytes an attribute stands for, whoever wrote it.
pub(super) fn bytes(value: &MessageAttributeValue) -> Option<Bytes> {
    match (
        value.data_type(),
        value.string_value(),
        value.binary_value(),
    ) {
        (NULL, ..) => None,
        (EMPTY, ..) => Some(Bytes::new()),
        (_, Some(text), _) => Some(Bytes::copy_from_slice(text.as_bytes())),
        (_, None, Some(blob)) => Some(Bytes::copy_from_slice(blob.as_ref())),
        (_, None, None) => None,
    }
}
