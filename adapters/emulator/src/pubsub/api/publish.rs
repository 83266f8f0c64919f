//! Publish.

use std::collections::BTreeMap;

use prost::Message;
use tonic::Status;

use crate::faults::Fault;
use crate::pubsub::call::Call;
use crate::pubsub::error::{invalid, out_of_bounds, store};
use crate::pubsub::proto::pubsub as pb;

/// Messages of a request, at most.
const MESSAGES: usize = 1000;

/// Bytes of a request's messages, at most.
const BYTES: usize = 10_000_000;

/// Attributes of a message, at most.
const ATTRIBUTES: usize = 100;

/// Bytes of an attribute's key, at most.
const KEY_BYTES: usize = 256;

/// Bytes of an attribute's value and of an ordering key, at most.
const VALUE_BYTES: usize = 1024;

/// Publish.
pub(in crate::pubsub) fn publish(
    call: &Call,
    request: pb::PublishRequest,
) -> Result<pb::PublishResponse, Status> {
    let topic = call.service.topic(&request.topic)?;
    let mut messages = request.messages;
    check(&messages)?;
    for message in &mut messages {
        // The service gives both.
        message.message_id.clear();
        message.publish_time = None;
    }
    if let Some(settings) = topic.schema_settings() {
        call.service.schemas.stamp(&settings, &mut messages)?;
    }
    let now_ms = call.service.now_ms();
    let offsets = topic.publish(&messages, now_ms).map_err(store)?;
    if call.service.faults.strikes(Fault::Duplicate) {
        // The answer to a first try was lost: the client's second one stored the messages again.
        topic.publish(&messages, now_ms).map_err(store)?;
    }
    let ids = offsets
        .iter()
        .map(|offset| topic.message_id(*offset).to_string());
    Ok(pb::PublishResponse {
        message_ids: ids.collect(),
    })
}

fn check(messages: &[pb::PubsubMessage]) -> Result<(), Status> {
    if !(1..=MESSAGES).contains(&messages.len()) {
        let count = messages.len() as i64;
        return Err(out_of_bounds("message_count", count, 1, MESSAGES as i64));
    }
    let size: usize = messages.iter().map(Message::encoded_len).sum();
    if size > BYTES {
        return Err(out_of_bounds("request_size", size as i64, 1, BYTES as i64));
    }
    messages.iter().try_for_each(check_message)
}

/// Checks one message.
///
/// # Errors
/// It is empty, or breaks a limit.
pub(in crate::pubsub) fn check_message(message: &pb::PubsubMessage) -> Result<(), Status> {
    if message.data.is_empty() && message.attributes.is_empty() {
        return Err(invalid(
            "Some messages in the publish request are empty. Each message must contain either non-empty data, or at \
             least one attribute. See https://cloud.google.com/pubsub/docs/reference/rpc/google.pubsub.v1#pubsubmessage",
        ));
    }
    if message.ordering_key.len() > VALUE_BYTES {
        return Err(invalid(format!(
            "The ordering key exceeds the maximum size of {VALUE_BYTES} bytes."
        )));
    }
    check_attributes(&message.attributes)
}

fn check_attributes(attributes: &BTreeMap<String, String>) -> Result<(), Status> {
    if attributes.len() > ATTRIBUTES {
        let count = attributes.len() as i64;
        return Err(out_of_bounds(
            "attribute_count",
            count,
            0,
            ATTRIBUTES as i64,
        ));
    }
    for (key, value) in attributes {
        if key.is_empty() || key.starts_with("goog") {
            return Err(invalid(format!(
                "Invalid attribute key (key={key}): it must not be empty and must not begin with `goog`."
            )));
        }
        if key.len() > KEY_BYTES || value.len() > VALUE_BYTES {
            return Err(invalid(format!(
                "An attribute's key has at most {KEY_BYTES} bytes and its value {VALUE_BYTES} (key={key})."
            )));
        }
    }
    Ok(())
}
