//! The task that receives: it owns the client's stream, and hands messages on as long as there is room for them.

use std::sync::Arc;
use std::time::Duration;

use google_cloud_pubsub::client::Subscriber;
use google_cloud_pubsub::model::Message;
use google_cloud_pubsub::subscriber::handler::Handler;
use google_cloud_pubsub::subscriber::{MessageStream, ShutdownBehavior, ShutdownToken};
use google_cloud_pubsub::{Error as Fault, Result as Answer};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::config::PubsubConfig;

/// Bytes of messages that wait to be fetched.
const ROOM: usize = 32 << 20;
/// Room is counted in units of this many bytes.
const UNIT: usize = 1 << 10;
/// How long acknowledgements may still be under way when a reader closes.
const GRACE: Duration = Duration::from_secs(10);
/// The client stops extending leases then.
const LONGEST_LEASE: Duration = Duration::from_secs(12 * 60 * 60);

/// A message that is ours for now, and the room it takes until it is handed over.
pub(super) struct Received {
    pub(super) message: Message,
    pub(super) handler: Handler,
    _room: OwnedSemaphorePermit,
}

/// What is received of a subscription. Dropped, it gives back what is not acknowledged.
pub(super) struct Receiver {
    messages: mpsc::Receiver<Answer<Received>>,
    task: JoinHandle<ShutdownToken>,
    /// The task ends when this is dropped.
    alive: oneshot::Sender<()>,
}

impl Receiver {
    pub(super) fn start(subscriber: &Subscriber, name: &str, config: &PubsubConfig) -> Self {
        let stream = subscriber
            .subscribe(name)
            .set_max_lease(LONGEST_LEASE)
            .set_max_lease_extension(config.ack_deadline.as_duration())
            .set_max_outstanding_messages(i64::from(config.outstanding))
            // Bytes are bounded by the room here, so that a full stream can be told from a silent one.
            .set_max_outstanding_bytes(0)
            .set_shutdown_behavior(ShutdownBehavior::WaitForProcessing)
            .build();
        let (sender, messages) = mpsc::channel(ROOM / UNIT);
        let (alive, ended) = oneshot::channel();
        Self {
            messages,
            task: tokio::spawn(receive(stream, sender, ended)),
            alive,
        }
    }

    /// How many messages wait.
    pub(super) fn waiting(&self) -> usize {
        self.messages.len()
    }

    /// A message that is there.
    pub(super) fn ready(&mut self) -> Option<Answer<Received>> {
        self.messages.try_recv().ok()
    }

    /// The next message; `None` when the stream is closed. Cancel-safe.
    pub(super) async fn next(&mut self) -> Option<Answer<Received>> {
        self.messages.recv().await
    }

    /// Closes the stream. What was received stays leased until it is dropped.
    pub(super) async fn stop(self) -> Stopped {
        drop(self.alive);
        Stopped {
            messages: self.messages,
            // It was not aborted, and does not panic.
            shutdown: self.task.await.ok(),
        }
    }
}

/// A stream that is closed, and what it still had.
pub(super) struct Stopped {
    messages: mpsc::Receiver<Answer<Received>>,
    shutdown: Option<ShutdownToken>,
}

impl Stopped {
    /// Gives back what waits, and sees everything that is to be acknowledged or given back off. Messages that were
    /// handed over must be dropped before.
    pub(super) async fn finish(self) {
        drop(self.messages);
        if let Some(shutdown) = self.shutdown {
            let _ = tokio::time::timeout(GRACE, shutdown.shutdown()).await;
        }
    }
}

async fn receive(
    mut stream: MessageStream,
    messages: mpsc::Sender<Answer<Received>>,
    mut ended: oneshot::Receiver<()>,
) -> ShutdownToken {
    let shutdown = stream.shutdown_token();
    let room = Arc::new(Semaphore::new(ROOM / UNIT));
    loop {
        let next = tokio::select! {
            _ = &mut ended => break,
            next = next(&mut stream, &room) => next,
        };
        let Some(answer) = next else { break };
        let over = answer.is_err();
        // There is room: every message takes a unit of it.
        if messages.send(answer).await.is_err() || over {
            break;
        }
    }
    // The stream ends here; leases are kept by the client as long as there are messages.
    shutdown
}

/// The next message, when there is room for it.
async fn next(
    stream: &mut MessageStream,
    room: &Arc<Semaphore>,
) -> Option<Result<Received, Fault>> {
    let (message, handler) = match stream.next().await? {
        Ok(message) => message,
        Err(fault) => return Some(Err(fault)),
    };
    let units = (size(&message) / UNIT + 1).min(ROOM / UNIT);
    let units = u32::try_from(units).unwrap_or(1);
    // The semaphore is never closed.
    let room = room.clone().acquire_many_owned(units).await.ok()?;
    Some(Ok(Received {
        message,
        handler,
        _room: room,
    }))
}

fn size(message: &Message) -> usize {
    let attributes = message.attributes.iter();
    attributes.fold(message.data.len(), |sum, (name, value)| {
        sum + name.len() + value.len()
    })
}
