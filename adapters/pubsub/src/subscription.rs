//! Subscriptions: that of a group, which lives on, and that of a single read, which does not.

mod place;
mod reading;

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use google_cloud_pubsub::model::{DeadLetterPolicy, ExpirationPolicy, Subscription};
use google_cloud_wkt::Duration as Span;
use ssectl_adapter::{Error, ErrorKind, Result};

use crate::names;
use crate::service::Service;

pub(crate) use place::{Place, place, seek};
pub(crate) use reading::Reading;

/// The label of what this program makes.
pub(crate) const LABEL: &str = "ssectl";
/// Its value for the subscription of a group.
const GROUP: &str = "group";
/// Its value for the subscription of one read.
const TEMPORARY: &str = "temporary";
/// The service deletes what is left of a read that was killed after this, the shortest it offers.
const LEFT_BEHIND: Duration = Duration::from_secs(24 * 60 * 60);

/// The full name of a group's subscription of a topic, when it is made here.
pub(crate) fn of_group(topic: &str, group: &str) -> Result<String> {
    let project = names::project_of(topic).unwrap_or_default();
    names::subscription(project, &format!("{}.{group}", names::short(topic)))
}

/// The subscription of a group, if it is there: one of the group's name, or the one that is made for it.
pub(crate) async fn find(
    service: &Service,
    topic: &str,
    group: &str,
) -> Result<Option<Subscription>> {
    let project = names::project_of(topic).unwrap_or_default();
    // A group's name need not be a subscription's.
    for name in [names::subscription(project, group), of_group(topic, group)]
        .into_iter()
        .flatten()
    {
        match get(service, &name).await {
            Ok(found) if found.topic == topic => return usable(service, found).map(Some),
            Ok(found) if found.topic == names::DELETED_TOPIC && is_ours(&found) => {
                delete(service, &name).await?;
            }
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    // Tells a name that can be none.
    of_group(topic, group).map(|_| None)
}

/// Asks for a subscription by its full name.
pub(crate) async fn get(service: &Service, name: &str) -> Result<Subscription> {
    let asked = service
        .subscriptions()
        .await?
        .get_subscription()
        .set_subscription(name)
        .send();
    let found = service.ask("finding the subscription", asked).await;
    found.map_err(|error| error.with("subscription", names::short(name)))
}

/// Whether it was made here.
pub(crate) fn is_ours(subscription: &Subscription) -> bool {
    subscription.labels.contains_key(LABEL)
}

/// Whether it can be read, and keeps what is promised.
fn usable(service: &Service, found: Subscription) -> Result<Subscription> {
    let pushes = found
        .push_config
        .as_ref()
        .is_some_and(|push| !push.push_endpoint.is_empty())
        || found.bigquery_config.is_some()
        || found.cloud_storage_config.is_some();
    let (kind, fault) = if pushes {
        (
            ErrorKind::Unsupported,
            "delivers its messages elsewhere by itself",
        )
    } else if found.detached {
        (ErrorKind::Unsupported, "is detached from its topic")
    } else if service.config.ordering && !found.enable_message_ordering {
        (
            ErrorKind::Config,
            "does not keep the order of keys, which `ordering` promises",
        )
    } else {
        return Ok(found);
    };
    let name = names::short(&found.name);
    Err(Error::new(kind, format!("subscription `{name}` {fault}"))
        .hint("choose another group; its subscription is made when it is missing"))
}

/// Makes the subscription of a group.
pub(crate) async fn make_for_group(
    service: &Service,
    topic: &str,
    group: &str,
) -> Result<Subscription> {
    let config = &service.config;
    let mut wanted = blank(service, of_group(topic, group)?, topic, GROUP)
        .set_enable_exactly_once_delivery(config.exactly_once);
    if let Some(dead) = &config.dead_letter_topic {
        let policy = DeadLetterPolicy::new()
            .set_dead_letter_topic(service.topic_name(dead)?)
            .set_max_delivery_attempts(i32::from(config.dead_letter_attempts));
        wanted = wanted.set_dead_letter_policy(policy);
    }
    // Without a policy it would be gone after a month of silence.
    wanted = wanted.set_expiration_policy(ExpirationPolicy::new());
    let name = wanted.name.clone();
    match create(service, wanted).await {
        // Another reader of the group was faster.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => get(service, &name).await,
        made => made,
    }
}

async fn make_temporary(service: &Service, topic: &str) -> Result<Subscription> {
    let project = names::project_of(topic).unwrap_or_default();
    let short = names::short(topic);
    // The whole name has to fit into 255 bytes.
    let short = short.get(..200).unwrap_or(short);
    let name = names::subscription(project, &format!("{short}.ssectl-{}", unique()))?;
    let policy = ExpirationPolicy::new().set_ttl(span(LEFT_BEHIND));
    let wanted = blank(service, name, topic, TEMPORARY)
        .set_expiration_policy(policy)
        .set_message_retention_duration(span(LEFT_BEHIND));
    create(service, wanted).await
}

fn blank(service: &Service, name: String, topic: &str, label: &str) -> Subscription {
    let config = &service.config;
    let mut labels: Vec<_> = config.labels.clone().into_iter().collect();
    labels.push((LABEL.to_owned(), label.to_owned()));
    Subscription::new()
        .set_name(name)
        .set_topic(topic)
        .set_labels(labels)
        .set_ack_deadline_seconds(config.deadline_seconds())
        .set_enable_message_ordering(config.ordering)
        .set_filter(config.filter.clone().unwrap_or_default())
}

async fn create(service: &Service, wanted: Subscription) -> Result<Subscription> {
    let name = names::short(&wanted.name).to_owned();
    let asked = service
        .subscriptions()
        .await?
        .create_subscription()
        .with_request(wanted)
        .send();
    let made = service.ask("making the subscription", asked).await;
    made.map_err(|error| error.with("subscription", name))
}

/// Deletes a subscription; one that is gone already is no error.
pub(crate) async fn delete(service: &Service, name: &str) -> Result<()> {
    let asked = service
        .subscriptions()
        .await?
        .delete_subscription()
        .set_subscription(name)
        .send();
    match service.ask("deleting the subscription", asked).await {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error.with("subscription", names::short(name))),
        Ok(()) => Ok(()),
    }
}

fn span(duration: Duration) -> Span {
    Span::clamp(i64::try_from(duration.as_secs()).unwrap_or(i64::MAX), 0)
}

/// A name that nobody else makes.
fn unique() -> String {
    static MADE: AtomicU64 = AtomicU64::new(0);
    let made = MADE.fetch_add(1, Ordering::Relaxed);
    format!(
        "{:016x}",
        RandomState::new().hash_one((std::process::id(), made))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_a_subscription_with_both_names() {
        let name = of_group("projects/p/topics/orders", "archive").expect("a name");
        assert_eq!(name, "projects/p/subscriptions/orders.archive");
        assert!(of_group("projects/p/topics/orders", "two words").is_err());
    }
}
