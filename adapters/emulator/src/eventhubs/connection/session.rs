//! A session: windows, and the links in it.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;

use super::incoming::Incoming;
use super::outbox::Outbox;
use super::outgoing::Outgoing;
use crate::eventhubs::Front;
use crate::eventhubs::address::Node;
use crate::eventhubs::amqp::{
    AmqpError, Attach, Begin, Detach, Flow, Performative, Role, Transfer, Value, condition,
};
use crate::eventhubs::tokens::Grants;
use crate::store::Waiter;

/// Transfers that a client may send ahead.
const WINDOW: u32 = 5_000;

/// What a session may use of its connection.
pub(super) struct Scope<'a> {
    pub(super) front: &'a Arc<Front>,
    pub(super) grants: &'a mut Grants,
    pub(super) outbox: &'a mut Outbox,
    pub(super) waiter: &'a Arc<Waiter>,
}

/// The state of a session apart from its links.
#[derive(Debug)]
pub(super) struct Windows {
    pub(super) channel: u16,
    next_incoming_id: u32,
    incoming: u32,
    next_outgoing_id: u32,
    /// Transfers that the client takes.
    outgoing: u32,
    next_delivery: u32,
}

/// One session.
pub(super) struct Session {
    windows: Windows,
    handle_max: u32,
    links: BTreeMap<u32, Link>,
}

/// One link, by the handle that the client gave it; this end uses the same.
enum Link {
    Incoming(Incoming),
    Outgoing(Box<Outgoing>),
    /// Detached by this end; the client does not know yet.
    Leaving,
}

impl Windows {
    /// A flow that tells where this end is, and of no link.
    pub(super) fn flow(&mut self) -> Flow {
        self.incoming = WINDOW;
        Flow {
            next_incoming_id: Some(self.next_incoming_id),
            incoming_window: self.incoming,
            next_outgoing_id: self.next_outgoing_id,
            outgoing_window: WINDOW,
            ..Flow::default()
        }
    }

    /// Counts a transfer that came.
    fn note_incoming(&mut self) -> Result<(), AmqpError> {
        let reason = "more transfers came than the window allows";
        self.incoming = self
            .incoming
            .checked_sub(1)
            .ok_or_else(|| AmqpError::new(condition::WINDOW_VIOLATION, reason))?;
        self.next_incoming_id = self.next_incoming_id.wrapping_add(1);
        Ok(())
    }

    /// Whether a transfer may be sent.
    pub(super) fn is_open(&self) -> bool {
        self.outgoing > 0
    }

    /// Counts a transfer that is sent.
    pub(super) fn note_outgoing(&mut self) {
        self.outgoing = self.outgoing.saturating_sub(1);
        self.next_outgoing_id = self.next_outgoing_id.wrapping_add(1);
    }

    /// The number of the next delivery.
    pub(super) fn next_delivery(&mut self) -> u32 {
        let id = self.next_delivery;
        self.next_delivery = id.wrapping_add(1);
        id
    }

    fn note_flow(&mut self, flow: &Flow) {
        // Before the client has seen `begin` it counts from our first transfer.
        let seen = flow.next_incoming_id.unwrap_or(0);
        let end = seen.wrapping_add(flow.incoming_window);
        let open = end.wrapping_sub(self.next_outgoing_id);
        // Less than nothing wraps to more than what was granted.
        self.outgoing = if open > flow.incoming_window { 0 } else { open };
    }
}

impl Session {
    /// Begins a session; also gives the answer.
    pub(super) fn begin(channel: u16, begin: &Begin, links: u32) -> (Self, Begin) {
        let windows = Windows {
            channel,
            next_incoming_id: begin.next_outgoing_id,
            incoming: WINDOW,
            next_outgoing_id: 0,
            outgoing: begin.incoming_window,
            next_delivery: 0,
        };
        let handle_max = links.saturating_sub(1);
        let answer = Begin {
            remote_channel: Some(channel),
            next_outgoing_id: 0,
            incoming_window: WINDOW,
            outgoing_window: WINDOW,
            handle_max,
        };
        let session = Self {
            windows,
            handle_max,
            links: BTreeMap::new(),
        };
        (session, answer)
    }

