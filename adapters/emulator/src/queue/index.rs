//! Which messages there are, and which can be leased: a state machine without bodies, locks or a clock.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// Whether a message can be leased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// It can, unless its group does not allow it.
    Ready,
    /// Not before its delay is over.
    Delayed { until: i64 },
    /// Not before its lease is over.
    Leased { since: i64, until: i64 },
    /// It is settled as soon as the earlier ones of its group are; until then it counts as leased.
    Held,
}

/// What is known of a message.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) state: State,
    /// Bytes in the log.
    pub(crate) bytes: u64,
    pub(crate) sent_ms: i64,
    /// Leases so far, those of an earlier queue included.
    pub(crate) receives: u32,
    /// Leases of this queue, for receipts.
    pub(crate) leases: u32,
    pub(crate) first_leased_ms: Option<i64>,
    /// Its group, in an ordered queue.
    pub(crate) group: Option<Arc<str>>,
}

/// The messages of a group.
#[derive(Debug, Default)]
struct Group {
    /// Those that are not leased.
    waiting: BTreeSet<i64>,
    /// Those that are.
    taken: BTreeSet<i64>,
}

impl Group {
    /// Whether no message is leased that comes before the one at `offset`.
    fn is_free(&self, offset: i64) -> bool {
        self.taken.first().is_none_or(|first| offset < *first)
    }

    /// The set that a message in this state is in.
    fn set(&mut self, state: State) -> &mut BTreeSet<i64> {
        match state {
            State::Ready | State::Delayed { .. } => &mut self.waiting,
            State::Leased { .. } | State::Held => &mut self.taken,
        }
    }
}

/// All messages of a queue.
#[derive(Debug, Default)]
pub(crate) struct Index {
    entries: BTreeMap<i64, Entry>,
    /// What can be leased now: messages without a group, and the first ones of groups.
    ready: BTreeSet<i64>,
    /// When delays and leases end.
    timers: BTreeSet<(i64, i64)>,
    /// When messages were sent.
    ages: BTreeSet<(i64, i64)>,
    groups: HashMap<Arc<str>, Group>,
    leased: usize,
    delayed: usize,
    bytes: u64,
}

impl Index {
    /// Adds a message that is new or was found in the log.
    pub(crate) fn insert(&mut self, offset: i64, mut entry: Entry) {
        if let Some(group) = &mut entry.group {
            if let Some((known, _)) = self.groups.get_key_value(group) {
                *group = Arc::clone(known);
            }
            let members = self.groups.entry(Arc::clone(group)).or_default();
            members.waiting.insert(offset);
        }
        self.bytes += entry.bytes;
        self.ages.insert((entry.sent_ms, offset));
        if let State::Delayed { until } = entry.state {
            self.timers.insert((until, offset));
            self.delayed += 1;
        }
        let group = entry.group.clone();
        let is_free = entry.state == State::Ready;
        self.entries.insert(offset, entry);
        self.refresh(group.as_ref(), offset, is_free);
    }

    /// Ends the delays and leases that are due.
    pub(crate) fn advance(&mut self, now_ms: i64) {
        while let Some(offset) = self.due(now_ms) {
            self.change(offset, State::Ready);
        }
    }

    /// A message whose delay or lease is over; the same again until its state is changed.
    pub(crate) fn due(&self, now_ms: i64) -> Option<i64> {
        let (due, offset) = self.timers.first()?;
        (*due <= now_ms).then_some(*offset)
    }

    /// The messages of a group that are leased, in order.
    pub(crate) fn taken(&self, group: &Arc<str>) -> Vec<i64> {
        let members = self.groups.get(group);
        members.map_or_else(Vec::new, |members| members.taken.iter().copied().collect())
    }

    /// Whether a message is the first of its group that is left; one without a group is.
    pub(crate) fn is_first(&self, offset: i64) -> bool {
        let group = self
            .entries
            .get(&offset)
            .and_then(|entry| entry.group.as_ref());
        let Some(members) = group.and_then(|group| self.groups.get(group)) else {
            return true;
        };
        let is_after = |set: &BTreeSet<i64>| set.first().is_none_or(|first| offset <= *first);
        is_after(&members.waiting) && is_after(&members.taken)
    }

    /// How many messages can be leased now, counting one of each group.
    pub(crate) fn ready(&self) -> usize {
        self.ready.len()
    }

    /// The offsets of up to `limit` messages that can be leased now, in order; several of a group may be among them.
    pub(crate) fn pick(&self, limit: usize) -> Vec<i64> {
        let mut picked = Vec::new();
        for head in &self.ready {
            let room = limit - picked.len();
            match self
                .entries
                .get(head)
                .and_then(|entry| entry.group.as_ref())
            {
                None => picked.push(*head),
                Some(group) => {
                    picked.extend(self.groups.get(group).into_iter().flat_map(|group| {
                        let is_ready = |offset: &i64| {
                            group.is_free(*offset) && self.entries[offset].state == State::Ready
                        };
                        let waiting = group.waiting.iter().copied();
                        waiting.take_while(is_ready).take(room)
                    }))
                }
            }
            if picked.len() >= limit {
                break;
            }
        }
        picked
    }

