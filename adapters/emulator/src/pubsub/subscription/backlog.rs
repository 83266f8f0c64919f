//! What is behind a subscription's lock: a state machine without input, output or a clock.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use prost::Message;

use super::terms::Terms;
use super::window::Window;
use crate::interchange::offsets::Acked;
use crate::pubsub::frames::Head;
use crate::queue::{Entry, Index, State};

/// For how long a message that goes to the dead letters is hidden meanwhile.
const TRANSFER_MS: i64 = 30_000;

/// Acknowledged messages whose leases are remembered, so that a client may say it twice.
const REMEMBERED: usize = 20_000;

/// The messages of a subscription.
#[derive(Debug)]
pub(super) struct Backlog {
    pub(super) terms: Terms,
    pub(super) acked: Acked,
    /// Those from the first that is not acknowledged up to the cursor.
    pub(super) index: Index,
    /// The next offset to look at.
    pub(super) cursor: i64,
    /// What was read when messages were looked at, for those who get them next.
    pub(super) bodies: BTreeMap<i64, Body>,
    /// The streams that hold messages.
    pub(super) holders: HashMap<i64, Holder>,
    /// Messages that were delivered too often.
    pub(super) exhausted: Vec<i64>,
    /// How often a seek moved the subscription.
    pub(super) seeks: u32,
    done: Done,
}

/// A message as it is stored, and when it was published in Unix milliseconds.
#[derive(Clone, Debug)]
pub(super) struct Body {
    pub(super) stored: Bytes,
    pub(super) publish_ms: i64,
}

/// Who holds a message.
#[derive(Debug)]
pub(super) struct Holder {
    pub(super) window: Arc<Window>,
    pub(super) bytes: i64,
}

/// The leases by which the last messages were acknowledged.
#[derive(Debug, Default)]
struct Done {
    leases: HashMap<i64, u32>,
    order: VecDeque<i64>,
}

impl Backlog {
    pub(super) fn new(terms: Terms, acked: Acked) -> Self {
        Self {
            terms,
            cursor: acked.floor(),
            acked,
            index: Index::default(),
            bodies: BTreeMap::new(),
            holders: HashMap::new(),
            exhausted: Vec::new(),
            seeks: 0,
            done: Done::default(),
        }
    }

    /// Takes a message into the index that is there to be delivered.
    pub(super) fn admit(&mut self, offset: i64, body: Body) {
        if self.acked.contains(offset) {
            return;
        }
        let needs_head = self.terms.ordered || self.terms.filter.is_some();
        let head = needs_head.then(|| Head::decode(body.stored.clone()).unwrap_or_default());
        let filter = self.terms.filter.as_ref();
        if let (Some(filter), Some(head)) = (filter, &head)
            && !filter.matches(&head.attributes)
        {
            // Not written down: it is filtered again after a restart.
            return self.acked.insert(offset, offset + 1);
        }
        let key = head.map(|head| head.ordering_key);
        let key = key.filter(|key| self.terms.ordered && !key.is_empty());
        let entry = Entry {
            state: State::Ready,
            bytes: body.stored.len() as u64,
            sent_ms: body.publish_ms,
            receives: 0,
            leases: 0,
            first_leased_ms: None,
            group: key.map(Arc::from),
        };
        self.index.insert(offset, entry);
        self.bodies.insert(offset, body);
    }

    /// Ends the leases and back-offs that are due.
    pub(super) fn advance(&mut self, now_ms: i64) {
        while let Some(offset) = self.index.due(now_ms) {
            match self.index.get(offset).map(|entry| entry.state) {
                Some(State::Leased { until, .. }) => self.give_back(offset, until, now_ms),
                _ => self.index.change(offset, State::Ready),
            }
        }
    }

    /// Ends a lease at `ended_ms` without an acknowledgement. The later ones with its ordering key come again, too.
    pub(super) fn give_back(&mut self, offset: i64, ended_ms: i64, now_ms: i64) {
        let Some(entry) = self.index.get(offset) else {
            return;
        };
        let (receives, group) = (entry.receives, entry.group.clone());
        let taken = group.map_or_else(Vec::new, |group| self.index.taken(&group));
        for later in taken.into_iter().filter(|taken| *taken > offset) {
            self.release(later);
            self.index.change(later, State::Ready);
        }
        self.release(offset);
        let until = match self.terms.exhausts(receives) {
            true => {
                self.exhausted.push(offset);
                now_ms + TRANSFER_MS
            }
            false => ended_ms + self.terms.pause_ms(receives),
        };
        let state = if until > now_ms {
            State::Delayed { until }
        } else {
            State::Ready
        };
        self.index.change(offset, state);
    }

    /// Settles a message, and those that waited for it; returns all that are acknowledged now.
    pub(super) fn settle(&mut self, offset: i64, lease: u32) -> Vec<i64> {
        let must_wait = !self.terms.exactly_once && !self.index.is_first(offset);
        if must_wait {
            // If an earlier one comes again, this one has to come again behind it.
            let state = self.index.get(offset).map(|entry| entry.state);
            if let Some(State::Leased { .. }) = state {
                self.release(offset);
                self.index.change(offset, State::Held);
            }
            return Vec::new();
        }
        let group = self.index.get(offset).and_then(|entry| entry.group.clone());
        let mut settled = vec![offset];
        self.remove(offset, lease);
        let held = group.map_or_else(Vec::new, |group| self.index.taken(&group));
        for next in held {
            let state = self.index.get(next).map(|entry| entry.state);
            if state != Some(State::Held) || !self.index.is_first(next) {
                break;
            }
            self.remove(next, 0);
            settled.push(next);
        }
        settled
    }

    /// Whether a message was acknowledged by this very lease, lately.
    pub(super) fn was_settled_by(&self, offset: i64, lease: u32) -> bool {
        self.done.leases.get(&offset) == Some(&lease)
    }

    /// Drops what is known of all messages; they are looked at again from the first that is not acknowledged.
    pub(super) fn restart(&mut self, acked: Acked) {
        let offsets: Vec<_> = self.holders.keys().copied().collect();
        offsets.into_iter().for_each(|offset| self.release(offset));
        self.cursor = acked.floor();
        self.acked = acked;
        self.index = Index::default();
        self.bodies.clear();
        self.exhausted.clear();
        self.done = Done::default();
        self.seeks = self.seeks.wrapping_add(1);
    }

    /// Acknowledges everything below `offset`.
    pub(super) fn drop_before(&mut self, offset: i64) {
        if offset <= self.acked.floor() {
            return;
        }
        for old in self.index.before(offset) {
            self.release(old);
            self.bodies.remove(&old);
            self.index.remove(old);
        }
        self.acked.insert(self.acked.floor(), offset);
        self.cursor = self.cursor.max(offset);
    }

    /// Takes a message out of the window of the stream that holds it.
    pub(super) fn release(&mut self, offset: i64) {
        if let Some(holder) = self.holders.remove(&offset) {
            holder.window.give_back(holder.bytes);
        }
    }

    fn remove(&mut self, offset: i64, lease: u32) {
        self.release(offset);
        self.bodies.remove(&offset);
        self.index.remove(offset);
        self.acked.insert(offset, offset + 1);
        if self.terms.exactly_once {
            self.done.note(offset, lease);
        }
    }
}

impl Done {
    fn note(&mut self, offset: i64, lease: u32) {
        self.leases.insert(offset, lease);
        self.order.push_back(offset);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.leases.remove(&oldest);
        }
    }
}
