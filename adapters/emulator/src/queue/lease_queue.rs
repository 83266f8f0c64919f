//! One queue, shared between threads.

use std::sync::{Arc, Mutex};

use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use uuid::Uuid;

use super::dedup::Dedup;
use super::frames::{self, MESSAGE, SETTLED};
use super::index::{Entry, Index, State};
use super::message::{Message, NewMessage};
use super::settings::{DEDUP_WINDOW_MS, QueueSettings, Receipt};
use super::shared::{Shared, Transcoder};
use crate::store::frame::HEADER_LEN;
use crate::store::{Frame, LockExt, Partition, Store, StoreError, Stream};

/// Bytes read at a time.
const BULK: usize = 1 << 20;

/// A queue over the first partition of a stream.
#[derive(Debug)]
pub struct LeaseQueue {
    pub(super) store: Arc<Store>,
    pub(super) stream: Arc<Stream>,
    pub(super) log: Arc<Partition>,
    pub(super) state: Mutex<Inside>,
    pub(super) epoch: u64,
    pub(super) shared: Option<Shared>,
    changed: Arc<Notify>,
}

/// What is behind the queue's lock.
#[derive(Debug)]
pub(super) struct Inside {
    pub(super) index: Index,
    pub(super) dedup: Dedup,
    pub(super) settings: QueueSettings,
    /// Bytes that a compaction has left, and when.
    pub(super) compacted: (u64, i64),
}

/// What became of a message that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The id of the message, or of the earlier one with the same deduplication key.
    pub id: u128,
    /// The message's place; later ones have greater numbers.
    pub offset: i64,
    /// Whether it was dropped because of an earlier one.
    pub is_duplicate: bool,
}

/// A message that was leased.
#[derive(Clone, Debug)]
pub struct Leased {
    /// What proves the lease.
    pub receipt: Receipt,
    /// The message.
    pub message: Message,
    /// How often it was leased, this time included.
    pub receives: u32,
    /// When it was leased first, Unix milliseconds.
    pub first_leased_ms: i64,
}

/// What a reader gets.
#[derive(Debug, Default)]
pub struct Received {
    /// Messages that are leased to the reader now.
    pub messages: Vec<Leased>,
    /// Messages that were leased too often: leased once more, to be settled by whoever takes them elsewhere.
    pub exhausted: Vec<Leased>,
    /// Whether there is nothing because too many messages are leased.
    pub is_over_limit: bool,
}

/// How many messages a queue has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// That can be leased, or could if no other of their group were.
    pub ready: usize,
    /// That are leased.
    pub leased: usize,
    /// Whose delay is not over.
    pub delayed: usize,
}

impl LeaseQueue {
    /// Opens the queue in the first partition of `stream` and reads what is there.
    ///
    /// # Errors
    /// The partition cannot be read, or its stream was deleted.
    pub fn open(
        store: Arc<Store>,
        stream: Arc<Stream>,
        settings: QueueSettings,
    ) -> Result<Self, StoreError> {
        Self::open_as(store, stream, settings, None)
    }

    /// As [`Self::open`]; where the stream refers to records of another one, these are the messages.
    ///
    /// # Errors
    /// As [`Self::open`] has them.
    pub(crate) fn open_as(
        store: Arc<Store>,
        stream: Arc<Stream>,
        settings: QueueSettings,
        transcoder: Option<Transcoder>,
    ) -> Result<Self, StoreError> {
        let log = stream.partition(0).ok_or(StoreError::Deleted)?;
        let inside = Inside {
            index: Index::default(),
            dedup: Dedup::default(),
            settings,
            compacted: (0, 0),
        };
        let changed = Arc::default();
        let queue = Self {
            shared: Shared::open(&store, &stream, &changed, transcoder)?,
            store,
            stream,
            log,
            state: Mutex::new(inside),
            epoch: Uuid::new_v4().as_u64_pair().0,
            changed,
        };
        queue.recover()?;
        Ok(queue)
    }

    /// The queue's stream.
    pub fn stream(&self) -> &Stream {
        &self.stream
    }

    /// Changes how messages are treated. In an ordered queue a new delay holds for the messages in it, too.
    pub fn configure(&self, settings: QueueSettings) {
        let mut inside = self.state.locked();
        let old = std::mem::replace(&mut inside.settings, settings);
        if settings.ordered && old.delay_ms != settings.delay_ms {
            for (offset, sent_ms) in inside.index.delayed_messages() {
                let until = sent_ms + settings.delay_ms;
                inside.index.change(offset, State::Delayed { until });
            }
        }
        drop(inside);
        self.wake();
    }

    /// Adds a message; it is in the log when this returns.
    ///
    /// # Errors
    /// The store is full, or the file system refused; nothing was added then.
    pub fn send(&self, new: NewMessage<'_>) -> Result<Sent, StoreError> {
        let now_ms = self.now_ms();
        let mut inside = self.state.locked();
        if let Some(first) = new.dedup.and_then(|key| inside.dedup.find(key, now_ms)) {
            return Ok(Sent {
                id: first.id,
                offset: first.offset,
                is_duplicate: true,
            });
        }
        let sent_ms = new.sent_ms.unwrap_or(now_ms);
        let until = now_ms + new.delay_ms.unwrap_or(inside.settings.delay_ms);
        let payload = new.encode(sent_ms, until);
        self.catch_up(&mut inside)?;
        let offset = match &self.shared {
            Some(shared) => shared.append(&new, &payload, now_ms)?,
            None => frames::append_message(&self.log, &payload, now_ms)?,
        };
        if let Some(key) = new.dedup {
            inside.dedup.note(key, new.id, offset, now_ms);
        }
        let group = new.group.filter(|_| inside.settings.ordered);
        let entry = Entry {
            state: State::when(until, now_ms),
            bytes: match self.shared {
                Some(_) => 0,
                None => (HEADER_LEN + payload.len()) as u64,
            },
            sent_ms,
            receives: new.receives,
            leases: 0,
            first_leased_ms: None,
            group: group.map(Arc::from),
        };
        inside.index.insert(offset, entry);
        drop(inside);
        self.wake();
        Ok(Sent {
            id: new.id,
            offset,
            is_duplicate: false,
        })
    }

