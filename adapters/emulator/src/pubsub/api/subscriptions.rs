//! Subscriptions.

use std::sync::Arc;

use prost_types::Duration;
use tonic::Status;

use super::pages::page;
use super::push_config;
use super::topics::{check_reference, check_retention};
use crate::pubsub::call::Call;
use crate::pubsub::error::{invalid, out_of_bounds, unsupported};
use crate::pubsub::filter::Filter;
use crate::pubsub::labels;
use crate::pubsub::masks;
use crate::pubsub::names::{self, Kind};
use crate::pubsub::proto::pubsub as pb;
use crate::pubsub::subscription::{RETENTION_MS, millis};
use crate::store::RwLockExt;

/// How long a subscription may keep messages: 10 minutes to 31 days.
const RETENTION: std::ops::RangeInclusive<i64> = 600_000..=31 * 24 * 3_600_000;

/// The ack deadline of those who do not say, in seconds.
const ACK_DEADLINE: i32 = 10;

/// Bytes of a filter, at most.
const FILTER_BYTES: usize = 256;

/// CreateSubscription.
pub(in crate::pubsub) fn create(
    call: &Call,
    mut subscription: pb::Subscription,
) -> Result<pb::Subscription, Status> {
    names::check(&subscription.name, Kind::Subscription)?;
    check_reference(&subscription.topic)?;
    // What the service says of it, not the client.
    subscription.detached = false;
    subscription.topic_message_retention_duration = None;
    fill(&mut subscription);
    check(&subscription)?;
    let created = call.service.create_subscription(subscription)?;
    crate::pubsub::push::watch(&call.service, &created);
    Ok(created.about())
}

/// GetSubscription.
pub(in crate::pubsub) fn get(
    call: &Call,
    request: pb::GetSubscriptionRequest,
) -> Result<pb::Subscription, Status> {
    Ok(call.service.subscription(&request.subscription)?.about())
}

/// UpdateSubscription.
pub(in crate::pubsub) fn update(
    call: &Call,
    request: pb::UpdateSubscriptionRequest,
) -> Result<pb::Subscription, Status> {
    let new = request
        .subscription
        .ok_or_else(|| invalid("The subscription must be set."))?;
    let subscription = call.service.subscription(&new.name)?;
    let mut changed = masks::apply(
        &subscription.about(),
        &new,
        request.update_mask,
        &[
            "push_config",
            "bigquery_config",
            "cloud_storage_config",
            "bigtable_config",
            "ack_deadline_seconds",
            "retain_acked_messages",
            "message_retention_duration",
            "labels",
            "expiration_policy",
            "dead_letter_policy",
            "retry_policy",
            "enable_exactly_once_delivery",
            "message_transforms",
        ],
    )?;
    fill(&mut changed);
    check(&changed)?;
    call.service.change_subscription(&subscription, changed)?;
    crate::pubsub::push::watch(&call.service, &subscription);
    Ok(subscription.about())
}

/// ListSubscriptions.
pub(in crate::pubsub) fn list(
    call: &Call,
    request: pb::ListSubscriptionsRequest,
) -> Result<pb::ListSubscriptionsResponse, Status> {
    let prefix = names::prefix(&request.project)?;
    let registry = call.service.registry().reading();
    let own = registry.subscriptions.range(prefix.clone()..);
    let own = own.take_while(|(name, _)| name.starts_with(&prefix));
    let shown = own.map(|(name, one)| (name.clone(), Arc::clone(one)));
    let (found, next_page_token) = page(shown, request.page_size, &request.page_token)?;
    Ok(pb::ListSubscriptionsResponse {
        subscriptions: found.iter().map(|one| one.about()).collect(),
        next_page_token,
    })
}

/// DeleteSubscription.
pub(in crate::pubsub) fn delete(
    call: &Call,
    request: pb::DeleteSubscriptionRequest,
) -> Result<(), Status> {
    call.service.delete_subscription(&request.subscription)
}

/// ModifyPushConfig.
pub(in crate::pubsub) fn modify_push_config(
    call: &Call,
    request: pb::ModifyPushConfigRequest,
) -> Result<(), Status> {
    let subscription = call.service.subscription(&request.subscription)?;
    let push_config = request
        .push_config
        .ok_or_else(|| invalid("The push_config must be set."))?;
    let changed = pb::Subscription {
        push_config: Some(push_config),
        ..subscription.about()
    };
    check(&changed)?;
    call.service.change_subscription(&subscription, changed)?;
    crate::pubsub::push::watch(&call.service, &subscription);
    Ok(())
}

