//! Leasing messages to subscribers.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::ack_id::AckId;
use super::backlog::{Backlog, Body, Holder};
use super::window::Window;
use super::{BULK, Subscription};
use crate::pubsub::frames;
use crate::pubsub::received::ReceivedMessage;
use crate::store::frame::HIDDEN;
use crate::store::{LockExt, StoreError};

/// Messages that are looked at ahead of those that can be delivered, at most: where one ordering key is stuck, the
/// others are looked for behind its messages.
const LOOKED_AT: usize = 1_000_000;

/// What a subscriber asks for.
#[derive(Debug)]
pub(in crate::pubsub) struct Wanted {
    /// Messages at most.
    pub(in crate::pubsub) messages: usize,
    /// Bytes at most, but at least one message.
    pub(in crate::pubsub) bytes: usize,
    /// How long they are leased, in milliseconds.
    pub(in crate::pubsub) lease_ms: i64,
    /// Not two with the same ordering key.
    pub(in crate::pubsub) one_per_key: bool,
    /// Where they are counted, and which allows no more than it has room for.
    pub(in crate::pubsub) window: Option<Arc<Window>>,
}

/// A message that was leased.
struct Picked {
    id: AckId,
    attempt: i32,
    body: Option<Body>,
}

impl Subscription {
    /// Leases messages, as many as there are and are wanted; none at a time when there are none.
    ///
    /// # Errors
    /// The log of the topic cannot be read.
    pub(in crate::pubsub) fn take(
        &self,
        wanted: &Wanted,
    ) -> Result<Vec<ReceivedMessage>, StoreError> {
        let now_ms = self.now_ms();
        let mut inside = self.state.locked();
        inside.advance(now_ms);
        // Leases that have just ended make room.
        let room = wanted.window.as_ref().map(|window| window.room());
        let (messages, bytes) = room.unwrap_or((usize::MAX, usize::MAX));
        let limit = wanted.messages.min(messages);
        if limit == 0 {
            return Ok(Vec::new());
        }
        self.look_ahead(&mut inside, limit)?;
        let bytes = wanted.bytes.min(bytes);
        let picked = self.lease(&mut inside, wanted, (limit, bytes), now_ms);
        drop(inside);
        self.collect(picked)
    }

    /// Looks at messages of the topic until so many can be delivered.
    fn look_ahead(&self, inside: &mut Backlog, wanted: usize) -> Result<(), StoreError> {
        let (start, end) = self.topic.bounds();
        if inside.acked.floor() < start {
            inside.drop_before(start);
        }
        while inside.index.ready() < wanted && inside.index.len() < LOOKED_AT {
            let from = inside.acked.next_left(inside.cursor);
            if from >= end {
                break;
            }
            inside.cursor = from;
            let read = self.topic.read(from, end, BULK)?;
            inside.cursor = read.last().map_or(end, |last| last.header.next_offset());
            for frame in read {
                if frame.header.format == HIDDEN {
                    // The records are gone.
                    let places = (frame.header.base_offset, frame.header.next_offset());
                    inside.acked.insert(places.0, places.1);
                }
                let publish_ms = frame.header.max_timestamp;
                for (offset, stored) in frames::messages(frame).filter(|(at, _)| *at >= from) {
                    inside.admit(offset, Body { stored, publish_ms });
                }
            }
        }
        Ok(())
    }

    /// Leases up to so many messages and bytes, but at least one message.
    fn lease(
        &self,
        inside: &mut Backlog,
        wanted: &Wanted,
        (limit, most_bytes): (usize, usize),
        now_ms: i64,
    ) -> Vec<Picked> {
        let mut picked = Vec::new();
        let (mut bytes, mut keys) = (0, HashSet::new());
        for offset in inside.index.pick(limit) {
            let Some(entry) = inside.index.get(offset) else {
                continue;
            };
            let size = entry.bytes as usize;
            if !picked.is_empty() && bytes + size > most_bytes {
                break;
            }
            let is_new = |key: &Arc<str>| keys.insert(Arc::clone(key));
            if wanted.one_per_key && !entry.group.as_ref().is_none_or(is_new) {
                continue;
            }
            bytes += size;
            let until = now_ms + wanted.lease_ms;
            let Some(entry) = inside.index.lease(offset, now_ms, until) else {
                continue;
            };
            let (lease, receives) = (entry.leases, entry.receives);
            if let Some(window) = &wanted.window {
                let (window, bytes) = (Arc::clone(window), size as i64);
                window.take(bytes);
                inside.holders.insert(offset, Holder { window, bytes });
            }
            picked.push(Picked {
                id: AckId {
                    subscription: self.number(),
                    epoch: self.epoch,
                    seeks: inside.seeks,
                    offset,
                    lease,
                },
                attempt: match inside.terms.dead_letters {
                    Some(_) => i32::try_from(receives).unwrap_or(i32::MAX),
                    None => 0,
                },
                body: inside.bodies.remove(&offset),
            });
        }
        picked
    }

    /// Puts together what goes out.
    fn collect(&self, picked: Vec<Picked>) -> Result<Vec<ReceivedMessage>, StoreError> {
        let missing = picked.iter().filter(|picked| picked.body.is_none());
        let missing: Vec<_> = missing.map(|picked| picked.id.offset).collect();
        let mut read = self.read(missing)?;
        let received = picked.into_iter().filter_map(|picked| {
            // One that was dropped in the meantime is left out.
            let body = picked.body.or_else(|| read.remove(&picked.id.offset))?;
            let id = self.topic.message_id(picked.id.offset);
            Some(ReceivedMessage {
                ack_id: picked.id.encode(),
                message: frames::complete(&body.stored, id, body.publish_ms),
                delivery_attempt: picked.attempt,
            })
        });
        Ok(received.collect())
    }

    /// Reads messages from the log of the topic.
    pub(super) fn read(&self, mut offsets: Vec<i64>) -> Result<BTreeMap<i64, Body>, StoreError> {
        offsets.sort_unstable();
        let mut found = BTreeMap::new();
        let end = offsets.last().map_or(0, |last| last + 1);
        for offset in offsets {
            if found.contains_key(&offset) {
                continue;
            }
            for frame in self.topic.read(offset, end, BULK)? {
                let publish_ms = frame.header.max_timestamp;
                let messages = frames::messages(frame).filter(|(at, _)| *at >= offset);
                found.extend(messages.map(|(at, stored)| (at, Body { stored, publish_ms })));
            }
        }
        Ok(found)
    }

    /// Tells ack ids of this subscription from those of others.
    pub(super) fn number(&self) -> u32 {
        self.stream.id() as u32
    }
}
