//! StreamingPull: one client's stream of messages.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use prost::Message;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use tokio_stream::StreamExt;
use tonic::{Status, Streaming};

use super::api::messages;
use super::error::{invalid, out_of_bounds};
use super::proto::pubsub as pb;
use super::proto::pubsub::streaming_pull_response as confirmations;
use super::received::ReceivedMessage;
use super::service::PubSub;
use super::subscription::{AckId, Subscription, Wanted, Window};

/// Bytes of an answer's messages, at most.
const BYTES: usize = 1 << 20;

/// Messages of an answer, at most.
const MESSAGES: usize = 1000;

/// Answers that wait for a slow client, at most; then its messages stay where they are.
const WAITING: usize = 2;

/// How often a client that asks for it hears that the stream lives.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// Clients from this version of the protocol on want heartbeats.
const HEARTBEATS: i64 = 1;

/// What goes to the client.
pub(super) type Sender = mpsc::Sender<Result<Bytes, Status>>;

/// Answers of a stream as they come.
pub(super) type Receiver = mpsc::Receiver<Result<Bytes, Status>>;

/// Begins to serve a stream; the answers come out of what is returned.
pub(super) fn open(service: Arc<PubSub>, requests: Streaming<Bytes>) -> Receiver {
    let (sender, receiver) = mpsc::channel(WAITING);
    tokio::spawn(async move {
        if let Err(status) = serve(&service, requests, &sender).await {
            // A client that is gone does not care.
            drop(sender.send(Err(status)).await);
        }
    });
    receiver
}

/// One open stream.
struct Stream {
    subscription: Arc<Subscription>,
    window: Arc<Window>,
    lease_ms: i64,
    wants_heartbeats: bool,
    next_heartbeat: Instant,
}

async fn serve(
    service: &Arc<PubSub>,
    mut requests: Streaming<Bytes>,
    sender: &Sender,
) -> Result<(), Status> {
    let Some(first) = next(&mut requests).await? else {
        return Ok(());
    };
    let mut stream = Stream::begin(service, first)?;
    let mut stopped = service.stopped();
    let mut is_open = true;
    while is_open {
        let subscription = Arc::clone(&stream.subscription);
        let (changed, published) = subscription.changed();
        let (mut changed, mut published) = (std::pin::pin!(changed), std::pin::pin!(published));
        // From here on no change goes unseen.
        changed.as_mut().enable();
        published.as_mut().enable();
        let has_room = sender.capacity() > 0;
        let messages = if has_room {
            stream.take(service)?
        } else {
            Vec::new()
        };
        let sent = !messages.is_empty();
        if sent {
            if service.faults.drops().is_some() {
                return Err(stream.break_off(&messages));
            }
            if sender.send(Ok(stream.answer(messages))).await.is_err() {
                return Ok(());
            }
        }
        let due = messages::next_look(&subscription).min(stream.next_heartbeat);
        tokio::select! {
            // Requests first: they make room in the window.
            biased;
            request = next(&mut requests) => match request? {
                Some(request) => stream.hear(service, request, sender)?,
                None => is_open = false,
            },
            _ = stopped.wait_for(|stopped| *stopped) => {
                return Err(Status::unavailable("The emulator ends."));
            }
            () = sender.closed() => is_open = false,
            // There may be more of them.
            () = std::future::ready(()), if sent => {}
            // Until a slow client has taken what waits, nothing else matters.
            permit = sender.reserve(), if !has_room => drop(permit),
            () = changed, if has_room => {}
            () = published, if has_room => {}
            () = sleep_until(due), if has_room => {}
        }
        stream.beat(sender);
    }
    Ok(())
}

/// The client's next request; none when it says no more.
async fn next(requests: &mut Streaming<Bytes>) -> Result<Option<pb::StreamingPullRequest>, Status> {
    let Some(bytes) = requests.next().await else {
        return Ok(None);
    };
    let request = pb::StreamingPullRequest::decode(bytes?);
    request
        .map(Some)
        .map_err(|error| invalid(error.to_string()))
}