    /// Does what a client wants; true if there may be something to deliver now.
    ///
    /// # Errors
    /// The session has to end.
    pub(super) fn perform(
        &mut self,
        performative: Performative,
        scope: &mut Scope<'_>,
    ) -> Result<bool, AmqpError> {
        match performative {
            Performative::Attach(attach) => self.attach(*attach, scope)?,
            Performative::Flow(flow) => self.flow(&flow, scope)?,
            Performative::Transfer(transfer) => {
                self.windows.note_incoming()?;
                self.transfer(transfer, scope)?;
                if self.windows.incoming < WINDOW / 2 {
                    let flow = self.windows.flow();
                    scope
                        .outbox
                        .frame(self.windows.channel, |out| flow.put(out));
                }
            }
            Performative::Detach(detach) => {
                self.detach(&detach, scope);
                return Ok(false);
            }
            // What is received stays in the log, whatever becomes of it.
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Delivers what there is; true if there is more that only lacks room.
    pub(super) fn deliver(&mut self, scope: &mut Scope<'_>) -> bool {
        let mut is_blocked = false;
        let mut ended = Vec::new();
        for (handle, link) in &mut self.links {
            if let Link::Outgoing(outgoing) = link {
                match outgoing.deliver(&mut self.windows, scope) {
                    Ok(blocked) => is_blocked |= blocked,
                    Err(error) => ended.push((*handle, error)),
                }
            }
        }
        for (handle, error) in ended {
            self.send_detach(handle, &error, scope);
        }
        is_blocked
    }

    fn attach(&mut self, attach: Attach, scope: &mut Scope<'_>) -> Result<(), AmqpError> {
        let handle = attach.handle;
        if handle > self.handle_max || self.links.contains_key(&handle) {
            let reason = format!("the handle {handle} is taken or too large");
            return Err(AmqpError::new(condition::HANDLE_IN_USE, reason));
        }
        let opened = open(&attach, scope);
        let answer = answer_to(attach, opened.is_ok());
        scope
            .outbox
            .frame(self.windows.channel, |out| answer.put(out));
        match opened {
            Ok(mut link) => {
                if let Link::Incoming(incoming) = &mut link {
                    incoming.grant(&mut self.windows, scope.outbox);
                }
                self.links.insert(handle, link);
            }
            Err(error) => self.send_detach(handle, &error, scope),
        }
        Ok(())
    }

    fn flow(&mut self, flow: &Flow, scope: &mut Scope<'_>) -> Result<(), AmqpError> {
        self.windows.note_flow(flow);
        let Some(handle) = flow.handle else {
            if flow.echo {
                let answer = self.windows.flow();
                scope
                    .outbox
                    .frame(self.windows.channel, |out| answer.put(out));
            }
            return Ok(());
        };
        match self.links.get_mut(&handle) {
            Some(Link::Outgoing(link)) => link.flow(flow, &mut self.windows, scope.outbox),
            Some(Link::Incoming(link)) if flow.echo => {
                link.grant(&mut self.windows, scope.outbox);
            }
            Some(_) => {}
            None => return Err(unattached(handle)),
        }
        Ok(())
    }

    fn transfer(&mut self, transfer: Transfer, scope: &mut Scope<'_>) -> Result<(), AmqpError> {
        let handle = transfer.handle;
        let link = match self.links.get_mut(&handle) {
            Some(Link::Incoming(link)) => link,
            Some(Link::Leaving) => return Ok(()),
            _ => return Err(unattached(handle)),
        };
        match link.transfer(transfer, &mut self.windows, scope) {
            Ok(None) => {}
            Ok(Some(answer)) => self.reply(&answer.0, answer.1, answer.2),
            Err(error) => self.send_detach(handle, &error, scope),
        }
        Ok(())
    }

    /// Puts an answer onto the link that its request named, or the first one of the same node.
    fn reply(&mut self, node: &Node, reply_to: Option<String>, message: Bytes) {
        let mut links: Vec<&mut Outgoing> = self
            .links
            .values_mut()
            .filter_map(|link| match link {
                Link::Outgoing(link) if link.answers(node) => Some(&mut **link),
                _ => None,
            })
            .collect();
        let named = links
            .iter()
            .position(|link| reply_to.is_some() && link.target == reply_to);
        if let Some(link) = links.get_mut(named.unwrap_or(0)) {
            link.put(message);
        }
    }

    fn detach(&mut self, detach: &Detach, scope: &mut Scope<'_>) {
        match self.links.remove(&detach.handle) {
            None | Some(Link::Leaving) => {}
            Some(_) => {
                let answer = Detach {
                    error: Value::Null,
                    ..detach.clone()
                };
                // Outcomes that are held back come before.
                scope.outbox.release(tokio::time::Instant::now(), true);
                scope
                    .outbox
                    .frame(self.windows.channel, |out| answer.put(out));
            }
        }
    }

    fn send_detach(&mut self, handle: u32, error: &AmqpError, scope: &mut Scope<'_>) {
        let detach = Detach {
            handle,
            closed: true,
            error: error.to_value(),
        };
        scope.outbox.release(tokio::time::Instant::now(), true);
        scope
            .outbox
            .frame(self.windows.channel, |out| detach.put(out));
        self.links.insert(handle, Link::Leaving);
    }
}

/// Opens what a client attaches to.
fn open(attach: &Attach, scope: &mut Scope<'_>) -> Result<Link, AmqpError> {
    match attach.role {
        Role::Sender => Incoming::open(attach, scope).map(Link::Incoming),
        Role::Receiver => Outgoing::open(attach, scope).map(|link| Link::Outgoing(Box::new(link))),
    }
}

/// The other half of an attach. Of a refused one the end that was asked for is null (part 2, section 2.6.3); the error
/// follows.
fn answer_to(attach: Attach, accepted: bool) -> Attach {
    let is_sender = attach.role == Role::Receiver;
    Attach {
        role: if is_sender {
            Role::Sender
        } else {
            Role::Receiver
        },
        source: attach.source.filter(|_| accepted || !is_sender),
        target: attach.target.filter(|_| accepted || is_sender),
        initial_delivery_count: is_sender.then_some(0),
        max_message_size: Incoming::MAX_MESSAGE as u64,
        desired_capabilities: Value::Null,
        properties: match attach.properties {
            Value::Null => Value::Map(Vec::new()),
            given => given,
        },
        ..attach
    }
}

/// What an address names, if the connection may use it.
///
/// # Errors
/// It names nothing, or there is no token for it.
pub(super) fn authorized_node(address: Option<&str>, scope: &Scope<'_>) -> Result<Node, AmqpError> {
    let address = address.unwrap_or_default();
    let node = Node::parse(address).ok_or_else(|| {
        let reason = format!("The messaging entity '{address}' could not be found.");
        AmqpError::new(condition::NOT_FOUND, reason)
    })?;
    let is_public = matches!(node, Node::Cbs | Node::Management);
    if is_public || scope.grants.allow(address, scope.front.hubs.now_ms()) {
        return Ok(node);
    }
    let reason = format!(
        "Unauthorized access. 'Send' or 'Listen' claim(s) are required to perform this operation. Resource: '{address}'."
    );
    Err(AmqpError::new(condition::UNAUTHORIZED, reason))
}

fn unattached(handle: u32) -> AmqpError {
    let reason = format!("there is no link with the handle {handle}");
    AmqpError::new(condition::UNATTACHED_HANDLE, reason)
}
