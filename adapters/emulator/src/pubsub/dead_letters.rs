//! Messages that were delivered too often go to another topic.

use std::collections::BTreeMap;
use std::sync::Arc;

use prost::Message;
use tonic::Status;

use super::error::store;
use super::names::project_of;
use super::proto::pubsub::PubsubMessage;
use super::service::PubSub;
use super::subscription::{Exhausted, Subscription};

/// What the names of the attributes begin with that are added to a dead letter.
const ATTRIBUTE: &str = "CloudPubSubDeadLetterSource";

/// Forwards the messages of a subscription that were delivered as often as its policy allows: first they are published
/// to the other topic, then acknowledged here, so that none is lost in between. Without that topic they stay.
///
/// # Errors
/// A log cannot be read or written.
pub(super) fn forward(service: &PubSub, subscription: &Arc<Subscription>) -> Result<(), Status> {
    let Some((_, target)) = subscription.terms().dead_letters else {
        return Ok(());
    };
    for exhausted in subscription.take_exhausted().map_err(store)? {
        let offset = exhausted.offset;
        let Ok(topic) = service.topic(&target) else {
            subscription.spare(offset);
            continue;
        };
        let Ok(message) = dead_letter(subscription.name(), exhausted) else {
            subscription.spare(offset);
            continue;
        };
        if let Err(error) = topic.publish(&[message], service.now_ms()) {
            subscription.spare(offset);
            return Err(store(error));
        }
        subscription.bury(offset).map_err(store)?;
    }
    Ok(())
}

/// The message as it is published to the other topic.
fn dead_letter(
    subscription: &str,
    exhausted: Exhausted,
) -> Result<PubsubMessage, prost::DecodeError> {
    let mut message = PubsubMessage::decode(exhausted.stored)?;
    let id = subscription.rsplit('/').next().unwrap_or(subscription);
    let more = [
        ("DeliveryCount", exhausted.attempts.to_string()),
        ("Subscription", id.to_owned()),
        ("SubscriptionProject", project_of(subscription).to_owned()),
        ("TopicPublishTime", rfc3339(exhausted.publish_ms)),
    ];
    let more = more.map(|(name, value)| (format!("{ATTRIBUTE}{name}"), value));
    message.attributes.extend(BTreeMap::from(more));
    Ok(message)
}

/// Unix milliseconds as text, in UTC.
pub(super) fn rfc3339(ms: i64) -> String {
    super::frames::timestamp(ms).to_string()
}
