//! Topics.

use std::sync::Arc;

use prost_types::Duration;
use tonic::Status;

use super::pages::page;
use crate::pubsub::call::Call;
use crate::pubsub::error::{invalid, not_found, store, unsupported};
use crate::pubsub::labels;
use crate::pubsub::masks;
use crate::pubsub::names::{self, DELETED_TOPIC, Kind};
use crate::pubsub::proto::pubsub as pb;
use crate::pubsub::schemas::DELETED_SCHEMA;
use crate::pubsub::subscription::millis;
use crate::pubsub::topic::{LOG_SETTINGS, Topic};
use crate::store::RwLockExt;

/// How long a topic may keep messages: 10 minutes to 31 days.
const RETENTION: std::ops::RangeInclusive<i64> = 600_000..=31 * 24 * 3_600_000;

/// CreateTopic.
pub(in crate::pubsub) fn create(call: &Call, topic: pb::Topic) -> Result<pb::Topic, Status> {
    names::check(&topic.name, Kind::Topic)?;
    check(&topic)?;
    check_schema(call, &topic, None)?;
    Ok(call.service.create_topic(&topic)?.about())
}

/// UpdateTopic.
pub(in crate::pubsub) fn update(
    call: &Call,
    request: pb::UpdateTopicRequest,
) -> Result<pb::Topic, Status> {
    let new = request
        .topic
        .ok_or_else(|| invalid("The topic must be set."))?;
    // One that another dialect created becomes known by that.
    call.service.topic(&new.name)?;
    let registry = call.service.registry().writing();
    let topic = registry.topics.get(&new.name).cloned();
    let topic = topic.ok_or_else(|| not_found(&new.name))?;
    let changed = masks::apply(
        &topic.about(),
        &new,
        request.update_mask,
        &[
            "labels",
            "message_storage_policy",
            "message_retention_duration",
            "schema_settings",
            "kms_key_name",
            "ingestion_data_source_settings",
            "message_transforms",
        ],
    )?;
    check(&changed)?;
    check_schema(call, &changed, topic.schema_settings().as_ref())?;
    remember(call, &topic, changed)?;
    Ok(topic.about())
}

/// Lets the topics of a schema that is to be deleted refer to no schema any more.
///
/// # Errors
/// That cannot be remembered.
pub(super) fn forget_schema(call: &Call, name: &str) -> Result<(), Status> {
    let registry = call.service.registry().writing();
    for topic in registry.topics.values() {
        let mut about = topic.about();
        match &mut about.schema_settings {
            Some(settings) if settings.schema == name => {
                DELETED_SCHEMA.clone_into(&mut settings.schema);
            }
            _ => continue,
        }
        remember(call, topic, about)?;
    }
    Ok(())
}

/// Changes how a topic is shown from now on.
fn remember(call: &Call, topic: &Topic, about: pb::Topic) -> Result<(), Status> {
    let attributes = topic.attributes_with(&about);
    let configured = call
        .service
        .store()
        .configure(topic.stream(), LOG_SETTINGS, attributes);
    configured.map_err(store)?;
    topic.configure(about);
    Ok(())
}

/// Checks the schema of a topic, unless it is the same as before.
fn check_schema(
    call: &Call,
    topic: &pb::Topic,
    before: Option<&pb::SchemaSettings>,
) -> Result<(), Status> {
    match &topic.schema_settings {
        Some(settings) if before != Some(settings) => call.service.schemas.check_settings(settings),
        _ => Ok(()),
    }
}

/// GetTopic.
pub(in crate::pubsub) fn get(
    call: &Call,
    request: pb::GetTopicRequest,
) -> Result<pb::Topic, Status> {
    Ok(call.service.topic(&request.topic)?.about())
}

/// ListTopics.
pub(in crate::pubsub) fn list(
    call: &Call,
    request: pb::ListTopicsRequest,
) -> Result<pb::ListTopicsResponse, Status> {
    let prefix = names::prefix(&request.project)?;
    call.service.share_topics(&request.project);
    let registry = call.service.registry().reading();
    let own = registry.topics.range(prefix.clone()..);
    let own = own.take_while(|(name, _)| name.starts_with(&prefix));
    let shown = own.map(|(name, topic)| (name.clone(), Arc::clone(topic)));
    let (topics, next_page_token) = page(shown, request.page_size, &request.page_token)?;
    Ok(pb::ListTopicsResponse {
        topics: topics.iter().map(|topic| topic.about()).collect(),
        next_page_token,
    })
}

/// ListTopicSubscriptions.
pub(in crate::pubsub) fn subscriptions(
    call: &Call,
    request: pb::ListTopicSubscriptionsRequest,
) -> Result<pb::ListTopicSubscriptionsResponse, Status> {
    let topic = call.service.topic(&request.topic)?;
    let attached = call.service.registry().reading().subscriptions_to(&topic);
    let attached = attached.iter();
    let named = attached.map(|one| (one.name().to_owned(), one.name().to_owned()));
    let (subscriptions, next_page_token) = page(named, request.page_size, &request.page_token)?;
    Ok(pb::ListTopicSubscriptionsResponse {
        subscriptions,
        next_page_token,
    })
}

/// ListTopicSnapshots.
pub(in crate::pubsub) fn snapshots(
    call: &Call,
    request: pb::ListTopicSnapshotsRequest,
) -> Result<pb::ListTopicSnapshotsResponse, Status> {
    let topic = call.service.topic(&request.topic)?;
    let registry = call.service.registry().reading();
    let own = registry
        .snapshots
        .iter()
        .filter(|(_, snapshot)| Arc::ptr_eq(snapshot.topic(), &topic));
    let named = own.map(|(name, _)| (name.clone(), name.clone()));
    let (snapshots, next_page_token) = page(named, request.page_size, &request.page_token)?;
    Ok(pb::ListTopicSnapshotsResponse {
        snapshots,
        next_page_token,
    })
}

/// DeleteTopic.
pub(in crate::pubsub) fn delete(
    call: &Call,
    request: pb::DeleteTopicRequest,
) -> Result<(), Status> {
    call.service.delete_topic(&request.topic)
}

/// Checks what a topic asks for.
fn check(topic: &pb::Topic) -> Result<(), Status> {
    labels::check(&topic.labels)?;
    check_retention(topic.message_retention_duration, RETENTION)?;
    if topic.ingestion_data_source_settings.is_some() {
        return Err(unsupported("ingestion into topics"));
    }
    if !topic.message_transforms.is_empty() {
        return Err(unsupported("message transforms"));
    }
    Ok(())
}

/// Checks how long messages are to be kept, if that is said.
///
/// # Errors
/// It is shorter or longer than allowed.
pub(super) fn check_retention(
    duration: Option<Duration>,
    allowed: std::ops::RangeInclusive<i64>,
) -> Result<(), Status> {
    let Some(duration) = duration else {
        return Ok(());
    };
    let ms = millis(Some(duration), 0);
    if allowed.contains(&ms) {
        return Ok(());
    }
    Err(invalid(format!(
        "Invalid message retention duration given (message_retention_duration={}s). It must be between {} and {} seconds.",
        duration.seconds,
        allowed.start() / 1000,
        allowed.end() / 1000
    )))
}

/// Checks the name of a topic that something refers to.
///
/// # Errors
/// It is no name, or that of a deleted topic.
pub(super) fn check_reference(name: &str) -> Result<(), Status> {
    if name == DELETED_TOPIC {
        return Err(not_found(name));
    }
    names::check(name, Kind::Topic)
}
