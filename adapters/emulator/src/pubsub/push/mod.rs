//! Push: a task for each subscription with an endpoint sends its messages there.

mod request;
mod tls;
mod token;

use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use self::tls::HttpClient;
pub(super) use self::token::Signer;
use super::api::messages;
use super::dead_letters;
use super::proto::pubsub::PushConfig;
use super::received::ReceivedMessage;
use super::service::PubSub;
use super::subscription::{AckId, Subscription, Wanted};
use crate::store::RwLockExt;

/// Requests of one subscription at a time.
const IN_FLIGHT: usize = 100;

/// Bytes of the messages that are taken at a time.
const BYTES: usize = 8 << 20;

/// How long nothing is sent after a first failure; doubled by each further one ...
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// ... up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Bytes of an endpoint's answer that are read, so that its connection can be used again.
const ANSWER_BYTES: usize = 64 << 10;

/// Starts to send the messages of all subscriptions that have an endpoint.
pub(super) fn watch_all(service: &Arc<PubSub>) {
    let subscriptions: Vec<_> = service
        .registry()
        .reading()
        .subscriptions
        .values()
        .cloned()
        .collect();
    for subscription in subscriptions {
        watch(service, &subscription);
    }
}

/// Starts to send the messages of a subscription, if it has an endpoint and nobody does yet.
pub(super) fn watch(service: &Arc<PubSub>, subscription: &Arc<Subscription>) {
    // Before the server runs there is nothing to run in; it asks for all when it begins.
    let Some(runtime) = service.runtime() else {
        return;
    };
    let ends = *service.stopped().borrow();
    if !ends && endpoint(subscription).is_some() && subscription.begin_to_push() {
        let (service, subscription) = (Arc::clone(service), Arc::clone(subscription));
        runtime.spawn(async move {
            serve(&service, &subscription).await;
            subscription.stop_to_push();
            // An endpoint may have come back just now.
            watch(&service, &subscription);
        });
    }
}

/// Where messages are pushed to, if they are and the subscription is there.
fn endpoint(subscription: &Subscription) -> Option<PushConfig> {
    let config = subscription.push_config()?;
    let is_there = !subscription.is_deleted() && !subscription.is_detached();
    Some(config).filter(|config| is_there && !config.push_endpoint.is_empty())
}

/// Sends messages as long as there is an endpoint.
async fn serve(service: &Arc<PubSub>, subscription: &Arc<Subscription>) {
    let client = tls::client(IN_FLIGHT);
    let mut stopped = service.stopped();
    let mut sending = JoinSet::new();
    let (mut pause, mut resume) = (FIRST_PAUSE, Instant::now());
    while let Some(config) = endpoint(subscription) {
        let (changed, published) = subscription.changed();
        let (mut changed, mut published) = (std::pin::pin!(changed), std::pin::pin!(published));
        // From here on no change goes unseen.
        changed.as_mut().enable();
        published.as_mut().enable();
        let is_paused = Instant::now() < resume;
        let has_room = !is_paused && sending.len() < IN_FLIGHT;
        let room = if has_room {
            IN_FLIGHT - sending.len()
        } else {
            0
        };
        // What cannot be read now may be later.
        let taken = take(service, subscription, room).unwrap_or_default();
        for message in taken {
            let (service, subscription) = (Arc::clone(service), Arc::clone(subscription));
            let (client, config) = (client.clone(), config.clone());
            sending.spawn(async move {
                let is_acked = send(&service, &client, &subscription, &config, &message).await;
                settle(&service, &subscription, &message, is_acked);
                is_acked
            });
        }
        let look = if is_paused {
            resume
        } else {
            messages::next_look(subscription)
        };
        tokio::select! {
            Some(sent) = sending.join_next() => match sent {
                Ok(true) => pause = FIRST_PAUSE,
                _ => {
                    resume = Instant::now() + pause;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            },
            _ = stopped.wait_for(|stopped| *stopped) => return,
            () = changed => {}
            () = published, if has_room => {}
            () = sleep_until(look) => {}
        }
    }
}

fn take(
    service: &PubSub,
    subscription: &Arc<Subscription>,
    room: usize,
) -> Result<Vec<ReceivedMessage>, tonic::Status> {
    let wanted = Wanted {
        messages: room,
        bytes: BYTES,
        lease_ms: subscription.terms().lease_ms,
        one_per_key: true,
        window: None,
    };
    messages::take(service, subscription, &wanted)
}

/// Sends one message; whether the endpoint acknowledged it, by an answer of 102, 200, 201, 202 or 204 in time.
async fn send(
    service: &PubSub,
    client: &HttpClient,
    subscription: &Subscription,
    config: &PushConfig,
    message: &ReceivedMessage,
) -> bool {
    let Ok(token) = service.signer.token(config, service.now_ms()) else {
        return false;
    };
    let name = subscription.name();
    let Some(request) = request::build(name, config, token.as_deref(), message) else {
        return false;
    };
    let patience = subscription.terms().lease_ms.unsigned_abs();
    let answered = timeout(Duration::from_millis(patience), client.request(request)).await;
    let Ok(Ok(response)) = answered else {
        return false;
    };
    let is_acked = matches!(response.status().as_u16(), 102 | 200 | 201 | 202 | 204);
    let body = http_body_util::Limited::new(response.into_body(), ANSWER_BYTES);
    drop(timeout(Duration::from_secs(1), body.collect()).await);
    is_acked
}

/// Acknowledges a message or lets it come again.
fn settle(
    service: &PubSub,
    subscription: &Arc<Subscription>,
    message: &ReceivedMessage,
    is_acked: bool,
) {
    let ids: Vec<_> = AckId::decode(&message.ack_id).into_iter().collect();
    // Where the log cannot be written, the message comes again when its lease is over.
    if is_acked {
        drop(subscription.acknowledge(&ids));
    } else {
        subscription.change_leases(&ids, 0);
        drop(dead_letters::forward(service, subscription));
    }
}
