//! What is to be sent to a client.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::BytesMut;
use tokio::time::Instant;

use super::HIGH_WATER;
use crate::eventhubs::amqp::{FrameKind, frame};

/// How long outcomes of deliveries are held back.
///
/// fe2o3-amqp 0.16, which Microsoft's Rust client rests on, writes a transfer before it notes that it waits for the outcome,
/// and waits for ever if that is faster. The way to the cloud and back takes longer than this.
const HELD_BACK: Duration = Duration::from_millis(2);

/// Bytes to send now, and frames to send later.
#[derive(Debug)]
pub(super) struct Outbox {
    ready: BytesMut,
    later: VecDeque<(Instant, BytesMut)>,
    /// The longest frame that the client takes, in bytes.
    pub(super) max_frame: usize,
    is_cut: bool,
}

impl Outbox {
    /// An empty one for a client that takes frames of so many bytes.
    pub(super) fn new(max_frame: usize) -> Self {
        Self {
            ready: BytesMut::new(),
            later: VecDeque::new(),
            max_frame,
            is_cut: false,
        }
    }

    /// Has the connection closed without another word, because a fault is planned.
    pub(super) fn cut(&mut self) {
        self.is_cut = true;
    }

    /// Whether it is to be closed so.
    pub(super) fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Whether there is nothing to send now.
    pub(super) fn is_empty(&self) -> bool {
        self.ready.is_empty()
    }

    /// Whether more may be prepared.
    pub(super) fn has_room(&self) -> bool {
        self.ready.len() < HIGH_WATER && self.later.len() < 10_000
    }

    /// What is to be sent; whoever sends takes it off.
    pub(super) fn bytes(&mut self) -> &mut BytesMut {
        &mut self.ready
    }

    /// Adds a frame of AMQP.
    pub(super) fn frame(&mut self, channel: u16, fill: impl FnOnce(&mut BytesMut)) {
        frame(FrameKind::Amqp, channel, &mut self.ready, fill);
    }

    /// Adds a frame for later.
    pub(super) fn frame_later(
        &mut self,
        channel: u16,
        extra: Duration,
        fill: impl FnOnce(&mut BytesMut),
    ) {
        let mut bytes = BytesMut::new();
        frame(FrameKind::Amqp, channel, &mut bytes, fill);
        self.later
            .push_back((Instant::now() + HELD_BACK + extra, bytes));
    }

    /// Moves what is due to what is sent now; with `all` everything.
    pub(super) fn release(&mut self, now: Instant, all: bool) {
        while let Some((due, _)) = self.later.front()
            && (all || *due <= now)
            && let Some((_, bytes)) = self.later.pop_front()
        {
            self.ready.extend_from_slice(&bytes);
        }
    }

    /// When the next frame is due.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.later.front().map(|(due, _)| *due)
    }
}