impl Stream {
    /// The stream that the first request asks for.
    fn begin(service: &PubSub, first: pb::StreamingPullRequest) -> Result<Self, Status> {
        let subscription = service.subscription(&first.subscription)?;
        let stream = Self {
            window: Arc::new(Window::new(
                first.max_outstanding_messages,
                first.max_outstanding_bytes,
            )),
            lease_ms: lease_ms(first.stream_ack_deadline_seconds)?,
            wants_heartbeats: first.protocol_version >= HEARTBEATS,
            next_heartbeat: Instant::now() + HEARTBEAT,
            subscription,
        };
        stream.apply(service, first)?;
        Ok(stream)
    }

    /// Leases messages for it, as many as its window has room for.
    fn take(&self, service: &PubSub) -> Result<Vec<ReceivedMessage>, Status> {
        let wanted = Wanted {
            messages: MESSAGES,
            bytes: BYTES,
            lease_ms: self.lease_ms,
            one_per_key: false,
            window: Some(Arc::clone(&self.window)),
        };
        messages::take(service, &self.subscription, &wanted)
    }

    /// Does what a further request says; a client that wants heartbeats gets one in return.
    fn hear(
        &mut self,
        service: &PubSub,
        request: pb::StreamingPullRequest,
        sender: &Sender,
    ) -> Result<(), Status> {
        if !request.subscription.is_empty() || !request.client_id.is_empty() {
            return Err(invalid(
                "The subscription and the client_id can only be set in the first request of a stream.",
            ));
        }
        if request.stream_ack_deadline_seconds != 0 {
            self.lease_ms = lease_ms(request.stream_ack_deadline_seconds)?;
        }
        self.apply(service, request)?;
        if self.wants_heartbeats {
            self.say_nothing(sender);
        }
        Ok(())
    }

    /// Acknowledges and changes deadlines. Ack ids that are no good do not end a stream.
    fn apply(&self, service: &PubSub, request: pb::StreamingPullRequest) -> Result<(), Status> {
        if request.modify_deadline_seconds.len() != request.modify_deadline_ack_ids.len() {
            return Err(invalid(
                "modify_deadline_seconds and modify_deadline_ack_ids must have the same length.",
            ));
        }
        if !request.ack_ids.is_empty() {
            drop(messages::settle(&self.subscription, request.ack_ids));
        }
        let changes = request.modify_deadline_ack_ids.into_iter();
        for (id, seconds) in changes.zip(request.modify_deadline_seconds) {
            drop(messages::change(
                service,
                &self.subscription,
                vec![id],
                seconds,
            ));
        }
        Ok(())
    }

    /// Gives back what was leased for an answer that a planned fault prevents; the error that ends the stream.
    fn break_off(&self, messages: &[ReceivedMessage]) -> Status {
        let ids = messages.iter();
        let ids: Vec<_> = ids
            .filter_map(|message| AckId::decode(&message.ack_id))
            .collect();
        self.subscription.change_leases(&ids, 0);
        Status::unavailable("The stream is broken off, as planned.")
    }

    /// Sends a heartbeat if one is due.
    fn beat(&mut self, sender: &Sender) {
        if Instant::now() >= self.next_heartbeat {
            if self.wants_heartbeats {
                self.say_nothing(sender);
            }
            self.next_heartbeat = Instant::now() + HEARTBEAT;
        }
    }

    /// An answer without messages; a client that does not read needs none.
    fn say_nothing(&self, sender: &Sender) {
        drop(sender.try_send(Ok(self.answer(Vec::new()))));
    }

    fn answer(&self, received_messages: Vec<ReceivedMessage>) -> Bytes {
        let terms = self.subscription.terms();
        let response = pb::StreamingPullResponse {
            received_messages,
            subscription_properties: Some(confirmations::SubscriptionProperties {
                exactly_once_delivery_enabled: terms.exactly_once,
                message_ordering_enabled: terms.ordered,
            }),
            ..pb::StreamingPullResponse::default()
        };
        response.encode_to_vec().into()
    }
}

fn lease_ms(seconds: i32) -> Result<i64, Status> {
    match (10..=600).contains(&seconds) {
        true => Ok(i64::from(seconds) * 1000),
        false => Err(out_of_bounds(
            "stream_ack_deadline_seconds",
            seconds.into(),
            10,
            600,
        )),
    }
}
