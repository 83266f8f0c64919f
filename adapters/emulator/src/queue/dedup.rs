//! Messages that were sent already: keys of the last five minutes.

use std::collections::{HashMap, VecDeque};

use super::settings::DEDUP_WINDOW_MS;

/// The message that was sent with a key.
#[derive(Clone, Copy, Debug)]
pub(super) struct First {
    pub(super) id: u128,
    pub(super) offset: i64,
    sent_ms: i64,
}

/// The keys of the window.
#[derive(Debug, Default)]
pub(super) struct Dedup {
    first: HashMap<Box<str>, First>,
    by_age: VecDeque<(i64, Box<str>)>,
}

impl Dedup {
    /// The message that was sent with that key within the window.
    pub(super) fn find(&mut self, key: &str, now_ms: i64) -> Option<First> {
        self.forget(now_ms);
        self.first.get(key).copied()
    }

    /// Notes a message.
    pub(super) fn note(&mut self, key: &str, id: u128, offset: i64, now_ms: i64) {
        let first = First {
            id,
            offset,
            sent_ms: now_ms,
        };
        self.first.insert(key.into(), first);
        self.by_age.push_back((now_ms, key.into()));
    }

    /// Whether no key is in the window.
    pub(super) fn is_empty(&mut self, now_ms: i64) -> bool {
        self.forget(now_ms);
        self.first.is_empty()
    }

    fn forget(&mut self, now_ms: i64) {
        while let Some((sent_ms, key)) = self
            .by_age
            .pop_front_if(|(sent_ms, _)| *sent_ms + DEDUP_WINDOW_MS <= now_ms)
        {
            if self
                .first
                .get(&key)
                .is_some_and(|first| first.sent_ms == sent_ms)
            {
                self.first.remove(&key);
            }
        }
    }
}
