//! A message on its way to a subscriber.

use bytes::Bytes;

/// `google.pubsub.v1.ReceivedMessage`, with the message as bytes: on the wire that is the same, and a message is
/// delivered as it is in the log, without being taken apart.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct ReceivedMessage {
    /// Acknowledges the message.
    #[prost(string, tag = "1")]
    pub(crate) ack_id: String,
    /// A `PubsubMessage`.
    #[prost(bytes = "bytes", tag = "2")]
    pub(crate) message: Bytes,
    /// Counted from 1, or 0 where there is no dead-letter policy.
    #[prost(int32, tag = "3")]
    pub(crate) delivery_attempt: i32,
}