    /// Leases a message; returns what is known of it then.
    pub(crate) fn lease(&mut self, offset: i64, now_ms: i64, until: i64) -> Option<&Entry> {
        self.change(
            offset,
            State::Leased {
                since: now_ms,
                until,
            },
        );
        let entry = self.entries.get_mut(&offset)?;
        entry.receives = entry.receives.saturating_add(1);
        entry.leases = entry.leases.wrapping_add(1);
        entry.first_leased_ms.get_or_insert(now_ms);
        Some(entry)
    }

    /// Changes whether a message can be leased.
    pub(crate) fn change(&mut self, offset: i64, state: State) {
        let Some(entry) = self.entries.get_mut(&offset) else {
            return;
        };
        let old = std::mem::replace(&mut entry.state, state);
        let group = entry.group.clone();
        self.leave(old, offset, group.as_ref());
        match state {
            State::Ready => {}
            State::Delayed { until } => {
                self.timers.insert((until, offset));
                self.delayed += 1;
            }
            State::Leased { until, .. } => {
                self.timers.insert((until, offset));
                self.leased += 1;
            }
            State::Held => self.leased += 1,
        }
        if let Some(members) = group.as_ref().and_then(|group| self.groups.get_mut(group)) {
            members.set(state).insert(offset);
        }
        self.refresh(group.as_ref(), offset, state == State::Ready);
    }

    /// Removes a message.
    pub(crate) fn remove(&mut self, offset: i64) -> Option<Entry> {
        let entry = self.entries.remove(&offset)?;
        self.leave(entry.state, offset, entry.group.as_ref());
        self.ages.remove(&(entry.sent_ms, offset));
        self.bytes -= entry.bytes;
        self.refresh(entry.group.as_ref(), offset, false);
        Some(entry)
    }

    /// What is known of a message.
    pub(crate) fn get(&self, offset: i64) -> Option<&Entry> {
        self.entries.get(&offset)
    }

    /// The messages whose delay is not over, oldest first, with when they were sent.
    pub(crate) fn delayed_messages(&self) -> Vec<(i64, i64)> {
        let is_delayed = |entry: &Entry| matches!(entry.state, State::Delayed { .. });
        let delayed = self.entries.iter().filter(|(_, entry)| is_delayed(entry));
        delayed
            .map(|(offset, entry)| (*offset, entry.sent_ms))
            .collect()
    }

    /// The messages that were sent before `time`.
    pub(crate) fn sent_before(&self, time: i64) -> Vec<i64> {
        let old = self.ages.range(..(time, i64::MIN));
        old.map(|(_, offset)| *offset).collect()
    }

    /// The messages before `offset`.
    pub(crate) fn before(&self, offset: i64) -> Vec<i64> {
        let older = self.entries.range(..offset);
        older.map(|(offset, _)| *offset).collect()
    }

    /// When the next delay or lease ends, Unix milliseconds.
    pub(crate) fn next_due(&self) -> Option<i64> {
        self.timers.first().map(|(due, _)| *due)
    }

    /// The first message's offset.
    pub(crate) fn first(&self) -> Option<i64> {
        self.entries.keys().next().copied()
    }

    /// How many messages there are.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// How many are leased.
    pub(crate) fn leased(&self) -> usize {
        self.leased
    }

    /// How many are delayed.
    pub(crate) fn delayed(&self) -> usize {
        self.delayed
    }

    /// Bytes that the messages have in the log.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Takes a message out of where its old state had put it.
    fn leave(&mut self, old: State, offset: i64, group: Option<&Arc<str>>) {
        match old {
            State::Ready => {}
            State::Delayed { until } => {
                self.timers.remove(&(until, offset));
                self.delayed -= 1;
            }
            State::Leased { until, .. } => {
                self.timers.remove(&(until, offset));
                self.leased -= 1;
            }
            State::Held => self.leased -= 1,
        }
        self.ready.remove(&offset);
        if let Some(members) = group.and_then(|group| self.groups.get_mut(group)) {
            // The head of the group may be another one from now on.
            if let Some(head) = members.waiting.first() {
                self.ready.remove(head);
            }
            members.set(old).remove(&offset);
        }
    }

    /// Notes what can be leased after a change of one message: itself, or the head of its group.
    fn refresh(&mut self, group: Option<&Arc<str>>, offset: i64, is_free: bool) {
        let Some(group) = group else {
            if is_free {
                self.ready.insert(offset);
            }
            return;
        };
        let Some(members) = self.groups.get(group) else {
            return;
        };
        match members.waiting.first() {
            None if members.taken.is_empty() => drop(self.groups.remove(group)),
            None => {}
            Some(head) => {
                let head = *head;
                let is_ready =
                    self.entries.get(&head).map(|entry| entry.state) == Some(State::Ready);
                if members.is_free(head) && is_ready {
                    self.ready.insert(head);
                } else {
                    self.ready.remove(&head);
                }
                // A message that came back stands before the one that was the head.
                if let Some(second) = members.waiting.range(head + 1..).next() {
                    self.ready.remove(second);
                }
            }
        }
    }
}
