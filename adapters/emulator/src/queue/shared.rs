//! A queue whose messages are the records of a stream that all dialects share; its own log refers to them.

use std::sync::Arc;

use tokio::sync::Notify;

use super::frames::MESSAGE;
use super::index::{Entry, State};
use super::lease_queue::{Inside, LeaseQueue};
use super::message::{Message, NewMessage};
use crate::interchange::references::{Reference, References};
use crate::store::{Frame, NewFrame, Store, StoreError, Stream};

/// Bytes read at a time.
const BULK: usize = 1 << 20;

/// How records become messages, which the dialect of the queue knows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Transcoder {
    /// The messages of a frame with their offsets, for a queue that is ordered or not.
    pub(crate) messages: fn(&Frame, bool) -> Vec<(i64, Message)>,
    /// What decides about the partition of a message.
    pub(crate) key: fn(&NewMessage<'_>) -> Option<Vec<u8>>,
}

/// The records that a queue refers to.
#[derive(Debug)]
pub(super) struct Shared {
    references: References,
    transcoder: Transcoder,
}

impl Shared {
    /// Opens what a queue's own stream refers to; `None` if it holds its messages itself.
    pub(super) fn open(
        store: &Arc<Store>,
        own: &Arc<Stream>,
        bell: &Arc<Notify>,
        transcoder: Option<Transcoder>,
    ) -> Result<Option<Self>, StoreError> {
        let Some(transcoder) = transcoder else {
            return Ok(None);
        };
        let references = References::open(store, own, bell)?;
        Ok(references.map(|references| Self {
            references,
            transcoder,
        }))
    }

    /// Puts a message into the shared stream; returns its place in the queue.
    pub(super) fn append(
        &self,
        new: &NewMessage<'_>,
        payload: &[u8],
        now_ms: i64,
    ) -> Result<i64, StoreError> {
        let key = (self.transcoder.key)(new);
        let partition = self.references.choose(key.as_deref());
        let frame = NewFrame {
            format: MESSAGE,
            offsets: 1,
            max_timestamp: now_ms,
            payload,
            forced: false,
        };
        self.references.append(partition, frame, now_ms)
    }

    /// The messages of a reference from the place `from` on, with their places, and the place after what was read.
    fn read(
        &self,
        reference: &Reference,
        from: i64,
        ordered: bool,
    ) -> Result<(Vec<(i64, Message)>, i64), StoreError> {
        let messages = |frame: &Frame| (self.transcoder.messages)(frame, ordered);
        let (mut messages, after) = self.references.read(reference, from, BULK, messages)?;
        for (place, message) in &mut messages {
            if message.id == 0 {
                message.id = self.references.id_of(reference, *place);
            }
        }
        Ok((messages, after))
    }
}

impl LeaseQueue {
    /// The stream that is shared, if there is one.
    #[cfg(feature = "aws")]
    pub(crate) fn references(&self) -> Option<&References> {
        self.shared.as_ref().map(|shared| &shared.references)
    }

    /// Takes in what other dialects wrote.
    pub(super) fn catch_up(&self, inside: &mut Inside) -> Result<(), StoreError> {
        let Some(shared) = &self.shared else {
            return Ok(());
        };
        let now_ms = self.now_ms();
        for reference in shared.references.catch_up()? {
            self.admit(shared, &reference, (now_ms, now_ms), inside)?;
        }
        Ok(())
    }

    /// Takes the messages of a frame of the log into the index, if it refers to some.
    pub(super) fn replay_reference(
        &self,
        frame: &Frame,
        now_ms: i64,
        inside: &mut Inside,
    ) -> Result<(), StoreError> {
        match (&self.shared, Reference::decode(frame)) {
            (Some(shared), Some(reference)) => {
                let times = (frame.header.max_timestamp, now_ms);
                self.admit(shared, &reference, times, inside)
            }
            _ => Ok(()),
        }
    }

    fn admit(
        &self,
        shared: &Shared,
        reference: &Reference,
        (came_ms, now_ms): (i64, i64),
        inside: &mut Inside,
    ) -> Result<(), StoreError> {
        // Those before are settled.
        let mut from = reference.place.max(self.log.bounds().0);
        while from < reference.end() {
            let (messages, after) = shared.read(reference, from, inside.settings.ordered)?;
            for (place, message) in messages {
                inside.admit(place, message, (came_ms, now_ms));
            }
            from = after.max(from + 1);
        }
        Ok(())
    }

    /// Reads the messages at these places, which are in order; those that are gone are left out.
    pub(super) fn fetch_shared(
        &self,
        shared: &Shared,
        places: &[i64],
        ordered: bool,
    ) -> Result<Vec<(i64, Message)>, StoreError> {
        let mut found: Vec<(i64, Message)> = Vec::with_capacity(places.len());
        for place in places {
            if found.iter().any(|(known, _)| known == place) {
                continue;
            }
            let frames = self.read(*place, place + 1, 1)?;
            let Some(reference) = frames.first().and_then(Reference::decode) else {
                continue;
            };
            let (messages, _) = shared.read(&reference, *place, ordered)?;
            let wanted = messages.into_iter().filter(|(at, _)| places.contains(at));
            for message in wanted {
                if found.iter().all(|(known, _)| *known != message.0) {
                    found.push(message);
                }
            }
        }
        Ok(found)
    }
}

impl Inside {
    /// Takes a message into the index that came at `came_ms`, which its age counts from.
    fn admit(&mut self, place: i64, message: Message, (came_ms, now_ms): (i64, i64)) {
        if let Some(key) = &message.dedup {
            self.note_dedup(key, message.id, (place, came_ms), now_ms);
        }
        let entry = Entry {
            state: State::when(message.available_ms, now_ms),
            // They are not in this log.
            bytes: 0,
            sent_ms: came_ms,
            receives: message.receives,
            leases: 0,
            first_leased_ms: None,
            group: message
                .group
                .filter(|_| self.settings.ordered)
                .map(Arc::from),
        };
        self.index.insert(place, entry);
    }
}
