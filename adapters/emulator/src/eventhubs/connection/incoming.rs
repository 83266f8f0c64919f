//! Links on which a client sends: events, or requests.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use super::outbox::Outbox;
use super::session::{Scope, Windows, authorized_node};
use crate::eventhubs::Front;
use crate::eventhubs::address::Node;
use crate::eventhubs::amqp::{
    AmqpError, Attach, Disposition, Flow, Role, Transfer, Value, condition,
};
use crate::eventhubs::events::Batch;
use crate::eventhubs::front::Share;
use crate::eventhubs::hub::OpenHub;
use crate::eventhubs::requests::Request;
use crate::faults::{DropAt, Fault};
use crate::store::StoreError;

/// Messages that a client may send ahead, as the service grants them.
const CREDIT: u32 = 300;

/// The message format of an envelope with a batch of messages.
const BATCH_FORMAT: u32 = 0x8001_3700;

/// The code of the outcome of a message that was taken.
const ACCEPTED: u64 = 0x24;

/// The same for one that was refused.
const REJECTED: u64 = 0x25;

/// A link on which a client sends.
pub(super) struct Incoming {
    handle: u32,
    credit: u32,
    delivery_count: u32,
    to: Destination,
    partial: Option<Partial>,
}

/// Where messages go.
enum Destination {
    /// A hub, or one of its partitions.
    Events {
        hub: Arc<OpenHub>,
        partition: Option<u32>,
    },
    /// `$cbs` or `$management`.
    Requests(Node),
}

/// A message of which not all has come.
struct Partial {
    delivery_id: u32,
    format: u32,
    settled: bool,
    bytes: BytesMut,
    share: Share,
}

/// A message that has come as a whole.
struct Whole {
    delivery_id: u32,
    format: u32,
    settled: bool,
    message: Bytes,
    /// What it takes is counted until it is dealt with.
    _share: Share,
}

/// An answer to a request: the node that gives it, the address where it goes to, the message.
pub(super) type Reply = (Node, Option<String>, Bytes);

impl Incoming {
    /// The longest message, in bytes: 1 MiB as in the service.
    pub(super) const MAX_MESSAGE: usize = 1 << 20;

    /// Opens what `attach` names as its target.
    ///
    /// # Errors
    /// There is no such thing, or the client may not use it.
    pub(super) fn open(attach: &Attach, scope: &mut Scope<'_>) -> Result<Self, AmqpError> {
        let target = attach.target.as_ref();
        let address = target.and_then(|target| target.address.as_deref());
        let to = match authorized_node(address, scope)? {
            Node::Sender { hub, partition } => {
                refuse_idempotence(attach)?;
                let hub = scope.front.hubs.get_or_create(&hub)?;
                let partition = partition.map(|number| hub.partition(&number)).transpose()?;
                let partition = partition.map(|(number, _)| number);
                Destination::Events { hub, partition }
            }
            Node::Receiver { .. } => {
                let reason = "Events are sent to a hub or a partition, not to a consumer group.";
                return Err(AmqpError::new(condition::NOT_ALLOWED, reason));
            }
            node => Destination::Requests(node),
        };
        Ok(Self {
            handle: attach.handle,
            credit: 0,
            delivery_count: attach.initial_delivery_count.unwrap_or(0),
            to,
            partial: None,
        })
    }

    /// Grants all the credit there is.
    pub(super) fn grant(&mut self, windows: &mut Windows, outbox: &mut Outbox) {
        self.credit = CREDIT;
        let flow = Flow {
            handle: Some(self.handle),
            delivery_count: Some(self.delivery_count),
            link_credit: Some(self.credit),
            available: Some(0),
            ..windows.flow()
        };
        outbox.frame(windows.channel, |out| flow.put(out));
    }

    /// Takes (a part of) a message; a request has an answer.
    ///
    /// # Errors
    /// The link has to be detached.
    pub(super) fn transfer(
        &mut self,
        transfer: Transfer,
        windows: &mut Windows,
        scope: &mut Scope<'_>,
    ) -> Result<Option<Reply>, AmqpError> {
        let Some(whole) = self.collect(transfer, scope)? else {
            return Ok(None);
        };
        let faults = &scope.front.config.faults;
        let (drops, delay) = (faults.drops(), faults.delay().unwrap_or_default());
        if drops.is_some() {
            scope.outbox.cut();
        }
        if drops == Some(DropAt::Before) {
            return Ok(None);
        }
        let (outcome, reply) = match self.take(&whole.message, whole.format, scope) {
            Ok(reply) => (outcome(ACCEPTED, Vec::new()), reply),
            Err(error) => (outcome(REJECTED, vec![error.to_value()]), None),
        };
        if !whole.settled {
            let disposition = Disposition {
                role: Role::Receiver,
                first: whole.delivery_id,
                settled: true,
                state: outcome,
            };
            let channel = windows.channel;
            scope
                .outbox
                .frame_later(channel, delay, |out| disposition.put(out));
        }
        if self.credit < CREDIT / 2 {
            self.grant(windows, scope.outbox);
        }
        Ok(reply)
    }

