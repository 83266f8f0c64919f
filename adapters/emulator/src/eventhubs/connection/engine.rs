//! The protocol of a connection, without its socket.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use tokio::time::Instant;
use uuid::Uuid;

use super::outbox::Outbox;
use super::sasl;
use super::session::{Scope, Session};
use crate::eventhubs::Front;
use crate::eventhubs::amqp::{
    AmqpError, Begin, Frame, FrameKind, Open, PROTOCOL, Performative, SASL, Value, condition,
    heartbeat, next_frame, put_last,
};
use crate::eventhubs::tokens::Grants;
use crate::store::Waiter;

/// The longest frame that is taken, in bytes.
const MAX_FRAME: usize = 64 * 1024;

/// The shortest one that every peer must take (part 2, section 2.7.1).
const MIN_MAX_FRAME: usize = 512;

/// The code of the last performative.
const CLOSE: u64 = 0x18;

/// How far a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The protocol header comes next: of SASL, or of AMQP behind it.
    Header { authenticated: bool },
    /// The client chooses a mechanism.
    Sasl,
    /// The client opens.
    Opening,
    /// Sessions may begin.
    Open,
    /// Nothing more is read.
    Over,
}

/// One connection.
pub(super) struct Engine {
    front: Arc<Front>,
    waiter: Arc<Waiter>,
    phase: Phase,
    grants: Grants,
    sessions: HashMap<u16, Session>,
    pub(super) outbox: Outbox,
    last_heard: Instant,
    last_sent: Instant,
    /// How often to send something, as the client wants it.
    beat: Option<Duration>,
    /// Whether there may be something to deliver.
    is_woken: bool,
}

impl Engine {
    /// A connection that was just accepted.
    pub(super) fn new(front: Arc<Front>, waiter: Arc<Waiter>, now: Instant) -> Self {
        Self {
            front,
            waiter,
            phase: Phase::Header {
                authenticated: false,
            },
            grants: Grants::default(),
            sessions: HashMap::new(),
            outbox: Outbox::new(MIN_MAX_FRAME),
            last_heard: now,
            last_sent: now,
            beat: None,
            is_woken: false,
        }
    }

