//! Links on which a client receives: events, or answers to requests.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

use super::outbox::Outbox;
use super::session::{Scope, Windows, authorized_node};
use crate::eventhubs::address::Node;
use crate::eventhubs::amqp::{AmqpError, Attach, Flow, Transfer, condition};
use crate::eventhubs::reader::Reader;
use crate::faults::Fault;

/// `settled` among the modes in which a sender may settle.
const SETTLED: u8 = 1;

/// Bytes of a transfer's frame besides its payload, at most.
const OVERHEAD: usize = 128;

/// Answers that wait for credit.
const MAX_ANSWERS: usize = 1000;

/// A link on which a client receives.
pub(super) struct Outgoing {
    handle: u32,
    settled: bool,
    credit: u32,
    delivery_count: u32,
    drain: bool,
    /// The address at the client's end.
    pub(super) target: Option<String>,
    from: Origin,
    /// A message of which not all was sent.
    partial: Option<Partial>,
}

/// Where messages come from.
enum Origin {
    Events(Reader),
    Answers(Node, VecDeque<Bytes>),
}

struct Partial {
    delivery_id: u32,
    is_first: bool,
    rest: Bytes,
}

impl Outgoing {
    /// Opens what `attach` names as its source.
    ///
    /// # Errors
    /// There is no such thing, or the client may not use it, now or at all.
    pub(super) fn open(attach: &Attach, scope: &mut Scope<'_>) -> Result<Self, AmqpError> {
        let source = attach.source.as_ref();
        let address = source.and_then(|source| source.address.as_deref());
        let from = match authorized_node(address, scope)? {
            Node::Receiver {
                hub,
                group,
                partition,
            } => {
                let hub = scope.front.hubs.get_or_create(&hub)?;
                let clock = &scope.front.config.clock;
                let place = (group.as_str(), partition.as_str());
                Origin::Events(Reader::open(hub, place, attach, scope.waiter, clock)?)
            }
            Node::Sender { hub, .. } => {
                let reason =
                    format!("Events of '{hub}' are received from a partition of a consumer group.");
                return Err(AmqpError::new(condition::NOT_ALLOWED, reason));
            }
            node => Origin::Answers(node, VecDeque::new()),
        };
        let target = attach.target.as_ref();
        Ok(Self {
            handle: attach.handle,
            settled: attach.snd_settle_mode == SETTLED,
            credit: 0,
            delivery_count: 0,
            drain: false,
            target: target.and_then(|target| target.address.clone()),
            from,
            partial: None,
        })
    }

    /// Whether answers of that node come this way.
    pub(super) fn answers(&self, node: &Node) -> bool {
        matches!(&self.from, Origin::Answers(own, _) if own == node)
    }

    /// Takes an answer; a client that does not fetch its answers gets no more.
    pub(super) fn put(&mut self, message: Bytes) {
        if let Origin::Answers(_, waiting) = &mut self.from
            && waiting.len() < MAX_ANSWERS
        {
            waiting.push_back(message);
        }
    }

    /// Takes the client's credit.
    pub(super) fn flow(&mut self, flow: &Flow, windows: &mut Windows, outbox: &mut Outbox) {
        if let Some(credit) = flow.link_credit {
            // The client counts from what it has seen (part 2, section 2.6.7).
            let end = flow.delivery_count.unwrap_or(0).wrapping_add(credit);
            let left = end.wrapping_sub(self.delivery_count);
            self.credit = if left > credit { 0 } else { left };
        }
        self.drain = flow.drain;
        if flow.echo {
            self.tell(windows, outbox);
        }
    }

    /// Sends what there is; true if there is more that only lacks room.
    ///
    /// # Errors
    /// The link has to be detached.
    pub(super) fn deliver(
        &mut self,
        windows: &mut Windows,
        scope: &mut Scope<'_>,
    ) -> Result<bool, AmqpError> {
        if let Origin::Events(reader) = &self.from {
            reader.check()?;
        }
        let before = self.delivery_count;
        while self.partial.is_some() || self.credit > 0 {
            if !scope.outbox.has_room() {
                return Ok(true);
            }
            if !windows.is_open() {
                // The client will open it with a flow.
                return Ok(false);
            }
            if self.partial.is_none() {
                let Some(rest) = self.next_message()? else {
                    break;
                };
                self.credit -= 1;
                self.delivery_count = self.delivery_count.wrapping_add(1);
                self.partial = Some(Partial {
                    delivery_id: windows.next_delivery(),
                    is_first: true,
                    rest,
                });
            }
            self.send_some(windows, scope.outbox);
        }
        if self.delivery_count != before {
            self.misbehave(scope)?;
        }
        if self.drain && self.credit > 0 {
            self.delivery_count = self.delivery_count.wrapping_add(self.credit);
            self.credit = 0;
            self.tell(windows, scope.outbox);
        }
        Ok(false)
    }

    /// Meets the faults that are planned for deliveries of events.
    fn misbehave(&self, scope: &mut Scope<'_>) -> Result<(), AmqpError> {
        let faults = &scope.front.config.faults;
        if matches!(self.from, Origin::Answers(..)) {
            return Ok(());
        }
        if faults.drops().is_some() {
            scope.outbox.cut();
        }
        if faults.strikes(Fault::StaleLease) {
            let reason = "The link was detached by the broker for maintenance.";
            return Err(AmqpError::new(condition::DETACH_FORCED, reason));
        }
        Ok(())
    }

    fn next_message(&mut self) -> Result<Option<Bytes>, AmqpError> {
        match &mut self.from {
            Origin::Answers(_, waiting) => Ok(waiting.pop_front()),
            Origin::Events(reader) => {
                let mut message = BytesMut::new();
                Ok(reader.next(&mut message)?.then(|| message.freeze()))
            }
        }
    }

    /// Sends one frame of the message that is being sent.
    fn send_some(&mut self, windows: &mut Windows, outbox: &mut Outbox) {
        let Some(mut partial) = self.partial.take() else {
            return;
        };
        let room = outbox.max_frame - OVERHEAD;
        let payload = partial.rest.split_to(room.min(partial.rest.len()));
        let more = !partial.rest.is_empty();
        let id = partial.delivery_id;
        let transfer = Transfer {
            handle: self.handle,
            delivery_id: Some(id),
            message_format: Some(0),
            settled: self.settled,
            more,
            aborted: false,
            payload,
        };
        windows.note_outgoing();
        outbox.frame(windows.channel, |out| transfer.put(id, out));
        if more {
            partial.is_first = false;
            self.partial = Some(partial);
        }
    }

    /// Tells the client where this end is.
    fn tell(&self, windows: &mut Windows, outbox: &mut Outbox) {
        let flow = Flow {
            handle: Some(self.handle),
            delivery_count: Some(self.delivery_count),
            link_credit: Some(self.credit),
            available: Some(0),
            drain: self.drain,
            ..windows.flow()
        };
        outbox.frame(windows.channel, |out| flow.put(out));
    }
}