    /// Removes all messages, leased ones too, and forgets their deduplication keys.
    ///
    /// # Errors
    /// The removal cannot be remembered.
    pub fn purge(&self) -> Result<(), StoreError> {
        let mut inside = self.state.locked();
        self.catch_up(&mut inside)?;
        self.save_references()?;
        let end = self.log.bounds().1;
        self.store.truncate_front(&self.stream, 0, end)?;
        inside.index = Index::default();
        inside.dedup = Dedup::default();
        Ok(())
    }

    /// How many messages there are.
    pub fn counts(&self) -> Counts {
        let mut inside = self.state.locked();
        // What cannot be taken in now is when somebody looks next.
        drop(self.catch_up(&mut inside));
        inside.index.advance(self.now_ms());
        let (leased, delayed) = (inside.index.leased(), inside.index.delayed());
        Counts {
            ready: inside.index.len() - leased - delayed,
            leased,
            delayed,
        }
    }

    /// When the next delay or lease ends, Unix milliseconds; readers that wait should look again then.
    pub fn next_due(&self) -> Option<i64> {
        self.state.locked().index.next_due()
    }

    /// Completes when messages may have become ready other than by time. Call it before looking at the queue.
    pub fn changed(&self) -> Notified<'_> {
        self.changed.notified()
    }

    /// Wakes all readers that wait.
    pub fn wake(&self) {
        self.changed.notify_waiters();
    }

    pub(super) fn now_ms(&self) -> i64 {
        self.store.clock().now_ms()
    }

    /// Reads the messages at these offsets, which are in order; those that are not there any more are left out.
    pub(super) fn fetch(&self, offsets: &[i64]) -> Result<Vec<(i64, Message)>, StoreError> {
        if let Some(shared) = &self.shared {
            let ordered = self.state.locked().settings.ordered;
            return self.fetch_shared(shared, offsets, ordered);
        }
        let mut messages = Vec::with_capacity(offsets.len());
        let mut frames: Vec<Frame> = Vec::new();
        let Some(before) = offsets.last().map(|last| last + 1) else {
            return Ok(messages);
        };
        for offset in offsets {
            let at = |frames: &[Frame]| {
                frames
                    .iter()
                    .position(|frame| frame.header.base_offset == *offset)
            };
            if at(&frames).is_none() {
                frames = self.read(*offset, before, READ_AHEAD)?;
            }
            if let Some(frame) = at(&frames).map(|at| frames.swap_remove(at)) {
                messages.extend(Message::decode(frame.payload).map(|message| (*offset, message)));
            }
        }
        Ok(messages)
    }

    /// As [`Partition::read`], but a range that was dropped in the meantime is just empty.
    pub(super) fn read(
        &self,
        from: i64,
        before: i64,
        max_bytes: usize,
    ) -> Result<Vec<Frame>, StoreError> {
        match self.log.read(from, before, max_bytes) {
            Err(StoreError::OutOfRange { .. }) => Ok(Vec::new()),
            other => other,
        }
    }

    /// Reads the whole log.
    fn recover(&self) -> Result<(), StoreError> {
        let now_ms = self.now_ms();
        let (mut from, end) = self.log.bounds();
        let mut inside = self.state.locked();
        while from < end {
            let frames = self.log.read(from, end, BULK)?;
            let Some(last) = frames.last() else { break };
            from = last.header.next_offset();
            for frame in frames {
                self.replay_reference(&frame, now_ms, &mut inside)?;
                inside.replay(frame, now_ms);
            }
        }
        Ok(())
    }
}

/// Bytes read beyond the first of several messages.
const READ_AHEAD: usize = 16 * 1024;

impl Inside {
    /// Takes note of a frame of the log.
    fn replay(&mut self, frame: Frame, now_ms: i64) {
        let header = frame.header;
        match header.format {
            SETTLED => frames::settled_offsets(frame.payload).for_each(|offset| {
                self.index.remove(offset);
            }),
            MESSAGE => {
                let Some(message) = Message::decode(frame.payload) else {
                    return;
                };
                if let Some(key) = &message.dedup {
                    let sent = (header.base_offset, header.max_timestamp);
                    self.note_dedup(key, message.id, sent, now_ms);
                }
                let entry = Entry {
                    state: State::when(message.available_ms, now_ms),
                    bytes: header.frame_len(),
                    sent_ms: message.sent_ms,
                    receives: message.receives,
                    leases: 0,
                    first_leased_ms: None,
                    group: message
                        .group
                        .filter(|_| self.settings.ordered)
                        .map(Arc::from),
                };
                self.index.insert(header.base_offset, entry);
            }
            _ => {}
        }
    }
}

impl Inside {
    /// Takes note of a deduplication key that was sent at a time, if that was lately.
    pub(super) fn note_dedup(&mut self, key: &str, id: u128, sent: (i64, i64), now_ms: i64) {
        let (offset, sent_ms) = sent;
        if sent_ms + DEDUP_WINDOW_MS > now_ms {
            self.dedup.note(key, id, offset, sent_ms);
        }
    }
}

impl State {
    /// The state of a message that may be leased at `available_ms`.
    pub(super) fn when(available_ms: i64, now_ms: i64) -> Self {
        match available_ms > now_ms {
            true => Self::Delayed {
                until: available_ms,
            },
            false => Self::Ready,
        }
    }
}