    /// Whether nothing more will be read.
    pub(super) fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }

    /// Notes that there may be something to deliver.
    pub(super) fn wake(&mut self) {
        self.is_woken = true;
    }

    /// Takes in what came, and does what is due.
    pub(super) fn work(&mut self, input: &mut BytesMut, now: Instant) {
        if !self.outbox.is_empty() {
            self.last_sent = now;
        }
        self.outbox.release(now, false);
        if let Err(error) = self.take_in(input, now) {
            self.close(error);
        }
        if self.phase == Phase::Open {
            self.deliver();
        }
        if self.outbox.is_cut() {
            self.sessions.clear();
            self.outbox.bytes().clear();
            self.phase = Phase::Over;
        }
        self.keep_alive(now);
    }

    /// When to call [`Self::work`] again at the latest.
    pub(super) fn deadline(&self) -> Option<Instant> {
        if self.is_over() {
            return None;
        }
        let beat = self.beat.map(|beat| self.last_sent + beat);
        let idle = Some(self.last_heard + self.front.config.limits.idle);
        [self.outbox.next_due(), beat, idle]
            .into_iter()
            .flatten()
            .min()
    }

    /// Says goodbye, because the emulator ends.
    pub(super) fn shut_down(&mut self) {
        if self.phase == Phase::Open {
            self.close(AmqpError::new(condition::FORCED, "the emulator ends"));
        }
    }

    fn take_in(&mut self, input: &mut BytesMut, now: Instant) -> Result<(), AmqpError> {
        while self.outbox.has_room() {
            let progressed = match self.phase {
                Phase::Header { authenticated } => self.header(input, authenticated),
                Phase::Over => return Ok(()),
                _ => match next_frame(input, MAX_FRAME)? {
                    Some(frame) => {
                        self.frame(frame)?;
                        true
                    }
                    None => false,
                },
            };
            if !progressed {
                break;
            }
            self.last_heard = now;
        }
        Ok(())
    }

    /// Takes the protocol header; false if it is not there as a whole.
    fn header(&mut self, input: &mut BytesMut, authenticated: bool) -> bool {
        let Some(header) = input.first_chunk::<8>().copied() else {
            return false;
        };
        input.advance(8);
        match header {
            SASL if !authenticated => {
                self.outbox.bytes().extend_from_slice(&SASL);
                sasl::offer(self.outbox.bytes());
                self.phase = Phase::Sasl;
            }
            PROTOCOL if authenticated => {
                self.outbox.bytes().extend_from_slice(&PROTOCOL);
                self.phase = Phase::Opening;
            }
            _ => {
                // The header that is expected, then the end (part 2, section 2.2).
                let expected = if authenticated { PROTOCOL } else { SASL };
                self.outbox.bytes().extend_from_slice(&expected);
                self.phase = Phase::Over;
            }
        }
        true
    }

    fn frame(&mut self, frame: Frame) -> Result<(), AmqpError> {
        match (self.phase, frame.kind) {
            (Phase::Sasl, FrameKind::Sasl) => {
                let key = self.front.config.access_key.as_ref();
                let out = self.outbox.bytes();
                self.phase = match sasl::answer(&frame.body, &mut self.grants, key, out)? {
                    true => Phase::Header {
                        authenticated: true,
                    },
                    false => Phase::Over,
                };
                Ok(())
            }
            (Phase::Opening | Phase::Open, FrameKind::Amqp) if frame.body.is_empty() => Ok(()),
            (Phase::Opening | Phase::Open, FrameKind::Amqp) => self.perform(&frame),
            _ => {
                let reason = "a frame of another layer was expected";
                Err(AmqpError::new(condition::FRAMING, reason))
            }
        }
    }

    fn perform(&mut self, frame: &Frame) -> Result<(), AmqpError> {
        let performative = Performative::read(&frame.body)?;
        let channel = frame.channel;
        match (self.phase, performative) {
            (Phase::Opening, Performative::Open(open)) => self.open(&open),
            (Phase::Open, Performative::Begin(begin)) => return self.begin(channel, &begin),
            (Phase::Open, Performative::End) => {
                if self.sessions.remove(&channel).is_some() {
                    self.outbox.release(Instant::now(), true);
                    self.outbox
                        .frame(channel, |out| put_last(0x17, Value::Null, out));
                }
            }
            (_, Performative::Close) => {
                self.outbox.release(Instant::now(), true);
                self.outbox
                    .frame(0, |out| put_last(CLOSE, Value::Null, out));
                self.sessions.clear();
                self.phase = Phase::Over;
            }
            (Phase::Open, Performative::Open(_)) | (Phase::Opening, _) => {
                let reason = "`open` comes first, once";
                return Err(AmqpError::new(condition::NOT_ALLOWED, reason));
            }
            (_, performative) => self.in_session(channel, performative),
        }
        Ok(())
    }

    fn open(&mut self, open: &Open) {
        let max_frame = usize::try_from(open.max_frame_size).unwrap_or(MAX_FRAME);
        self.outbox.max_frame = max_frame.clamp(MIN_MAX_FRAME, MAX_FRAME);
        self.beat = open
            .idle_time_out
            .filter(|ms| *ms > 0)
            .map(|ms| Duration::from_millis(u64::from(ms) / 2).max(Duration::from_millis(10)));
        let limits = &self.front.config.limits;
        let answer = Open {
            container_id: Uuid::new_v4().simple().to_string(),
            max_frame_size: MAX_FRAME as u32,
            channel_max: limits.sessions.saturating_sub(1),
            // Half of it, as the specification advises, so that a late heartbeat is not too late.
            idle_time_out: u32::try_from(limits.idle.as_millis() / 2).ok(),
        };
        self.outbox.frame(0, |out| answer.put(out));
        self.phase = Phase::Open;
    }

    fn begin(&mut self, channel: u16, begin: &Begin) -> Result<(), AmqpError> {
        let limits = &self.front.config.limits;
        if self.sessions.contains_key(&channel) || channel >= limits.sessions {
            let reason = format!("the channel {channel} is taken or too large");
            return Err(AmqpError::new(condition::NOT_ALLOWED, reason));
        }
        let (session, answer) = Session::begin(channel, begin, limits.links);
        self.outbox.frame(channel, |out| answer.put(out));
        self.sessions.insert(channel, session);
        Ok(())
    }

    /// Lets a session do something; an error ends the session.
    fn in_session(&mut self, channel: u16, performative: Performative) {
        let Some(session) = self.sessions.get_mut(&channel) else {
            // It was ended by this end, and the client does not know yet.
            return;
        };
        let mut scope = Scope {
            front: &self.front,
            grants: &mut self.grants,
            outbox: &mut self.outbox,
            waiter: &self.waiter,
        };
        match session.perform(performative, &mut scope) {
            Ok(may_deliver) => self.is_woken |= may_deliver,
            Err(error) => {
                self.sessions.remove(&channel);
                self.outbox
                    .frame(channel, |out| put_last(0x17, error.to_value(), out));
            }
        }
    }

    /// Delivers what there is, as far as there is credit, a window and room.
    fn deliver(&mut self) {
        if !self.is_woken {
            return;
        }
        self.is_woken = false;
        for session in self.sessions.values_mut() {
            let mut scope = Scope {
                front: &self.front,
                grants: &mut self.grants,
                outbox: &mut self.outbox,
                waiter: &self.waiter,
            };
            self.is_woken |= session.deliver(&mut scope);
        }
    }

    /// Gives up a client that is silent for too long, and is not so itself.
    fn keep_alive(&mut self, now: Instant) {
        if self.is_over() {
            return;
        }
        if now >= self.last_heard + self.front.config.limits.idle {
            let reason = "nothing was heard for too long";
            self.close(AmqpError::new(condition::RESOURCE_LIMIT, reason));
            return;
        }
        if let Some(beat) = self.beat
            && now >= self.last_sent + beat
        {
            if self.outbox.is_empty() {
                heartbeat(self.outbox.bytes());
            }
            self.last_sent = now;
        }
    }

    /// Ends the connection with an error.
    fn close(&mut self, error: AmqpError) {
        if matches!(self.phase, Phase::Open | Phase::Opening) {
            self.outbox.release(Instant::now(), true);
            self.outbox
                .frame(0, |out| put_last(CLOSE, error.to_value(), out));
        }
        self.sessions.clear();
        self.phase = Phase::Over;
    }
}
