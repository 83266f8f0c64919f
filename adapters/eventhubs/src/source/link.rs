//! A link to one partition: the task that brings its events.
//!
//! A link lives until its first error. It never begins at "the latest event", and never lets the client
//! attach again behind its back: whoever wants to go on opens a new link at the next event that is due.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use azure_messaging_eventhubs::models::ReceivedEventData;
use azure_messaging_eventhubs::{
    ConsumerClient, OpenReceiverOptions, StartLocation, StartPosition,
};
use futures::StreamExt;
use ssectl_adapter::{Error, ErrorKind, Origin, Partition, Position, Result};
use tokio::sync::OnceCell;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::guard::{Guard, Verdict};
use super::queue::{Item, SharedQueue};
use crate::bounds::within;
use crate::client::{Extent, Hub, Service, close_consumer};
use crate::error::request;
use crate::message::{Event, decode};

/// After so much silence the hub is asked whether it has an event for us; less if requests have less time.
const SILENCE: Duration = Duration::from_secs(10);

/// A connection that all links of a source share, until one of them fails.
#[derive(Default)]
pub(super) struct Connection(OnceCell<Arc<ConsumerClient>>);

impl Connection {
    /// One that is open.
    pub(super) fn open(client: ConsumerClient) -> Self {
        Self(OnceCell::new_with(Some(Arc::new(client))))
    }

    /// The client; the first who asks connects.
    pub(super) async fn client(&self, service: &Service, hub: &str) -> Result<Arc<ConsumerClient>> {
        let connect = async { service.consumer(hub).await.map(Arc::new) };
        self.0.get_or_try_init(|| connect).await.cloned()
    }

    /// Ends the links, and says goodbye when nobody uses the connection any more.
    pub(super) async fn close(self: Arc<Self>, links: Vec<JoinHandle<()>>) {
        for link in &links {
            link.abort();
        }
        for link in links {
            // It was aborted, or is at its end.
            link.await.ok();
        }
        let client = Arc::into_inner(self).and_then(|all| all.0.into_inner());
        if let Some(client) = client.and_then(Arc::into_inner) {
            close_consumer(client).await;
        }
    }
}

/// What a link is to do.
pub(super) struct Link {
    pub(super) service: Arc<Service>,
    pub(super) hub: Hub,
    pub(super) connection: Arc<Connection>,
    pub(super) queue: SharedQueue,
    pub(super) id: Partition,
    pub(super) number: u64,
}

/// What comes after an event.
enum Step {
    GoOn,
    /// All that was asked for is there, or another link has taken over.
    Stop,
}

impl Link {
    /// Reads until the end, an error, or until it is aborted.
    pub(super) async fn run(self) {
        match self.read().await {
            Ok(()) => self.queue.wake(),
            Err(error) => {
                let error = error
                    .with("hub", &self.hub.name)
                    .with("partition", &self.id);
                self.queue.fail(&self.id, self.number, error);
            }
        }
    }

    async fn read(&self) -> Result<()> {
        let client = self
            .connection
            .client(&self.service, &self.hub.name)
            .await?;
        let Some(mut guard) = self.begin(&client).await? else {
            return Ok(());
        };
        let most = self.service.config.prefetch;
        let prefetch = self
            .queue
            .state()
            .slots
            .get(&self.id)
            .map_or(most, |slot| slot.prefetch);
        let options = OpenReceiverOptions {
            owner_level: self.service.config.owner_level.map(i64::from),
            prefetch: Some(prefetch.into()),
            start_position: Some(start(guard.next())),
            ..OpenReceiverOptions::default()
        };
        let asked = client.open_receiver_on_partition(self.id.as_str().to_owned(), Some(options));
        let receiver = self.service.within("opening a link to read", asked).await?;
        let mut events = pin!(receiver.stream_events());
        let patience = self.service.config.timeout.as_duration().min(SILENCE);
        let mut owed = None;
        loop {
            match timeout(patience, events.next()).await {
                Ok(Some(Ok(event))) => {
                    owed = None;
                    if let Step::Stop = self.take(event, &mut guard).await? {
                        return Ok(());
                    }
                }
                Ok(Some(Err(error))) => return Err(request("reading", error)),
                Ok(None) => return Err(silent("the link has ended")),
                Err(_) => owed = Some(self.owed(&client, &guard, owed).await?),
            }
        }
    }

