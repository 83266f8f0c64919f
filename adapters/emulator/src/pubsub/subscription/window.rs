//! Flow control of a stream: how much it may hold that is not acknowledged.

use std::sync::atomic::{AtomicI64, Ordering};

/// What one stream holds, and how much it may; all of it may be read and changed by any thread.
#[derive(Debug)]
pub(in crate::pubsub) struct Window {
    messages: AtomicI64,
    bytes: AtomicI64,
    max_messages: i64,
    max_bytes: i64,
}

impl Window {
    /// A window for so many messages and bytes; 0 and less mean without a bound.
    pub(in crate::pubsub) fn new(max_messages: i64, max_bytes: i64) -> Self {
        let bound = |most: i64| if most > 0 { most } else { i64::MAX };
        Self {
            messages: AtomicI64::new(0),
            bytes: AtomicI64::new(0),
            max_messages: bound(max_messages),
            max_bytes: bound(max_bytes),
        }
    }

    /// Messages and bytes that there is room for. One message more than the bytes allow is sent rather than none.
    pub(super) fn room(&self) -> (usize, usize) {
        let left = |most: i64, used: &AtomicI64| most.saturating_sub(used.load(Ordering::Relaxed));
        let bytes = left(self.max_bytes, &self.bytes);
        let messages = if bytes > 0 {
            left(self.max_messages, &self.messages)
        } else {
            0
        };
        let size = |left: i64| usize::try_from(left).unwrap_or_default();
        (size(messages), size(bytes))
    }

    /// Counts a message that goes out.
    pub(super) fn take(&self, bytes: i64) {
        self.messages.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Counts a message whose lease ended.
    pub(super) fn give_back(&self, bytes: i64) {
        self.messages.fetch_sub(1, Ordering::Relaxed);
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}