/// DetachSubscription: it loses its messages and gets no more.
pub(in crate::pubsub) fn detach(
    call: &Call,
    request: pb::DetachSubscriptionRequest,
) -> Result<pb::DetachSubscriptionResponse, Status> {
    let subscription = call.service.subscription(&request.subscription)?;
    let changed = pb::Subscription {
        detached: true,
        ..subscription.about()
    };
    call.service.change_subscription(&subscription, changed)?;
    Ok(pb::DetachSubscriptionResponse {})
}

/// Puts in what the service says where the client said nothing.
fn fill(subscription: &mut pb::Subscription) {
    if subscription.ack_deadline_seconds == 0 {
        subscription.ack_deadline_seconds = ACK_DEADLINE;
    }
    let seconds = |seconds| Duration { seconds, nanos: 0 };
    subscription
        .message_retention_duration
        .get_or_insert(seconds(RETENTION_MS / 1000));
    subscription
        .expiration_policy
        .get_or_insert(pb::ExpirationPolicy {
            ttl: Some(seconds(31 * 24 * 3600)),
        });
    if let Some(policy) = &mut subscription.dead_letter_policy
        && policy.max_delivery_attempts == 0
    {
        policy.max_delivery_attempts = 5;
    }
    if let Some(policy) = &mut subscription.retry_policy {
        policy.minimum_backoff.get_or_insert(seconds(10));
        policy.maximum_backoff.get_or_insert(seconds(600));
    }
    subscription.push_config.get_or_insert_default();
}

/// Checks what a subscription asks for.
fn check(subscription: &pb::Subscription) -> Result<(), Status> {
    labels::check(&subscription.labels)?;
    let deadline = subscription.ack_deadline_seconds;
    if !(10..=600).contains(&deadline) {
        return Err(out_of_bounds(
            "ack_deadline_seconds",
            deadline.into(),
            10,
            600,
        ));
    }
    check_retention(subscription.message_retention_duration, RETENTION)?;
    check_filter(&subscription.filter)?;
    check_expiration(subscription)?;
    if let Some(policy) = &subscription.dead_letter_policy {
        check_dead_letters(policy)?;
    }
    if let Some(policy) = &subscription.retry_policy {
        check_retries(policy)?;
    }
    push_config::check(subscription)?;
    for (is_set, what) in [
        (
            subscription.bigquery_config.is_some(),
            "BigQuery subscriptions",
        ),
        (
            subscription.cloud_storage_config.is_some(),
            "Cloud Storage subscriptions",
        ),
        (
            subscription.bigtable_config.is_some(),
            "Bigtable subscriptions",
        ),
        (
            !subscription.message_transforms.is_empty(),
            "message transforms",
        ),
    ] {
        if is_set {
            return Err(unsupported(what));
        }
    }
    Ok(())
}

fn check_filter(filter: &str) -> Result<(), Status> {
    if filter.len() > FILTER_BYTES {
        return Err(invalid(format!(
            "The filter exceeds the maximum size of {FILTER_BYTES} bytes."
        )));
    }
    if filter.is_empty() {
        return Ok(());
    }
    match Filter::parse(filter) {
        Ok(_) => Ok(()),
        Err(error) => Err(invalid(format!(
            "Invalid filter given (filter={filter}): {error}."
        ))),
    }
}

fn check_expiration(subscription: &pb::Subscription) -> Result<(), Status> {
    let ttl = subscription
        .expiration_policy
        .as_ref()
        .and_then(|policy| policy.ttl);
    let Some(ttl) = ttl else {
        return Ok(());
    };
    let ttl = millis(Some(ttl), 0);
    let retention = millis(subscription.message_retention_duration, 0);
    if ttl < 24 * 3_600_000 || ttl < retention {
        return Err(invalid(
            "Invalid expiration policy given: its ttl must be at least one day and at least the message retention duration.",
        ));
    }
    Ok(())
}

fn check_dead_letters(policy: &pb::DeadLetterPolicy) -> Result<(), Status> {
    let attempts = policy.max_delivery_attempts;
    if !(5..=100).contains(&attempts) {
        return Err(out_of_bounds(
            "max_delivery_attempts",
            attempts.into(),
            5,
            100,
        ));
    }
    names::check(&policy.dead_letter_topic, Kind::Topic)
}

fn check_retries(policy: &pb::RetryPolicy) -> Result<(), Status> {
    let least = millis(policy.minimum_backoff, 10_000);
    let most = millis(policy.maximum_backoff, 600_000);
    let allowed = 0..=600_000;
    if allowed.contains(&least) && allowed.contains(&most) && least <= most {
        return Ok(());
    }
    Err(invalid(
        "Invalid retry policy given: both back-offs must be between 0 and 600 seconds, the minimum not above the maximum.",
    ))
}