    /// Where to begin; `None` when there is nothing to read.
    async fn begin(&self, client: &ConsumerClient) -> Result<Option<Guard>> {
        let Some((next, sparse)) = self.due() else {
            return Ok(None);
        };
        if next == 0 {
            return Ok(Some(Guard::new(0, sparse)));
        }
        let extent = self.service.extent(client, self.id.as_str()).await?;
        let reset = self.service.config.offset_reset;
        let found = within(&self.hub.name, self.id.as_str(), next, extent, reset)?;
        if found != next {
            log::warn!(
                "hub `{}`, partition {}: event {next} is gone, reading goes on at {found}",
                self.hub.name,
                self.id
            );
            self.move_to(found);
        }
        Ok(self.due().map(|(next, sparse)| Guard::new(next, sparse)))
    }

    /// The next event, and whether numbers are left out; `None` when this link is not to read.
    fn due(&self) -> Option<(i64, bool)> {
        let state = self.queue.state();
        let slot = state.slots.get(&self.id)?;
        let ours = slot.link == self.number && !slot.is_done();
        ours.then_some((slot.next, slot.sparse))
    }

    /// Notes that events before `next` do not come any more.
    fn move_to(&self, next: i64) {
        let mut state = self.queue.state();
        if let Some(slot) = state.slots.get_mut(&self.id)
            && slot.link == self.number
        {
            slot.next = next;
        }
    }

    async fn take(&self, event: ReceivedEventData, guard: &mut Guard) -> Result<Step> {
        let message = event.raw_amqp_message();
        let said = Event::of(message);
        let Some(number) = said.sequence_number else {
            return Err(Error::new(
                ErrorKind::Data,
                "an event has no sequence number",
            ));
        };
        let due = guard.next();
        match guard.admit(number) {
            Verdict::Take => {}
            Verdict::Repeated => {
                log::debug!(
                    "partition {}: event {number} came again, {due} was due",
                    self.id
                );
                return Ok(Step::GoOn);
            }
            Verdict::Jump => {
                let what =
                    format!("event {number} came where {due} was due: reading again from there");
                return Err(Error::new(ErrorKind::Data, what).temporary());
            }
            Verdict::Gap => self.note_gap(due, number),
        }
        if self.is_behind_end(number) {
            return Ok(Step::Stop);
        }
        let origin = Origin {
            stream: self.hub.name.clone(),
            partition: self.id.clone(),
            position: Position::Offset(number),
        };
        let record = decode(message.clone(), &said, origin.clone());
        let item = Item {
            number,
            offset: said.offset,
            record: record.map_err(|error| (origin, raw(message), error)),
        };
        let taken = self.queue.push(&self.id, self.number, item).await;
        Ok(match taken && self.due().is_some() {
            true => Step::GoOn,
            false => Step::Stop,
        })
    }

    fn note_gap(&self, due: i64, number: i64) {
        log::info!(
            "hub `{}`, partition {}: events {due} to {} are no longer there",
            self.hub.name,
            self.id,
            number - 1
        );
        if let Some(slot) = self.queue.state().slots.get_mut(&self.id) {
            slot.sparse |= due > 0;
        }
    }

    /// Whether the read ends before this event; then it is at its end.
    fn is_behind_end(&self, number: i64) -> bool {
        let mut state = self.queue.state();
        let Some(slot) = state.slots.get_mut(&self.id) else {
            return true;
        };
        let behind = slot.end.is_some_and(|end| number >= end);
        if behind && slot.link == self.number {
            slot.next = number;
        }
        behind
    }

    /// Nothing came for a while. When the hub has had an event for us all that time, the link is dead,
    /// though nobody said so. Answers up to where the hub has events now.
    async fn owed(&self, client: &ConsumerClient, guard: &Guard, owed: Option<i64>) -> Result<i64> {
        if owed.is_some_and(|end| end > guard.next()) {
            return Err(silent("the link brings no events, though there are some"));
        }
        let Extent { end, .. } = self.service.extent(client, self.id.as_str()).await?;
        Ok(end)
    }
}

fn silent(what: &str) -> Error {
    Error::new(ErrorKind::Timeout, what).temporary()
}

/// The bytes of a message that is no record, as far as it has any.
fn raw(message: &azure_core_amqp::AmqpMessage) -> Option<bytes::Bytes> {
    match &message.body {
        azure_core_amqp::message::AmqpMessageBody::Binary(sections) => {
            Some(sections.concat().into())
        }
        _ => None,
    }
}

/// Behind the event before the one that is due: the service refuses to begin at one that is not
/// there yet.
fn start(next: i64) -> StartPosition {
    StartPosition {
        location: match next {
            0 => StartLocation::Earliest,
            next => StartLocation::SequenceNumber(next - 1),
        },
        inclusive: false,
    }
}