    /// Adds a transfer to the message that it is of; gives the message when that is whole.
    fn collect(
        &mut self,
        transfer: Transfer,
        scope: &Scope<'_>,
    ) -> Result<Option<Whole>, AmqpError> {
        let mut partial = match self.partial.take() {
            Some(partial) => partial,
            None => self.first(&transfer, scope)?,
        };
        if transfer.aborted {
            return Ok(None);
        }
        partial.settled |= transfer.settled;
        let total = partial.bytes.len() + transfer.payload.len();
        if total > Self::MAX_MESSAGE {
            let reason = format!(
                "The received message (delivery-id:{}) exceeds the limit ({} bytes) currently allowed on the link.",
                partial.delivery_id,
                Self::MAX_MESSAGE
            );
            return Err(AmqpError::new(condition::MESSAGE_SIZE, reason));
        }
        if transfer.more {
            partial.share.grow(transfer.payload.len())?;
            partial.bytes.extend_from_slice(&transfer.payload);
            self.partial = Some(partial);
            return Ok(None);
        }
        let message = match partial.bytes.is_empty() {
            true => transfer.payload,
            false => {
                partial.bytes.extend_from_slice(&transfer.payload);
                partial.bytes.freeze()
            }
        };
        Ok(Some(Whole {
            delivery_id: partial.delivery_id,
            format: partial.format,
            settled: partial.settled,
            message,
            _share: partial.share,
        }))
    }

    /// The start of a message.
    fn first(&mut self, transfer: &Transfer, scope: &Scope<'_>) -> Result<Partial, AmqpError> {
        let reason = "more messages came than there was credit for";
        self.credit = self
            .credit
            .checked_sub(1)
            .ok_or_else(|| AmqpError::new(condition::TRANSFER_LIMIT, reason))?;
        self.delivery_count = self.delivery_count.wrapping_add(1);
        let reason = "the first transfer of a delivery has no delivery-id";
        let delivery_id = transfer
            .delivery_id
            .ok_or_else(|| AmqpError::new(condition::INVALID_FIELD, reason))?;
        Ok(Partial {
            delivery_id,
            format: transfer.message_format.unwrap_or(0),
            settled: false,
            bytes: BytesMut::new(),
            share: scope.front.share(),
        })
    }

    /// Takes a whole message.
    fn take(
        &self,
        message: &Bytes,
        format: u32,
        scope: &mut Scope<'_>,
    ) -> Result<Option<Reply>, AmqpError> {
        let front = scope.front;
        match &self.to {
            Destination::Events { hub, partition } => {
                let batch = read_events(message, format)?;
                store_events(hub, *partition, &batch, front)?;
                Ok(None)
            }
            Destination::Requests(node) => {
                let request = Request::read(message)?;
                let reply_to = request.reply_to().map(str::to_owned);
                let answer = match node {
                    Node::Cbs => {
                        let key = front.config.access_key.as_ref();
                        request.put_token(scope.grants, key, front.hubs.now_ms())
                    }
                    _ => request.manage(front, scope.grants),
                };
                Ok(Some((node.clone(), reply_to, answer)))
            }
        }
    }
}

/// The events of a message.
fn read_events(message: &[u8], format: u32) -> Result<Batch, AmqpError> {
    match format {
        0 => Batch::of_message(message),
        BATCH_FORMAT => Batch::of_envelope(message),
        other => {
            let reason = format!("there is no message format {other:#x}");
            Err(AmqpError::new(condition::NOT_IMPLEMENTED, reason))
        }
    }
}

/// Puts events where they belong.
fn store_events(
    hub: &OpenHub,
    partition: Option<u32>,
    batch: &Batch,
    front: &Front,
) -> Result<(), AmqpError> {
    let faults = &front.config.faults;
    if faults.strikes(Fault::Throttle) {
        let reason = "The request was terminated because the namespace is being throttled. Please wait 4 seconds and try again.";
        return Err(AmqpError::new(condition::SERVER_BUSY, reason));
    }
    // A key does not matter to an event that names its partition; it stays with it.
    let number = partition.unwrap_or_else(|| hub.choose(batch.key()));
    // As after a retry of the service's own clients whose first try had come through.
    let times = if faults.strikes(Fault::Duplicate) {
        2
    } else {
        1
    };
    for _ in 0..times {
        let appended = hub.append(number, batch, front.hubs.now_ms());
        appended.map_err(|error| refusal(&error, front))?;
    }
    Ok(())
}

/// An outcome with its fields.
fn outcome(code: u64, fields: Vec<Value>) -> Value {
    Value::Described(Box::new((Value::ulong(code), Value::List(fields))))
}

/// What a client is told when the store refuses.
fn refusal(error: &StoreError, front: &Front) -> AmqpError {
    front.tell_refused_write(error);
    let condition = match error {
        StoreError::Deleted => condition::NOT_FOUND,
        StoreError::OutOfMemory { .. } => condition::RESOURCE_LIMIT,
        _ => condition::INTERNAL,
    };
    AmqpError::new(condition, error.to_string())
}

/// Refuses a producer that wants to be idempotent, which the emulator cannot be over AMQP.
fn refuse_idempotence(attach: &Attach) -> Result<(), AmqpError> {
    let wanted = |value: &Value| match value {
        Value::Array(names) | Value::List(names) => names
            .iter()
            .any(|name| name.as_text() == Some("com.microsoft:idempotent-producer")),
        other => other.as_text() == Some("com.microsoft:idempotent-producer"),
    };
    if !wanted(&attach.desired_capabilities) {
        return Ok(());
    }
    let reason = "Idempotent producers are not supported here.";
    Err(AmqpError::new(condition::NOT_IMPLEMENTED, reason))
}
